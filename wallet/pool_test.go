package wallet_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// pool lists the prepared proofs in a wallet.
func pool(_ *testing.T, h *hufutest.Holder) []*zkp.Prepared { return h.Pool() }

func prepare(t *testing.T, h *hufutest.Holder, want, made int) {
	t.Helper()
	n, err := h.Prepare(t.Context(), want)
	if err != nil || n != made {
		t.Fatalf("made %d, want %d: %v", n, made, err)
	}
}

func TestPool(t *testing.T) {
	c, citizen, s := sketched(t)
	counter := c.Counter(c.Policy(nil))
	prepare(t, citizen, 2, 2)
	prepare(t, citizen, 2, 0)
	prepare(t, citizen, 3, 1)

	t.Run("each is used once", func(t *testing.T) {
		for left := 2; left >= 0; left-- {
			before := pool(t, citizen)
			c.Answer(citizen, counter, hufutest.Proof)
			after := pool(t, citizen)
			if len(after) != left || len(before) != left+1 {
				t.Fatalf("%d are left, want %d", len(after), left)
			}
		}
		if s.prepared != 3 {
			t.Errorf("%d prepared, though the pool was full", s.prepared)
		}
	})
	t.Run("an empty pool prepares on the spot and keeps nothing", func(t *testing.T) {
		c.Answer(citizen, counter, hufutest.Proof)
		if s.prepared != 4 || len(pool(t, citizen)) != 0 {
			t.Errorf("%d prepared, %d in the pool", s.prepared, len(pool(t, citizen)))
		}
	})
	seen := map[zkp.Element]bool{}
	for _, com := range s.commitments {
		if seen[com] {
			t.Error("two answers under one commitment can be linked")
		}
		seen[com] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d commitments of 4 answers", len(seen))
	}
}

func TestPoolIsUsedUpByAFailure(t *testing.T) {
	c, citizen, s := sketched(t)
	prepare(t, citizen, 1, 1)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	s.fail = errors.New("out of memory")
	_, err := citizen.Present(t.Context(), ask, wallet.Consent{})
	is(t, err, s.fail)
	if len(pool(t, citizen)) != 0 || len(records(t, citizen, "history")) != 0 {
		t.Error("a proof that may have left half-way is kept, or counted as shown")
	}
}

func TestPoolOfAnOlderEpoch(t *testing.T) {
	c, citizen, s := sketched(t)
	prepare(t, citizen, 2, 2)
	old := pool(t, citizen)[0].Epoch
	c.NextEpoch()
	c.Answer(citizen, c.Counter(c.Policy(nil)), hufutest.Proof)
	if s.prepared != 3 || len(pool(t, citizen)) != 0 {
		t.Error("a proof of an older epoch was shown, which tells when it was made")
	}
	prepare(t, citizen, 1, 1)
	if now := pool(t, citizen); len(now) != 1 || now[0].Epoch != old+1 {
		t.Errorf("%d in the pool", len(now))
	}
}

func TestPoolOfEachCredential(t *testing.T) {
	c, citizen, s := sketched(t)
	second := c.Wallet()
	c.Hold(second, c.Child())
	prepare(t, citizen, 1, 1)
	prepare(t, second, 1, 1)
	if s.prepared != 2 {
		t.Errorf("%d prepared", s.prepared)
	}
}

func TestPrepareWithoutProver(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	prepare(t, citizen, 1, 0)
}

func TestNoEpoch(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	citizen := c.Citizen(c.Adult())
	_, err := citizen.Prepare(t.Context(), 1)
	is(t, err, wallet.ErrNoEpoch)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	_, err = citizen.Present(t.Context(), ask, wallet.Consent{})
	is(t, err, wallet.ErrNoEpoch)
}

func TestPrepareRevoked(t *testing.T) {
	c, citizen, s := sketched(t)
	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	prepare(t, citizen, 1, 1) // until the epoch ends
	c.NextEpoch()
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	n, err := citizen.Prepare(t.Context(), 1)
	is(t, err, zkp.ErrRevoked)
	_, presentErr := citizen.Present(t.Context(), ask, wallet.Consent{})
	is(t, presentErr, status.ErrRevoked)
	if n != 0 || s.prepared != 1 || s.shown != 0 {
		t.Error("something was proved")
	}
}

func TestPrepareUnregistered(t *testing.T) {
	c, citizen, s := sketched(t)
	c.Accredit(c.Office, ledger.ActionIssue, ledger.StateSuspended)
	c.NextEpoch()
	_, err := citizen.Prepare(t.Context(), 1)
	is(t, err, zkp.ErrNotRegistered)
	c.Accredit(c.Office, ledger.ActionIssue, ledger.StateActive)
	c.NextEpoch()
	prepare(t, citizen, 1, 1)
	if s.prepared != 1 {
		t.Error("something was proved meanwhile")
	}
}

// TestMaxEpochAge: where the newest epoch is older than the counter takes, the
// wallet makes no proof in vain.
func TestMaxEpochAge(t *testing.T) {
	c, citizen, s := sketched(t)
	counter := c.Counter(c.Policy(nil)) // two hours
	prepare(t, citizen, 1, 1)
	c.Advance(2*time.Hour - 5*time.Minute) // the epoch closed five minutes ago
	_, ask := c.Ask(citizen, counter)
	c.Present(citizen, ask, hufutest.Proof)
	_, ask = c.Ask(citizen, counter)
	c.Advance(time.Second)
	_, err := citizen.Present(t.Context(), ask, wallet.Consent{})
	is(t, err, zkp.ErrEpoch)
	rejects(t, err, wallet.CheckEpoch, verdict.EpochOld)
	if s.shown != 1 {
		t.Errorf("%d shown", s.shown)
	}
}

// TestForgedTrees: a ledger that hands out other sets than its roots are over
// gets no proof.
func TestForgedTrees(t *testing.T) {
	c, citizen, s := sketched(t)
	w, err := wallet.New(reading(c, citizen, s, liar{c.Log}))
	none(t, err)
	_, err = w.Prepare(t.Context(), 1)
	is(t, err, zkp.ErrEpoch)
	fails(t, err, wallet.CheckFeed, verdict.RevocationData)
	if s.prepared != 0 {
		t.Error("something was proved")
	}
}

// leaving is a prover whose caller goes away while it makes its second proof, which it
// finishes: a proof cannot be stopped halfway.
type leaving struct {
	sketch
	leave context.CancelFunc
}

func (l *leaving) Prepare(ctx context.Context, w *zkp.PrepareWitness) (*zkp.Prepared, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.prepared == 1 {
		l.leave()
	}
	return l.sketch.Prepare(ctx, w)
}

// TestPrepareIsCancelled: after the caller ends it, what was made stays, and no other proof
// is begun.
func TestPrepareIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, p := hufutest.New(t, hufutest.Options{}), &leaving{leave: cancel}
	c.UseSketch(p)
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	made, err := citizen.Prepare(ctx, 5)
	if !errors.Is(err, context.Canceled) || made != len(pool(t, citizen)) || made < 1 || p.prepared != 2 {
		t.Errorf("%d made, %d in the pool, %d begun: %v", made, len(pool(t, citizen)), p.prepared, err)
	}
	prepare(t, citizen, 5, 5-made)
}
