package sqlitelog

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

var (
	// ErrRolledBack means a database that is older than it was here before, or than it is
	// known elsewhere, or that has another history: its log was deleted, or an older copy
	// put back. Nothing may be signed on it, for the same sizes were signed before. It
	// wraps ledger.ErrRolledBack.
	ErrRolledBack = fmt.Errorf("sqlitelog: the database is older than it was, or has another history: "+
		"put the newest copy back, or open it as restored: %w", ledger.ErrRolledBack)
	// ErrNoHead means that the file that says how new the database must be is missing,
	// damaged or another ledger's. It wraps ledger.ErrRolledBack.
	ErrNoHead = fmt.Errorf("sqlitelog: nothing tells how new the database must be: "+
		"put its head file back, or open it as restored: %w", ledger.ErrRolledBack)
)

const headSuffix = ".head"

// history is the head file of a database: the size and the root of its log.
type history struct{ *headfile.File }

// newHistory names the head file of a database. What it is a head of makes it the
// ledger's, or the witness's, own.
func newHistory(dir, database, of string) history {
	return history{headfile.New(filepath.Join(dir, database+headSuffix), []byte(of), nil)}
}

// last returns the newest head that was noted. The error is ErrNoHead or the system's own.
func (h history) last(ctx context.Context) (headfile.Head, error) {
	before, err := h.Read(ctx)
	if errors.Is(err, headfile.ErrMissing) {
		return before, fmt.Errorf("%w (%w)", ErrNoHead, err)
	}
	return before, err
}

// state is a head as the file has it.
func state(store machine.Store, size uint64) (headfile.Head, error) {
	if size == 0 {
		return headfile.Head{}, nil
	}
	root, err := machine.RootAt(store, size)
	return headfile.Head{Counter: size, Digest: root}, err
}

// extends insists that a database still has the history of a head.
func extends(store machine.Store, size uint64, before headfile.Head) error {
	if size < before.Counter {
		return fmt.Errorf("%w (%d leaves of %d)", ErrRolledBack, size, before.Counter)
	}
	then, err := state(store, before.Counter)
	if err == nil && then.Digest != before.Digest {
		err = fmt.Errorf("%w (another root at %d leaves)", ErrRolledBack, before.Counter)
	}
	return err
}

// check holds a database against its head and returns the state to be noted.
func (h history) check(store machine.Store, before headfile.Head) (now headfile.Head, failed, err error) {
	head, err := machine.ReadHead(store)
	if err != nil {
		return now, nil, err
	}
	if now, err = state(store, head.Size); err != nil {
		return now, nil, err
	}
	failed = extends(store, head.Size, before)
	if failed != nil && !errors.Is(failed, ErrRolledBack) {
		return now, nil, failed
	}
	return now, failed, nil
}

// note writes what was committed, before it is acknowledged or sent.
func (h history) note(ctx context.Context, now headfile.Head) error {
	if err := h.Note(context.WithoutCancel(ctx), now); err != nil {
		return fmt.Errorf("sqlitelog: %w", err)
	}
	return nil
}

// checkKnown holds the log against a checkpoint of it that is known elsewhere.
func (l *Log) checkKnown(store machine.Store, signed []byte) error {
	n, err := note.Open(signed, note.VerifierList(l.logKey))
	if err != nil {
		return fmt.Errorf("%w: the checkpoint known elsewhere is not of this log", ledger.ErrSignature)
	}
	known, err := ledger.ParseCheckpoint(n)
	if err != nil {
		return err
	}
	head, err := machine.ReadHead(store)
	if err != nil {
		return err
	}
	return extends(store, head.Size, headfile.Head{Counter: known.Size, Digest: known.Root})
}
