package wallet_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// setPace pretends that preparing takes so long on this device.
func setPace(t *testing.T, h *hufutest.Holder, d time.Duration) {
	t.Helper()
	none(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
		return tx.Put("pace", "prepare", binary.BigEndian.AppendUint64(nil, uint64(d)))
	}))
}

// recordWaits opens a citizen's wallet anew so that it does not wait. The function
// returns the waits since its last call.
func recordWaits(t *testing.T, c *hufutest.Country, citizen *hufutest.Holder) func() []time.Duration {
	t.Helper()
	cfg := c.WalletConfig(citizen)
	var mu sync.Mutex
	var waits []time.Duration
	cfg.Wait = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		waits = append(waits, d)
		return ctx.Err()
	}
	var err error
	citizen.Wallet, err = wallet.New(cfg)
	none(t, err)
	return func() []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		out := waits
		waits = nil
		return out
	}
}

// An answer leaves no earlier than one that had to be prepared on the spot,
// whether or not there was a prepared proof.
func TestHeldBack(t *testing.T) {
	c, citizen, s := sketched(t)
	counter := c.Counter(c.Policy(nil))
	waited := recordWaits(t, c, citizen)
	const pace = 200 * time.Millisecond
	for name, want := range map[string]int{"with a prepared proof": 1, "with none": 0} {
		_, err := citizen.Prepare(t.Context(), want)
		none(t, err)
		setPace(t, citizen, pace)
		_, ask := c.Ask(citizen, counter)
		before := s.shown
		c.Present(citizen, ask, hufutest.Proof)
		if held := waited(); len(held) != 1 || held[0] < pace || s.shown != before+1 {
			t.Errorf("%s: held back for %v, %d shows", name, held, s.shown-before)
		}
	}
}

// TestDelayIsOnTheGrid: an answer's time is a multiple of a quarter of a second, so that
// devices of about one speed answer alike, with a prepared proof or without.
func TestDelayIsOnTheGrid(t *testing.T) {
	c, citizen, _ := sketched(t)
	counter := c.Counter(c.Policy(nil))
	recordWaits(t, c, citizen)
	const grid = 250 * time.Millisecond
	for pace, want := range map[time.Duration]time.Duration{
		time.Millisecond: grid, 150 * time.Millisecond: grid, 190 * time.Millisecond: grid, 210 * time.Millisecond: 2 * grid, 390 * time.Millisecond: 2 * grid,
	} {
		for _, made := range []int{0, 1} {
			_, err := citizen.Prepare(t.Context(), made)
			none(t, err)
			setPace(t, citizen, pace)
			_, ask := c.Ask(citizen, counter)
			presented, err := citizen.Present(t.Context(), ask, wallet.Consent{})
			none(t, err)
			if presented.HeldBack != want {
				t.Errorf("at a pace of %s with %d prepared it takes %s, want %s", pace, made, presented.HeldBack, want)
			}
		}
	}
}

// Every proof that is made on the spot tells how long that takes here.
func TestPaceIsMeasured(t *testing.T) {
	_, citizen, _ := sketched(t)
	prepare(t, citizen, 1, 1)
	first := records(t, citizen, "pace")
	if len(first) != 1 || len(first[0].Value) != 8 {
		t.Fatalf("records %v", first)
	}
	setPace(t, citizen, time.Hour) // a damaged or absurd one does not hold for ever
	prepare(t, citizen, 2, 1)
	second := time.Duration(binary.BigEndian.Uint64(records(t, citizen, "pace")[0].Value))
	if second > 10*time.Second {
		t.Errorf("an answer would be held back for %s", second)
	}
}

// A citizen who goes away while the answer is held back has used up the proof,
// and sent nothing.
func TestHeldBackAndLeft(t *testing.T) {
	c, citizen, s := sketched(t)
	prepare(t, citizen, 1, 1)
	setPace(t, citizen, 5*time.Second)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	presented, err := citizen.Present(ctx, ask, wallet.Consent{})
	if presented != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if len(pool(t, citizen)) != 0 || len(records(t, citizen, "history")) != 0 || s.shown != 0 {
		t.Error("the proof is still there, or something was shown")
	}
}

