package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// Submit applies a batch of one or more operations: all of them or none. When it
// returns, they are on disk under a cosigned checkpoint. The error is a
// [*ledger.RefusedError], an error of machine.Apply, [ErrReadOnly], or one of the
// system, after which the batch may be on disk or not: submit it again.
func (l *Log) Submit(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	if len(ops) == 0 {
		return nil, fmt.Errorf("%w: empty batch", ledger.ErrFormat)
	}
	return l.commit(ctx, ops)
}

// Heartbeat makes a checkpoint without operations, with fresh signatures, and
// closes the last epoch if it is over. Errors are those of Submit.
func (l *Log) Heartbeat(ctx context.Context) (*ledger.Receipt, error) { return l.commit(ctx, nil) }

func (l *Log) commit(ctx context.Context, ops []*ledger.SignedOperation) (*ledger.Receipt, error) {
	if l.write == nil {
		return nil, ErrReadOnly
	}
	return l.transact(ctx, func(tx *sql.Tx) (*ledger.Receipt, error) { return l.apply(ctx, tx, ops) })
}

func (l *Log) transact(ctx context.Context, change func(*sql.Tx) (*ledger.Receipt, error)) (*ledger.Receipt, error) {
	tx, err := l.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, describe("begin", err)
	}
	receipt, err := change(tx)
	if err != nil {
		return nil, errors.Join(err, rollBack(tx))
	}
	if err := tx.Commit(); err != nil {
		return nil, describe("commit", err)
	}
	return receipt, nil
}

// rollBack passes over a transaction that a cancelled context has ended.
func rollBack(tx *sql.Tx) error {
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return describe("roll back", err)
	}
	return nil
}

// apply does one batch within a transaction that the caller ends. The time is
// read once the transaction has the file to itself, so that processes agree on
// the order.
func (l *Log) apply(ctx context.Context, tx *sql.Tx, ops []*ledger.SignedOperation) (*ledger.Receipt, error) {
	now := l.clock()
	logStore := newStore(ctx, tx, ownerLog)
	commit, err := l.machine.Apply(logStore, now, ops...)
	if err != nil {
		return nil, err
	}
	receipt := &ledger.Receipt{Operations: receiptsOf(commit), Height: commit.Head.State.Height, Size: commit.Head.Size}
	if !commit.Changed {
		receipt.Checkpoint, err = logStore.lastCheckpoint(commit.Head)
		return receipt, err
	}
	text := ledger.FormatCheckpoint(l.trust.Origin, commit.Head.Size, commit.Head.Root)
	signed, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		return nil, fmt.Errorf("sqlitelog: signing checkpoint: %w", err)
	}
	if receipt.Checkpoint, err = l.witness.Cosign(newStore(ctx, tx, ownerWitness), signed, now, ops...); err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO checkpoint (height, note) VALUES (?, ?)", int64(receipt.Height), receipt.Checkpoint)
	return receipt, describe("write", err)
}

// receiptsOf are those of the one submission; a heartbeat has none.
func receiptsOf(commit *machine.Commit) []ledger.OperationReceipt {
	if len(commit.Results) == 0 {
		return nil
	}
	return commit.Results[0].Receipts
}
