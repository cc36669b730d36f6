package endpoint_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/openid/oauth"
)

// thumbprint is dpop_jkt of the wallet's DPoP key.
func (w *wallet) thumbprint() string {
	w.o.t.Helper()
	d := jwk(w.o.t, w.dpop.Public())
	text, err := json.Marshal(map[string]any{"crv": d["crv"], "kty": d["kty"], "x": d["x"], "y": d["y"]})
	none(w.o.t, err)
	return hash(string(text))
}

// fresh gets tokens from a redirect, and a credential for them.
func (w *wallet) fresh(page string) {
	w.o.t.Helper()
	back := w.decide(page, "yes")
	w.keep(w.exchange(back.Code))
	w.apply(w.application(1)).ok(200)
}

func init() {
	fapi := func(name string, f func(t *testing.T, o *office)) { modules[stemFAPI+name] = f }
	fapi("discovery-end-point-verification", func(t *testing.T, o *office) {
		address, err := oauth.WellKnown(oauth.ServerName, o.url)
		none(t, err)
		if !strings.HasSuffix(address, "/.well-known/oauth-authorization-server/desk") {
			t.Error(address)
		}
		m, err := oauth.ParseServerMetadata(o.do("GET", address, nil, "").ok(200).body, o.url)
		none(t, err)
		if strings.Join(m.CodeChallengeMethods, " ") != "S256" || strings.Join(m.ResponseTypes, " ") != "code" || len(m.DPoPAlgorithms) == 0 || !m.Grants(oauth.GrantAuthorizationCode) {
			t.Errorf("%+v", m)
		}
	})
	fapi("happy-flow", func(t *testing.T, o *office) {
		for _, id := range []string{"https://one.example", "https://two.example"} {
			w := o.wallet()
			w.id = id
			w.issue(1)
		}
	})
	fapi("user-rejects-authentication", func(t *testing.T, o *office) {
		w := o.wallet()
		back := w.decide(w.page(w.push(w.request())), "no")
		if back.Err == nil || back.Err.Code != oauth.AccessDenied || back.Code != "" {
			t.Errorf("%+v", back)
		}
	})
	fapi("ensure-authorization-request-without-state-success", func(t *testing.T, o *office) {
		w := o.wallet()
		w.state = ""
		f := w.request()
		f.Del("state")
		w.fresh(w.page(w.push(f)))
	})
	fapi("access-token-type-header-case-sensitivity", func(t *testing.T, o *office) {
		w := o.wallet().signIn()
		w.apply(w.application(1)).ok(200)
		for _, scheme := range []string{"dpop", "DPOP", "DPoP"} {
			w.resource(scheme, w.proof("POST", "/credential", w.token)).ok(200)
		}
	})
	fapi("check-dpop-proof-nbf-exp", func(t *testing.T, o *office) {
		w := o.wallet().signIn()
		w.apply(w.application(1)).ok(200)
		w.resource("DPoP", w.forged(func(_, c map[string]any) {
			c["nbf"], c["exp"] = o.c.Now().Add(-10*time.Second).Unix(), o.c.Now().Add(time.Minute).Unix()
		})).ok(200)
	})
	for name, seconds := range map[string]time.Duration{"before": -10, "after": 10} {
		fapi("ensure-dpopproof-with-iat-10seconds-"+name+"-succeeds", func(t *testing.T, o *office) {
			w := o.wallet().signIn()
			w.apply(w.application(1)).ok(200)
			w.resource("DPoP", w.forged(func(_, c map[string]any) { c["iat"] = o.c.Now().Add(seconds * time.Second).Unix() })).ok(200)
		})
	}
	fapi("ensure-dpopproof-at-par-endpoint-binding-success", func(t *testing.T, o *office) {
		w := o.wallet()
		w.fresh(w.page(w.push(w.request())))
	})
	fapi("ensure-dpop-auth-code-binding-success", func(t *testing.T, o *office) {
		w := o.wallet()
		w.fresh(w.page(w.pushUnproved(true)))
	})
	fapi("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", func(t *testing.T, o *office) {
		w := o.wallet()
		page := w.page(w.push(w.request()))
		o.do("GET", page, nil, "").ok(200)
		o.do("GET", page, nil, "").ok(200)
		w.fresh(page)
	})
	fapi("par-without-duplicate-parameters", func(t *testing.T, o *office) {
		w := o.wallet()
		w.fresh(w.page(w.push(w.request())))
	})
	fapi("ensure-different-state-inside-and-outside-request-object", func(t *testing.T, o *office) {
		w := o.wallet()
		w.fresh(w.page(w.push(w.request())) + "&state=outside") // decide insists on the pushed state
	})
	fapi("state-only-outside-request-object-not-used", func(t *testing.T, o *office) {
		w := o.wallet()
		f := w.request()
		f.Del("state")
		w.state = ""
		w.fresh(w.page(w.push(f)) + "&state=outside")
	})
	fapi("ensure-authorization-request-with-long-state", func(t *testing.T, o *office) {
		w := o.wallet()
		w.state = strings.Repeat("s", 1000)
		w.fresh(w.page(w.push(w.request())))
	})
	fapi("plain-fapi-tolerate-unregistered-redirect-uri", func(t *testing.T, o *office) {
		w := o.wallet()
		w.redirect = "https://wallet.example/another?a=b"
		w.fresh(w.page(w.push(w.request())))
	})
	fapi("ensure-redirect-uri-in-authorization-request", func(t *testing.T, o *office) {
		w := o.wallet()
		f := w.request()
		f.Del("redirect_uri")
		w.push(f).refused(oauth.InvalidRequest)
	})
	fapi("par-attempt-reuse-request_uri", func(t *testing.T, o *office) {
		w := o.wallet()
		page := w.page(w.push(w.request()))
		w.fresh(page)
		o.do("GET", page, nil, "").refused(oauth.InvalidRequestURI)
	})
	fapiRefusals(fapi)
}

