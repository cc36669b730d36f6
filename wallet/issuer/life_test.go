package issuer_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// resident makes people who differ.
func resident(n int) hufutest.Resident {
	return hufutest.NewResident("周某", fmt.Sprintf("1990-01-%02d", n/900+1), "110101", 100+n%900)
}

// parsed is a response's credential.
func parsed(t *testing.T, response []byte) *credential.SDJWT {
	t.Helper()
	r, err := openid.ParseCredentialResponse(response)
	none(t, err)
	sd, err := credential.Parse([]byte(r.Credentials[0]), credential.ParseOptions{})
	none(t, err)
	return sd
}

// reference is where a response's credential stands.
func reference(t *testing.T, response []byte) status.Reference {
	t.Helper()
	sd := parsed(t, response)
	list := sd.UnverifiedClaims()["status"].(map[string]any)["status_list"].(map[string]any)
	return status.Reference{URI: list["uri"].(string), Index: int(list["idx"].(int64))}
}

// issue gives a new wallet what an offer promises.
func (o *office) issue(t *testing.T, offer issuer.Offer) []byte {
	t.Helper()
	response, err := o.Answer(t.Context(), o.apply(t, offer, asIs))
	none(t, err)
	return response
}

// TestIndexIsNeverReused: while one desk of an office revokes, another one issues, and
// the list that is full is followed by another.
func TestIndexIsNeverReused(t *testing.T) {
	o := newOfficeIn(t, hufutest.New(t, hufutest.Options{}), 16)
	first := o.Desk
	taken := map[status.Reference]int{}
	n := 0
	issue := func() string {
		n++
		offer := o.c.Issue(first, resident(n))
		response, err := first.Answer(t.Context(), o.apply(t, offer, asIs))
		none(t, err)
		at := reference(t, response)
		if other, twice := taken[at]; twice {
			t.Errorf("index %d belongs to person %d and to person %d", at.Index, other, n)
		}
		taken[at] = n
		return offer.Code
	}
	none(t, first.Publish(t.Context()))
	code := issue()
	cfg := o.cfg
	reached := 0
	cfg.Ledger = submitter(func(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
		for ; reached < 8; reached++ {
			issue()
		}
		return o.c.Log.Submit(ctx, ops...)
	})
	second, err := issuer.New(cfg)
	none(t, err)
	none(t, second.Revoke(t.Context(), code))
	for range 7 { // 1 + 8 + 7 people and 16 entries
		issue()
	}
	issue()
	lists := map[string]bool{}
	for at := range taken {
		lists[at.URI] = true
	}
	if len(lists) != 2 {
		t.Errorf("%d lists", len(lists))
	}
	o.agrees(t)
}

// reopen makes the office's desk anew.
func (o *office) reopen(t *testing.T) {
	t.Helper()
	var err error
	o.Desk, err = issuer.New(o.cfg)
	none(t, err)
}

// TestGoesOnAfterALostAnswer: the ledger takes a batch, and the desk does not hear of it.
func TestGoesOnAfterALostAnswer(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	o.issue(t, offer)
	o.deaf = true
	is(t, o.Publish(t.Context()), errOffline)
	is(t, o.Revoke(t.Context(), offer.Code), errOffline)
	o.deaf = false
	none(t, o.Publish(t.Context()))
	none(t, o.Renew(t.Context()))
	is(t, o.Revoke(t.Context(), offer.Code), issuer.ErrRevoked)
	o.agrees(t)
}

// TestRefusedRevocation changes neither the public list nor the desk's records.
func TestRefusedRevocation(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	o.issue(t, offer)
	o.refuses = &ledger.RefusedError{Index: 1, Kind: "revoke", Reason: ledger.ErrFull}
	err := o.Revoke(t.Context(), offer.Code)
	rejects(t, err, issuer.CheckEntry, verdict.LedgerFull)
	o.refuses = nil
	for c, err := range o.Issued(t.Context()) {
		none(t, err)
		if c.Revoking || !c.Revoked.IsZero() {
			t.Errorf("the record says %+v", c)
		}
	}
	o.agrees(t)
	none(t, o.Revoke(t.Context(), offer.Code))
	o.agrees(t)
}

