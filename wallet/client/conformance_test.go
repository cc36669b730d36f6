package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
)

const back = "https://wallet.example/back"

// haip makes an office as HAIP 1.0 wants it: attested wallets, DPoP with nonces.
func haip(o *office) *office {
	o.wantAttested, o.wantNonce = true, "dpop-nonce-1"
	o.server.AuthMethods, o.server.Anonymous, o.server.ChallengeEndpoint = []string{oauth.AuthAttestation}, false, ""
	return o
}

// signsIn goes through the authorisation code flow, by an offer or without one.
func (o *office) signsIn(t *testing.T, p *phone, link string, edit func(*oauth.AuthorizationResponse)) (*client.Result, error) {
	t.Helper()
	var offer *client.Offer
	var err error
	if link == "" {
		offer, err = p.Issuer(t.Context(), o.metadata.Issuer, o.id)
	} else {
		offer, err = p.Client.Offer(t.Context(), link)
	}
	if err != nil {
		return nil, err
	}
	in, err := p.Begin(t.Context(), offer, client.BeginOptions{Redirect: back})
	if err != nil {
		return nil, err
	}
	return p.Complete(t.Context(), o.signIn(in.Address, edit))
}

// signInOffer is an offer that is taken up by signing in, by value or by reference.
func (o *office) signInOffer(t *testing.T, byReference bool) string {
	t.Helper()
	offer := &openid.CredentialOffer{
		Issuer: o.metadata.Issuer, ConfigurationIDs: []string{o.id},
		Grants: &openid.Grants{AuthorizationCode: &openid.AuthorizationCodeGrant{}},
	}
	if !byReference {
		link, err := offer.URI()
		none(t, err)
		return link
	}
	body, err := offer.Bytes()
	none(t, err)
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	t.Cleanup(at.Close)
	link, err := openid.OfferReferenceURI(at.URL + "/offer/7")
	none(t, err)
	return link
}

// stored demands a credential that is there whole.
func stored(t *testing.T, p *phone, result *client.Result, err error) {
	t.Helper()
	none(t, err)
	if result.Stored == nil || result.Untold != nil || len(p.cards(t)) != 1 || len(p.waits(t)) != 0 {
		t.Fatalf("not stored: %+v", result)
	}
}

// modules are those of the plan oid4vci-1_0-wallet-haip-test-plan of the OpenID
// Foundation's conformance suite for SD-JWT VC, and of the plan that is not HAIP. Each does
// what the module sends and demands what it demands.
var modules = map[string]func(t *testing.T){
	"oid4vci-1_0-wallet-test-credential-issuance":                                               credentialIssuance,
	"oid4vci-1_0-wallet-test-credential-issuance-notification":                                  notified,
	"oid4vci-1_0-wallet-test-client-attestation-challenge":                                      attestationChallenge,
	"oid4vci-1_0-wallet-test-batch-credential-issuance":                                         batch,
	"oid4vci-1_0-wallet-happy-path-with-scopes-without-authorization-details-in-token-response": withoutDetails,

	"fapi2-security-profile-final-client-test-happy-path":                                                     haipHappyPath,
	"fapi2-security-profile-final-client-test-happy-path-no-dpop-nonce":                                       noNonce,
	"fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in":                     withoutExpiry,
	"fapi2-security-profile-final-client-test-token-type-case-insensitivity":                                  tokenTypeCase,
	"fapi2-security-profile-final-client-test-rs-dpop-auth-scheme-case-insensitivity":                         schemeCase,
	"fapi2-security-profile-final-client-test-discovery-issuer-mismatch":                                      discoveryMismatch,
	"fapi2-security-profile-final-client-test-invalid-authorization-response-iss":                             wrongRedirect(func(r *oauth.AuthorizationResponse) { r.Issuer = "https://other.example" }),
	"fapi2-security-profile-final-client-test-remove-authorization-response-iss":                              wrongRedirect(func(r *oauth.AuthorizationResponse) { r.Issuer = "" }),
	"fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails":         wrongRedirect(func(r *oauth.AuthorizationResponse) { r.State += "x" }),
	"fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails": wrongRedirect(func(r *oauth.AuthorizationResponse) { r.State = "" }),
}