// pushUnproved pushes a request without a DPoP header; named has dpop_jkt name the key.
func (w *wallet) pushUnproved(named bool) *reply {
	w.o.t.Helper()
	f := w.request()
	if named {
		f.Set("dpop_jkt", w.thumbprint())
	}
	h := w.headers("/par")
	h.Del("DPoP")
	return w.o.do("POST", "/par", h, f.Encode())
}

// forged is a DPoP proof of the wallet's key, changed.
func (w *wallet) forged(edit func(header, claims map[string]any)) string {
	w.o.t.Helper()
	h := map[string]any{"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk(w.o.t, w.dpop.Public())}
	c := map[string]any{
		"jti": hash(time.Now().String()), "htm": "POST", "htu": w.o.url + "/credential", "iat": w.o.c.Now().Unix(), "ath": hash(w.token), "nonce": w.nonce,
	}
	edit(h, c)
	return forge(w.o.t, h, c, w.dpop)
}

// resource asks for a credential with DPoP headers as they are.
func (w *wallet) resource(scheme string, proofs ...string) *reply {
	w.o.t.Helper()
	m, err := json.Marshal(w.application(1))
	none(w.o.t, err)
	h := http.Header{"Content-Type": {"application/json"}, "Authorization": {scheme + " " + w.token}}
	if len(proofs) > 0 {
		h["Dpop"] = proofs
	}
	r := w.o.do("POST", "/credential", h, string(m))
	if next := r.header.Get("DPoP-Nonce"); next != "" {
		w.nonce = next
	}
	return r
}

func fapiRefusals(fapi func(string, func(*testing.T, *office))) {
	fapi("ensure-mismatched-dpop-jkt-fails", func(t *testing.T, o *office) {
		w := o.wallet()
		f := w.request()
		f.Set("dpop_jkt", hash("another key"))
		w.push(f).refused(oauth.InvalidDPoPProof, oauth.InvalidRequest)
	})
	fapi("ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt", func(t *testing.T, o *office) {
		w := o.wallet()
		code := w.code()
		w.dpop = o.c.Key()
		w.exchange(code).refused(oauth.InvalidGrant)
	})
	fapi("ensure-token-endpoint-fails-with-mismatched-dpop-jkt", func(t *testing.T, o *office) {
		w := o.wallet()
		code := w.decide(w.page(w.pushUnproved(true)), "yes").Code
		w.dpop = o.c.Key()
		w.exchange(code).refused(oauth.InvalidGrant)
	})
	fapi("ensure-request-object-without-redirect-uri-fails", func(t *testing.T, o *office) {
		w := o.wallet()
		f := w.request()
		f.Del("redirect_uri")
		w.push(f).refused(oauth.InvalidRequest)
	})
	fapi("ensure-unsigned-authorization-request-without-using-par-fails", func(t *testing.T, o *office) {
		o.do("GET", "/authorize?"+o.wallet().request().Encode(), nil, "").refused(oauth.InvalidRequest)
	})
	for _, kind := range []string{"code id_token", "token"} {
		fapi("ensure-response-type-"+strings.NewReplacer(" ", "-", "_", "").Replace(kind)+"-fails", func(t *testing.T, o *office) {
			w := o.wallet()
			f := w.request()
			f.Set("response_type", kind)
			w.push(f).refused(oauth.UnsupportedResponseType)
		})
	}
	fapi("ensure-client-id-in-token-endpoint", func(t *testing.T, o *office) {
		w := o.wallet()
		w.send("/token", url.Values{
			"grant_type": {oauth.GrantAuthorizationCode}, "code": {w.code()}, "client_id": {"https://other.example"},
			"redirect_uri": {w.redirect}, "code_verifier": {w.verifier},
		}).refused(oauth.InvalidClientAttestation)
	})
	fapi("ensure-holder-of-key-required", func(t *testing.T, o *office) {
		w := o.wallet()
		code := w.code()
		w.dpop = nil
		w.exchange(code).refused(oauth.InvalidDPoPProof, oauth.InvalidRequest)
	})
	fapi("ensure-authorization-code-is-bound-to-client", func(t *testing.T, o *office) {
		w := o.wallet()
		code := w.code()
		w.id = "https://other.example"
		w.exchange(code).refused(oauth.InvalidGrant)
	})
	fapi("attempt-reuse-authorization-code-after-one-second", func(t *testing.T, o *office) {
		w := o.wallet()
		code := w.code()
		w.keep(w.exchange(code))
		o.c.Advance(time.Second)
		w.exchange(code).refused(oauth.InvalidGrant)
		w.apply(w.application(1)).refused(oauth.InvalidToken) // RFC 6749 section 4.1.2
	})
	fapi("ensure-token-endpoint-fails-with-expired-auth-code", func(t *testing.T, o *office) {
		w := o.wallet()
		code := w.code()
		o.c.Advance(61 * time.Second)
		w.exchange(code).refused(oauth.InvalidGrant)
	})
	fapi("dpop-negative-tests", dpopNegative)
	fapi("refresh-token", func(t *testing.T, o *office) {
		w := o.wallet().signIn()
		w.keep(w.renew())
		before := *w
		w.id = "https://other.example"
		w.renew().refused(oauth.InvalidGrant)
		*w = before
		w.instance = o.c.Key()
		w.renew().refused(oauth.InvalidGrant)
		*w = before
		w.dpop = o.c.Key()
		w.renew().refused(oauth.InvalidGrant)
		*w = before
		w.instance = nil
		w.renew().refused(oauth.InvalidClientAttestation)
		*w = before
		w.keep(w.renew())
		w.apply(w.application(1)).ok(200)
	})
	fapi("par-attempt-to-use-expired-request_uri", func(t *testing.T, o *office) {
		w := o.wallet()
		page := w.page(w.push(w.request()))
		o.c.Advance(6 * time.Minute)
		o.do("GET", page, nil, "").refused(oauth.InvalidRequestURI)
	})
	fapi("par-attempt-to-use-request_uri-for-different-client", func(t *testing.T, o *office) {
		w := o.wallet()
		pushed := w.push(w.request())
		w.id = "https://other.example"
		o.do("GET", w.page(pushed), nil, "").refused(oauth.InvalidRequestURI)
	})
	fapi("par-authorization-request-containing-request_uri-form-param", func(t *testing.T, o *office) {
		w := o.wallet()
		f := w.request()
		f.Set("request_uri", "urn:example:1")
		w.push(f).refused(oauth.InvalidRequest)
	})
	fapi("par-attempt-invalid-http-method", func(t *testing.T, o *office) {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			o.do(method, "/par", nil, "").ok(405)
		}
	})
	fapi("par-ensure-pkce-required", func(t *testing.T, o *office) {
		w := o.wallet()
		f := w.request()
		f.Del("code_challenge")
		w.push(f).refused(oauth.InvalidRequest)
	})
	fapi("par-plain-pkce-rejected", func(t *testing.T, o *office) {
		w := o.wallet()
		f := w.request()
		f.Set("code_challenge_method", "plain")
		w.push(f).refused(oauth.InvalidRequest)
	})
	fapi("ensure-pkce-code-verifier-required", func(t *testing.T, o *office) {
		w := o.wallet()
		code := w.code()
		w.send("/token", url.Values{"grant_type": {oauth.GrantAuthorizationCode}, "code": {code}, "client_id": {w.id}, "redirect_uri": {w.redirect}}).refused(oauth.InvalidGrant, oauth.InvalidRequest)
	})
	fapi("incorrect-pkce-code-verifier-rejected", func(t *testing.T, o *office) {
		w := o.wallet()
		code := w.code()
		w.verifier = oauth.NewVerifier()
		w.exchange(code).refused(oauth.InvalidGrant)
	})
}

