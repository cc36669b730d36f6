package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// take opens an offer and takes it up.
func (p *phone) take(t *testing.T, link string, opts client.ReceiveOptions) (*client.Result, error) {
	t.Helper()
	offer, err := p.Client.Offer(t.Context(), link)
	none(t, err)
	return p.Client.Receive(t.Context(), offer, opts)
}

func TestReceive(t *testing.T) {
	o := open(t)
	p := o.phone()
	link, _ := o.offer(issuer.OfferOptions{})
	offer, err := p.Client.Offer(t.Context(), link)
	none(t, err)
	if got := offer.Credentials[0]; len(offer.Credentials) != 1 || got.Issuer != o.country.Office.DID || got.Who != o.country.Office.Subject || got.Copies != 10 {
		t.Errorf("the citizen is told %+v", got)
	}
	if offer.Grant != oauth.GrantPreAuthorized || offer.TxCode != nil || offer.Site != o.at.URL+"/desk" {
		t.Errorf("the offer says %+v", offer)
	}
	result, err := p.Client.Receive(t.Context(), offer, client.ReceiveOptions{})
	none(t, err)
	if result.Stored == nil || !result.Stored.Provable || result.Stored.Claims["name"] != "周安宁" || result.Untold != nil || result.ID != "" {
		t.Fatalf("received %+v", result)
	}
	if cards := p.cards(t); len(cards) != 1 {
		t.Errorf("%d cards", len(cards))
	}
	if len(p.waits(t)) != 0 || p.keys(t, "session") != 0 || p.keys(t, "holder") != 8 {
		t.Errorf("%d wait, %d session keys, %d holder keys", len(p.waits(t)), p.keys(t, "session"), p.keys(t, "holder"))
	}
	if len(o.events) != 1 || o.events[0] != openid.CredentialAccepted {
		t.Errorf("the issuer heard %v", o.events)
	}
	if r := o.requests[0]; len(r.HolderCommitment) != 32 || len(r.Proofs) != 8 {
		t.Errorf("a request with %d proofs and a commitment of %d bytes", len(r.Proofs), len(r.HolderCommitment))
	}
	_, err = p.Client.Receive(t.Context(), offer, client.ReceiveOptions{})
	is(t, err, client.ErrCode)
	var rejected *client.Rejected
	if !errors.As(err, &rejected) || rejected.Code() != "code-refused" {
		t.Errorf("a used code: %v", err)
	}
	if len(p.waits(t)) != 0 || p.keys(t, "holder") != 8 {
		t.Error("an issuance that ended left something")
	}
}

func TestTxCode(t *testing.T) {
	o := open(t)
	link, made := o.offer(issuer.OfferOptions{TxDigits: 6})
	p := o.phone()
	for _, code := range []string{"", "12345", "1234567", "12345x"} {
		_, err := p.take(t, link, client.ReceiveOptions{TxCode: code})
		is(t, err, client.ErrTxCode)
	}
	if n := o.count("POST /desk/token"); n != 0 {
		t.Errorf("a slip cost %d attempts", n)
	}
	wrong := "000000"
	if made.TxCode == wrong {
		wrong = "000001"
	}
	_, err := p.take(t, link, client.ReceiveOptions{TxCode: wrong})
	is(t, err, client.ErrCode)
	result, err := p.take(t, link, client.ReceiveOptions{TxCode: made.TxCode})
	none(t, err)
	if result.Stored == nil || len(p.cards(t)) != 1 {
		t.Error("not stored")
	}
	link, _ = o.offer(issuer.OfferOptions{})
	_, err = p.take(t, link, client.ReceiveOptions{TxCode: "123456"})
	is(t, err, client.ErrTxCode)
}

