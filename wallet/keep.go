package wallet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// A round asks the ledger for its head and the newest epoch, and no more where an
// epoch goes on, used proofs or not. The first of an epoch asks for the status lists.
const (
	shortestRound = time.Second
	longestRound  = time.Minute
)

// KeepPrepared keeps want prepared proofs of every provable credential, as Prepare
// does, until the context ends. An app runs it as long as it is open. A round comes
// every tenth of an epoch, at least every minute, so the pool is soon full again
// after a presentation or a closed epoch. In each epoch it reads the status lists, as
// RefreshStatus does. Rounds follow the clock alone, and a round
// that replaces a used proof asks the ledger the same as an idle one: the server does
// not see when a proof is taken.
//
// KeepPrepared calls report, unless it is nil, after each round that made proofs or
// failed. It repeats in the next round what failed. The error is ErrConfig, or the
// context's.
func (w *Wallet) KeepPrepared(ctx context.Context, want int, report func(made int, err error)) error {
	if w.cfg.Prover == nil || want < 1 {
		return fmt.Errorf("%w: a prover and a number of proofs to keep are needed", ErrConfig)
	}
	var checked uint64 // epoch in which the status lists were read
	for {
		made, err := w.Prepare(ctx, want)
		if epoch := w.pool.newest(); epoch != checked {
			if failed := w.RefreshStatus(ctx); failed != nil {
				err = joined([]error{err, failed}, CheckPrepare)
			} else {
				checked = epoch
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if report != nil && (made > 0 || err != nil) {
			report(made, err)
		}
		if err := w.cfg.Wait(ctx, w.untilNextRound()); err != nil {
			return err
		}
	}
}

// untilNextRound has ±25 % jitter, so that a server cannot recognise a wallet by its
// polling interval.
func (w *Wallet) untilNextRound() time.Duration {
	round := min(max(w.cfg.Ledger.Trust().EpochLength/10, shortestRound), longestRound)
	return round*3/4 + rand.N(round/2)
}
