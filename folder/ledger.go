package folder

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
)

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

// OpenLog opens a ledger that lies on this machine, and changes nothing. Errors are
// those of OpenLedger.
func OpenLog(ctx context.Context, dir string, opts Options) (*sqlitelog.Log, error) {
	log, err := sqlitelog.Open(ctx, dir, new(zkp.Accumulator), sqlitelog.Options{Clock: opts.Clock})
	if errors.Is(err, os.ErrNotExist) {
		return nil, &Error{dir, ErrNoLedger, err}
	}
	if err != nil {
		return nil, ledgerClosed(dir, err)
	}
	return log, nil
}

func ledgerClosed(dir string, err error) error {
	if errors.Is(err, ledger.ErrFormat) || errors.Is(err, remote.ErrFolder) { // of the folder's own files
		err = ErrDamaged
	}
	return &Error{dir, ErrLedger, err}
}
