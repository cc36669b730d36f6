package endpoint_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

// state is the hash of all that desk and server remember, but for which proofs they have
// seen.
func (o *office) state() string {
	o.t.Helper()
	h := sha256.New()
	none(o.t, o.deskOf.Store.View(o.t.Context(), func(tx vault.Tx) error {
		for _, kind := range []string{
			"offer", "credential", "person", "commitment", "external", "status-newest", "status-list", "status-taken",
			"status-invalid", "resigned", "anchored", "existence", "batch", "oauth", "oauth-keys",
		} {
			records, err := tx.List(kind)
			if err != nil {
				return err
			}
			for _, r := range records {
				if !strings.HasPrefix(r.ID, "dpop:") && !strings.HasPrefix(r.ID, "pop:") {
					fmt.Fprintf(h, "%s %s %x\n", kind, r.ID, r.Value)
				}
			}
		}
		return nil
	}))
	return b64(h.Sum(nil))
}

// unchanged sends what must be refused, and insists that nothing is remembered of it.
func (o *office) unchanged(send func() *reply, codes ...oauth.Code) {
	o.t.Helper()
	before := o.state()
	send().refused(codes...)
	if o.state() != before {
		o.t.Error("the refusal changed something")
	}
}

// issuing is a wallet with a token, after HAIP.
func (o *office) issuing() *wallet { o.t.Helper(); return o.wallet().signIn() }

// jwtProof is a key proof, forged.
func (w *wallet) jwtProof(edit func(h, c map[string]any)) map[string]any {
	w.o.t.Helper()
	key := w.o.c.Key()
	h := map[string]any{"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": jwk(w.o.t, key.Public())}
	c := map[string]any{"aud": w.o.url, "iat": w.o.c.Now().Unix(), "nonce": w.cNonce()}
	edit(h, c)
	m := w.application(0)
	m["proofs"] = map[string]any{"jwt": []string{forge(w.o.t, h, c, key)}}
	return m
}

// TestRefusals is the table of what no module of the suite covers: the part "Issuer" of
// OpenID4VCI's faults, each with its code, a sentence, and no state changed.
func TestRefusals(t *testing.T) {
	country := hufutest.New(t, hufutest.Options{})
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			o := openIn(t, country, haip())
			send := test.send(t, o)
			o.unchanged(send, test.codes...)
		})
	}
}

type refusalCase struct {
	codes []oauth.Code
	// send makes everything ready, and returns what must be refused.
	send func(t *testing.T, o *office) func() *reply
}

func codes(c ...oauth.Code) []oauth.Code { return c }

// proofCase is a refused key proof.
func proofCase(code oauth.Code, edit func(w *wallet, h, c map[string]any)) refusalCase {
	return refusalCase{codes(code), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		m := w.jwtProof(func(h, c map[string]any) { edit(w, h, c) })
		return func() *reply { return w.apply(m) }
	}}
}

// requestCase is a refused credential request.
func requestCase(code oauth.Code, edit func(w *wallet, m map[string]any)) refusalCase {
	return refusalCase{codes(code), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		m := w.application(1)
		edit(w, m)
		return func() *reply { return w.apply(m) }
	}}
}

// attestationCase is a refused wallet at the token endpoint.
func attestationCase(code oauth.Code, edit func(w *wallet)) refusalCase {
	return refusalCase{codes(code), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		code := w.code()
		edit(w)
		return func() *reply { return w.exchange(code) }
	}}
}