func TestConformance(t *testing.T) {
	if len(modules) != 15 {
		t.Fatalf("%d modules", len(modules))
	}
	for name, module := range modules {
		t.Run(name, module)
	}
	presentingModules(t)
}

func credentialIssuance(t *testing.T) {
	for name, tt := range map[string]struct{ deferred, encrypted, byReference, walletInitiated bool }{
		"immediate, plain, by value":           {},
		"immediate, plain, by reference":       {byReference: true},
		"immediate, plain, from the wallet":    {walletInitiated: true},
		"deferred, plain":                      {deferred: true},
		"immediate, encrypted":                 {encrypted: true},
		"deferred, encrypted":                  {deferred: true, encrypted: true},
		"deferred, encrypted, from the wallet": {deferred: true, encrypted: true, walletInitiated: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := haip(open(t))
			o.deferred = tt.deferred
			if tt.encrypted {
				o.encrypted()
			}
			link := ""
			if !tt.walletInitiated {
				link = o.signInOffer(t, tt.byReference)
			}
			p := o.phoneWith(o.attesting)
			result, err := o.signsIn(t, p, link, nil)
			if tt.deferred {
				none(t, err)
				for id := range o.waitingOffers() {
					none(t, o.desk.Approve(t.Context(), id))
				}
				o.country.Advance(time.Minute)
				result, err = p.Resume(t.Context(), result.ID)
			}
			stored(t, p, result, err)
			o.checkForms(t)
		})
	}
}

// waitingOffers are the ids of the grants for which somebody applied.
func (o *office) waitingOffers() map[string]bool {
	out := map[string]bool{}
	for _, g := range o.grants {
		out[g.id] = true
	}
	return out
}

// checkForms is what the suite checks in every flow: one pushed request with scope and
// PKCE, then a token request with the verifier, by the client that was attested.
func (o *office) checkForms(t *testing.T) {
	t.Helper()
	pushed, bought := o.forms[0], o.forms[len(o.forms)-1]
	if pushed.Get("scope") != "resident" || pushed.Get("code_challenge_method") != "S256" || pushed.Get("client_id") != "wallet-7" || pushed.Get("dpop_jkt") == "" {
		t.Errorf("pushed %v", pushed)
	}
	if bought.Get("grant_type") == oauth.GrantAuthorizationCode && (bought.Get("code_verifier") == "" || bought.Get("client_id") != "wallet-7") {
		t.Errorf("token request %v", bought)
	}
	for _, r := range o.requests {
		for _, text := range r.Proofs {
			proof, err := openid.ParseProof(text)
			none(t, err)
			if proof.Unverified.Client != "wallet-7" || proof.Unverified.Audience != o.metadata.Issuer {
				t.Errorf("proof %+v", proof.Unverified)
			}
		}
	}
}

func notified(t *testing.T) {
	o := haip(open(t))
	p := o.phoneWith(o.attesting)
	result, err := o.signsIn(t, p, o.signInOffer(t, false), nil)
	stored(t, p, result, err)
	if !slices.Equal(o.events, []openid.NotificationEvent{openid.CredentialAccepted}) {
		t.Errorf("the issuer heard %v", o.events)
	}
}

func attestationChallenge(t *testing.T) {
	for name, endpoint := range map[string]bool{"from the endpoint": true, "with the refusal": false} {
		t.Run(name, func(t *testing.T) {
			o := haip(open(t))
			o.wantChallenge = "challenge-1"
			if endpoint {
				o.server.ChallengeEndpoint = o.metadata.Issuer + "/challenge"
			}
			p := o.phoneWith(o.attesting)
			result, err := o.signsIn(t, p, "", nil)
			stored(t, p, result, err)
			if endpoint && o.count("POST /desk/challenge") == 0 {
				t.Error("no challenge was asked for")
			}
		})
	}
}

