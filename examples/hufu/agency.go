package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// agency is one agency's folder: agency.json, which is public, and vault.db.
type agency struct {
	dir   string
	card  agencyCard
	vault *sqlitevault.Store
	keys  vault.KeyStore
	key   vault.Key // signs credentials, requests and ledger operations
	proof *zkp.PrivateKey
}

// agencyCard says who the agency is; nothing in it is secret.
type agencyCard struct {
	Name  string `json:"name"`
	DID   string `json:"did"`
	KeyID string `json:"key"`
	Root  bool   `json:"root,omitempty"`
}

// agencySecrets stands in the vault.
type agencySecrets struct {
	SignatureKey string   `json:"signature"` // key ids in the vault
	NextKey      string   `json:"next"`      // pre-rotation: signs the next change
	ProofSeed    [32]byte `json:"proof"`
	Create       []byte   `json:"create"` // signed operation that puts the DID on a ledger
}

const (
	kindAgency = "agency"
	agencySelf = "self"
	cardName   = "agency.json"
	vaultName  = "vault.db"
)

// newAgency makes the keys and the DID of an agency. The DID is on no ledger yet.
func newAgency(ctx context.Context, dir, name string, root bool, passphrase []byte, now time.Time) (*agency, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &inputError{id: "output.unwritable", name: dir, err: err}
	}
	store, err := sqlitevault.Create(ctx, filepath.Join(dir, vaultName), passphrase, sqlitevault.Options{})
	if errors.Is(err, os.ErrExist) {
		return nil, &inputError{id: "output.exists", name: dir, err: err}
	}
	if err != nil {
		return nil, err
	}
	a := &agency{dir: dir, vault: store, keys: vault.NewSoftwareKeys(store), card: agencyCard{Name: name, Root: root}}
	if err := a.create(ctx, now); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return a, nil
}

func (a *agency) create(ctx context.Context, now time.Time) error {
	var err error
	spec := vault.KeySpec{Algorithm: vault.ES256, Purpose: "agency"}
	if a.key, err = a.keys.Generate(ctx, spec); err != nil {
		return err
	}
	next, err := a.keys.Generate(ctx, spec)
	if err != nil {
		return err
	}
	if a.proof, err = zkp.GenerateKey(nil); err != nil {
		return err
	}
	object, err := didObject(a.key.Public(), next.Public(), a.proof.ProofKey(), now)
	if err != nil {
		return err
	}
	op, err := ledger.NewOperation(object)
	if err != nil {
		return err
	}
	signed, err := ledger.Sign(op, a.key)
	if err != nil {
		return err
	}
	secrets, err := json.Marshal(agencySecrets{
		SignatureKey: a.key.Info().ID, NextKey: next.Info().ID, ProofSeed: a.proof.Seed(), Create: signed.Bytes(),
	})
	if err != nil {
		return err
	}
	if err := a.vault.Update(ctx, func(tx vault.Tx) error { return tx.Put(kindAgency, agencySelf, secrets) }); err != nil {
		return err
	}
	if a.card.Root { // the ledger's genesis names it
		return a.saveCard("")
	}
	id, err := ledger.DIDOf(op)
	if err != nil {
		return err
	}
	return a.saveCard(id)
}

// saveCard writes the public part, once the DID is known.
func (a *agency) saveCard(id string) error {
	if a.card.DID = id; id != "" {
		a.card.KeyID = id + "#sig-1"
	}
	card, err := json.MarshalIndent(a.card, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(a.dir, cardName), append(card, '\n'))
}

func didObject(key, next crypto.PublicKey, proof zkp.PublicKey, now time.Time) (*ledger.DID, error) {
	public, err := ledger.DefaultSuites().MarshalKey(key)
	if err != nil {
		return nil, err
	}
	nextPublic, err := ledger.DefaultSuites().MarshalKey(next)
	if err != nil {
		return nil, err
	}
	// From the beginning of the day: credentials carry whole days.
	today, err := zkp.Today(now)
	if err != nil {
		return nil, err
	}
	from := today.Start().Unix()
	return &ledger.DID{
		Keys: []ledger.PublicKey{
			{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public, From: from},
			{ID: "zk-1", Purpose: ledger.PurposeProof, Public: proof.Bytes(), From: from},
		},
		Next: [][32]byte{ledger.KeyHash(nextPublic)},
	}, nil
}

