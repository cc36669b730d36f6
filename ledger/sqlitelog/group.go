package sqlitelog

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// group is group commit: whoever finds nobody writing writes for all who wait.
type group struct {
	// leader holds a token while nobody writes.
	leader chan struct{}
	mu     sync.Mutex
	queue  []*submission
}

// submission is one caller's batch.
type submission struct {
	ops []*ledger.SignedOperation
	// done is closed when receipt or err is set.
	done    chan struct{}
	receipt *ledger.Receipt
	err     error
}

func newGroup() *group {
	g := &group{leader: make(chan struct{}, 1)}
	g.release()
	return g
}

// lead waits until nobody writes.
func (g *group) lead(ctx context.Context) error {
	select {
	case <-g.leader:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sqlitelog: waiting to write: %w", ctx.Err())
	}
}

func (g *group) release() { g.leader <- struct{}{} }

// commitFunc writes submissions; see Log.commit.
type commitFunc func(ctx context.Context, submissions ...[]*ledger.SignedOperation) ([]machine.Result, *ledger.Receipt, error)

func (g *group) submit(ctx context.Context, ops []*ledger.SignedOperation, commit commitFunc) (*ledger.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sqlitelog: submit: %w", err)
	}
	s := &submission{ops: ops, done: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, s)
	g.mu.Unlock()
	for {
		select {
		case <-s.done:
			return s.receipt, s.err
		case <-g.leader:
			// The queue may be longer than one batch holds: lead until it is done.
			g.write(ctx, commit)
			g.release()
		case <-ctx.Done():
			return nil, g.withdraw(s, ctx.Err())
		}
	}
}

// withdraw takes a submission that nobody writes yet out of the queue. One that
// is being written is left: its caller does not learn what becomes of it.
func (g *group) withdraw(s *submission, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = slices.DeleteFunc(g.queue, func(other *submission) bool { return other == s })
	return fmt.Errorf("sqlitelog: waiting for the batch: %w", err)
}

// write writes what is queued, as much as one batch holds, and tells each caller.
// It does not end with the leader's ctx, for it works for others as well.
func (g *group) write(ctx context.Context, commit commitFunc) {
	taken := g.take()
	if len(taken) == 0 {
		return
	}
	batches := make([][]*ledger.SignedOperation, len(taken))
	for i, s := range taken {
		batches[i] = s.ops
	}
	results, checkpoint, err := commit(context.WithoutCancel(ctx), batches...)
	for i, s := range taken {
		s.err = err
		if err == nil {
			s.err = results[i].Err
		}
		if s.err == nil {
			receipt := *checkpoint
			receipt.Operations = results[i].Receipts
			s.receipt = &receipt
		}
		close(s.done)
	}
}

// take takes submissions from the front of the queue, at most MaxBatch
// operations.
func (g *group) take() []*submission {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, ops := 0, 0
	for n < len(g.queue) && (n == 0 || ops+len(g.queue[n].ops) <= ledger.MaxBatch) {
		ops += len(g.queue[n].ops)
		n++
	}
	taken := slices.Clone(g.queue[:n])
	g.queue = slices.Delete(g.queue, 0, n)
	return taken
}