func batch(t *testing.T) {
	o := haip(open(t))
	p := o.phoneWith(func(c *client.Config) { o.attesting(c); c.Copies = 10 })
	result, err := o.signsIn(t, p, "", nil) // the office answers in reverse order
	stored(t, p, result, err)
	keys := map[string]bool{}
	for _, text := range o.requests[0].Proofs {
		head, _, _ := strings.Cut(text, ".")
		keys[head] = true
	}
	if len(o.requests[0].Proofs) != 10 || len(keys) != 10 || p.keys(t, "holder") != 10 {
		t.Errorf("%d proofs of %d keys", len(o.requests[0].Proofs), len(keys))
	}
}

func withoutDetails(t *testing.T) {
	o := open(t)
	p := o.phone()
	result, err := o.signsIn(t, p, "", nil)
	stored(t, p, result, err)
	if r := o.requests[0]; r.ConfigurationID != o.id || r.Identifier != "" {
		t.Errorf("asked for %q %q", r.ConfigurationID, r.Identifier)
	}
	o = open(t) // and with them, by the identifier
	o.tokenOf = func(r *oauth.TokenResponse) {
		r.Details = []oauth.Detail{{Type: oauth.DetailType, ConfigurationID: o.id, Identifiers: []string{"resident-1"}}}
	}
	p = o.phone()
	result, err = o.signsIn(t, p, "", nil)
	stored(t, p, result, err)
	if r := o.requests[0]; r.ConfigurationID != "" || r.Identifier != "resident-1" {
		t.Errorf("asked for %q %q", r.ConfigurationID, r.Identifier)
	}
}

func haipHappyPath(t *testing.T) {
	o := haip(open(t))
	p := o.phoneWith(o.attesting)
	result, err := o.signsIn(t, p, "", nil)
	stored(t, p, result, err)
	if n := o.count("POST /desk/token"); n != 2 {
		t.Errorf("%d token requests, one without a nonce and one with it are right", n)
	}
}

func noNonce(t *testing.T) {
	o := haip(open(t))
	o.wantNonce = ""
	p := o.phoneWith(o.attesting)
	result, err := o.signsIn(t, p, "", nil)
	stored(t, p, result, err)
}

func withoutExpiry(t *testing.T) {
	o := haip(open(t))
	o.tokenOf = func(r *oauth.TokenResponse) { r.Expires = 0 }
	p := o.phoneWith(o.attesting)
	result, err := o.signsIn(t, p, "", nil)
	stored(t, p, result, err)
}

func tokenTypeCase(t *testing.T) {
	o := haip(open(t))
	p := o.phoneWith(o.attesting)
	p.Between(func(r *http.Request, send func(*http.Request) (*client.Fetched, error)) (*client.Fetched, error) {
		answer, err := send(r)
		if err == nil {
			answer.Body = []byte(strings.Replace(string(answer.Body), `"token_type":"DPoP"`, `"token_type":"dPOP"`, 1))
		}
		return answer, err
	})
	result, err := o.signsIn(t, p, "", nil)
	stored(t, p, result, err)
}

func schemeCase(t *testing.T) {
	o := haip(open(t))
	p := o.phoneWith(o.attesting)
	p.Between(func(r *http.Request, send func(*http.Request) (*client.Fetched, error)) (*client.Fetched, error) {
		answer, err := send(r)
		if err == nil && answer.Header.Get("WWW-Authenticate") != "" {
			answer.Header.Set("WWW-Authenticate", strings.Replace(answer.Header.Get("WWW-Authenticate"), "DPoP", "dpop", 1))
			answer.Body = nil
		}
		return answer, err
	})
	result, err := o.signsIn(t, p, "", nil)
	stored(t, p, result, err)
}

func discoveryMismatch(t *testing.T) {
	o := haip(open(t))
	o.server.Issuer += "/other"
	_, err := o.signsIn(t, o.phoneWith(o.attesting), "", nil)
	is(t, err, oauth.ErrIssuer)
	if n := o.count("POST /desk/par") + o.count("POST /desk/token"); n != 0 {
		t.Errorf("%d requests after it", n)
	}
}