// TestOneRefusalDropsOne: the others of the batch are revoked all the same.
func TestOneRefusalDropsOne(t *testing.T) {
	o := newOffice(t)
	var offers []issuer.Offer
	for n := range 3 {
		offers = append(offers, o.c.Issue(o.Desk, resident(n)))
		o.issue(t, offers[n])
	}
	o.offline = true
	for _, offer := range offers {
		is(t, o.Revoke(t.Context(), offer.Code), errOffline)
	}
	o.offline = false
	// The first batch has one revocation, the second the other two.
	o.refuses = &ledger.RefusedError{Index: 2, Kind: "revoke", Reason: ledger.ErrFull}
	o.refusesAt = 2
	r, err := o.Recover(t.Context())
	none(t, err)
	if len(r.Revoked) != 2 || len(r.Dropped) != 1 || len(r.Lists) != 1 {
		t.Errorf("got %+v", r)
	}
	o.agrees(t)
	r, err = o.Recover(t.Context())
	none(t, err)
	if len(r.Revoked)+len(r.Dropped)+len(r.Lists) != 0 {
		t.Errorf("found again: %+v", r)
	}
}

// TestLostAnswerOfTheDesk: the wallet sends its application again, also much later.
func TestLostAnswerOfTheDesk(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	application := o.apply(t, offer, asIs)
	first, err := o.Answer(t.Context(), application)
	none(t, err)
	o.c.Advance(48 * time.Hour)
	again, err := o.Answer(t.Context(), application)
	none(t, err)
	if !bytes.Equal(first, again) {
		t.Error("another credential")
	}
	_, err = o.Answer(t.Context(), o.apply(t, offer, asIs))
	is(t, err, issuer.ErrCodeUsed)
	none(t, o.Revoke(t.Context(), offer.Code))
	_, err = o.Answer(t.Context(), application)
	is(t, err, openid.ErrProofTime) // judged like any other
	t.Run("not after the offer's end", func(t *testing.T) {
		offer := o.c.Issue(o.Desk, o.c.OtherAdult())
		application := o.apply(t, offer, asIs)
		_, err := o.Answer(t.Context(), application)
		none(t, err)
		o.c.Advance(91 * 24 * time.Hour)
		_, err = o.Answer(t.Context(), application)
		is(t, err, openid.ErrProofTime)
	})
}

// TestLostPhone: a citizen loses the phone, and comes again with another one.
func TestLostPhone(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	o.issue(t, offer)
	_, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{})
	is(t, err, issuer.ErrHeld)
	_, refused, err := o.Import(t.Context(), table(o.c.Adult().Row()), issuer.ImportOptions{})
	none(t, err)
	if len(refused) != 1 || refused[0].Reason != issuer.ReasonHeld {
		t.Errorf("got %+v", refused)
	}
	none(t, o.Revoke(t.Context(), offer.Code))
	_, err = o.Answer(t.Context(), o.apply(t, o.c.Issue(o.Desk, o.c.Adult()), asIs))
	is(t, err, issuer.ErrCommitment) // another wallet is a decision of its own
	anew, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{Rebind: true})
	none(t, err)
	o.issue(t, *anew)
	offers, refused, err := o.Import(t.Context(), table(o.c.Adult().Row()), issuer.ImportOptions{Rebind: true})
	none(t, err)
	if len(offers) != 1 || len(refused) != 0 {
		t.Fatalf("got %+v", refused)
	}
	o.issue(t, offers[0]) // lost a second time
	o.agrees(t)
}

// TestExpired: who holds nothing that is in force gets another one.
func TestExpired(t *testing.T) {
	o := newOffice(t)
	o.oneWallet(t)
	o.issue(t, o.c.Issue(o.Desk, o.c.Adult()))
	for range 9 { // a desk that only writes follows the ledger all the same
		o.c.Advance(82 * 24 * time.Hour)
		o.c.Heartbeat()
		none(t, o.Renew(t.Context()))
	}
	o.issue(t, o.c.Issue(o.Desk, o.c.Adult()))
}

