package sqlitelog

import (
	"context"
	"sync"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// CloseEpoch makes a checkpoint if the epoch of the newest one is over, and does
// nothing else. Errors are those of Heartbeat and Prove.
func (l *Log) CloseEpoch(ctx context.Context) error {
	proof, err := l.Prove(ctx)
	if err != nil {
		return err
	}
	state, err := ledger.ParseStateLeaf(proof.StateLeaf)
	if err != nil {
		return err
	}
	if l.trust.EpochAt(state.Time()) == l.trust.EpochAt(l.clock()) {
		return nil
	}
	_, err = l.Heartbeat(ctx)
	return err
}

// Keep makes a heartbeat and an audit, each at its interval, until ctx ends; an
// interval of zero means never. The end of ctx is not an error. Where one of the
// two fails, Keep ends and returns the error, which is as in Heartbeat and Audit.
func (l *Log) Keep(ctx context.Context, heartbeat, audit time.Duration) error {
	kept, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var running sync.WaitGroup
	keep := func(every time.Duration, do func(context.Context) error) {
		running.Go(func() {
			if err := repeat(kept, every, do); err != nil {
				stop(err)
			}
		})
	}
	keep(heartbeat, func(ctx context.Context) error { _, err := l.Heartbeat(ctx); return err })
	keep(audit, func(ctx context.Context) error { return l.Audit(ctx, nil) })
	<-kept.Done()
	running.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(kept)
}

// repeat does something at every interval until ctx ends or an error.
func repeat(ctx context.Context, every time.Duration, do func(context.Context) error) error {
	if every <= 0 {
		return nil
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := do(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}
