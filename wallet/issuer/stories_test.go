package issuer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// Stories of one person and one secret. Each ends well for the honest and badly for
// those who share.

// another is a second desk for residents, of another agency over another store.
func another(t *testing.T, c *hufutest.Country) *issuer.Desk {
	t.Helper()
	agency := c.NewAgency()
	c.Accredit(agency, ledger.ActionIssue, ledger.StateActive)
	desk := c.OpenDesk(agency, hufutest.Region)
	none(t, desk.Publish(t.Context()))
	return desk
}

func offerOf(t *testing.T, desk *issuer.Desk, r hufutest.Resident, opts issuer.OfferOptions) issuer.Offer {
	t.Helper()
	o, err := desk.Offer(t.Context(), claimsOf(r), opts)
	none(t, err)
	return *o
}

// receive lets a wallet take up an offer.
func receive(t *testing.T, c *hufutest.Country, h *hufutest.Holder, desk *issuer.Desk, o issuer.Offer) *wallet.Stored {
	t.Helper()
	response, err := desk.Answer(t.Context(), c.Apply(h, o))
	none(t, err)
	stored, err := h.Receive(t.Context(), response)
	none(t, err)
	return stored
}

// boundOn is the binding day of what a wallet holds.
func boundOn(t *testing.T, s *wallet.Stored) string {
	t.Helper()
	day, _ := s.Claims[predicate.ClaimBinding].(string)
	if day == "" {
		t.Fatal("no binding day")
	}
	return day
}

// A wallet that is lent to a second person gets nothing for them: neither at the desk
// that bound it, nor at another desk, nor where the first desk's records are not known.
func TestOneSecretForTwoPeople(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := c.Citizen(c.Adult())
	_, err := c.Desk.Answer(t.Context(), c.Apply(h, c.Issue(c.Desk, c.OtherAdult())))
	is(t, err, issuer.ErrCommitment)
	second := another(t, c)
	_, err = second.Answer(t.Context(), c.Apply(h, c.Issue(second, c.OtherAdult())))
	is(t, err, issuer.ErrCommitment)
}

// Two phones with one secret, from a backup, are one person.
func TestTwoPhones(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	first := c.Wallet()
	second := &hufutest.Holder{Store: first.Store, Keys: first.Keys}
	var err error
	second.Wallet, err = wallet.New(c.WalletConfig(second))
	none(t, err)
	one := receive(t, c, first, c.Desk, c.Issue(c.Desk, c.Adult()))
	c.Advance(48 * time.Hour)
	c.Heartbeat()
	two := receive(t, c, second, c.Desk, offerOf(t, c.Desk, c.Adult(), issuer.OfferOptions{Replaces: true}))
	if boundOn(t, one) != boundOn(t, two) {
		t.Errorf("bound on %s and %s", boundOn(t, one), boundOn(t, two))
	}
}

// A renewed card keeps the binding day.
func TestRenewedCard(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := c.Wallet()
	old := receive(t, c, h, c.Desk, c.Issue(c.Desk, c.Adult()))
	c.Advance(40 * 24 * time.Hour)
	none(t, c.Desk.Renew(t.Context()))
	renewed := receive(t, c, h, c.Desk, offerOf(t, c.Desk, c.Adult(), issuer.OfferOptions{Replaces: true}))
	if boundOn(t, old) != boundOn(t, renewed) {
		t.Error("a renewed card has another binding day")
	}
}

