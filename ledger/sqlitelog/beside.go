package sqlitelog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// both runs do within a transaction of the log and one of its witness beside it,
// and commits the log's first: killed in between, the witness is behind and never
// ahead. It notes the head that do returns while the witness commits.
func (l *Log) both(ctx context.Context, do func(tx, copied *sqlitestore.Tx) (headfile.Head, error)) error {
	noted := make(chan error, 1)
	noted <- nil
	err := l.beside.Update(ctx, func(copied *sqlitestore.Tx) error {
		var now headfile.Head
		err := l.db.Update(ctx, func(tx *sqlitestore.Tx) (err error) {
			now, err = do(tx, copied)
			return err
		})
		if err == nil {
			<-noted
			// Also where nothing is new: another process may have died before it noted.
			go func() { noted <- l.history.note(ctx, now) }()
		}
		return err
	})
	return errors.Join(err, <-noted)
}

// applyTwice applies submissions to the log's state and, at the same time, to the
// witness's own, and insists that both come to the same head: what the witness
// signs does not rest on the log's tables.
func (l *Log) applyTwice(tx, copied *sqlitestore.Tx, now time.Time, submissions *machine.Prepared) (*machine.Commit, error) {
	var followed *machine.Commit
	failed := make(chan error)
	go func() {
		var err error
		followed, err = l.machine.ApplyPrepared(copied, now, submissions)
		failed <- err
	}()
	commit, err := l.machine.ApplyPrepared(tx, now, submissions)
	if besideErr := <-failed; err == nil && besideErr != nil {
		err = fmt.Errorf("witness.db: %w", besideErr)
	}
	if err != nil {
		return nil, err
	}
	if commit.Head != followed.Head {
		return nil, ErrDisagrees
	}
	return commit, nil
}

// catchUp lets the witness follow what the log committed without it: another
// process was killed, or the power failed.
func (l *Log) catchUp(tx, copied *sqlitestore.Tx) error {
	head, err := machine.ReadHead(tx)
	if err != nil {
		return err
	}
	if noted := l.history.Noted(); head.Size < noted.Counter {
		return fmt.Errorf("%w (%d leaves of %d)", ErrRolledBack, head.Size, noted.Counter)
	}
	followed, err := machine.ReadHead(copied)
	if err != nil {
		return err
	}
	if err := l.checkBehind(tx, followed, head); err != nil || followed.Size == head.Size {
		return err
	}
	replica, err := machine.NewReplica(l.machine, copied)
	if err != nil {
		return err
	}
	for replica.Next() < head.Size {
		leaves, err := machine.Entries(tx, replica.Next())
		for i := 0; err == nil && i < len(leaves); i++ {
			err = replica.Add(leaves[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkBehind refuses a log that is shorter than what its witness has followed:
// an older copy of log.db, or one that a failing disk has cut. Nothing may be
// signed on it, for the same sizes were signed before.
func (l *Log) checkBehind(log machine.Store, followed, head machine.Head) error {
	if followed.Size <= head.Size {
		return nil
	}
	root, err := machine.RootAt(log, head.Size)
	if err != nil {
		return err
	}
	return &ledger.InconsistentError{
		Older: &ledger.Head{Origin: l.trust.Origin, Size: followed.Size},
		Newer: &ledger.Head{Origin: l.trust.Origin, Size: head.Size, Root: root},
		Err:   errors.New("log.db is older than witness.db: put the newest copy of log.db back"),
	}
}
