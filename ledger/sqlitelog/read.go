package sqlitelog

import (
	"context"
	"encoding/binary"
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

// Audit recomputes everything from the log alone, every signature included, and
// compares every row of log.db and witness.db. The error is a
// [*machine.DamagedError] that says which row, a [*ledger.InconsistentError] where
// the witness knows more than the log, or the system's own. The whole ledger is
// held in memory meanwhile.
func (l *Log) Audit(ctx context.Context) error {
	return l.beside.View(ctx, func(copied *sqlitestore.Tx) error {
		followed, err := machine.ReadHead(copied)
		if err != nil {
			return err
		}
		return l.db.View(ctx, func(s *sqlitestore.Tx) error { return l.audit(s, copied, followed) })
	})
}

// AuditHashes recomputes the hashes of the log alone and holds them against the
// newest checkpoint: a leaf that was changed since it was signed is found, in a
// fraction of an Audit's time. Errors are those of Audit.
func (l *Log) AuditHashes(ctx context.Context) error {
	return l.db.View(ctx, func(s *sqlitestore.Tx) error {
		if err := machine.CheckHashes(s); err != nil {
			return err
		}
		head, err := machine.ReadHead(s)
		if err != nil {
			return err
		}
		note, err := lastCheckpoint(s, head)
		if err != nil {
			return err
		}
		return l.checkCheckpoint(s, note, head.Size)
	})
}

func (l *Log) audit(s, copied *sqlitestore.Tx, followed machine.Head) error {
	want, err := l.machine.Replay(s)
	if err != nil {
		return err
	}
	head, err := machine.ReadHead(want)
	if err != nil {
		return err
	}
	beside := want
	if followed.Size < head.Size {
		if beside, err = l.machine.ReplayTo(s, followed.Size); err != nil {
			return err
		}
	}
	other := make(chan error)
	go func() { other <- machine.Compare(copied, beside) }()
	err = l.compare(s, want)
	if besideErr := <-other; err == nil && besideErr != nil {
		err = fmt.Errorf("sqlitelog: witness.db: %w", besideErr)
		if followed.Size > head.Size {
			err = l.checkBehind(s, followed, head)
		}
	}
	return err
}

// compare holds log.db against what its operations lead to.
func (l *Log) compare(s *sqlitestore.Tx, want *machine.Memory) error {
	if err := machine.Compare(s, want); err != nil {
		return fmt.Errorf("sqlitelog: log.db: %w", err)
	}
	return l.auditCheckpoints(s, want)
}

// tableCheckpoint names the table in a DamagedError.
const tableCheckpoint machine.Table = "checkpoint"

// auditCheckpoints insists on one signed checkpoint for every state leaf.
func (l *Log) auditCheckpoints(s *sqlitestore.Tx, want *machine.Memory) error {
	var height uint64
	err := want.Scan(machine.TableLeaf, nil, func(key, leaf []byte) error {
		if !ledger.IsStateLeaf(leaf) {
			return nil
		}
		damaged := func(problem string) error {
			return &machine.DamagedError{Table: tableCheckpoint, Key: fmt.Append(nil, height), Problem: problem}
		}
		note, err := s.Checkpoint(height)
		if err != nil {
			return err
		}
		if note == nil {
			return damaged("missing")
		}
		if err := l.checkCheckpoint(want, note, leafIndex(key)+1); err != nil {
			return damaged(err.Error())
		}
		height++
		return nil
	})
	if err != nil {
		return err
	}
	count, err := s.Checkpoints()
	if err != nil {
		return err
	}
	if count != height {
		return &machine.DamagedError{Table: tableCheckpoint, Key: fmt.Append(nil, height), Problem: "added"}
	}
	return nil
}

// leafIndex is the key of machine.TableLeaf.
func leafIndex(key []byte) uint64 { return binary.BigEndian.Uint64(key) }
