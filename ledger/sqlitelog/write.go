package sqlitelog

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// Submit implements ledger.Submitter. Submissions that come while another is
// being written wait and are written together, with one checkpoint and one
// fsync; each is still accepted or refused on its own. Where ctx ends first, the
// batch may be on disk or not. The error is a [*ledger.RefusedError],
// ledger.ErrTooLarge, machine.ErrClock, a [*ledger.PauseError], machine.ErrDamaged,
// ErrDisagrees, ErrRolledBack, sqlitestore.ErrReadOnly, or one of the system.
func (l *Log) Submit(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	if len(ops) == 0 {
		return nil, fmt.Errorf("%w: empty batch", ledger.ErrFormat)
	}
	if len(ops) > ledger.MaxBatch {
		return nil, fmt.Errorf("%w: %d operations, at most %d", ledger.ErrTooLarge, len(ops), ledger.MaxBatch)
	}
	if l.group == nil {
		return nil, sqlitestore.ErrReadOnly
	}
	receipt, err := l.group.submit(ctx, ops, l.commit)
	if err != nil {
		return nil, err
	}
	return receipt, l.awaitWitnesses(ctx, receipt)
}

// awaitWitnesses completes a receipt with a checkpoint that counts.
func (l *Log) awaitWitnesses(ctx context.Context, receipt *ledger.Receipt) (err error) {
	if p := l.waiting.Load(); p != nil {
		receipt.Size, receipt.Height, receipt.Checkpoint, err = p.Await(ctx, receipt.Height)
	}
	return err
}

// Heartbeat makes a checkpoint without operations, with fresh signatures, and
// closes the last epoch if it is over. Errors are those of Submit.
func (l *Log) Heartbeat(ctx context.Context) (*ledger.Receipt, error) {
	if l.group == nil {
		return nil, sqlitestore.ErrReadOnly
	}
	if err := l.group.lead(ctx); err != nil {
		return nil, err
	}
	_, receipt, err := l.commit(ctx)
	l.group.release()
	if err != nil {
		return nil, err
	}
	return receipt, l.awaitWitnesses(ctx, receipt)
}

// commit writes submissions in one transaction, and the head file after it. The receipt is that of the
// checkpoint; the results are in the order of the submissions. Where it fails, what
// it wrote may be on disk.
func (l *Log) commit(ctx context.Context, submissions ...[]*ledger.SignedOperation) (results []machine.Result, receipt *ledger.Receipt, err error) {
	if err := l.history.Settle(context.WithoutCancel(ctx)); err != nil {
		return nil, nil, fmt.Errorf("sqlitelog: %w", err)
	}
	prepared := l.machine.Prepare(submissions...)
	err = l.both(ctx, func(tx, copied *sqlitestore.Tx) (now headfile.Head, err error) {
		var commit *machine.Commit
		if commit, receipt, err = l.apply(tx, copied, prepared); err != nil {
			return now, err
		}
		results = commit.Results
		return state(tx, commit.Head.Size)
	})
	if err != nil {
		return nil, nil, err
	}
	if l.waiting.Load() == nil && !changesTrust(submissions) {
		return results, receipt, nil
	}
	return results, receipt, l.awaitOthers(context.WithoutCancel(ctx))
}

// changesTrust reports whether from now on others may have to sign.
func changesTrust(submissions [][]*ledger.SignedOperation) bool {
	for _, ops := range submissions {
		for _, op := range ops {
			if op.Operation.Kind == ledger.KindAgreement {
				return true
			}
		}
	}
	return false
}

// nextTime is the time of the checkpoint after the newest.
func (l *Log) nextTime(tx *sqlitestore.Tx) (time.Time, error) {
	head, err := machine.ReadHead(tx)
	if err != nil {
		return time.Time{}, err
	}
	var last time.Time
	if head.Size > 0 {
		last = head.State.Time()
	}
	return machine.NextTime(last, l.clock(), l.maxPause)
}

// apply does the work of the log's transaction and its witness's. The time is read
// once they have the files to themselves, so that processes agree on the order.
func (l *Log) apply(tx, copied *sqlitestore.Tx, submissions *machine.Prepared) (*machine.Commit, *ledger.Receipt, error) {
	if err := l.catchUp(tx, copied); err != nil {
		return nil, nil, err
	}
	at, err := l.nextTime(tx)
	if err != nil {
		return nil, nil, err
	}
	commit, err := l.applyTwice(tx, copied, at, submissions)
	if err != nil {
		return nil, nil, err
	}
	receipt := &ledger.Receipt{Height: commit.Head.State.Height, Size: commit.Head.Size}
	if !commit.Changed {
		receipt.Checkpoint, err = lastCheckpoint(tx, commit.Head)
		return commit, receipt, err
	}
	text := ledger.FormatCheckpoint(l.trust.Origin, commit.Head.Size, commit.Head.Root)
	receipt.Checkpoint, err = note.Sign(&note.Note{Text: text}, l.signer, l.witness)
	if err != nil {
		return nil, nil, fmt.Errorf("sqlitelog: signing checkpoint: %w", err)
	}
	return commit, receipt, tx.SetCheckpoint(receipt.Height, receipt.Checkpoint)
}
