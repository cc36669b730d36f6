package verifier_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
)

// provedIn is what the proof in a request says, judged as a wallet does.
func provedIn(t *testing.T, c *hufutest.Country, object []byte) *ledger.View {
	t.Helper()
	proof, err := ledger.ParseProof(c.Request(object).LedgerProof)
	if err != nil {
		t.Fatal(err)
	}
	view, err := c.Client(c.Log).VerifyProof(proof, ledger.VerifyOptions{Now: c.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return view
}

// TestRequestProvesWhoAsks: the object that goes to the wallet proves DID, accreditations
// and epoch; the stored one and that for a QR code carry nothing of it.
func TestRequestProvesWhoAsks(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	request, err := counter.NewRequest(t.Context(), verifier.RequestOptions{})
	if err != nil || request.Unproved != nil {
		t.Fatal(err, request.Unproved)
	}
	view := provedIn(t, c, request.Object)
	if _, err := view.DID(c.Library.DID); err != nil {
		t.Error(err)
	}
	if _, err := view.Accredited(c.Library.DID, hufutest.Type, ledger.ActionVerify, hufutest.Region, time.Time{}); err != nil {
		var missing *ledger.NotProvedError
		if !errors.As(err, &missing) {
			t.Error(err)
		}
	}
	if view.Head.State.Day == 0 {
		t.Error("no epoch")
	}
	stored, err := counter.Store.Request(t.Context(), request.ID)
	if err != nil || string(stored.Object) != string(request.Small) || c.Request(stored.Object).LedgerProof != nil {
		t.Error("the store keeps the proof", err)
	}
	if len(request.Object) > limits.Message || len(request.Small) > limits.QRText*2/3 {
		t.Errorf("%d bytes with the proof, %d without", len(request.Object), len(request.Small))
	}
	t.Logf("request: %d bytes, with the proof %d; the proof has %d and %d entries", len(request.Small), len(request.Object),
		len(c.Request(request.Object).LedgerProof), len(view.Proof().Entries))
}

// deafLedger answers until it is told not to.
type deafLedger struct {
	ledger.Ledger
	asked int
	deaf  bool
}

func (l *deafLedger) Keys(ctx context.Context, prefix, after string) ([]string, error) {
	l.asked++
	if l.deaf {
		return nil, ledger.ErrUnreachable
	}
	return l.Ledger.Keys(ctx, prefix, after)
}

// TestAttestationIsKept: the ledger is read once a minute at most, an earlier proof serves
// while a wallet takes it for fresh until the request ends, and then none.
func TestAttestationIsKept(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	l := &deafLedger{Ledger: c.Log}
	cfg := c.CounterConfig(c.Policy(nil))
	cfg.Ledger = c.Client(l)
	v, err := verifier.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(proved bool) {
		t.Helper()
		request, err := v.NewRequest(t.Context(), verifier.RequestOptions{})
		if err != nil || (request.Unproved == nil) != proved || (c.Request(request.Object).LedgerProof != nil) != proved {
			t.Fatal(err, request.Unproved)
		}
	}
	ask(true)
	asked := l.asked
	c.Advance(59 * time.Second)
	ask(true)
	if l.asked != asked {
		t.Error("the ledger was read within the minute")
	}
	c.Advance(2 * time.Second)
	ask(true)
	if l.asked == asked {
		t.Error("the ledger was not read after the minute")
	}
	l.deaf = true
	c.Advance(23 * time.Hour)
	ask(true)
	c.Advance(time.Hour - 10*time.Minute)
	ask(false)
}

// TestAttestationLasts: a proof that would age out before the request ends is made anew
// within the minute too.
func TestAttestationLasts(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	l := &deafLedger{Ledger: c.Log}
	cfg := c.CounterConfig(c.Policy(nil))
	cfg.Ledger = c.Client(l)
	v, err := verifier.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (asked int) {
		t.Helper()
		before := l.asked
		if _, err := v.NewRequest(t.Context(), verifier.RequestOptions{}); err != nil {
			t.Fatal(err)
		}
		return l.asked - before
	}
	c.Advance(24*time.Hour - 10*time.Minute - 30*time.Second)
	if ask() == 0 || ask() != 0 {
		t.Error("the first proof is not made, or not kept")
	}
	c.Advance(40 * time.Second)
	if ask() == 0 {
		t.Error("a proof that ages out before the request was sent")
	}
}
