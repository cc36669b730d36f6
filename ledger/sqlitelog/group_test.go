package sqlitelog_test

import (
	"context"
	"sync"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// TestGroupCommit: many submit at once; each gets its own answer, and they share
// checkpoints.
func TestGroupCommit(t *testing.T) {
	const callers = 64
	w := newWorld(t)
	ops := make([]*ledger.SignedOperation, callers)
	for n := range ops {
		signer := w.root
		if n%8 == 7 {
			signer = newKey(t)
		}
		ops[n] = w.sign(&ledger.Anchor{Hash: numbered(n), Count: 1, Agency: w.rootDID()}, signer)
	}
	receipts := make([]*ledger.Receipt, callers)
	var wg sync.WaitGroup
	for n := range ops {
		wg.Go(func() {
			var err error
			receipts[n], err = w.log.Submit(t.Context(), ops[n])
			if n%8 == 7 != is(err, ledger.ErrUnauthorised) {
				t.Errorf("caller %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	seen, heights := map[uint64]bool{}, map[uint64]bool{}
	for n, r := range receipts {
		if n%8 == 7 {
			continue
		}
		if r.Operations[0].ID != ops[n].Operation.ID() || seen[r.Operations[0].Index] {
			t.Fatalf("caller %d has another's receipt", n)
		}
		seen[r.Operations[0].Index], heights[r.Height] = true, true
		head, err := ledger.OpenCheckpoint(w.log.Trust(), r.Checkpoint)
		if err != nil || head.Size != r.Size || r.Operations[0].Index >= r.Size {
			t.Fatalf("caller %d: %v", n, err)
		}
	}
	if len(heights) >= len(seen) {
		t.Errorf("%d checkpoints for %d batches", len(heights), len(seen))
	}
	if err := w.log.Audit(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// TestGroupLargerThanABatch: what waits together may be more than one checkpoint
// holds.
func TestGroupLargerThanABatch(t *testing.T) {
	w := newWorld(t)
	const size = ledger.MaxBatch/2 + 1
	batches := make([][]*ledger.SignedOperation, 3)
	for n := range batches {
		batches[n] = w.together(kinds["log"], n*size, size)
	}
	var wg sync.WaitGroup
	for _, ops := range batches {
		wg.Go(func() {
			if r, err := w.log.Submit(t.Context(), ops...); err != nil || len(r.Operations) != size {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := w.log.Submit(t.Context(), make([]*ledger.SignedOperation, ledger.MaxBatch+1)...); !is(err, ledger.ErrTooLarge) {
		t.Error(err)
	}
}

// TestImpatient: a caller who stops waiting spoils nothing for the others.
func TestImpatient(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for n := range 40 {
		op := w.anchor(byte(n))
		ctx, cancel := context.WithCancel(t.Context())
		if n%2 == 0 {
			wg.Go(cancel)
		}
		wg.Go(func() {
			defer cancel()
			if _, err := w.log.Submit(ctx, op); err != nil && !is(err, context.Canceled) {
				t.Error(err)
			}
			// Whatever became of it, asking again is safe.
			if _, err := w.log.Submit(t.Context(), op); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := w.log.Audit(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
