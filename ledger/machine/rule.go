package machine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// rules holds one rule for each kind of operation. A rule judges the operation
// against the current state and makes the change.
var rules = map[string]func(t *transition, c change) error{
	ledger.KindDID:           (*transition).did,
	ledger.KindAccreditation: (*transition).accreditation,
	ledger.KindSchema:        (*transition).schema,
	ledger.KindStatus:        (*transition).status,
	ledger.KindRevoke:        (*transition).revoke,
	ledger.KindVK:            (*transition).vk,
	ledger.KindAnchor:        (*transition).anchor,
	ledger.KindAgreement:     (*transition).trust,
	ledger.KindRule:          (*transition).rule,
	ledger.KindTrail:         (*transition).trail,
	ledger.KindPurpose:       (*transition).purpose,
	ledger.KindGrant:         (*transition).grant,
	ledger.KindAudit:         (*transition).audit,
	ledger.KindUse:           (*transition).use,
	ledger.KindKeyFile:       (*transition).keyFile,
}

// A change is an operation whose signatures hold.
type change struct {
	op *ledger.Operation
	// signers are the public keys that signed.
	signers [][]byte
}

func (p prepared) change() change {
	c := change{op: p.Operation}
	for _, s := range p.Signatures {
		c.signers = append(c.signers, s.Key)
	}
	return c
}

func (c change) signedBy(keys [][]byte) bool {
	return slices.ContainsFunc(c.signers, func(signer []byte) bool { return contains(keys, signer) })
}

func contains(keys [][]byte, key []byte) bool {
	return slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, key) })
}

// storeError marks an error that is not the operation's fault. refuse passes it
// on.
type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

func refuse(index int, kind string, err error) (Result, error) {
	var fault storeError
	if errors.As(err, &fault) {
		return Result{}, fault.error
	}
	return Result{Err: &ledger.RefusedError{Index: index, Kind: kind, Reason: err}}, nil
}

// operation applies one operation, unless the ledger already has it.
func (t *transition) operation(p prepared) (ledger.OperationReceipt, error) {
	receipt, found, err := t.find(p.id)
	if err != nil || found {
		return receipt, err
	}
	if p.err != nil {
		return ledger.OperationReceipt{}, p.err
	}
	t.payer = ""
	if err := rules[p.Operation.Kind](t, p.change()); err != nil {
		return ledger.OperationReceipt{}, err
	}
	if err := t.spend(p.change(), len(p.leaf)); err != nil {
		return ledger.OperationReceipt{}, err
	}
	if err := t.remember(p.Operation); err != nil {
		return ledger.OperationReceipt{}, err
	}
	return t.record(p.id, p.leaf)
}

// remember records which key an operation changes.
func (t *transition) remember(op *ledger.Operation) error {
	key := op.Key
	switch {
	case op.Kind == ledger.KindAudit, op.Kind == ledger.KindRevoke:
		return nil
	case key == ledger.DIDKey(""):
		did, err := ledger.DIDOf(op)
		if err != nil {
			return err
		}
		key = ledger.DIDKey(did)
	}
	return t.changed(key)
}

// changed records that the next leaf changes a key.
func (t *transition) changed(key string) error {
	if t.admission {
		return nil
	}
	return wrapStore(t.store.Put(TableHistory, historyKey(key, t.size), []byte{1}))
}

func historyKey(key string, index uint64) []byte {
	path := statemap.Index(key)
	return append(path[:], u64(index)...)
}

func (t *transition) find(id [32]byte) (ledger.OperationReceipt, bool, error) {
	r, found, err := findReceipt(t.store, id)
	return r, found, wrapStore(err)
}

func findReceipt(store Store, id [32]byte) (ledger.OperationReceipt, bool, error) {
	b, err := store.Get(TableOperation, id[:])
	if err != nil || b == nil {
		return ledger.OperationReceipt{}, false, err
	}
	if len(b) != 16 {
		return ledger.OperationReceipt{}, false, fmt.Errorf("%w: operation record of %d bytes", ErrDamaged, len(b))
	}
	index, _ := readU64(b[:8])
	height, _ := readU64(b[8:])
	return ledger.OperationReceipt{ID: id, Index: index, Height: height, Replayed: true}, true, nil
}

