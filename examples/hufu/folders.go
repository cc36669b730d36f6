package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
)

// patience is how long a command waits for a database that another program
// holds. The stores wait as long as their context lasts, which suits a server;
// a person at a terminal wants to know.
const patience = 4 * time.Second

func (a *app) folders() folder.Options {
	return folder.Options{Clock: a.clock, Patience: patience, Restored: a.restored, RestoredLedger: a.restoredLedger}
}

// missing says of which kind the folder is that is not there.
func missing(id string, err error) error {
	var place *folder.Error
	if errors.As(err, &place) && place.Reason == folder.ErrMissing {
		return &inputError{id: id, name: place.Path, err: place.Err}
	}
	return err
}

// withFolder opens an agency's vault for the length of a function.
func (a *app) withFolder(ctx context.Context, dir string, use func(*folder.Agency) error) error {
	if _, err := folder.ReadCard(dir); err != nil {
		return err // before anybody is asked
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
	return a.withLedger(ctx, folder.OpenLedger, func(log folder.Ledger) error {
		return a.withAgency(ctx, dir, log, func(office *folder.Agency) error { return use(office, log) })
	})
}

// initHome makes the folder of a wallet or a counter for a ledger that opens.
func (a *app) initHome(ctx context.Context, dir, trust, fingerprint string) (*folder.Home, []byte, error) {
	t, err := folder.ReadTrust(trust, a.in, fingerprint)
	if err != nil {
		return nil, nil, err
	}
	passphrase, err := a.passphrase(true)
	if err != nil {
		return nil, nil, err
	}
	h, err := folder.NewHome(ctx, dir, trust, t, a.folders())
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
func (a *app) proverKeys(ctx context.Context, h *folder.Home) (keys *prover.Prover, err error) {
	err = h.Read(ctx, func(client *ledger.Client) error {
		keys, err = anchored.Open(ctx, client, folder.Public(h.Ledger), zkp.KeyOptions{})
		return err
	})
	if errors.Is(err, os.ErrNotExist) {
		return a.developmentKeys(ctx)
	}
	return keys, err
}

// The file of a ledger's trust, and the demonstration's log.
const trustName, logOrigin = "trust.json", "hufu.example/ledger"

func (a *app) public() publish.Folder { return folder.Public(a.ledger) }

// withLedger opens the ledger for the length of a function: folder.ReadLedger for one that
// reads, folder.OpenLedger for one that writes.
func (a *app) withLedger(ctx context.Context, open func(context.Context, string, folder.Options) (folder.Ledger, error), use func(folder.Ledger) error) error {
	log, err := open(ctx, a.ledger, a.folders())
	if err != nil {
		return err
	}
	return errors.Join(use(log), log.Close())
}

// developmentKeys opens, or makes, this machine's single-party keys.
func (a *app) developmentKeys(ctx context.Context) (*prover.Prover, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, usageError{errors.New(a.words.text("keys.no-cache"))}
	}
	return prover.DevelopmentKeys(ctx, cache, a.keyProgress())
}