// TestReplace: the old credential holds until the new one is taken up.
func TestReplace(t *testing.T) {
	o := newOffice(t)
	o.oneWallet(t)
	o.issue(t, o.c.Issue(o.Desk, o.c.Adult()))
	moved := o.c.Adult()
	moved.Address = "新街1号"
	offer, err := o.Offer(t.Context(), claimsOf(moved), issuer.OfferOptions{Replaces: true})
	none(t, err)
	if _, revoked := o.count(t); revoked != 0 {
		t.Error("revoked before the new one is there")
	}
	o.issue(t, *offer)
	if all, revoked := o.count(t); all != 2 || revoked != 1 {
		t.Errorf("%d credentials, %d revoked", all, revoked)
	}
	o.agrees(t)
	t.Run("without a line", func(t *testing.T) {
		offer, err := o.Offer(t.Context(), claimsOf(moved), issuer.OfferOptions{Replaces: true})
		none(t, err)
		o.offline = true
		o.issue(t, *offer)
		o.offline = false
		r, err := o.Recover(t.Context())
		none(t, err)
		if len(r.Revoked) != 1 {
			t.Errorf("got %+v", r)
		}
		o.agrees(t)
	})
}

// TestRenewalKeepsTheBindingDay: the same secret is as old as before.
func TestRenewalKeepsTheBindingDay(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	var commitment []byte
	_, err := o.Answer(t.Context(), o.apply(t, offer, func(a *application) { commitment = a.commitment }))
	none(t, err)
	today, err := zkp.Today(o.c.Now())
	none(t, err)
	o.c.Advance(48 * time.Hour)
	second, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{Replaces: true})
	none(t, err)
	response, err := o.Answer(t.Context(), o.apply(t, *second, func(a *application) { a.commitment = commitment }))
	none(t, err)
	sd := parsed(t, response)
	verified, err := sd.Verify(o.cfg.Keys.Key.Public(), credential.VerifyOptions{Now: o.c.Now()})
	none(t, err)
	if verified.Claims[predicate.ClaimBinding] != today.String() {
		t.Errorf("bound on %v, want %v", verified.Claims[predicate.ClaimBinding], today)
	}
}

const secondType = `{"id":"test.second","version":1,"vct":"urn:test:second:1","region":"110000","claims":[
{"path":["name"],"type":"string","slot":0,"validate":"nonempty","label":{"en":"name","zh":"姓名"}},
{"path":["resident_id"],"type":"string","slot":1,"validate":"cn-resident-id","label":{"en":"number","zh":"号码"}}],"digests":8}`

// TestTwoTypes: a person may have both, each with a status list of its own, and the
// offer of one does not buy the other.
func TestTwoTypes(t *testing.T) {
	o := newOffice(t)
	second := o.addType(t, secondType)
	residents, driver := o.c.Adult(), map[string]any{"name": "周安宁", "resident_id": o.c.Adult().Number}
	_, err := o.Offer(t.Context(), claimsOf(residents), issuer.OfferOptions{})
	is(t, err, issuer.ErrType)
	_, err = o.Offer(t.Context(), claimsOf(residents), issuer.OfferOptions{Type: second})
	is(t, err, issuer.ErrIssue)
	a, err := o.Offer(t.Context(), claimsOf(residents), issuer.OfferOptions{Type: "test.resident/1"})
	none(t, err)
	b, err := o.Offer(t.Context(), driver, issuer.OfferOptions{Type: second})
	none(t, err)
	_, err = o.Answer(t.Context(), o.apply(t, *a, func(x *application) { x.configuration = second }))
	is(t, err, issuer.ErrType)
	one := reference(t, o.issue(t, *a))
	response, err := o.Answer(t.Context(), o.apply(t, *b, func(x *application) { x.configuration = second }))
	none(t, err)
	if two := reference(t, response); one.URI == two.URI {
		t.Error("both types stand in one list")
	}
	o.agrees(t)
}

