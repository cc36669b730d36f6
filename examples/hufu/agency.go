package main

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// agency is one agency's folder: agency.json, which is public, and vault.db.
type agency struct {
	*hufuagency.Agency // nil until open, and while a root agency has no ledger

	dir   string
	card  agencyCard
	vault *sqlitevault.Store // nil where the key was imported
}

// agencyCard says who the agency is; nothing in it is secret.
type agencyCard struct {
	Name string `json:"name"`
	DID  string `json:"did,omitempty"` // empty until a ledger has it
	Root bool   `json:"root,omitempty"`
}

const (
	cardName  = "agency.json"
	vaultName = "vault.db"
)

// newAgency makes an agency's folder, its keys and its DID on the ledger.
func newAgency(ctx context.Context, dir, name string, passphrase []byte, log ledgerLog, clock func() time.Time) (*agency, error) {
	a, err := newFolder(ctx, dir, agencyCard{Name: name}, passphrase)
	if err != nil {
		return nil, err
	}
	if err := a.open(ctx, log, clock); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// newRoot makes a root agency's folder and its keys. initLedger gives it a DID.
func newRoot(ctx context.Context, dir, name string, passphrase []byte, clock func() time.Time) (*agency, error) {
	a, err := newFolder(ctx, dir, agencyCard{Name: name, Root: true}, passphrase)
	if err != nil {
		return nil, err
	}
	if _, err := a.rootKeys(ctx, clock); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func newFolder(ctx context.Context, dir string, card agencyCard, passphrase []byte) (*agency, error) {
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
	a := &agency{dir: dir, card: card, vault: store}
	if err := a.saveCard(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// openFolder opens an agency's vault and no more.
func openFolder(ctx context.Context, dir string, passphrase []byte) (*agency, error) {
	card, err := readCard(dir)
	if err != nil {
		return nil, err
	}
	store, err := sqlitevault.Open(ctx, filepath.Join(dir, vaultName), passphrase, sqlitevault.Options{})
	if err != nil {
		return nil, &inputError{id: "vault.closed", name: dir, err: err}
	}
	return &agency{dir: dir, card: card, vault: store}, nil
}

// openAgency opens an agency to act on a ledger; with none it only signs.
func openAgency(ctx context.Context, dir string, passphrase []byte, log ledgerLog, clock func() time.Time) (*agency, error) {
	a, err := openFolder(ctx, dir, passphrase)
	if err != nil {
		return nil, err
	}
	if err := a.open(ctx, log, clock); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// open joins the folder with a ledger, finishes what was interrupted, and notes
// the DID.
func (a *agency) open(ctx context.Context, log ledgerLog, clock func() time.Time) (err error) {
	store, opts := impatient{a.vault}, hufuagency.Options{Clock: clock, ProofKey: true}
	if log == nil {
		a.Agency, err = hufuagency.OpenOffline(ctx, store, opts)
		return err
	}
	client, err := ledger.NewClient(ctx, log.Trust(), log, vault.NewTrustStore(store, log.Trust().Origin), ledger.ClientOptions{Clock: clock})
	if err != nil {
		return err
	}
	a.Agency, err = hufuagency.Open(ctx, store, client, log, opts)
	if errors.Is(err, hufuagency.ErrNone) && !a.card.Root {
		a.Agency, err = hufuagency.Create(ctx, store, client, log, opts)
	}
	if err != nil || a.card.DID == a.DID() {
		return err
	}
	a.card.DID = a.DID()
	return a.saveCard()
}

// rootKeys are what a ledger is founded with.
func (a *agency) rootKeys(ctx context.Context, clock func() time.Time) (*hufuagency.Root, error) {
	return hufuagency.PrepareRoot(ctx, impatient{a.vault}, hufuagency.Options{Clock: clock})
}

func (a *agency) saveCard() error {
	card, err := json.MarshalIndent(a.card, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(a.dir, cardName), append(card, '\n'))
}

// readCard reads the public part of an agency's folder.
func readCard(dir string) (agencyCard, error) {
	var card agencyCard
	name := filepath.Join(dir, cardName)
	b, err := os.ReadFile(name)
	if err != nil {
		return card, &inputError{id: "agency.missing", name: dir, err: err}
	}
	if err := json.Unmarshal(b, &card); err != nil || card.Name == "" {
		return card, &inputError{id: "input.malformed", name: name, err: err}
	}
	return card, nil
}

// Close closes the vault; an agency whose key was imported has none.
func (a *agency) Close() error {
	if a == nil || a.vault == nil {
		return nil
	}
	return a.vault.Close()
}

func (a *agency) issuer() issuer.Keys { return issuer.Keys(a.Keys()) }

// signer is the agency's signature key.
func (a *agency) signer() (crypto.Signer, error) {
	if key := a.Keys().Key; key != nil {
		return key, nil
	}
	return nil, errNoKey
}

// bring brings an accreditation into a state. days until it ends count for an
// active one; 0 is no end.
func (a *agency) bring(ctx context.Context, grant hufuagency.Grant, state string, days int, now time.Time) error {
	switch state {
	case ledger.StateSuspended:
		return a.Suspend(ctx, grant)
	case ledger.StateEnded:
		return a.Revoke(ctx, grant)
	}
	if days > 0 {
		grant.Until = now.AddDate(0, 0, days)
	}
	return a.Accredit(ctx, grant)
}