var refusals = map[string]refusalCase{
	"pre-authorized code unknown": {codes(oauth.InvalidGrant), func(t *testing.T, o *office) func() *reply {
		return func() *reply { return o.wallet().preAuthorized("unknown", "") }
	}},
	"pre-authorized code absent": {codes(oauth.InvalidRequest), func(t *testing.T, o *office) func() *reply {
		return func() *reply { return o.wallet().send("/token", url.Values{"grant_type": {oauth.GrantPreAuthorized}}) }
	}},
	"pre-authorized code replayed": {codes(oauth.InvalidGrant), func(t *testing.T, o *office) func() *reply {
		offer, _, _ := o.offer(o.c.Adult(), nil)
		w := o.wallet()
		w.keep(w.preAuthorized(offer.Code(), ""))
		return func() *reply { return o.wallet().preAuthorized(offer.Code(), "") }
	}},
	"offer used by a file before": {codes(oauth.InvalidGrant), func(t *testing.T, o *office) func() *reply {
		offer, _, _ := o.offer(o.c.Adult(), nil)
		proof, err := openid.SignProof(t.Context(), o.c.Key(), openid.ProofClaims{Audience: o.url, Nonce: openid.OfferNonce(offer.Code()), IssuedAt: o.c.Now()})
		none(t, err)
		envelope, err := (&openid.RequestEnvelope{Code: offer.Code(), Request: openid.CredentialRequest{
			ConfigurationID: "test.resident/1", Proofs: []string{proof}, HolderCommitment: append(make([]byte, 31), 7),
		}}).Bytes()
		none(t, err)
		_, err = o.desk.Answer(t.Context(), envelope)
		none(t, err)
		return func() *reply { return o.wallet().preAuthorized(offer.Code(), "") }
	}},
	"tx_code absent": {codes(oauth.InvalidRequest), func(t *testing.T, o *office) func() *reply {
		offer, _, _ := o.offer(o.c.Adult(), map[string]any{"tx_code": "4711"})
		return func() *reply { return o.wallet().preAuthorized(offer.Code(), "") }
	}},
	"tx_code not asked for": {codes(oauth.InvalidRequest), func(t *testing.T, o *office) func() *reply {
		offer, _, _ := o.offer(o.c.Adult(), nil)
		return func() *reply { return o.wallet().preAuthorized(offer.Code(), "4711") }
	}},
	"issuer_state as a pre-authorized code": {codes(oauth.InvalidGrant), func(t *testing.T, o *office) func() *reply {
		offer, _, _ := o.offer(o.c.Adult(), map[string]any{"grant": "authorization_code"})
		return func() *reply { return o.wallet().preAuthorized(offer.Grants.AuthorizationCode.IssuerState, "") }
	}},
	"issuer_state of another person": {codes(oauth.InvalidGrant), func(t *testing.T, o *office) func() *reply {
		offer, _, _ := o.offer(o.c.OtherAdult(), map[string]any{"grant": "authorization_code"})
		w := o.wallet()
		f := w.request()
		f.Set("issuer_state", offer.Grants.AuthorizationCode.IssuerState)
		code := w.decide(w.page(w.push(f)), "yes").Code
		return func() *reply { return w.exchange(code) }
	}},
	"grant type unknown": {codes(oauth.UnsupportedGrantType), func(t *testing.T, o *office) func() *reply {
		return func() *reply { return o.wallet().send("/token", url.Values{"grant_type": {"password"}}) }
	}},
	"a parameter twice": {codes(oauth.InvalidRequest), func(t *testing.T, o *office) func() *reply {
		return func() *reply {
			return o.wallet().send("/token", url.Values{"grant_type": {oauth.GrantPreAuthorized}, "pre-authorized_code": {"a", "b"}})
		}
	}},
	"refresh token unknown": {codes(oauth.InvalidGrant), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		w.refresh = "unknown.unknown"
		return func() *reply { return w.renew() }
	}},
	"scope unknown": {codes(oauth.InvalidScope), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		f := w.request()
		f.Set("scope", "unknown")
		return func() *reply { return w.push(f) }
	}},
	"authorization_details unknown": {codes(oauth.InvalidAuthorizationDetails), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		f := w.request()
		f.Set("authorization_details", `[{"type":"openid_credential","credential_configuration_id":"unknown"}]`)
		return func() *reply { return w.push(f) }
	}},
	"resource of another issuer": {codes(oauth.InvalidRequest), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		f := w.request()
		f.Set("resource", "https://other.example")
		return func() *reply { return w.push(f) }
	}},
	"details of another issuer": {codes(oauth.InvalidAuthorizationDetails), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		f := w.request()
		f.Set("authorization_details", `[{"type":"openid_credential","credential_configuration_id":"test.resident/1","locations":["https://other.example"]}]`)
		return func() *reply { return w.push(f) }
	}},
	"details that the code was not for": {codes(oauth.InvalidAuthorizationDetails), func(t *testing.T, o *office) func() *reply {
		o.secondType()
		offer, _, _ := o.offer(o.c.Adult(), nil)
		form := url.Values{
			"grant_type": {oauth.GrantPreAuthorized}, "pre-authorized_code": {offer.Code()},
			"authorization_details": {`[{"type":"openid_credential","credential_configuration_id":"test.resident/2"}]`},
		}
		return func() *reply { return o.wallet().send("/token", form) }
	}},
	"redirect_uri of another wallet": {codes(oauth.InvalidRequest), func(t *testing.T, o *office) func() *reply {
		before := o.edit
		o.edit = func(d *issuer.Config, e *endpoint.Config) {
			before(d, e)
			e.Redirects = func(clientID, address string) bool {
				return clientID == "https://wallet.example/app" && strings.HasPrefix(address, "https://wallet.example/")
			}
		}
		o.start()
		w := o.wallet()
		w.push(w.request()).ok(201)
		w.redirect = "https://thief.example/back"
		return func() *reply { return w.push(w.request()) }
	}},
	"redirect_uri changed at the token endpoint": {codes(oauth.InvalidGrant), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		code := w.code()
		w.redirect = "https://wallet.example/other"
		return func() *reply { return w.exchange(code) }
	}},
	"authorization code of another instance": {codes(oauth.InvalidGrant), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		code := w.code()
		w.instance = o.c.Key()
		return func() *reply { return w.exchange(code) }
	}},
	"encryption required of a request in clear": {codes(oauth.InvalidEncryptionParameters), func(t *testing.T, o *office) func() *reply {
		before := o.edit
		o.edit = func(d *issuer.Config, e *endpoint.Config) { before(d, e); e.RequireEncryption = true }
		o.start()
		w := o.issuing()
		m := w.application(1)
		m["credential_response_encryption"], _ = encryption(t)
		return func() *reply { return w.apply(m) }
	}},
	"redirect to a script": {codes(oauth.InvalidRequest), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		f := w.request()
		f.Set("redirect_uri", "javascript:alert(1)")
		return func() *reply { return w.push(f) }
	}},

	"nonce replayed": {codes(oauth.InvalidNonce), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		nonce := w.cNonce()
		make := func() map[string]any {
			texts, _ := w.proofs(1, nonce, nil)
			m := w.application(0)
			m["proofs"] = map[string]any{"jwt": texts}
			return m
		}
		w.apply(make()).ok(200)
		second := make()
		return func() *reply { return w.apply(second) }
	}},
	"nonce replayed under another token": {codes(oauth.InvalidNonce), func(t *testing.T, o *office) func() *reply {
		nonce := o.wallet().cNonce()
		make := func(w *wallet) map[string]any {
			texts, _ := w.proofs(1, nonce, nil)
			return map[string]any{"credential_configuration_id": "test.resident/1", "proofs": map[string]any{"jwt": texts}}
		}
		first := o.issuing()
		first.apply(make(first)).ok(200)
		second := o.issuing()
		m := make(second)
		return func() *reply { return second.apply(m) }
	}},
	"nonce expired": {codes(oauth.InvalidNonce), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		nonce := w.cNonce()
		o.c.Advance(6 * time.Minute)
		texts, _ := w.proofs(1, nonce, nil)
		m := w.application(0)
		m["proofs"] = map[string]any{"jwt": texts}
		return func() *reply { return w.apply(m) }
	}},
	"a DPoP nonce in a key proof": proofCase(oauth.InvalidNonce, func(w *wallet, h, c map[string]any) { c["nonce"] = w.nonce }),
	"proof aud":                   proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { c["aud"] = "https://other.example" }),
	"proof without aud":           proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { delete(c, "aud") }),
	"proof without nonce":         proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { delete(c, "nonce") }),
	"proof typ":                   proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { h["typ"] = "jwt" }),
	"proof stale":                 proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { c["iat"] = w.o.c.Now().Add(-time.Hour).Unix() }),
	"proof of tomorrow":           proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { c["iat"] = w.o.c.Now().Add(24 * time.Hour).Unix() }),
	"proof alg none":              proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { h["alg"] = "none" }),
	"proof HS256 keyed with a public key": {codes(oauth.InvalidProof), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		m := w.jwtProof(func(h, c map[string]any) { h["alg"] = "HS256" })
		return func() *reply { return w.apply(m) }
	}},
	"proof private jwk": proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { h["jwk"].(map[string]any)["d"] = hash("d") }),
	"proof jku":         proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { h["jku"] = "https://other.example/keys" }),
	"proof crit":        proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { h["crit"] = []string{"x"} }),
	"proof jwk and kid": proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) { h["kid"] = "did:jwk:e30#0" }),
	"proof kid of a DID elsewhere": proofCase(oauth.InvalidProof, func(w *wallet, h, c map[string]any) {
		delete(h, "jwk")
		h["kid"] = "did:web:other.example#1"
	}),

	"both ids":     requestCase(oauth.InvalidCredentialRequest, func(w *wallet, m map[string]any) { m["credential_identifier"] = "test.resident/1#1" }),
	"neither id":   requestCase(oauth.InvalidCredentialRequest, func(w *wallet, m map[string]any) { delete(m, "credential_configuration_id") }),
	"proof member": requestCase(oauth.InvalidCredentialRequest, func(w *wallet, m map[string]any) { m["proof"] = map[string]any{} }),
	"proofs of two types": requestCase(oauth.InvalidCredentialRequest, func(w *wallet, m map[string]any) {
		m["proofs"].(map[string]any)["attestation"] = []string{"x"}
	}),
	"proof type unknown": requestCase(oauth.InvalidProof, func(w *wallet, m map[string]any) { m["proofs"] = map[string]any{"di_vp": []string{"x"}} }),
	"attestation where none is taken": requestCase(oauth.InvalidProof, func(w *wallet, m map[string]any) {
		m["proofs"] = map[string]any{"attestation": []string{"x"}}
	}),
	"proofs over batch_size": requestCase(oauth.InvalidCredentialRequest, func(w *wallet, m map[string]any) {
		texts, _ := w.proofs(11, w.cNonce(), nil)
		m["proofs"] = map[string]any{"jwt": texts}
	}),
	"no JSON": {codes(oauth.InvalidCredentialRequest), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		return func() *reply { return w.ask("/credential", "application/json", "{") }
	}},
	"another media type": {codes(oauth.InvalidCredentialRequest), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		return func() *reply { return w.ask("/credential", "text/plain", "{}") }
	}},
	"enc unknown": requestCase(oauth.InvalidEncryptionParameters, func(w *wallet, m map[string]any) {
		asked, _ := encryption(w.o.t)
		asked["enc"] = "A128CBC-HS256"
		m["credential_response_encryption"] = asked
	}),
	"zip unknown": requestCase(oauth.InvalidEncryptionParameters, func(w *wallet, m map[string]any) {
		asked, _ := encryption(w.o.t)
		asked["zip"] = "LZ"
		m["credential_response_encryption"] = asked
	}),
	"encryption required and absent": {codes(oauth.InvalidEncryptionParameters), func(t *testing.T, o *office) func() *reply {
		before := o.edit
		o.edit = func(d *issuer.Config, e *endpoint.Config) { before(d, e); e.RequireEncryption = true }
		o.start()
		w := o.issuing()
		m := w.application(1)
		return func() *reply { return w.apply(m) }
	}},
	"request encrypted to another": {codes(oauth.InvalidEncryptionParameters), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		private, err := jwe.GenerateKey()
		none(t, err)
		public, err := jwe.NewPublicKey(private.PublicKey())
		none(t, err)
		text, err := jwe.Encrypt([]byte("{}"), public, jwe.EncryptOptions{})
		none(t, err)
		return func() *reply { return w.ask("/credential", "application/jwt", text) }
	}},
	"zip bomb": {codes(oauth.InvalidEncryptionParameters), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		text := w.encrypt(map[string]any{"x": strings.Repeat("a", 4<<20)})
		return func() *reply { return w.ask("/credential", "application/jwt", text) }
	}},
	"token for another configuration": {codes(oauth.UnknownCredentialConfiguration), func(t *testing.T, o *office) func() *reply {
		o.secondType()
		w := o.issuing()
		m := w.application(1)
		m["credential_configuration_id"] = "test.resident/2"
		return func() *reply { return w.apply(m) }
	}},

	"transaction_id unknown": {codes(oauth.InvalidTransactionID), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		return func() *reply { return w.ask("/deferred", "application/json", `{"transaction_id":"unknown"}`) }
	}},
	"transaction_id absent": {codes(oauth.InvalidCredentialRequest), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		return func() *reply { return w.ask("/deferred", "application/json", `{}`) }
	}},
	"transaction_id spent": {codes(oauth.InvalidTransactionID), func(t *testing.T, o *office) func() *reply {
		w, id, transaction := o.waiting()
		o.admin("/admin/offers/"+id+"/approve", nil).ok(204)
		body := `{"transaction_id":"` + transaction + `"}`
		out := response(t, w.ask("/deferred", "application/json", body).ok(200))
		w.ask("/notification", "application/json", `{"notification_id":"`+out.NotificationID+`","event":"credential_accepted"}`).ok(204)
		return func() *reply { return w.ask("/deferred", "application/json", body) }
	}},
	"transaction_id of another wallet": {codes(oauth.InvalidTransactionID), func(t *testing.T, o *office) func() *reply {
		_, _, transaction := o.waiting()
		w := o.issuing()
		return func() *reply { return w.ask("/deferred", "application/json", `{"transaction_id":"`+transaction+`"}`) }
	}},
	"application denied": {codes(oauth.CredentialRequestDenied), func(t *testing.T, o *office) func() *reply {
		w, id, transaction := o.waiting()
		o.admin("/admin/offers/"+id+"/refuse", nil).ok(204)
		return func() *reply { return w.ask("/deferred", "application/json", `{"transaction_id":"`+transaction+`"}`) }
	}},
	"notification_id unknown": {codes(oauth.InvalidNotificationID), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		w.apply(w.application(1)).ok(200)
		return func() *reply {
			return w.ask("/notification", "application/json", `{"notification_id":"unknown","event":"credential_accepted"}`)
		}
	}},
	"notification of another wallet": {codes(oauth.InvalidNotificationID), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		out := response(t, w.apply(w.application(1)).ok(200))
		other := o.issuing()
		return func() *reply {
			return other.ask("/notification", "application/json", `{"notification_id":"`+out.NotificationID+`","event":"credential_accepted"}`)
		}
	}},
	"notification of an unknown event": {codes(oauth.InvalidNotificationRequest), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		return func() *reply {
			return w.ask("/notification", "application/json", `{"notification_id":"a","event":"lost"}`)
		}
	}},

	"the same request with the same DPoP proof": {codes(oauth.InvalidDPoPProof), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		w.nonce = o.do("POST", "/nonce", nil, "").header.Get("DPoP-Nonce")
		body, err := json.Marshal(w.application(1))
		none(t, err)
		h := http.Header{"Content-Type": {"application/json"}, "Authorization": {"DPoP " + w.token}, "DPoP": {w.proof("POST", "/credential", w.token)}}
		o.do("POST", "/credential", h, string(body)).ok(200)
		return func() *reply { return o.do("POST", "/credential", h, string(body)) }
	}},
	"two tokens": {codes(oauth.InvalidToken), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		w.nonce = o.do("POST", "/nonce", nil, "").header.Get("DPoP-Nonce")
		body, err := json.Marshal(w.application(1))
		none(t, err)
		h := http.Header{
			"Content-Type": {"application/json"}, "Authorization": {"DPoP " + w.token, "DPoP other"}, "DPoP": {w.proof("POST", "/credential", w.token)},
		}
		return func() *reply { return o.do("POST", "/credential", h, string(body)) }
	}},
	"token unknown": {codes(oauth.InvalidToken), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		w.token = "unknown"
		return func() *reply { return w.apply(map[string]any{}) }
	}},
	"token expired": {codes(oauth.InvalidToken), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		m := w.application(1)
		o.c.Advance(61 * time.Minute)
		return func() *reply { return w.apply(m) }
	}},
	"token of a session that was refreshed keeps its key": {codes(oauth.InvalidToken), func(t *testing.T, o *office) func() *reply {
		w := o.issuing()
		w.keep(w.renew())
		w.dpop = o.c.Key()
		return func() *reply { return w.apply(map[string]any{}) }
	}},

	"wallet not attested": attestationCase(oauth.InvalidClientAttestation, func(w *wallet) { w.instance = nil }),
	"foreign attester": attestationCase(oauth.InvalidClientAttestation, func(w *wallet) {
		w.o.maker = certpathtest.New(w.o.c.Now(), "other")
	}),
	"self-signed attester": attestationCase(oauth.InvalidClientAttestation, func(w *wallet) {
		w.attest = func(string) string { return w.attestedBy([][]byte{w.o.maker.Certificate.Raw}, w.o.maker.Key) }
	}),
	"attester not allowed to sign": attestationCase(oauth.InvalidClientAttestation, func(w *wallet) {
		w.attest = func(string) string {
			x5c, key := w.o.maker.Leaf(certpathtest.Template{Name: "maker", Usages: webServer})
			return w.attestedBy(x5c, key)
		}
	}),
	"client_id is not sub": attestationCase(oauth.InvalidClientAttestation, func(w *wallet) {
		w.attestation = func(c *oauth.AttestationClaims) { c.ClientID = "https://other.example" }
	}),
	"wrong challenge": attestationCase(oauth.UseAttestationChallenge, func(w *wallet) { w.challenge = "other" }),
	"expired challenge": attestationCase(oauth.UseAttestationChallenge, func(w *wallet) {
		w.challenge = w.askChallenge()
		w.o.c.Advance(6 * time.Minute)
	}),
	"PoP replayed": {codes(oauth.InvalidClientAttestation), func(t *testing.T, o *office) func() *reply {
		w := o.wallet()
		var kept string
		w.possess = func(p string) string {
			if kept == "" {
				kept = p
			}
			return kept
		}
		w.nonce = o.do("POST", "/nonce", nil, "").header.Get("DPoP-Nonce")
		w.push(w.request()).ok(201)
		return func() *reply { return w.push(w.request()) }
	}},
	"attestation keys not matching the proof": {codes(oauth.InvalidProof), func(t *testing.T, o *office) func() *reply {
		o.requireKeyAttestation()
		w := o.issuing()
		m := w.attested(1, nil)
		texts, _ := w.proofs(1, w.cNonce(), nil)
		h := header(t, m["proofs"].(map[string]any)["jwt"].([]string)[0])
		key := o.c.Key()
		h["jwk"] = jwk(t, key.Public())
		c := payload(t, texts[0])
		c["nonce"] = payload(t, h["key_attestation"].(string))["nonce"]
		m["proofs"] = map[string]any{"jwt": []string{forge(t, h, c, key)}}
		return func() *reply { return w.apply(m) }
	}},
	"key attestation required and absent": {codes(oauth.InvalidProof), func(t *testing.T, o *office) func() *reply {
		o.requireKeyAttestation()
		w := o.issuing()
		m := w.application(1)
		return func() *reply { return w.apply(m) }
	}},
	"key attestation of a weaker store": {codes(oauth.InvalidProof), func(t *testing.T, o *office) func() *reply {
		o.requireKeyAttestation()
		w := o.issuing()
		m := w.attested(1, func(text string) string {
			x5c, key := o.maker.Leaf(certificate)
			c := payload(t, text)
			c["key_storage"] = []string{"iso_18045_basic"}
			return forge(t, map[string]any{"alg": "ES256", "typ": "key-attestation+jwt", "x5c": x5c}, c, key)
		})
		return func() *reply { return w.apply(m) }
	}},
	"key attestation with a foreign nonce": {codes(oauth.InvalidNonce), func(t *testing.T, o *office) func() *reply {
		o.requireKeyAttestation()
		w := o.issuing()
		m := w.attested(1, func(text string) string {
			x5c, key := o.maker.Leaf(certificate)
			c := payload(t, text)
			c["nonce"] = "other"
			return forge(t, map[string]any{"alg": "ES256", "typ": "key-attestation+jwt", "x5c": x5c}, c, key)
		})
		return func() *reply { return w.apply(m) }
	}},
}

