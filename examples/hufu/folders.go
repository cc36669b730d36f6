package main

import (
	"context"
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
)

// patience is how long a command waits for a database that another program
// holds. The stores wait as long as their context lasts, which suits a server;
// a person at a terminal wants to know.
const patience = 4 * time.Second

// isBusy recognises a ledger that another program held for SQLite's five
// seconds.
func isBusy(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrBusy
}

func (a *app) folders() folder.Options {
	return folder.Options{Clock: a.clock, Patience: patience, Restored: a.restored}
}

// missing says of which kind the folder is that is not there.
func missing(id string, err error) error {
	var place *folder.Error
	if errors.As(err, &place) && place.Reason == folder.ErrMissing {
		return &inputError{id: id, name: place.Path, err: place.Err}
	}
	return err
}

// readCard reads the public part of an agency's folder.
func readCard(dir string) (folder.Card, error) {
	card, err := folder.ReadCard(dir)
	return card, missing("agency.missing", err)
}

// cardOf reads the card of the agency whose folder is named; of a DID nothing more is
// known.
func cardOf(didOrFolder string) (folder.Card, error) {
	if ledger.CheckDID(didOrFolder) == nil {
		return folder.Card{DID: didOrFolder}, nil
	}
	card, err := readCard(didOrFolder)
	if err == nil && card.DID == "" {
		err = agency.ErrNoDID
	}
	return card, err
}

// signer is an agency's signature key.
func signer(office *folder.Agency) (crypto.Signer, error) {
	if key := office.Keys().Key; key != nil {
		return key, nil
	}
	return nil, anchored.ErrNoKey
}

// withFolder opens an agency's vault for the length of a function.
func (a *app) withFolder(ctx context.Context, dir string, use func(*folder.Agency) error) error {
	if _, err := readCard(dir); err != nil {
		return err
	}
	passphrase, err := a.passphrase(false)
	if err != nil {
		return err
	}
	office, err := folder.OpenAgency(ctx, dir, passphrase, a.folders())
	if err != nil {
		return err
	}
	return errors.Join(use(office), office.Close())
}

// withAgency opens an agency for the length of a function. Without a ledger it
// only signs.
func (a *app) withAgency(ctx context.Context, dir string, log folder.Ledger, use func(*folder.Agency) error) error {
	return a.withFolder(ctx, dir, func(office *folder.Agency) error {
		if err := office.Join(ctx, log); err != nil {
			return err
		}
		return use(office)
	})
}

// withAgencyAndLedger opens both for the length of a function.
func (a *app) withAgencyAndLedger(ctx context.Context, dir string, use func(*folder.Agency, folder.Ledger) error) error {
	return a.withLedger(ctx, func(log folder.Ledger) error {
		return a.withAgency(ctx, dir, log, func(office *folder.Agency) error { return use(office, log) })
	})
}

// initHome makes the folder of a wallet or a counter for a ledger that opens.
func (a *app) initHome(ctx context.Context, dir, trust, fingerprint string) (*folder.Home, []byte, error) {
	t, err := a.readTrust(trust, fingerprint)
	if err != nil {
		return nil, nil, err
	}
	passphrase, err := a.passphrase(true)
	if err != nil {
		return nil, nil, err
	}
	log, err := folder.ReadLedger(ctx, filepath.Dir(trust), a.folders())
	if err == nil {
		err = log.Close()
	}
	if err != nil {
		return nil, nil, err
	}
	h, err := folder.NewHome(dir, trust, t, a.folders())
	return h, passphrase, err
}

// enterHome reads the folder of a wallet or a counter, and asks for its passphrase.
func (a *app) enterHome(dir, none string) (*folder.Home, []byte, error) {
	h, err := folder.OpenHome(dir, a.folders())
	if err != nil {
		return nil, nil, missing(none, err)
	}
	passphrase, err := a.passphrase(false)
	return h, passphrase, err
}

// defaultPolicy is the sample that a new counter asks after.
const defaultPolicy = "adult-in-district.policy.json"

// proverKeys opens the keys of a ceremony where the ledger's public folder has
// them for every circuit, else this machine's development keys.
func (a *app) proverKeys(ctx context.Context, h *folder.Home) (*prover.Prover, error) {
	log, err := folder.ReadLedger(ctx, h.Ledger, a.folders())
	if err != nil {
		return nil, err
	}
	client, err := h.Client(ctx, log, ledger.NewMemoryTrustStore())
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	keys, err := anchored.Open(ctx, client, folder.Public(h.Ledger), zkp.KeyOptions{})
	if errors.Is(err, os.ErrNotExist) {
		keys, err = a.developmentKeys(ctx)
	}
	return keys, errors.Join(err, log.Close())
}