// A lost phone without a backup is bound anew: by decision of the desk, on the log, with
// a new day, and with the old credential revoked.
func TestLostPhoneIsBoundAnew(t *testing.T) {
	o := newOffice(t)
	c, logged := o.c, 0
	o.cfg.Ledger = submitter(func(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
		for _, op := range ops {
			if op.Operation.Kind == ledger.KindAudit {
				logged++
			}
		}
		return c.Log.Submit(ctx, ops...)
	})
	desk, err := issuer.New(o.cfg)
	none(t, err)
	lost := c.Wallet()
	old := receive(t, c, lost, desk, c.Issue(desk, c.Adult()))
	c.Advance(72 * time.Hour)
	c.Heartbeat()
	none(t, desk.Renew(t.Context()))

	fresh := c.Wallet()
	plain := offerOf(t, desk, c.Adult(), issuer.OfferOptions{Replaces: true})
	_, err = desk.Answer(t.Context(), c.Apply(fresh, plain))
	is(t, err, issuer.ErrCommitment)
	stored := receive(t, c, fresh, desk, offerOf(t, desk, c.Adult(), issuer.OfferOptions{Rebind: true}))
	if boundOn(t, stored) <= boundOn(t, old) {
		t.Errorf("bound on %s, before on %s", boundOn(t, stored), boundOn(t, old))
	}
	if logged != 1 {
		t.Errorf("%d entries log the binding", logged)
	}
	revoked := 0
	for issued, err := range desk.Issued(t.Context()) {
		none(t, err)
		if !issued.Revoked.IsZero() {
			revoked++
		}
	}
	if revoked != 1 {
		t.Errorf("%d credentials are revoked", revoked)
	}
	t.Run("the old wallet does not come back", func(t *testing.T) {
		again := offerOf(t, desk, c.Adult(), issuer.OfferOptions{Replaces: true})
		_, err := desk.Answer(t.Context(), c.Apply(lost, again))
		is(t, err, issuer.ErrCommitment)
	})
}

// A desk that stops before the ledger replies gives nobody the commitment, and the same
// application goes through later.
func TestBindingIsFinishedLater(t *testing.T) {
	o := newOffice(t)
	h := o.c.Wallet()
	application := o.c.Apply(h, o.c.Issue(o.Desk, o.c.Adult()))
	o.offline = true
	_, err := o.Answer(t.Context(), application)
	is(t, err, errOffline)
	o.offline = false
	response, err := o.Answer(t.Context(), application)
	none(t, err)
	_, err = h.Receive(t.Context(), response)
	none(t, err)
}

// A later type is issued to the person of an identity credential, and to nobody else.
func TestLicence(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	traffic := c.OpenDriverDesk()
	alice, bob := c.Citizen(c.Adult()), c.Citizen(c.OtherAdult())
	c.NextEpoch()
	licence := func(r hufutest.Resident) issuer.Offer {
		o, err := traffic.Offer(t.Context(), map[string]any{"resident_id": r.Number, "name": r.Name, "class": "C1", "since": "2008-06-01"},
			issuer.OfferOptions{Replaces: true})
		none(t, err)
		return *o
	}
	t.Run("without a proof", func(t *testing.T) {
		_, err := alice.Apply(t.Context(), licence(c.Adult()).Offer, wallet.ApplyOptions{})
		is(t, err, wallet.ErrIdentity)
	})
	t.Run("somebody else's offer", func(t *testing.T) {
		_, err := traffic.Answer(t.Context(), c.Apply(alice, licence(c.OtherAdult())))
		is(t, err, issuer.ErrOtherPerson)
	})
	offer := licence(c.Adult())
	application := c.Apply(alice, offer)
	parsed, err := openid.ParseRequestEnvelope(application)
	none(t, err)
	again := func(edit func(*openid.RequestEnvelope)) []byte {
		e := *parsed
		shown := *parsed.Request.Identity
		e.Request.Identity = &shown
		edit(&e)
		b, err := e.Bytes()
		none(t, err)
		return b
	}
	t.Run("a bare commitment", func(t *testing.T) {
		_, err := traffic.Answer(t.Context(), again(func(e *openid.RequestEnvelope) {
			e.Request.Identity, e.Request.HolderCommitment = nil, make([]byte, 32)
		}))
		is(t, err, issuer.ErrIdentity)
	})
	t.Run("the proof of another application", func(t *testing.T) {
		other, err := openid.ParseRequestEnvelope(c.Apply(alice, offer))
		none(t, err)
		_, err = traffic.Answer(t.Context(), again(func(e *openid.RequestEnvelope) { e.Request.Identity = other.Request.Identity }))
		is(t, err, zkp.ErrShow)
	})
	t.Run("Bob's proof with Alice's number", func(t *testing.T) {
		his, err := openid.ParseRequestEnvelope(c.Apply(bob, licence(c.OtherAdult())))
		none(t, err)
		_, tail, _ := strings.Cut(parsed.Request.Identity.Presentation, "~")
		proof, _, _ := strings.Cut(his.Request.Identity.Presentation, "~")
		his.Code, his.Request.Identity.Presentation = offer.Code, proof+"~"+tail
		b, err := his.Bytes()
		none(t, err)
		_, err = traffic.Answer(t.Context(), b)
		if err == nil {
			t.Fatal("issued")
		}
	})
	t.Run("a schema that the type is not bound by", func(t *testing.T) {
		_, err := traffic.Answer(t.Context(), again(func(e *openid.RequestEnvelope) { e.Request.Identity.Schema = "test.driver" }))
		is(t, err, identity.ErrSchema)
	})
	response, err := traffic.Answer(t.Context(), application)
	none(t, err)
	stored, err := alice.Receive(t.Context(), response)
	none(t, err)
	if got := boundOn(t, stored); got != "2026-11-21" {
		t.Errorf("bound on %s", got)
	}
	if history, err := alice.History(t.Context()); err != nil || len(history) == 0 || len(history[len(history)-1].Proved) != 2 {
		t.Errorf("the history says nothing of it: %+v, %v", history, err)
	}
	t.Run("too late", func(t *testing.T) {
		late := c.Apply(alice, licence(c.Adult()))
		c.Advance(25 * time.Hour)
		_, err := traffic.Answer(t.Context(), late)
		if err == nil {
			t.Fatal("issued on a proof of yesterday")
		}
	})
}