// TestOfferAgain: a lost offer is made again, and the old code dies; a repeated import
// gives the same offers.
func TestOfferAgain(t *testing.T) {
	o := newOffice(t)
	first := o.c.Issue(o.Desk, o.c.Adult())
	same := o.c.Issue(o.Desk, o.c.Adult())
	if first.Code != same.Code || !bytes.Equal(first.Offer, same.Offer) {
		t.Error("a repeated import gives another offer")
	}
	moved := o.c.Adult()
	moved.Address = "新街1号"
	corrected := o.c.Issue(o.Desk, moved)
	second, err := o.Offer(t.Context(), claimsOf(moved), issuer.OfferOptions{})
	none(t, err)
	for _, dead := range []issuer.Offer{first, corrected} {
		_, err = o.Answer(t.Context(), o.apply(t, dead, asIs))
		is(t, err, issuer.ErrCode)
	}
	o.c.Advance(91 * 24 * time.Hour)
	_, err = o.Answer(t.Context(), o.apply(t, *second, asIs))
	is(t, err, issuer.ErrOfferExpired)
	fresh := o.c.Issue(o.Desk, moved)
	if fresh.Code == second.Code {
		t.Error("an expired offer is given again")
	}
	none(t, o.Renew(t.Context()))
	o.issue(t, fresh)
	t.Run("with an end of its own", func(t *testing.T) {
		offer, err := o.Offer(t.Context(), claimsOf(o.c.OtherAdult()), issuer.OfferOptions{Expires: o.c.Now().Add(time.Hour)})
		none(t, err)
		o.c.Advance(time.Hour)
		_, err = o.Answer(t.Context(), o.apply(t, *offer, asIs))
		is(t, err, issuer.ErrOfferExpired)
	})
}

func TestRevokeBy(t *testing.T) {
	o := newOffice(t)
	is(t, o.RevokeBy(t.Context(), "file 7"), issuer.ErrNotIssued)
	is(t, o.RevokeBy(t.Context(), ""), issuer.ErrNotIssued)
	offer, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{ExternalID: "file 7"})
	none(t, err)
	none(t, o.RevokeBy(t.Context(), "file 7"))
	_, err = o.Answer(t.Context(), o.apply(t, *offer, asIs))
	is(t, err, issuer.ErrCode)
	offer, err = o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{ExternalID: "file 7"})
	none(t, err)
	o.issue(t, *offer)
	none(t, o.RevokeBy(t.Context(), "file 7"))
	is(t, o.RevokeBy(t.Context(), "file 7"), issuer.ErrRevoked)
	for c, err := range o.Issued(t.Context()) {
		none(t, err)
		if c.ExternalID != "file 7" || c.Revoked.IsZero() {
			t.Errorf("got %+v", c)
		}
	}
	o.agrees(t)
}

// TestQuietDesk: a desk that nobody visits renews its list, before the end and not at
// every call.
func TestQuietDesk(t *testing.T) {
	o := newOffice(t)
	sequence := func() uint64 {
		b, err := o.c.Log.Get(t.Context(), ledger.StatusKey(o.agency.DID, o.StatusURI()))
		none(t, err)
		object, err := ledger.ParseStatus(b)
		none(t, err)
		if object.ValidUntil <= o.c.Now().Unix() {
			t.Error("the list has ended")
		}
		return object.Sequence
	}
	before := sequence()
	for range 30 * 4 {
		o.c.Advance(6 * time.Hour)
		none(t, o.Renew(t.Context()))
		sequence()
	}
	if n := sequence() - before; n < 7 || n > 10 {
		t.Errorf("signed %d times in 30 days", n)
	}
	o.agrees(t)
}

