package wallet_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// outside is everything that a wallet can ask: the ledger, its sets and its public files.
// While it is shut, a question fails the test.
type outside struct {
	ledger.Ledger
	files publish.Source
	t     *testing.T
	shut  bool
	lost  bool // the sets are not to be had
}

var errShut = errors.New("somebody was asked")

func (o *outside) asked() error {
	if o.shut {
		o.t.Helper()
		o.t.Error("somebody was asked between request and answer")
		return errShut
	}
	return nil
}

func (o *outside) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	if err := o.asked(); err != nil {
		return nil, err
	}
	return o.Ledger.Prove(ctx, keys...)
}

func (o *outside) ProveConsistency(ctx context.Context, from, to uint64) ([]tlog.Hash, error) {
	if err := o.asked(); err != nil {
		return nil, err
	}
	return o.Ledger.ProveConsistency(ctx, from, to)
}

func (o *outside) TrustChain(ctx context.Context, from uint64) ([]*ledger.SignedOperation, error) {
	if err := o.asked(); err != nil {
		return nil, err
	}
	return o.Ledger.TrustChain(ctx, from)
}

func (o *outside) Registry(ctx context.Context, epoch uint64) ([][32]byte, error) {
	if err := o.asked(); err != nil || o.lost {
		return nil, errShut
	}
	return o.Ledger.Registry(ctx, epoch)
}

func (o *outside) Revoked(ctx context.Context, epoch uint64) ([][zkp.HandleSize]byte, error) {
	if err := o.asked(); err != nil {
		return nil, err
	}
	return o.Ledger.Revoked(ctx, epoch)
}

func (o *outside) Read(ctx context.Context, name publish.Name) ([]byte, error) {
	if err := o.asked(); err != nil {
		return nil, err
	}
	return o.files.Read(ctx, name)
}

// open opens the wallet of a holder again, over the outside alone.
func (o *outside) open(c *hufutest.Country, h *hufutest.Holder) *hufutest.Holder {
	o.t.Helper()
	cfg := c.WalletConfig(h)
	cfg.Ledger, cfg.Sets, cfg.Public = c.Client(o), o, o
	w, err := wallet.New(cfg)
	none(o.t, err)
	return &hufutest.Holder{Wallet: w, Store: h.Store, Keys: h.Keys}
}

// TestPresentingAsksNobody: from reading a request to its answer a wallet asks nobody,
// whoever holds it and whether or not anything matches. Neither the ledger nor the public
// files learn that a counter asked, which, or of whom.
func TestPresentingAsksNobody(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseSketch(new(sketch))
	c.PublishAgencies()
	holders := map[string]func() *hufutest.Holder{
		"an adult":   func() *hufutest.Holder { return c.Citizen(c.Adult()) },
		"a child":    func() *hufutest.Holder { return c.Citizen(c.Child()) },
		"nobody yet": c.Wallet,
	}
	all := map[string]*hufutest.Holder{}
	for name, make := range holders {
		all[name] = make()
	}
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	for name, holder := range all {
		for _, prepared := range []int{0, 2} {
			o := &outside{Ledger: c.Log, files: c.Public, t: t}
			h := o.open(c, holder)
			if prepared > 0 {
				_, err := h.Prepare(t.Context(), prepared)
				none(t, err)
			} else {
				none(t, h.Refresh(t.Context()))
			}
			restarted := o.open(c, h) // only the vault is left
			request, err := counter.NewRequest(t.Context(), verifier.RequestOptions{})
			none(t, err)
			o.shut = true
			for _, who := range []*hufutest.Holder{h, restarted} {
				for kind, object := range map[string][]byte{"with a proof": request.Object, "without": request.Small} {
					answerBoth(t, name+", "+kind, who, object)
				}
			}
		}
	}
}