// Whoever moves keeps secret and binding day, and a re-bound person's licence follows.
func TestMoveAndRebind(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	traffic, second := c.OpenDriverDesk(), another(t, c)
	h := c.Wallet()
	first := receive(t, c, h, c.Desk, c.Issue(c.Desk, c.Adult()))
	c.NextEpoch()
	c.HoldLicence(h, traffic, c.Adult(), "C1", "2008-06-01")
	c.Advance(50 * time.Hour)
	c.NextEpoch()

	offer := offerOf(t, second, c.Adult(), issuer.OfferOptions{})
	offered, err := h.ResolveOffer(t.Context(), offer.Offer)
	none(t, err)
	if offered.NeedsIdentity || len(offered.Identity) != 1 {
		t.Fatalf("%+v", offered)
	}
	none(t, h.Refresh(t.Context()))
	application, err := h.Apply(t.Context(), offer.Offer, wallet.ApplyOptions{Identity: first.ID})
	none(t, err)
	response, err := second.Answer(t.Context(), application)
	none(t, err)
	moved, err := h.Receive(t.Context(), response)
	none(t, err)
	if boundOn(t, moved) != boundOn(t, first) {
		t.Error("who moves is bound anew")
	}

	fresh := c.Wallet()
	rebound := receive(t, c, fresh, c.Desk, offerOf(t, c.Desk, c.Adult(), issuer.OfferOptions{Rebind: true}))
	c.NextEpoch()
	claims := map[string]any{"resident_id": c.Adult().Number, "name": c.Adult().Name, "class": "C1", "since": "2008-06-01"}
	o, err := traffic.Offer(t.Context(), claims, issuer.OfferOptions{Replaces: true})
	none(t, err)
	licence := receive(t, c, fresh, traffic, *o)
	if boundOn(t, licence) != boundOn(t, rebound) {
		t.Error("the licence has another binding day than the identity")
	}
	t.Run("the earlier wallet does not take it back", func(t *testing.T) {
		o, err := traffic.Offer(t.Context(), claims, issuer.OfferOptions{Replaces: true})
		none(t, err)
		offered, err := h.ResolveOffer(t.Context(), o.Offer)
		none(t, err)
		for _, choice := range offered.Identity {
			application, err := h.Apply(t.Context(), o.Offer, wallet.ApplyOptions{Identity: choice.Parts[0].Credential})
			if err != nil {
				continue // the first desk's credential is revoked
			}
			_, err = traffic.Answer(t.Context(), application)
			is(t, err, issuer.ErrCommitment)
		}
	})
}