func TestDeferred(t *testing.T) {
	o := open(t)
	o.deferred = true
	p := o.phone()
	link, made := o.offer(issuer.OfferOptions{})
	result, err := p.take(t, link, client.ReceiveOptions{Copies: 2})
	none(t, err)
	if result.Stored != nil || result.After.Sub(o.country.Now()) != time.Minute || len(p.waits(t)) != 1 {
		t.Fatalf("deferred: %+v", result)
	}
	before := len(o.seen)
	if again, err := p.Resume(t.Context(), result.ID); err != nil || again.After != result.After || len(o.seen) != before {
		t.Errorf("asked before the interval: %+v, %v", again, err)
	}
	o.country.Advance(time.Minute)
	again, err := p.Resume(t.Context(), result.ID)
	none(t, err)
	if again.Stored != nil || !again.After.After(result.After) {
		t.Errorf("not ready: %+v", again)
	}
	none(t, o.desk.Approve(t.Context(), made.ID))
	o.country.Advance(10 * time.Minute) // the token is over by now
	p = o.phoneOver(p.Holder, nil)
	again, err = p.Resume(t.Context(), result.ID)
	none(t, err)
	if again.Stored == nil || len(p.waits(t)) != 0 || p.keys(t, "holder") != 2 {
		t.Errorf("approved: %+v", again)
	}
	_, err = p.Resume(t.Context(), result.ID)
	is(t, err, vault.ErrNotFound)
}

func TestDeferredDenied(t *testing.T) {
	o := open(t)
	o.deferred = true
	p := o.phone()
	link, made := o.offer(issuer.OfferOptions{})
	result, err := p.take(t, link, client.ReceiveOptions{})
	none(t, err)
	none(t, o.desk.Refuse(t.Context(), made.ID))
	o.country.Advance(time.Minute)
	_, err = p.Resume(t.Context(), result.ID)
	is(t, err, client.ErrDenied)
	if len(p.waits(t)) != 0 || p.keys(t, "holder") != 0 || p.keys(t, "session") != 0 {
		t.Error("a denied issuance left something")
	}
}

// TestCopiesAreShownInTurn: no copy is shown twice while fresh ones are left.
func TestCopiesAreShownInTurn(t *testing.T) {
	o := open(t)
	p := o.phone()
	link, _ := o.offer(issuer.OfferOptions{})
	result, err := p.take(t, link, client.ReceiveOptions{Copies: 3})
	none(t, err)
	o.country.NextEpoch()
	none(t, p.Refresh(t.Context()))
	shown := map[string]int{}
	for range 6 {
		counter := o.country.Counter(o.country.Policy(nil))
		_, ask := o.country.Ask(p.Holder, counter)
		choice := -1
		for i := range ask.Choices {
			if ask.Choices[i].Format == openid.FormatSDJWT {
				choice = i
			}
		}
		answer, err := p.Holder.Present(t.Context(), ask, wallet.Consent{Choice: choice})
		none(t, err)
		accepted, err := counter.Verify(t.Context(), answer.Response)
		none(t, err)
		if accepted == nil {
			t.Fatal("not accepted")
		}
		response, err := openid.ParseResponse(answer.Response)
		none(t, err)
		for _, presentations := range response.VPToken {
			shown[holderOf(t, presentations[0])]++
		}
	}
	if len(shown) != 3 {
		t.Fatalf("%d copies were shown, of 3", len(shown))
	}
	for key, n := range shown {
		if n != 2 {
			t.Errorf("copy %s was shown %d times", key, n)
		}
	}
	none(t, p.Forget(t.Context(), result.Stored.ID))
	if p.keys(t, "holder") != 0 || len(p.cards(t)) != 0 {
		t.Error("a forgotten card left copies")
	}
}

// holderOf is the holder key of a presentation.
func holderOf(t *testing.T, presentation string) string {
	t.Helper()
	sd, err := credential.Parse([]byte(presentation), credential.ParseOptions{})
	none(t, err)
	confirm, _ := sd.UnverifiedClaims()["cnf"].(map[string]any)
	key, err := did.JWK(confirm["jwk"].(map[string]any))
	none(t, err)
	thumbprint, err := did.Thumbprint(key)
	none(t, err)
	return thumbprint
}