// readCard reads the public part of an agency's folder.
func readCard(dir string) (agencyCard, error) {
	var card agencyCard
	name := filepath.Join(dir, cardName)
	b, err := os.ReadFile(name)
	if err != nil {
		return card, &inputError{id: "agency.missing", name: dir, err: err}
	}
	if err := parseJSON(b, &card); err != nil || (card.DID == "" && !card.Root) {
		return card, &inputError{id: "input.malformed", name: name, err: err}
	}
	return card, nil
}

func openAgency(ctx context.Context, dir string, passphrase []byte) (*agency, error) {
	card, err := readCard(dir)
	if err != nil {
		return nil, err
	}
	store, err := sqlitevault.Open(ctx, filepath.Join(dir, vaultName), passphrase, sqlitevault.Options{})
	if err != nil {
		return nil, &inputError{id: "vault.closed", name: dir, err: err}
	}
	a := &agency{dir: dir, card: card, vault: store, keys: vault.NewSoftwareKeys(store)}
	secrets, err := a.secrets(ctx)
	if err == nil {
		a.key, err = a.keys.Key(ctx, secrets.SignatureKey)
	}
	if err == nil {
		a.proof, err = zkp.NewPrivateKey(secrets.ProofSeed)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return a, nil
}

func (a *agency) secrets(ctx context.Context) (*agencySecrets, error) {
	s := new(agencySecrets)
	err := a.vault.View(ctx, func(tx vault.Tx) error {
		r, err := tx.Get(kindAgency, agencySelf)
		if err != nil {
			return err
		}
		return json.Unmarshal(r.Value, s)
	})
	return s, err
}

// createOperation is the signed operation that puts the DID on a ledger.
func (a *agency) createOperation(ctx context.Context) (*ledger.SignedOperation, error) {
	s, err := a.secrets(ctx)
	if err != nil {
		return nil, err
	}
	return ledger.ParseSignedOperation(s.Create)
}

func (a *agency) issuer() issuer.Keys {
	return issuer.Keys{DID: a.card.DID, KeyID: a.card.KeyID, Key: a.key, Proof: a.proof}
}

// Close closes the vault; an agency whose key was imported has none.
func (a *agency) Close() error {
	if a.vault == nil {
		return nil
	}
	return a.vault.Close()
}

// submit signs objects with the agency's key and appends them, all or none. What
// the ledger holds already, word for word, is left out.
func (a *agency) submit(ctx context.Context, log ledgerLog, objects ...ledger.Object) error {
	ops := make([]*ledger.SignedOperation, 0, len(objects))
	for _, object := range objects {
		if held, err := log.Get(ctx, object.Key()); err == nil && bytes.Equal(held, object.Bytes()) {
			continue
		}
		op, err := ledger.NewOperation(object)
		if err != nil {
			return err
		}
		signed, err := ledger.Sign(op, a.key)
		if err != nil {
			return err
		}
		ops = append(ops, signed)
	}
	if len(ops) == 0 {
		return nil
	}
	_, err := log.Submit(ctx, ops...)
	return err
}

// nextKeyHash commits to the key that may replace this one.
func (a *agency) nextKeyHash(ctx context.Context) ([32]byte, error) {
	s, err := a.secrets(ctx)
	if err != nil {
		return [32]byte{}, err
	}
	key, err := a.keys.Key(ctx, s.NextKey)
	if err != nil {
		return [32]byte{}, err
	}
	public, err := ledger.DefaultSuites().MarshalKey(key.Public())
	return ledger.KeyHash(public), err
}

// accreditation is what one agency grants another.
type accreditation struct {
	Agency, Type, Action, Region string
	Days                         int
	State                        string
}

// accredit grants, suspends, restores or ends.
func (a *agency) accredit(ctx context.Context, log ledgerLog, grant accreditation, via string, now time.Time) error {
	object := &ledger.Accreditation{
		Agency: grant.Agency, Action: grant.Action, Region: grant.Region, Type: grant.Type,
		Accreditor: a.card.DID, Via: via, State: grant.State,
	}
	ended := true // there is none, or none any more
	if current, err := log.Get(ctx, object.Key()); err == nil {
		// The ledger lets the end of a term change, never its beginning.
		old, err := ledger.ParseAccreditation(current)
		if err != nil {
			return err
		}
		object.From, object.Until, ended = old.From, old.Until, old.State == ledger.StateEnded
	}
	if ended && grant.Days > 0 { // a new term must not reach back into the old one
		object.From = now.Add(-time.Minute).Unix()
	}
	if grant.State == ledger.StateActive && grant.Days > 0 {
		object.Until = now.AddDate(0, 0, grant.Days).Unix()
	}
	if err := a.submit(ctx, log, object); err != nil {
		return fmt.Errorf("accreditation: %w", err)
	}
	return nil
}
