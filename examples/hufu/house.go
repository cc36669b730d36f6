package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/ledger/truststore"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

const (
	trustName = "trust.json"
	// readerName is the file in a ledger's folder that keeps what readers saw of it.
	readerName = "reader.trust"
)

// logOrigin names the demonstration's log.
const logOrigin = "hufu.example/ledger"

func (a *app) public() publish.Folder { return folder.Public(a.ledger) }

// isAddress tells the address of a ledger from a folder.
func isAddress(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// initLedger makes a ledger; its genesis gives the root agency its DID.
func (a *app) initLedger(ctx context.Context, root *folder.Agency, opts sqlitelog.InitOptions) (*sqlitelog.Log, error) {
	keys, err := root.RootKeys(ctx)
	if err != nil {
		return nil, err
	}
	opts.Clock, opts.NextKeys = a.clock, [][32]byte{keys.Next}
	log, err := sqlitelog.Init(ctx, a.ledger, logOrigin, new(zkp.Accumulator), keys.Key, opts)
	if errors.Is(err, os.ErrExist) {
		return nil, &inputError{id: "output.exists", name: a.ledger, err: err}
	}
	if err != nil {
		return nil, err
	}
	if err := root.Found(log.Trust().RootDID); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}

// joinLedger makes the folder of a ledger elsewhere, whose trust file was held
// against its fingerprint. The addresses are separated by commas.
func (a *app) joinLedger(addresses string, trust *ledger.TrustFile) error {
	err := remote.Join(a.ledger, trust, strings.Split(addresses, ",")...)
	switch {
	case errors.Is(err, remote.ErrAddress):
		return &inputError{id: "ledger.address", name: addresses, err: err}
	case errors.Is(err, os.ErrExist):
		return &inputError{id: "output.exists", name: filepath.Join(a.ledger, trustName), err: err}
	case err != nil:
		return &inputError{id: "output.unwritable", name: a.ledger, err: err}
	}
	return nil
}

// readLedger opens the ledger for the length of a function that reads.
func (a *app) readLedger(ctx context.Context, use func(folder.Ledger) error) error {
	log, err := folder.ReadLedger(ctx, a.ledger, a.folders())
	if err != nil {
		return err
	}
	return errors.Join(use(log), log.Close())
}

// withLedger opens the ledger for the length of a function that writes.
func (a *app) withLedger(ctx context.Context, use func(folder.Ledger) error) error {
	log, err := folder.OpenLedger(ctx, a.ledger, a.folders())
	if err != nil {
		return err
	}
	return errors.Join(use(log), log.Close())
}

// reader opens a client on the ledger.
func (a *app) reader(ctx context.Context, log folder.Ledger) (*ledger.Client, error) {
	store := truststore.File(filepath.Join(a.ledger, readerName))
	return ledger.NewClient(ctx, log.Trust(), log, store, ledger.ClientOptions{Clock: a.clock})
}

// resolve judges values of the ledger that the command is about.
func (a *app) resolve(ctx context.Context, log folder.Ledger, judge func(*ledger.View) error) error {
	client, err := a.reader(ctx, log)
	if err != nil {
		return err
	}
	return client.Resolve(ctx, judge, ledger.ResolveOptions{})
}

// readTrust reads a trust file and insists on its fingerprint.
func (a *app) readTrust(name, fingerprint string) (*ledger.TrustFile, error) {
	b, err := a.readFile(name, documentLimit)
	if err != nil {
		return nil, err
	}
	trust, err := ledger.ParseTrustPinned(b, fingerprint)
	if err != nil && !errors.Is(err, ledger.ErrFingerprint) {
		return nil, &inputError{id: "input.malformed", name: name}
	}
	return trust, err
}

// developmentKeys opens, or makes, this machine's single-party keys.
func (a *app) developmentKeys(ctx context.Context) (*prover.Prover, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, usageError{errors.New(a.words.text("keys.no-cache"))}
	}
	return prover.DevelopmentKeys(ctx, cache, a.keyProgress())
}
