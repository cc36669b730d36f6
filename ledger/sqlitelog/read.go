package sqlitelog

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// published is a machine.View of the newest state that enough witnesses have
// signed.
func (l *Log) published(ctx context.Context, read func(machine.Store, []byte) error) error {
	if p := l.waiting.Load(); p != nil {
		return p.View(ctx, read)
	}
	return l.db.View(ctx, func(s *sqlitestore.Tx) error {
		head, err := machine.ReadHead(s)
		if err != nil {
			return err
		}
		checkpoint, err := lastCheckpoint(s, head)
		if err != nil {
			return err
		}
		return read(s, checkpoint)
	})
}

// lastCheckpoint is the signed checkpoint of a head.
func lastCheckpoint(s *sqlitestore.Tx, head machine.Head) ([]byte, error) {
	note, err := s.Checkpoint(head.State.Height)
	if err == nil && note == nil {
		err = fmt.Errorf("%w: no checkpoint of height %d", machine.ErrDamaged, head.State.Height)
	}
	return note, err
}

// checkCheckpoint holds a checkpoint that this ledger has signed against the log it is
// in. Which witnesses must have signed it too, an agreement says, and readers ask.
func (l *Log) checkCheckpoint(s machine.Store, signed []byte, size uint64) error {
	n, err := note.Open(signed, note.VerifierList(l.logKey))
	if err != nil {
		return fmt.Errorf("%w: checkpoint: not signed by this log", machine.ErrDamaged)
	}
	head, err := ledger.ParseCheckpoint(n)
	if err != nil {
		return fmt.Errorf("%w: checkpoint: %w", machine.ErrDamaged, err)
	}
	root, err := machine.RootAt(s, size)
	if err != nil {
		return err
	}
	if head.Origin != l.trust.Origin || head.Size != size || head.Root != root {
		return fmt.Errorf("%w: checkpoint is not of this log", machine.ErrDamaged)
	}
	return nil
}