// TestRetiredProofKey: the handle that is revoked is that of the key which signed.
func TestRetiredProofKey(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	o.issue(t, offer)
	signed := o.cfg.Keys.Proof.ProofKey().Bytes()
	fresh := o.c.NewAgency()
	o.cfg.Keys.Proof = fresh.Proof
	var sent *ledger.Revocation
	o.cfg.Ledger = submitter(func(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
		for _, op := range ops {
			if op.Operation.Kind == ledger.KindRevoke {
				r, err := ledger.ParseRevocation(op.Operation.Body)
				none(t, err)
				sent = r
			}
		}
		return o.c.Log.Submit(ctx, ops...)
	})
	o.reopen(t)
	none(t, o.Revoke(t.Context(), offer.Code))
	if sent == nil || !bytes.Equal(sent.ProofKey, signed) {
		t.Error("the handle of another key was revoked")
	}
}

// TestRotationWhilePending: what was signed with a key that has ended meanwhile is
// signed anew.
func TestRotationWhilePending(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	o.issue(t, offer)
	o.offline = true
	is(t, o.Revoke(t.Context(), offer.Code), errOffline)
	o.offline = false
	key := o.c.Key()
	o.agency.Change(func(d *ledger.DID) {
		next := d.Keys[0]
		next.ID, next.Public = "sig-9", o.c.PublicKey(key.Public())
		d.Keys[0].Until = o.c.Now().Unix()
		d.Keys = append(d.Keys, next)
	})
	o.cfg.Keys.Key, o.cfg.Keys.KeyID = key, o.cfg.Keys.DID+"#sig-9"
	o.reopen(t)
	r, err := o.Recover(t.Context())
	none(t, err)
	if len(r.Revoked) != 1 || len(r.Dropped) != 0 {
		t.Errorf("got %+v", r)
	}
}

// TestOvertaken: another desk finishes what this one began, and goes on, before this
// one has its answer.
func TestOvertaken(t *testing.T) {
	for _, accepted := range []bool{true, false} {
		o := newOffice(t)
		first, second := o.c.Issue(o.Desk, o.c.Adult()), o.c.Issue(o.Desk, o.c.OtherAdult())
		o.issue(t, first)
		o.issue(t, second)
		cfg, overtaken := o.cfg, false
		cfg.Ledger = submitter(func(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
			if !accepted && !overtaken { // the other desk is refused, and drops it
				o.refuses = &ledger.RefusedError{Index: 1, Kind: "revoke", Reason: ledger.ErrFull}
			}
			if !overtaken {
				overtaken = true
				_, err := o.Recover(ctx)
				none(t, err)
				o.refuses = nil
				none(t, o.Revoke(ctx, second.Code))
			}
			return o.c.Log.Submit(ctx, ops...)
		})
		slow, err := issuer.New(cfg)
		none(t, err)
		err = slow.Revoke(t.Context(), first.Code)
		if accepted {
			none(t, err)
		} else {
			is(t, err, issuer.ErrDropped)
		}
		none(t, o.Publish(t.Context()))
		o.agrees(t)
	}
}

// TestTwoDesks: two desks over one store, each used by several at once.
func TestTwoDesks(t *testing.T) {
	o := newOfficeIn(t, hufutest.New(t, hufutest.Options{}), 16)
	other, err := issuer.New(o.cfg)
	none(t, err)
	desks := []*issuer.Desk{o.Desk, other}
	var offers []issuer.Offer
	var applications [][]byte
	for n := range 24 {
		offers = append(offers, o.c.Issue(o.Desk, resident(n)))
		applications = append(applications, o.apply(t, offers[n], asIs))
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	given := map[status.Reference]bool{}
	for n := range offers {
		group.Go(func() {
			desk := desks[n%2]
			response, err := desk.Answer(t.Context(), applications[n])
			if err != nil {
				t.Error(err)
				return
			}
			at := reference(t, response)
			mu.Lock()
			if given[at] {
				t.Errorf("entry %d was given twice", at.Index)
			}
			given[at] = true
			mu.Unlock()
			if n%3 == 0 {
				if err := desks[(n+1)%2].Revoke(t.Context(), offers[n].Code); err != nil {
					t.Error(err)
				}
			}
			if n%8 == 0 {
				if err := desk.Renew(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if all, revoked := o.count(t); all != 24 || revoked != 8 {
		t.Errorf("%d credentials, %d revoked", all, revoked)
	}
	o.agrees(t)
}