// wrongRedirect stops before the token endpoint, and the sign-in goes on waiting for the
// true answer.
func wrongRedirect(edit func(*oauth.AuthorizationResponse)) func(t *testing.T) {
	return func(t *testing.T) {
		o := haip(open(t))
		p := o.phoneWith(o.attesting)
		_, err := o.signsIn(t, p, "", edit)
		if err == nil {
			t.Fatal("it went on")
		}
		var rejected *client.Rejected
		if !asRejected(err, &rejected) || rejected.Code() != "issuer-address" && rejected.Code() != "sign-in-other" {
			t.Errorf("refused as %v", err)
		}
		if n := o.count("POST /desk/token"); n != 0 {
			t.Errorf("%d token requests", n)
		}
		if len(p.waits(t)) != 1 {
			t.Error("the sign-in does not wait for the true answer")
		}
	}
}

func TestSignInDeclined(t *testing.T) {
	o := open(t)
	p := o.phone()
	_, err := o.signsIn(t, p, "", func(r *oauth.AuthorizationResponse) {
		r.Code, r.Err = "", &oauth.Error{Code: oauth.AccessDenied}
	})
	is(t, err, client.ErrDenied)
	if len(p.waits(t)) != 0 || p.keys(t, "holder") != 0 {
		t.Error("it left something")
	}
}

// TestLocations: where the issuer names its servers, the request names the issuer
// (OpenID4VCI 1.0 section 5.1.1).
func TestLocations(t *testing.T) {
	for name, scope := range map[string]string{"scope": "resident", "details": ""} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			o.metadata.Servers = []string{o.server.Issuer}
			o.metadata.Configurations[o.id].Scope = scope
			p := o.phone()
			result, err := o.signsIn(t, p, "", nil)
			stored(t, p, result, err)
			form := o.forms[0]
			if scope != "" && form.Get("resource") != o.metadata.Issuer {
				t.Errorf("resource %q", form.Get("resource"))
			}
			if scope == "" {
				details, err := oauth.ParseDetails([]byte(form.Get("authorization_details")))
				none(t, err)
				if len(details) != 1 || !slices.Equal(details[0].Locations, []string{o.metadata.Issuer}) || details[0].ConfigurationID != o.id {
					t.Errorf("authorization_details %+v", details)
				}
			}
		})
	}
}

// TestWithoutPushing: a server without that endpoint gets the request by the browser.
func TestWithoutPushing(t *testing.T) {
	o := open(t)
	o.server.PushedEndpoint, o.server.RequirePushed = "", false
	p := o.phone()
	offer, err := p.Issuer(t.Context(), o.metadata.Issuer, o.id)
	none(t, err)
	in, err := p.Begin(t.Context(), offer, client.BeginOptions{Redirect: back})
	none(t, err)
	u, err := url.Parse(in.Address)
	none(t, err)
	request, err := oauth.ParseAuthorizationRequest(u.Query())
	none(t, err)
	if request.ClientID != "https://wallet.example" || request.RedirectURI != back || request.Thumbprint == "" {
		t.Errorf("the browser carries %+v", request)
	}
	o.server.RequirePushed = true
	_, err = o.signsIn(t, p, "", nil)
	is(t, err, client.ErrAnswer)
	_, err = p.Begin(context.Background(), nil, client.BeginOptions{})
	is(t, err, client.ErrUnsupported)
}

// TestAttestationForOneServer: the wallet's maker is asked anew for each issuer (HAIP 1.0
// section 4.4.1), and nobody is asked where the server wants none.
func TestAttestationForOneServer(t *testing.T) {
	o := open(t)
	asked := 0
	p := o.phoneWith(func(cfg *client.Config) {
		o.attesting(cfg)
		attest := cfg.Attest
		cfg.Attest = func(ctx context.Context, server string) (*client.Attestation, error) {
			asked++
			return attest(ctx, server)
		}
	})
	link, _ := o.offer(issuer.OfferOptions{})
	result, err := p.take(t, link, client.ReceiveOptions{})
	stored(t, p, result, err)
	if asked != 0 {
		t.Error("the maker was asked for nothing")
	}
	haip(o)
	link, _ = o.offer(issuer.OfferOptions{})
	_, err = o.phone().take(t, link, client.ReceiveOptions{})
	is(t, err, client.ErrAttestation)
	p = o.phoneWith(o.attesting)
	result, err = p.take(t, link, client.ReceiveOptions{})
	stored(t, p, result, err)
}
