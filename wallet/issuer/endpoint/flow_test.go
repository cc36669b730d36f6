package endpoint_test

import (
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/zkp"
)

// TestPreAuthorized goes from an offer to a credential that is revoked.
func TestPreAuthorized(t *testing.T) {
	o := open(t, nil)
	offer, id, txCode := o.offer(o.c.Adult(), map[string]any{"tx_code": true})
	if len(txCode) != 6 || offer.Issuer != o.url {
		t.Errorf("%+v", offer)
	}
	w := o.wallet()
	w.keep(w.preAuthorized(offer.Code(), txCode))
	answer := response(t, w.apply(w.application(2)).ok(200))
	if len(answer.Credentials) != 2 {
		t.Errorf("%d copies", len(answer.Credentials))
	}
	body, err := (&openid.Notification{ID: answer.NotificationID, Event: openid.CredentialAccepted}).Bytes()
	none(t, err)
	w.ask("/notification", "application/json", string(body)).ok(204)
	w.ask("/notification", "application/json", string(body)).ok(204)
	o.admin("/admin/credentials/"+id+"/revoke", nil).ok(204)
	if all, revoked := o.count(); all != 2 || revoked != 2 {
		t.Errorf("%d of %d revoked", revoked, all)
	}
}

// TestSignIn goes through PAR, the page, the token endpoint and a refresh.
func TestSignIn(t *testing.T) {
	o := open(t, haip())
	w := o.wallet().signIn()
	if answer := response(t, w.apply(w.application(1)).ok(200)); len(answer.Credentials) != 1 {
		t.Error("no credential")
	}
	w.keep(w.renew())
	w.apply(w.application(1)).ok(200)
	if all, revoked := o.count(); all != 2 || revoked != 1 {
		t.Errorf("%d of %d revoked", revoked, all)
	}
}

// TestBearer serves a wallet without a key for its tokens, which stays anonymous.
func TestBearer(t *testing.T) {
	o := open(t, nil)
	offer, _, _ := o.offer(o.c.Adult(), map[string]any{"by_reference": false})
	w := o.wallet()
	w.id, w.dpop, w.instance = "", nil, nil
	w.keep(w.preAuthorized(offer.Code(), ""))
	w.apply(w.application(1)).ok(200)
	w.keep(w.renew())
	w.apply(w.application(1)).ok(200)
}

// TestOfferByReference fetches the offer behind a link.
func TestOfferByReference(t *testing.T) {
	o := open(t, nil)
	answer := o.admin("/admin/offers", map[string]any{"credential_configuration_id": "test.resident/1", "claims": claimsOf(o.c.Adult()), "by_reference": true}).ok(201)
	address, err := openid.ParseOfferReference(answer.member("offer"))
	none(t, err)
	offer, err := openid.ParseCredentialOffer(o.do("GET", address, nil, "").ok(200).body)
	none(t, err)
	o.do("GET", address+"x", nil, "").ok(404)
	w := o.wallet()
	w.keep(w.preAuthorized(offer.Code(), ""))
}

// TestIssuerState takes up an offer by signing in.
func TestIssuerState(t *testing.T) {
	o := open(t, haip())
	offer, id, _ := o.offer(o.c.Adult(), map[string]any{"grant": "authorization_code"})
	w := o.wallet()
	f := w.request()
	f.Set("issuer_state", offer.Grants.AuthorizationCode.IssuerState)
	w.fresh(w.page(w.push(f)))
	o.admin("/admin/credentials/"+id+"/revoke", nil).ok(204)
}

// TestDetails asks by authorization_details, and names the credential by the identifier
// that the token response gave.
func TestDetails(t *testing.T) {
	o := open(t, haip())
	w := o.wallet()
	f := w.request()
	f.Del("scope")
	f.Set("authorization_details", `[{"type":"openid_credential","credential_configuration_id":"test.resident/1","locations":["`+o.url+`"]}]`)
	w.fresh(w.page(w.push(f)))
	if w.identifier == "" {
		t.Error("no credential_identifiers")
	}
	m := w.application(1)
	delete(m, "credential_identifier")
	m["credential_configuration_id"] = "test.resident/1"
	w.apply(m).refused(oauth.InvalidCredentialRequest)
	w.keep(w.renew())
	w.apply(w.application(1)).ok(200)
}

// TestDeferred waits for a clerk, encrypted.
func TestDeferred(t *testing.T) {
	o := open(t, haip())
	w, id, transaction := o.waiting()
	body := `{"transaction_id":"` + transaction + `"}`
	if later := response(t, w.ask("/deferred", "application/json", body).ok(202)); later.TransactionID != transaction || later.Interval == 0 {
		t.Errorf("%+v", later)
	}
	o.admin("/admin/offers/"+id+"/approve", nil).ok(204)
	asked, private := encryption(t)
	m := map[string]any{"transaction_id": transaction, "credential_response_encryption": asked}
	first := decrypt(t, w.ask("/deferred", "application/jwt", w.encrypt(m)).ok(200), private)
	again := response(t, w.ask("/deferred", "application/json", body).ok(200)) // the answer was lost
	if len(first.Credentials) != 1 || first.Credentials[0] != again.Credentials[0] {
		t.Error("another answer")
	}
}

// TestKeyAttestation gives each attested key a copy, with and without a key proof.
func TestKeyAttestation(t *testing.T) {
	o := open(t, haip())
	o.requireKeyAttestation()
	w := o.wallet().signIn()
	m := w.attested(3, nil)
	if out := response(t, w.apply(m).ok(200)); len(out.Credentials) != 3 {
		t.Errorf("%d copies", len(out.Credentials))
	}
	again := w.attested(2, nil)
	attestation := header(t, again["proofs"].(map[string]any)["jwt"].([]string)[0])["key_attestation"]
	again["proofs"] = map[string]any{"attestation": []any{attestation}}
	if out := response(t, w.apply(again).ok(200)); len(out.Credentials) != 2 {
		t.Errorf("%d copies", len(out.Credentials))
	}
}

// TestZeroKnowledge issues the half for proofs in the same answer.
func TestZeroKnowledge(t *testing.T) {
	o := open(t, nil)
	secret, err := zkp.GenerateSecret(nil)
	none(t, err)
	commitment, err := secret.HolderCommitment(identity.Scope(o.agency.DID, o.c.Schema))
	none(t, err)
	b := commitment.Bytes()
	w := o.wallet().signIn()
	m := w.application(2)
	m["hufu_holder_commitment"] = b64(b[:])
	for _, text := range response(t, w.apply(m).ok(200)).Credentials {
		sd, err := credential.Parse([]byte(text), credential.ParseOptions{})
		none(t, err)
		v, err := sd.Verify(o.agency.Key.Public(), credential.VerifyOptions{Now: o.c.Now()})
		none(t, err)
		if v.Claims[zkp.ClaimName] == nil {
			t.Error("no endorsement")
		}
	}
}

// TestChallenge proves possession with a challenge of the server.
func TestChallenge(t *testing.T) {
	o := open(t, haip())
	w := o.wallet()
	w.challenge = w.askChallenge()
	w.issue(1)
}

// TestLostTokens: a refresh token counts until the one after it is used.
func TestLostTokens(t *testing.T) {
	o := open(t, haip())
	w := o.wallet().signIn()
	first := w.refresh
	w.keep(w.renew()) // lost
	w.refresh = first
	w.keep(w.renew())
	second := w.refresh
	w.keep(w.renew())
	w.refresh = first
	w.renew().refused(oauth.InvalidGrant)
	w.refresh = second
	w.keep(w.renew())
}