// What was drafted is sent once; presenting again proves again.
func TestDraft(t *testing.T) {
	c, citizen, s := sketched(t)
	prepare(t, citizen, 2, 2)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	citizen.Draft(t.Context(), ask, 0)
	citizen.Draft(t.Context(), ask, 0) // one is enough
	citizen.Draft(t.Context(), ask, 1) // claims: nothing to prove
	citizen.Draft(t.Context(), ask, 7)
	citizen.Draft(t.Context(), nil, 0)
	if len(records(t, citizen, "history")) != 0 {
		t.Error("a draft stands in the history")
	}
	c.Present(citizen, ask, hufutest.Proof)
	if s.shown != 1 || len(pool(t, citizen)) != 1 {
		t.Fatalf("%d shows, %d proofs left", s.shown, len(pool(t, citizen)))
	}
	c.Present(citizen, ask, hufutest.Proof)
	if s.shown != 2 || len(pool(t, citizen)) != 0 || s.commitments[0] == s.commitments[1] {
		t.Errorf("%d shows, %d proofs left", s.shown, len(pool(t, citizen)))
	}
	if len(records(t, citizen, "history")) != 2 {
		t.Error("a presentation is missing in the history")
	}
}

// A draft that fails says so when it is presented, and the next try is a new one.
func TestDraftFails(t *testing.T) {
	c, citizen, s := sketched(t)
	prepare(t, citizen, 2, 2)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	s.fail = zkp.ErrUnsatisfied
	citizen.Draft(t.Context(), ask, 0)
	_, err := citizen.Present(t.Context(), ask, wallet.Consent{})
	is(t, err, zkp.ErrUnsatisfied)
	s.fail = nil
	c.Present(citizen, ask, hufutest.Proof)
}

// A draft outlives the handler that began it, and ends with Discard.
func TestDraftOutlivesItsHandler(t *testing.T) {
	c, citizen, s := sketched(t)
	prepare(t, citizen, 2, 2)
	setPace(t, citizen, 50*time.Millisecond)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	closed, close := context.WithCancel(t.Context())
	citizen.Draft(closed, ask, 0)
	close()
	c.Present(citizen, ask, hufutest.Proof)
	if s.shown != 1 || s.prepared != 2 || len(pool(t, citizen)) != 1 {
		t.Errorf("%d shown, %d left", s.shown, len(pool(t, citizen)))
	}
}

func TestDiscard(t *testing.T) {
	c, citizen, s := sketched(t)
	prepare(t, citizen, 1, 1)
	cfg := c.WalletConfig(citizen)
	waiting, ended := make(chan struct{}), make(chan error)
	cfg.Wait = func(ctx context.Context, _ time.Duration) error {
		close(waiting)
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	w, err := wallet.New(cfg)
	none(t, err)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	w.Draft(t.Context(), ask, 0)
	<-waiting
	w.Discard(ask)
	is(t, <-ended, context.Canceled)
	if s.shown != 0 {
		t.Error("something was shown")
	}
}

// The hold-back is on a grid, bounded and reported.
func TestHoldBackIsBounded(t *testing.T) {
	c, citizen, _ := sketched(t)
	counter := c.Counter(c.Policy(nil))
	waited := recordWaits(t, c, citizen)
	for pace, want := range map[time.Duration]time.Duration{
		300 * time.Millisecond: 500 * time.Millisecond, // with a quarter more, and rounded up
		10 * time.Second:       4 * time.Second,
	} {
		setPace(t, citizen, pace)
		_, ask := c.Ask(citizen, counter)
		presented, err := citizen.Present(t.Context(), ask, wallet.Consent{})
		none(t, err)
		if held := waited(); len(held) != 1 || held[0] != want || presented.HeldBack != want {
			t.Errorf("at a pace of %s: held back %v, reported %s", pace, held, presented.HeldBack)
		}
	}
}

// A wallet that is closed ends what it was making, waits for it, and makes no more.
func TestClose(t *testing.T) {
	c, citizen, s := sketched(t)
	prepare(t, citizen, 1, 1)
	cfg := c.WalletConfig(citizen)
	waiting := make(chan struct{})
	cfg.Wait = func(ctx context.Context, _ time.Duration) error {
		close(waiting)
		<-ctx.Done()
		return ctx.Err()
	}
	w, err := wallet.New(cfg)
	none(t, err)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	w.Draft(t.Context(), ask, 0)
	<-waiting
	none(t, w.Close())
	none(t, w.Close())
	for range 2 { // the draft, and another try
		if _, err = w.Present(t.Context(), ask, wallet.Consent{}); err == nil {
			t.Fatal("a closed wallet answered")
		}
	}
	is(t, err, wallet.ErrClosed)
	if s.shown != 0 {
		t.Error("something was shown")
	}
}
