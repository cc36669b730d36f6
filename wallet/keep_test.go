package wallet_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// rounds counts what KeepPrepared reports.
type rounds struct {
	mu       sync.Mutex
	made     int
	failures []error
}

func (r *rounds) report(made int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made += made
	if err != nil {
		r.failures = append(r.failures, err)
	}
}

func (r *rounds) seen() (int, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made, len(r.failures)
}

// The pool is refilled after a presentation and after an epoch has closed, by
// the wallet's own clock alone, and the loop ends with its context.
func TestKeepPrepared(t *testing.T) {
	c, s := hufutest.New(t, hufutest.Options{EpochLength: 10 * time.Second}), new(sketch)
	c.UseSketch(s)
	c.Wait = func(ctx context.Context, d time.Duration) error {
		if d != 0 && (d < 750*time.Millisecond || d > 1250*time.Millisecond) { // 0 holds no answer back
			t.Errorf("the next round comes after %s", d)
		}
		time.Sleep(time.Millisecond)
		return ctx.Err()
	}
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	ctx, cancel := context.WithCancel(t.Context())
	var r rounds
	ended := make(chan error)
	go func() { ended <- citizen.KeepPrepared(ctx, 2, r.report) }()
	until := func(what string, made int) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if got, failed := r.seen(); got == made && failed == 0 {
				return
			} else if got > made || failed > 0 || time.Now().After(deadline) {
				t.Fatalf("%s: %d made, %d failures", what, got, failed)
			}
		}
	}
	until("at once", 2)
	c.Answer(citizen, counter, hufutest.Proof)
	until("one was used", 3)
	c.NextEpoch()
	until("an epoch has closed", 5)
	for _, p := range pool(t, citizen) {
		if p.Epoch != pool(t, citizen)[0].Epoch {
			t.Error("proofs of two epochs are kept")
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if len(pool(t, citizen)) != 2 {
		t.Errorf("%d are kept", len(pool(t, citizen)))
	}
}

// What cannot be prepared is said in each round, and does not end the loop.
func TestKeepPreparedTriesAgain(t *testing.T) {
	c, citizen, s := sketched(t)
	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	c.NextEpoch()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		var r rounds
		is(t, citizen.KeepPrepared(ctx, 2, r.report), context.DeadlineExceeded)
		made, failed := r.seen()
		if made != 0 || failed < 2 || failed > 5 || s.prepared != 0 {
			t.Errorf("%d made, %d failures in three minutes", made, failed)
		}
		for _, err := range r.failures {
			is(t, err, zkp.ErrRevoked)
		}
	})
}

func TestKeepPreparedNeedsAProver(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	is(t, c.Wallet().KeepPrepared(t.Context(), 2, nil), wallet.ErrConfig)
	_, citizen, _ := sketched(t)
	is(t, citizen.KeepPrepared(t.Context(), 0, nil), wallet.ErrConfig)
}

// counted notes the keys that a wallet asks the ledger for.
type counted struct {
	ledger.Ledger
	asked [][]string
}

func (l *counted) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	l.asked = append(l.asked, slices.Clone(keys))
	return l.Ledger.Prove(ctx, keys...)
}

// A round after a presentation asks the ledger what an idle round asks.
func TestRoundsLookAlike(t *testing.T) {
	c, citizen, s := sketched(t)
	l := &counted{Ledger: c.Log}
	w, err := wallet.New(reading(c, citizen, s, l))
	none(t, err)
	round := func(made int) [][]string {
		t.Helper()
		l.asked = nil
		n, err := w.Prepare(t.Context(), 2)
		if err != nil || n != made {
			t.Fatalf("made %d, want %d: %v", n, made, err)
		}
		return l.asked
	}
	round(2)
	idle := round(0)
	holder := &hufutest.Holder{Wallet: w, Store: citizen.Store, Keys: citizen.Keys}
	c.Answer(holder, c.Counter(c.Policy(nil)), hufutest.Proof)
	if after := round(1); len(idle) == 0 || !slices.EqualFunc(idle, after, slices.Equal) {
		t.Errorf("idle it asks for %v, after a presentation for %v", idle, after)
	}
}
