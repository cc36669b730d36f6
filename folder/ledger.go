package folder

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/ledger/truststore"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
)

// readerName is what readers without a folder keep in that of a ledger.
const readerName = "reader.trust"

// Ledger is an open ledger: a file of this machine, or servers that are asked.
type Ledger interface {
	ledger.Ledger
	Trust() *ledger.TrustFile
	Close() error
}

// Public is the folder of a ledger's public files.
func Public(ledgerDir string) publish.Folder {
	return publish.Folder(filepath.Join(ledgerDir, "public"))
}

// OpenLedger opens a ledger's folder for somebody who writes to it. For one that lies on
// this machine it makes the checkpoint that closes an epoch which is over, by the
// machine's clock: no reader trusts the ledger before the time that it names. The error
// is an [*Error] with [ErrNoLedger] or [ErrLedger].
func OpenLedger(ctx context.Context, dir string, opts Options) (Ledger, error) {
	log, err := ReadLedger(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	if own, here := log.(*sqlitelog.Log); here {
		if err := own.CloseEpoch(ctx); err != nil {
			return nil, errors.Join(ledgerClosed(dir, err), log.Close())
		}
	}
	return log, nil
}

// ReadLedger opens a ledger's folder for a reader, and changes nothing: a reader whose
// clock is wrong does no harm. Errors are those of OpenLedger.
func ReadLedger(ctx context.Context, dir string, opts Options) (Ledger, error) {
	joined, err := remote.OpenJoined(dir, remote.Options{})
	if err == nil {
		return joined, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, ledgerClosed(dir, err)
	}
	log, err := OpenLog(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	return log, nil
}

// NewReader reads a ledger for somebody who has no folder of his own. What it saw last it
// keeps in the ledger's folder, as reader.trust. Errors are those of ledger.NewClient.
func NewReader(ctx context.Context, log Ledger, dir string, opts Options) (*ledger.Client, error) {
	store := truststore.File(filepath.Join(dir, readerName))
	return ledger.NewClient(ctx, log.Trust(), log, store, ledger.ClientOptions{Clock: opts.Clock})
}

// Resolve judges values of a ledger as [ledger.Client.Resolve] does, with a NewReader.
func Resolve(ctx context.Context, log Ledger, dir string, opts Options, judge func(*ledger.View) error) error {
	client, err := NewReader(ctx, log, dir, opts)
	if err != nil {
		return err
	}
	return client.Resolve(ctx, judge, ledger.ResolveOptions{})
}

// OpenLog opens a ledger that lies on this machine, and changes nothing. Errors are
// those of OpenLedger.
func OpenLog(ctx context.Context, dir string, opts Options) (*sqlitelog.Log, error) {
	log, err := sqlitelog.Open(ctx, dir, new(zkp.Accumulator), sqlitelog.Options{Clock: opts.Clock, MaxPause: opts.MaxPause, Restored: opts.RestoredLedger})
	if errors.Is(err, os.ErrNotExist) {
		return nil, &Error{dir, ErrNoLedger, err}
	}
	if err != nil {
		return nil, ledgerClosed(dir, err)
	}
	return log, nil
}

// JoinLedger makes the folder of a ledger elsewhere, as [remote.Join] does. The trust
// file was held against its fingerprint. The error is an [*Error] with [ErrAddress],
// [ErrExists] or [ErrUnwritable].
func JoinLedger(dir string, trust *ledger.TrustFile, addresses ...string) error {
	err := remote.Join(dir, trust, addresses...)
	switch {
	case errors.Is(err, remote.ErrAddress):
		return &Error{strings.Join(addresses, ","), ErrAddress, err}
	case errors.Is(err, os.ErrExist):
		return &Error{filepath.Join(dir, trustName), ErrExists, err}
	case err != nil:
		return &Error{dir, ErrUnwritable, err}
	}
	return nil
}

// PublishEpoch brings the public files of a ledger up to its newest closed epoch: the
// list of agencies, and the public sets. Errors are those of [publish.ExportAgencies] and
// [feed.Export].
func PublishEpoch(ctx context.Context, log Ledger, dir string, opts Options) (*feed.Exported, error) {
	public := Public(dir)
	list, err := publish.ExportAgencies(ctx, log, log.Trust(), opts.withDefaults().Clock())
	if err == nil {
		err = public.PublishAgencies(ctx, list)
	}
	if err != nil {
		return nil, err
	}
	return feed.Export(ctx, log, new(zkp.Accumulator), public.FeedDir())
}

func ledgerClosed(dir string, err error) error {
	if errors.Is(err, ledger.ErrFormat) || errors.Is(err, remote.ErrFolder) { // of the folder's own files
		err = ErrDamaged
	}
	return &Error{dir, ErrLedger, err}
}
