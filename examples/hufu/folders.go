package main

import (
	"context"
	"crypto"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
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
	log, err := folder.OpenLedger(ctx, filepath.Dir(trust), a.folders())
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

const (
	// defaultPolicy is the sample that a new counter asks after.
	defaultPolicy = "adult-in-district.policy.json"
	// policyName is the counter's policy file in its folder.
	policyName = "policy.json"
)

// policyOf reads the policy that a counter keeps.
func policyOf(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, policyName))
	if errors.Is(err, os.ErrNotExist) {
		return sample(defaultPolicy), nil
	}
	if err != nil {
		return nil, &inputError{id: "counter.closed", name: dir, err: err}
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, documentLimit+1)) // the parser refuses more
}

// keepPolicy makes a policy the counter's. Requests made under another are still
// judged by that one.
func keepPolicy(dir string, file []byte) error {
	if _, err := verifier.ParsePolicy(file); err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, policyName), file)
}

// verifierOf joins a counter with the policy that it keeps. Development keys are
// accepted only where the caller said so.
func verifierOf(ctx context.Context, c *folder.Counter, cfg verifier.Config) (*verifier.Verifier, error) {
	file, err := policyOf(c.Dir)
	if err != nil {
		return nil, err
	}
	policy, err := verifier.ParsePolicy(file)
	if err != nil {
		return nil, err
	}
	cfg.Policies = []*verifier.Policy{policy}
	return c.Verifier(ctx, cfg)
}

// proverKeys opens the keys of a ceremony where the ledger's public folder has
// them for every circuit, else this machine's development keys.
func (a *app) proverKeys(ctx context.Context, h *folder.Home) (*prover.Prover, error) {
	log, err := folder.OpenLedger(ctx, h.Ledger, a.folders())
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
