package cometlog

import (
	"sync"

	"github.com/hufu-id/hufu/ledger/machine"
)

// An outcome is the result of a transaction: receipts as of a height, or a
// refusal.
type outcome struct {
	result machine.Result
	height uint64
}

// waiters holds the channels of the callers in this process that wait for a
// transaction.
type waiters struct {
	mu sync.Mutex
	of map[txID][]chan outcome
}

func newWaiters() *waiters { return &waiters{of: map[txID][]chan outcome{}} }

// wait registers a caller before the transaction is submitted. cancel removes
// it.
func (w *waiters) wait(id txID) (out chan outcome, cancel func()) {
	out = make(chan outcome, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[id] = append(w.of[id], out)
	return out, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		kept := w.of[id][:0]
		for _, other := range w.of[id] {
			if other != out {
				kept = append(kept, other)
			}
		}
		if len(kept) == 0 {
			delete(w.of, id)
			return
		}
		w.of[id] = kept
	}
}

// count counts the callers that wait.
func (w *waiters) count() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, callers := range w.of {
		n += len(callers)
	}
	return n
}

func (w *waiters) done(id txID, result machine.Result, height uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, out := range w.of[id] {
		out <- outcome{result, height}
	}
	delete(w.of, id)
}

// refused notifies the callers that the transaction was not admitted.
func (w *waiters) refused(id txID, err error) { w.done(id, machine.Result{Err: err}, 0) }