func answerBoth(t *testing.T, name string, h *hufutest.Holder, object []byte) {
	t.Helper()
	ask, err := h.ResolveRequest(t.Context(), object)
	if errors.Is(err, wallet.ErrNothingMatches) {
		return
	}
	if err != nil || len(ask.Choices) != 2 {
		t.Errorf("%s: %v", name, err)
		return
	}
	for i := range ask.Choices {
		if ask.Choices[i].Accreditation != nil {
			t.Errorf("%s: %v", name, ask.Choices[i].Accreditation)
		}
		h.Draft(t.Context(), ask, i)
		if _, err := h.Present(t.Context(), ask, wallet.Consent{Choice: i}); err != nil {
			t.Errorf("%s, choice %d: %v", name, i, err)
		}
	}
}

// TestRoundThatFails: where a round cannot read what proofs of the newest epoch need, the
// wallet answers in the one before, as long as the counter takes it.
func TestRoundThatFails(t *testing.T) {
	c, holder, _ := sketched(t)
	o := &outside{Ledger: c.Log, files: c.Public, t: t}
	h := o.open(c, holder)
	none(t, h.Refresh(t.Context()))
	before := c.Log.Trust().EpochAt(c.Now())
	c.NextEpoch()
	o.lost = true
	for _, who := range []*hufutest.Holder{h, o.open(c, h)} {
		is(t, who.Refresh(t.Context()), errShut)
		ask, err := who.ResolveRequest(t.Context(), c.AskText(c.Counter(c.Policy(nil))))
		none(t, err)
		presented, err := who.Present(t.Context(), ask, wallet.Consent{})
		none(t, err)
		if got := epochIn(t, c, presented.Response); got+1 != before {
			t.Errorf("proved in epoch %d, want the one before %d", got, before)
		}
	}
	o.lost = false
	none(t, h.Refresh(t.Context()))
	// Of a credential that is revoked nothing more is read.
	none(t, c.Desk.Revoke(t.Context(), holder.Code))
	none(t, h.RefreshStatus(t.Context()))
	c.NextEpoch()
	o.lost = true
	none(t, h.Refresh(t.Context()))
}

// epochIn is the epoch of a proof.
func epochIn(t *testing.T, c *hufutest.Country, answer []byte) uint64 {
	t.Helper()
	_, _, text := c.Response(answer)
	presentation, err := openid.ParseProofPresentation(text)
	none(t, err)
	proof, err := zkp.ParsePresentation(presentation.Proof)
	none(t, err)
	return proof.Epoch
}

// TestRefreshFirst: what was read too long ago, or not at all, is named, and nobody is
// asked for it between request and answer.
func TestRefreshFirst(t *testing.T) {
	for name, test := range map[string]struct {
		rounds   string        // the round is before the credential comes, after, or never
		after    time.Duration // from the round to the request
		accepted time.Duration // the oldest epoch that the counter takes
	}{
		"never read":                      {"", 0, 2 * time.Hour},
		"the credential is newer":         {"before", 0, 2 * time.Hour},
		"the checkpoint has aged out":     {"after", 25 * time.Hour, 300 * time.Hour},
		"epochs have closed in the while": {"after", 3 * time.Hour, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			c := hufutest.New(t, hufutest.Options{})
			c.UseSketch(new(sketch))
			c.NextEpoch()
			o := &outside{Ledger: c.Log, files: c.Public, t: t}
			h := o.open(c, c.Wallet())
			if test.rounds == "before" {
				none(t, h.Refresh(t.Context()))
			}
			c.Hold(h, c.Adult())
			if test.rounds == "after" {
				none(t, h.Refresh(t.Context()))
			}
			c.Advance(test.after)
			c.Heartbeat()
			counter := c.Counter(c.Policy(func(p hufutest.JSON) { p["maxAge"].(hufutest.JSON)["epoch"] = test.accepted.Seconds() }))
			request := c.AskText(counter)
			o.shut = true
			ask, err := h.ResolveRequest(t.Context(), request)
			none(t, err)
			_, err = h.Present(t.Context(), ask, wallet.Consent{})
			is(t, err, wallet.ErrRefresh)
			fails(t, err, wallet.CheckCheckpoint, verdict.RefreshFirst)
			o.shut = false
			c.NextEpoch()
			none(t, h.Refresh(t.Context()))
			_, ask = c.Ask(h, counter)
			c.Present(h, ask, hufutest.Proof)
		})
	}
}
