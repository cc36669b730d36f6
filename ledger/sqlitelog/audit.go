package sqlitelog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// Audit recomputes everything from the log alone, every signature included, and
// compares every row of log.db and witness.db. It replays into a temporary file, in the
// ledger's folder or, for a ledger opened to read only, in the system's, and reads in
// short steps while the ledger goes on. progress may be nil. The error is a
// [*machine.DamagedError] that says which row, a [*ledger.InconsistentError] where
// the witness knows more than the log, that of ctx, or the system's own.
func (l *Log) Audit(ctx context.Context, progress func(machine.Progress)) (err error) {
	folder := l.dir
	if l.group == nil {
		folder = ""
	}
	scratch, err := sqlitestore.NewScratch(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	auditor, err := l.machine.NewAuditor(reads(l.db), scratch, progress)
	if err != nil {
		return err
	}
	if err := l.checkLength(ctx); err != nil {
		var short *ledger.InconsistentError
		if errors.As(err, &short) { // perhaps because it is damaged
			err = errors.Join(auditor.Compare(ctx, reads(l.db)), err)
		}
		return err
	}
	// The witness first: it may be behind the log, and an auditor does not go back.
	if err := auditor.At(ctx, reads(l.beside), func(machine.Store) error { return nil }); err != nil {
		return fmt.Errorf("sqlitelog: log.db: %w", err)
	}
	if err := auditor.Compare(ctx, reads(l.beside)); err != nil {
		return fmt.Errorf("sqlitelog: witness.db: %w", err)
	}
	if err := auditor.Compare(ctx, reads(l.db)); err != nil {
		return fmt.Errorf("sqlitelog: log.db: %w", err)
	}
	return l.auditCheckpoints(ctx, auditor, scratch)
}

// checkLength refuses a log that is shorter than what its witness has followed.
func (l *Log) checkLength(ctx context.Context) error {
	return l.beside.View(ctx, func(copied *sqlitestore.Tx) error {
		followed, err := machine.ReadHead(copied)
		if err != nil {
			return fmt.Errorf("sqlitelog: witness.db: %w", err)
		}
		return l.db.View(ctx, func(s *sqlitestore.Tx) error {
			head, err := machine.ReadHead(s)
			if err != nil {
				return fmt.Errorf("sqlitelog: log.db: %w", err)
			}
			return l.checkBehind(s, followed, head)
		})
	})
}

// reads are short reads of a database.
func reads(db *sqlitestore.DB) machine.Reads {
	return func(ctx context.Context, read func(machine.Store) error) error {
		return db.View(ctx, func(tx *sqlitestore.Tx) error { return read(tx) })
	}
}

// AuditHashes recomputes the hashes of the log alone and holds them against the
// newest checkpoint: a leaf that was changed since it was signed is found, in a
// fraction of an Audit's time. Errors are those of Audit.
func (l *Log) AuditHashes(ctx context.Context) error {
	return machine.CheckHashes(ctx, reads(l.db), func(s machine.Store, head machine.Head) error {
		note, err := lastCheckpoint(s.(*sqlitestore.Tx), head)
		if err != nil {
			return err
		}
		return l.checkCheckpoint(s, note, head.Size)
	})
}

// tableCheckpoint names the table in a DamagedError.
const tableCheckpoint machine.Table = "checkpoint"

// auditCheckpoints insists on one signed checkpoint for every state leaf.
func (l *Log) auditCheckpoints(ctx context.Context, auditor *machine.Auditor, scratch machine.Store) error {
	c := &checkpointAudit{log: l, scratch: scratch}
	for !c.done {
		if err := auditor.At(ctx, reads(l.db), func(s machine.Store) error { return c.some(s.(*sqlitestore.Tx)) }); err != nil {
			return err
		}
	}
	return nil
}

// checkpointAudit is an audit of the checkpoints that is under way.
type checkpointAudit struct {
	log     *Log
	scratch machine.Store
	// after is the key of the leaf that was looked at last, and height how many state
	// leaves there were up to it.
	after  []byte
	height uint64
	done   bool
}

// checkpointStep is how many checkpoints one step looks at.
const checkpointStep = 256

// errEnough ends a scan.
var errEnough = errors.New("sqlitelog: enough")

// some looks at some checkpoints, and at their number at the end.
func (c *checkpointAudit) some(s *sqlitestore.Tx) error {
	var sizes []uint64
	err := c.scratch.ScanAfter(machine.TableLeaf, nil, c.after, func(key, leaf []byte) error {
		c.after = append([]byte{}, key...)
		if ledger.IsStateLeaf(leaf) {
			sizes = append(sizes, binary.BigEndian.Uint64(key)+1)
		}
		if len(sizes) == checkpointStep {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	for _, size := range sizes {
		note, err := s.Checkpoint(c.height)
		if err != nil {
			return err
		}
		if note == nil {
			return c.damaged("missing")
		}
		if err := c.log.checkCheckpoint(c.scratch, note, size); err != nil {
			return c.damaged(err.Error())
		}
		c.height++
	}
	if err != nil {
		return nil // there are more
	}
	c.done = true
	if count, err := s.Checkpoints(); err != nil || count == c.height {
		return err
	}
	return c.damaged("added")
}

func (c *checkpointAudit) damaged(problem string) error {
	return &machine.DamagedError{Table: tableCheckpoint, Key: fmt.Append(nil, c.height), Problem: problem}
}