// dpopNegative sends DPoP proofs with one fault each to the credential endpoint.
func dpopNegative(t *testing.T, o *office) {
	w := o.wallet().signIn()
	w.apply(w.application(1)).ok(200)
	set := func(which int, name string, value any) func(h, c map[string]any) {
		return func(h, c map[string]any) {
			m := []map[string]any{h, c}[which]
			if m[name] = value; value == nil {
				delete(m, name)
			}
		}
	}
	other := o.c.Key()
	private := jwk(t, w.dpop.Public())
	private["d"] = hash("private")
	for name, edit := range map[string]func(h, c map[string]any){
		"no typ": set(0, "typ", nil), "other typ": set(0, "typ", "jwt"), "no alg": set(0, "alg", nil), "none": set(0, "alg", "none"),
		"RS256": set(0, "alg", "RS256"), "no jwk": set(0, "jwk", nil), "private jwk": set(0, "jwk", private),
		"jwk of another key": set(0, "jwk", jwk(t, other.Public())), "no jti": set(1, "jti", nil), "no htm": set(1, "htm", nil),
		"other htm": set(1, "htm", "GET"), "no htu": set(1, "htu", nil), "other htu": set(1, "htu", o.url+"/token"), "no iat": set(1, "iat", nil),
		"an hour ago": set(1, "iat", o.c.Now().Add(-time.Hour).Unix()), "in an hour": set(1, "iat", o.c.Now().Add(time.Hour).Unix()),
		"no ath": set(1, "ath", nil), "other ath": set(1, "ath", hash("other")),
	} {
		t.Run(name, func(t *testing.T) {
			r := w.resource("DPoP", w.forged(edit))
			r.refused(oauth.InvalidDPoPProof)
			if r.status != 401 || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "DPoP error=") {
				t.Errorf("%d %s", r.status, r.header.Get("WWW-Authenticate"))
			}
		})
	}
	asIs := func(h, c map[string]any) {}
	t.Run("no nonce", func(t *testing.T) { w.resource("DPoP", w.forged(set(1, "nonce", nil))).refused(oauth.UseDPoPNonce) })
	t.Run("two headers", func(t *testing.T) { w.resource("DPoP", w.forged(asIs), w.forged(asIs)).refused(oauth.InvalidDPoPProof) })
	t.Run("no header", func(t *testing.T) { w.resource("DPoP").refused(oauth.InvalidToken) })
	t.Run("bearer", func(t *testing.T) { w.resource("Bearer", w.forged(asIs)).refused(oauth.InvalidToken) })
	t.Run("another key", func(t *testing.T) {
		mine := w.dpop
		w.dpop = other
		defer func() { w.dpop = mine }()
		w.resource("DPoP", w.forged(asIs)).refused(oauth.InvalidToken)
	})
	t.Run("the address in another spelling", func(t *testing.T) {
		w.resource("DPoP", w.forged(set(1, "htu", strings.Replace(o.url, "http", "HTTP", 1)+"/credential?a=b#c"))).ok(200)
	})
	t.Run("jti twice", func(t *testing.T) {
		proof := w.forged(asIs)
		w.resource("DPoP", proof).ok(200)
		if r := w.resource("DPoP", proof).refused(oauth.InvalidDPoPProof); r.status != 401 {
			t.Error(r.status)
		}
	})
}