func (t *transition) record(id [32]byte, leaf []byte) (ledger.OperationReceipt, error) {
	r := ledger.OperationReceipt{ID: id, Index: t.size, Height: t.height()}
	if t.admission {
		return r, wrapStore(t.store.Put(TableOperation, id[:], append(u64(r.Index), u64(r.Height)...)))
	}
	if err := t.append(leaf); err != nil {
		return ledger.OperationReceipt{}, storeError{err}
	}
	return r, wrapStore(t.store.Put(TableOperation, id[:], append(u64(r.Index), u64(r.Height)...)))
}

func wrapStore(err error) error {
	if err == nil {
		return nil
	}
	return storeError{err}
}

// object parses the body of an operation and demands the key that belongs to
// it.
func object[T any, P interface {
	*T
	ledger.Object
}](c change, parse func([]byte) (P, error)) (P, error) {
	o, err := parse(c.op.Body)
	if err != nil {
		return nil, err
	}
	if o.Key() != c.op.Key {
		return nil, fmt.Errorf("%w: operation under another's key", ledger.ErrKey)
	}
	return o, nil
}

// current reads an object, nil if there is none. An object that does not parse
// means a damaged store.
func current[T any](t *transition, key string, parse func([]byte) (*T, error)) (*T, error) {
	b, err := t.Get(key)
	if isAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError{err}
	}
	o, err := parse(b)
	if err != nil {
		return nil, storeError{fmt.Errorf("%w: %w", ErrDamaged, err)}
	}
	return o, nil
}

func (t *transition) currentDID(did string) (*ledger.DID, error) {
	d, err := current(t, ledger.DIDKey(did), func(b []byte) (*ledger.DID, error) { return ledger.ParseDID(did, b) })
	if err == nil && d == nil {
		return nil, fmt.Errorf("%w: no such DID", ledger.ErrMissing)
	}
	return d, err
}

// signedByDID demands a signature by a key of the DID that is in force.
func (t *transition) signedByDID(c change, did string) error {
	d, err := t.currentDID(did)
	if err != nil {
		return err
	}
	if !c.signedBy(d.SigningKeys(t.now)) {
		return ledger.ErrUnauthorised
	}
	t.payer = did
	return nil
}

// signedByAgency also demands any accreditation in force, so that nobody
// without one can fill the ledger.
func (t *transition) signedByAgency(c change, did string) error {
	keys, ok := t.agencies[did]
	if !ok {
		var err error
		if keys, err = t.agencyKeys(did); err != nil {
			return err
		}
		t.agencies[did] = keys
	}
	if !c.signedBy(keys) {
		return ledger.ErrUnauthorised
	}
	t.payer = did
	return nil
}

// agencyKeys returns the signature keys in force of an agency with an
// accreditation in force.
func (t *transition) agencyKeys(did string) ([][]byte, error) {
	d, err := t.currentDID(did)
	if err != nil {
		return nil, err
	}
	if did == t.root {
		return d.SigningKeys(t.now), nil
	}
	keys, err := t.keys(ledger.AccreditationPrefix(did))
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		_, err := ledger.Chain(t, t.root, key, t.now)
		if err == nil {
			return d.SigningKeys(t.now), nil
		}
		if !errors.Is(err, ledger.ErrNotAccredited) {
			return nil, storeError{err}
		}
	}
	return nil, fmt.Errorf("%w: no accreditation in force", ledger.ErrUnauthorised)
}

// keys lists keys of the state map with a prefix.
func (t *transition) keys(prefix string) ([]string, error) {
	var keys []string
	err := t.store.Scan(TableValue, []byte(prefix), func(key, _ []byte) error {
		keys = append(keys, string(key))
		return nil
	})
	return keys, wrapStore(err)
}

// set is the last step of a rule.
func (t *transition) set(c change) error { return wrapStore(t.setValue(c.op.Key, c.op.Body)) }

func isAbsent(err error) bool { return errors.Is(err, ledger.ErrAbsent) }

func sortedUnique(keys []string) []string {
	keys = slices.Sorted(slices.Values(keys))
	return slices.Compact(keys)
}