func init() {
	for name, edit := range faults { // at the token endpoint, too
		refusals["at the token endpoint: "+name] = attestationCase(oauth.InvalidClientAttestation, edit)
	}
}

// TestWrongTxCode: wrong ones are counted, and nothing else happens. The fifth ends the offer.
func TestWrongTxCode(t *testing.T) {
	o := open(t, haip())
	offer, _, _ := o.offer(o.c.Adult(), map[string]any{"tx_code": "4711"})
	for range 5 {
		o.wallet().preAuthorized(offer.Code(), "0815").refused(oauth.InvalidGrant)
		o.start() // another process
	}
	o.wallet().preAuthorized(offer.Code(), "4711").refused(oauth.InvalidGrant)
	if all, _ := o.count(); all != 0 {
		t.Error("issued")
	}
}

// TestTooLarge: a body above the cap is refused before anything is read of it.
func TestTooLarge(t *testing.T) {
	o := open(t, haip())
	w := o.issuing()
	before := o.state()
	r := w.ask("/credential", "application/json", `{"x":"`+strings.Repeat("a", 10<<20)+`"}`)
	if r.status != 413 || o.state() != before {
		t.Errorf("%d: %s", r.status, r.body)
	}
}

// TestAdminRefuses: nobody makes offers without the token.
func TestAdminRefuses(t *testing.T) {
	o := open(t, nil)
	for _, path := range []string{"/admin/offers", "/admin/offers/a/approve", "/admin/offers/a/refuse", "/admin/credentials/a/revoke"} {
		for _, token := range []string{"", "Bearer other", "Bearer " + adminToken + "x", "Basic " + adminToken} {
			before := o.state()
			h := map[string][]string{"Authorization": {token}, "Content-Type": {"application/json"}}
			if r := o.do("POST", path, h, "{}").refused(oauth.InvalidToken); r.status != 401 || o.state() != before {
				t.Errorf("%s: %d", path, r.status)
			}
		}
	}
	for name, body := range map[string]map[string]any{
		"no claims":      {"credential_configuration_id": "test.resident/1"},
		"unknown member": {"credential_configuration_id": "test.resident/1", "claims": claimsOf(o.c.Adult()), "txcode": true},
		"unknown type":   {"credential_configuration_id": "x", "claims": claimsOf(o.c.Adult())},
		"wrong claims":   {"credential_configuration_id": "test.resident/1", "claims": map[string]any{"name": "x"}},
		"short tx_code":  {"credential_configuration_id": "test.resident/1", "claims": claimsOf(o.c.Adult()), "tx_code": "1"},
		"tx_code 1":      {"credential_configuration_id": "test.resident/1", "claims": claimsOf(o.c.Adult()), "tx_code": 1},
		"unknown grant":  {"credential_configuration_id": "test.resident/1", "claims": claimsOf(o.c.Adult()), "grant": "x"},
	} {
		before := o.state()
		if r := o.admin("/admin/offers", body); r.status != 400 || o.state() != before {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

// secondType has the office issue another edition, too.
func (o *office) secondType() {
	o.t.Helper()
	s, err := credential.ParseSchema([]byte(strings.Replace(string(o.c.Schema.Bytes()), `"version": 1`, `"version": 2`, 1)))
	none(o.t, err)
	before := o.edit
	o.edit = func(d *issuer.Config, e *endpoint.Config) {
		before(d, e)
		d.Types = append(d.Types[:1:1], issuer.Type{Schema: s, Region: hufutest.Region})
	}
	o.start()
}

// waiting is a wallet whose application waits for a clerk.
func (o *office) waiting() (w *wallet, id, transaction string) {
	o.t.Helper()
	offer, id, _ := o.offer(o.c.OtherAdult(), map[string]any{"deferred": true})
	w = o.wallet()
	w.keep(w.preAuthorized(offer.Code(), ""))
	out := response(o.t, w.apply(w.application(1)).ok(202))
	return w, id, out.TransactionID
}

func (w *wallet) askChallenge() string {
	w.o.t.Helper()
	c, err := oauth.ParseChallenge(w.o.do("POST", "/challenge", nil, "").ok(200).body)
	none(w.o.t, err)
	return c
}

// attestedBy is the wallet's attestation by some certificates.
func (w *wallet) attestedBy(x5c [][]byte, key crypto.Signer) string {
	w.o.t.Helper()
	now := w.o.c.Now()
	a, err := oauth.SignAttestation(w.o.t.Context(), key, did.Header{X5C: x5c}, oauth.AttestationClaims{ClientID: w.id, Key: w.instance.Public(), IssuedAt: now, Expires: now.Add(time.Hour)})
	none(w.o.t, err)
	return a
}

func part(t testing.TB, token string, n int) map[string]any {
	t.Helper()
	raw, err := unb64(strings.Split(token, ".")[n])
	none(t, err)
	var m map[string]any
	none(t, json.Unmarshal(raw, &m))
	return m
}

func header(t testing.TB, token string) map[string]any { t.Helper(); return part(t, token, 0) }

func payload(t testing.TB, token string) map[string]any { t.Helper(); return part(t, token, 1) }
