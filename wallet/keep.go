package wallet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// A round asks the ledger for its head and the newest epoch, and no more where an
// epoch goes on, used proofs or not.
const (
	shortestRound = time.Second
	longestRound  = time.Minute
)

// KeepPrepared keeps so many prepared proofs of every provable credential ready,
// as Prepare does, until the context ends; an app runs it as long as it is open.
// It looks every tenth of an epoch, at least every minute: after a presentation,
// and when an epoch has closed, the pool is soon full again. Rounds come by the
// clock, and one that makes up for a used proof asks the ledger what an idle one
// asks: who serves the ledger does not see when a proof is taken.
//
// report, unless it is nil, hears of each round that made proofs or failed. What
// failed is tried again in the next round. The error is ErrConfig, or the
// context's.
func (w *Wallet) KeepPrepared(ctx context.Context, want int, report func(made int, err error)) error {
	if w.cfg.Prover == nil || want < 1 {
		return fmt.Errorf("%w: a prover and a number of proofs to keep are needed", ErrConfig)
	}
	for {
		made, err := w.Prepare(ctx, want)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if report != nil && (made > 0 || err != nil) {
			report(made, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(w.untilNextRound()):
		}
	}
}

// untilNextRound differs by up to a quarter each time, so that a server does not
// know a wallet by its beat.
func (w *Wallet) untilNextRound() time.Duration {
	round := min(max(w.cfg.Ledger.Trust().EpochLength/10, shortestRound), longestRound)
	return round*3/4 + rand.N(round/2)
}