// Who is bound anew on the day of the first binding is served on that day, and the
// earlier wallet does not come back with an answer of an epoch before.
func TestReboundOnTheSameDay(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	traffic := c.OpenDriverDesk()
	lost := c.Wallet()
	card := c.Hold(lost, c.Adult())
	c.NextEpoch()
	first := c.HoldLicence(lost, traffic, c.Adult(), "C1", "2008-06-01")
	claims := map[string]any{"resident_id": c.Adult().Number, "name": c.Adult().Name, "class": "C1", "since": "2008-06-01"}
	offer := func() issuer.Offer {
		o, err := traffic.Offer(t.Context(), claims, issuer.OfferOptions{Replaces: true})
		none(t, err)
		return *o
	}
	fresh := c.Wallet()
	receive(t, c, fresh, c.Desk, offerOf(t, c.Desk, c.Adult(), issuer.OfferOptions{Rebind: true}))
	c.NextEpoch()
	licence := receive(t, c, fresh, traffic, offer())
	if boundOn(t, licence) != boundOn(t, first) {
		t.Errorf("bound on %s, on the day %s", boundOn(t, licence), boundOn(t, first))
	}
	late := offer()
	early, err := lost.Apply(t.Context(), late.Offer, wallet.ApplyOptions{Identity: card.ID})
	none(t, err)
	_, err = traffic.Answer(t.Context(), early)
	is(t, err, issuer.ErrCommitment)
	t.Run("somebody else's wallet", func(t *testing.T) {
		_, err := traffic.Answer(t.Context(), c.Apply(c.Citizen(c.OtherAdult()), offer()))
		is(t, err, issuer.ErrOtherPerson)
	})
	t.Run("and once more", func(t *testing.T) {
		third := c.Wallet()
		receive(t, c, third, c.Desk, offerOf(t, c.Desk, c.Adult(), issuer.OfferOptions{Rebind: true}))
		c.NextEpoch()
		receive(t, c, third, traffic, offer())
	})
}

// Who waits with the licence after being bound anew cannot use the old one until then and
// the new one afterwards: the licence is bound on the day on which it is replaced.
func TestReplacedLicenceIsNoSecondVote(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	traffic := c.OpenDriverDesk()
	lost := c.Citizen(c.Adult())
	c.NextEpoch()
	c.HoldLicence(lost, traffic, c.Adult(), "C1", "2008-06-01")
	c.Advance(24 * time.Hour)
	c.NextEpoch()
	fresh := c.Wallet()
	identity := receive(t, c, fresh, c.Desk, offerOf(t, c.Desk, c.Adult(), issuer.OfferOptions{Rebind: true}))
	c.Advance(48 * time.Hour)
	none(t, traffic.Renew(t.Context()))
	none(t, c.Desk.Renew(t.Context()))
	c.NextEpoch()
	day, err := zkp.Today(c.Now())
	none(t, err)
	today := day.String()
	for range 2 { // replaced by its own wallet, it keeps its day
		offer, err := traffic.Offer(t.Context(), map[string]any{"resident_id": c.Adult().Number, "name": c.Adult().Name, "class": "C1", "since": "2008-06-01"},
			issuer.OfferOptions{Replaces: true})
		none(t, err)
		licence := receive(t, c, fresh, traffic, *offer)
		if boundOn(t, licence) != today || today <= boundOn(t, identity) {
			t.Errorf("licence bound on %s, identity on %s, today is %s", boundOn(t, licence), boundOn(t, identity), today)
		}
		c.Advance(24 * time.Hour)
		c.NextEpoch()
	}
}

// The two people of one wallet cannot vote twice by being bound anew.
func TestRebindIsNoSecondVote(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	h := c.Citizen(c.Adult())
	c.NextEpoch()
	counter := c.Counter(c.Policy(func(p hufutest.JSON) {
		dcql := p["dcql"].(hufutest.JSON)
		dcql["credentials"] = dcql["credentials"].([]any)[:1]
		delete(dcql, "credential_sets")
		hufutest.Once(p)
	}))
	_, err := counter.Verify(t.Context(), c.Answer(h, counter, hufutest.Proof))
	none(t, err)
	c.Advance(24 * time.Hour)
	fresh := c.Wallet()
	receive(t, c, fresh, c.Desk, offerOf(t, c.Desk, c.Adult(), issuer.OfferOptions{Rebind: true}))
	c.NextEpoch()
	_, err = fresh.ResolveRequest(t.Context(), c.AskText(counter))
	is(t, err, wallet.ErrNothingMatches)
}
