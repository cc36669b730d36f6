package agency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// Where the agency's record is in the vault.
const (
	recordKind = "agency"
	recordID   = "self"
)

// record is what the vault keeps beside the keys themselves.
type record struct {
	// DID is empty while a root agency has no ledger.
	DID string `json:"did,omitzero"`
	// Ledger is the ledger.ID of the ledger that the DID is on; empty without a DID.
	Ledger []byte `json:"ledger,omitempty"`
	// Object is the DID as the ledger proved it last; nil before the creation.
	Object []byte `json:"object,omitzero"`
	// Pending is a signed operation that may be on the ledger or not.
	Pending []byte        `json:"pending,omitzero"`
	Keys    []keyRecord   `json:"keys,omitzero"`
	Proofs  []proofRecord `json:"proofs,omitzero"`

	version uint64 // of the vault's record when it was read; 0: none
}

// keyRecord names one private key in a key store.
type keyRecord struct {
	ID       string `json:"id"`
	Public   []byte `json:"public"`            // as the ledger holds it
	Use      string `json:"use,omitzero"`      // empty for a signature key; the others are in the safe
	Sequence uint64 `json:"sequence,omitzero"` // of the change that made it
	Signed   bool   `json:"signed,omitzero"`   // an agreement key that is known, because it has signed
}

// Uses of a key in the safe.
const (
	useChange    = "change"
	useAgreement = "agreement"
)

// proofRecord is one proof key.
type proofRecord struct {
	Seed     []byte `json:"seed"`
	Public   []byte `json:"public"`
	Sequence uint64 `json:"sequence,omitzero"`
}

// load reads the record, or returns ErrNone.
func (a *Agency) load(ctx context.Context) (*record, error) {
	r := new(record)
	err := a.store.View(ctx, func(tx vault.Tx) error {
		stored, err := tx.Get(recordKind, recordID)
		if err != nil {
			return err
		}
		r.version = stored.Version
		if err := json.Unmarshal(stored.Value, r, json.RejectUnknownMembers(true)); err != nil {
			return ErrRecord
		}
		return nil
	})
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return nil, ErrNone
	case err != nil:
		return nil, err
	}
	return r, a.checkLedger(r)
}

// checkLedger refuses to sign for one ledger in the name of an agency of another.
func (a *Agency) checkLedger(r *record) error {
	switch {
	case (r.DID == "") != (r.Ledger == nil), r.Ledger != nil && len(r.Ledger) != len(ledger.ID{}):
		return ErrRecord
	case r.Ledger != nil && a.client != nil && ledger.ID(r.Ledger) != a.client.Pinned().ID():
		return fmt.Errorf("%w: the vault's agency is of another ledger", ErrConfig)
	}
	return nil
}

// save replaces the record that was read, or returns ErrRaced.
func (a *Agency) save(ctx context.Context, r *record) error {
	value, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("agency: encode record: %w", err)
	}
	err = a.store.Update(ctx, func(tx vault.Tx) error {
		if err := r.unchanged(tx); err != nil {
			return err
		}
		return tx.Put(recordKind, recordID, value)
	})
	if err == nil {
		r.version++
	}
	return err
}

// unchanged reports ErrRaced where the vault's record is not the one that was
// read.
func (r *record) unchanged(tx vault.Tx) error {
	stored, err := tx.Get(recordKind, recordID)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	if stored.Version != r.version {
		return ErrRaced
	}
	return nil
}

func (r *record) pending() (*ledger.SignedOperation, error) {
	op, err := ledger.ParseSignedOperation(r.Pending)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return op, nil
}

func (r *record) parse() (*ledger.DID, error) {
	object, err := ledger.ParseDID(r.DID, r.Object)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return object, nil
}

// changeKey is the key that the DID commits to.
func (r *record) changeKey(object *ledger.DID) (keyRecord, bool) {
	return found(r.Keys, func(k keyRecord) bool {
		return k.Use == useChange && slices.Contains(object.Next, ledger.KeyHash(k.Public))
	})
}

func (r *record) signatureKey(public []byte) (keyRecord, bool) {
	return found(r.Keys, func(k keyRecord) bool { return k.Use == "" && bytes.Equal(k.Public, public) })
}

func (r *record) proofKey(public []byte) (proofRecord, bool) {
	return found(r.Proofs, func(p proofRecord) bool { return bytes.Equal(p.Public, public) })
}

func found[T any](list []T, is func(T) bool) (one T, ok bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return one, false
}

func copyOf(object *ledger.DID) *ledger.DID {
	c := *object
	c.Keys, c.Next = slices.Clone(object.Keys), slices.Clone(object.Next)
	for i := range c.Keys {
		c.Keys[i].Public = bytes.Clone(c.Keys[i].Public)
	}
	return &c
}

// didOf takes the DID out of the DID URL of a key.
func didOf(keyID string) (string, error) {
	did, name, ok := strings.Cut(keyID, "#")
	if !ok || name == "" || ledger.CheckDID(did) != nil {
		return "", fmt.Errorf("%w: not the DID URL of a key", ErrConfig)
	}
	return did, nil
}
