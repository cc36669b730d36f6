package endpoint_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
)

// flip changes the first character of a signature.
func flip(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

func flipBinding(text string) string {
	at := strings.LastIndex(text, ".") + 1
	return text[:at] + flip(text[at:])
}

func flipIssuer(text string) string {
	jwt, rest, _ := strings.Cut(text, "~")
	at := strings.LastIndex(jwt, ".") + 1
	return jwt[:at] + flip(jwt[at:]) + "~" + rest
}

// dropDisclosure leaves the first disclosure out, so that sd_hash is another's.
func dropDisclosure(text string) string {
	parts := strings.Split(text, "~")
	return strings.Join(append(parts[:1:1], parts[2:]...), "~")
}

// TestConformance has one test under the name of each module of the OpenID Foundation's
// suite that applies to a verifier of SD-JWT VC, under the variants that HAIP fixes:
// x509_hash, signed request_uri, direct_post.jwt.
func TestConformance(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	n := newCounter(t, c, nil)
	accepts := func(body map[string]any, edit func(*shown)) func(t *testing.T) {
		return func(t *testing.T) {
			id, link := n.ask(body)
			if status, answer := n.post(n.answer(n.fetch(link, "").Unverified, edit)); status != http.StatusOK {
				t.Fatalf("%d %v", status, answer)
			}
			if got := n.outcome(id); got["state"] != "accepted" || got["result"] == nil {
				t.Errorf("%v", got)
			}
		}
	}
	rejects := func(code string, edit func(*shown)) func(t *testing.T) {
		return func(t *testing.T) {
			id, link := n.ask(haip)
			asked := n.fetch(link, "").Unverified
			status, answer := n.post(n.answer(asked, edit))
			if status != http.StatusBadRequest || answer["error"] != "invalid_request" || answer["code"] != code || answer["error_description"] == "" {
				t.Errorf("%d %v", status, answer)
			}
			if got := n.outcome(id); got["state"] != "pending" || got["result"] != nil {
				t.Errorf("%v", got)
			}
			if status, answer := n.post(n.answer(asked, nil)); status != http.StatusOK {
				t.Errorf("a refused answer burnt the request: %d %v", status, answer)
			}
		}
	}
	year := 365 * 24 * time.Hour
	for name, test := range map[string]func(t *testing.T){
		"happy-flow": accepts(haip, nil),
		// credential.Issue writes cnf.jwk with kty, crv, x and y, and nothing else.
		"minimal-cnf-jwk":              accepts(haip, nil),
		"request-uri-method-post":      n.methodPost,
		"request-uri-fetched-twice":    n.fetchedTwice,
		"invalid-kb-jwt-signature":     rejects("holder-signature", func(s *shown) { s.after = flipBinding }),
		"invalid-credential-signature": rejects("issuer-signature", func(s *shown) { s.after = flipIssuer }),
		"invalid-sd-hash":              rejects("altered", func(s *shown) { s.after = dropDisclosure }),
		"invalid-kb-jwt-nonce":         rejects("other-request", func(s *shown) { s.nonce += "x" }),
		"invalid-kb-jwt-aud":           rejects("other-counter", func(s *shown) { s.audience += "x" }),
		"kb-jwt-iat-in-past":           rejects("binding-age", func(s *shown) { s.boundAt = c.Now().Add(-year) }),
		"kb-jwt-iat-in-future":         rejects("binding-age", func(s *shown) { s.boundAt = c.Now().Add(year) }),
		"present-revoked-credential":   n.revoked,
		// The policy decides: ours takes no credential that cannot be revoked.
		"present-credential-without-status": rejects("status-missing", func(s *shown) { delete(s.Claims, "status") }),
	} {
		t.Run("oid4vp-1final-verifier-"+name, test)
	}
}

func (n *counter) methodPost(t *testing.T) {
	_, link := n.ask(map[string]any{"response_mode": "direct_post.jwt", "request_uri_method": "post"})
	signed := n.fetch(link, "qPmxiNFCR3QTm19POc8u")
	if signed.Unverified.WalletNonce != "qPmxiNFCR3QTm19POc8u" {
		t.Errorf("wallet_nonce %q", signed.Unverified.WalletNonce)
	}
	if status, answer := n.post(n.answer(signed.Unverified, nil)); status != http.StatusOK {
		t.Errorf("%d %v", status, answer)
	}
}

func (n *counter) fetchedTwice(t *testing.T) {
	_, link := n.ask(haip)
	first, second := n.fetch(link, ""), n.fetch(link, "")
	if first.Unverified.Nonce != second.Unverified.Nonce || first.Unverified.QueryHash != second.Unverified.QueryHash {
		t.Error("the second object is of another request")
	}
	if status, answer := n.post(n.answer(second.Unverified, nil)); status != http.StatusOK {
		t.Errorf("%d %v", status, answer)
	}
}

// revoked takes a real credential back between the request and the answer.
func (n *counter) revoked(t *testing.T) {
	c := n.country
	citizen := c.Citizen(c.Adult())
	_, link := n.ask(map[string]any{"client_id_prefix": "decentralized_identifier"})
	if err := citizen.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask, err := citizen.ResolveRequest(t.Context(), n.fetch(link, "").Bytes())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := openid.ParseResponse(c.Present(citizen, ask, hufutest.Claims))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Desk.Revoke(t.Context(), citizen.Code); err != nil {
		t.Fatal(err)
	}
	fields, err := answer.Form()
	if err != nil {
		t.Fatal(err)
	}
	if status, refused := n.post(fields); status != http.StatusBadRequest || refused["code"] != "revoked" {
		t.Errorf("%d %v", status, refused)
	}
}

// TestRequests holds each request to what the suite checks in every one of them.
func TestRequests(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	keys := map[string]bool{}
	for range 2 {
		id, link := n.ask(haip)
		signed := n.fetch(link, "")
		r := signed.Unverified
		if len(signed.Chain) != 1 || r.Prefix != openid.ClientX509Hash || r.Verifier != openid.CertificateHash(signed.Chain[0]) || link.ClientID != r.ClientID() {
			t.Errorf("%+v", r)
		}
		if r.State != id || len(r.Nonce) != 43 || r.WalletNonce != "" || r.Transactions != nil || r.LedgerProof != nil || r.ResponseURI != n.base()+"/response" {
			t.Errorf("%+v", r)
		}
		if got := r.ContentEncryptions(); len(got) != 2 || got[0] != "A128GCM" || got[1] != "A256GCM" || !r.Encrypted() || len(r.Keys.Keys) != 1 {
			t.Errorf("%v", got)
		}
		key := string(r.Keys.Keys[0])
		for _, member := range []string{`"alg":"ECDH-ES"`, `"crv":"P-256"`, `"use":"enc"`, `"kid":"` + id + `"`} {
			if !strings.Contains(key, member) {
				t.Errorf("%s lacks %s", key, member)
			}
		}
		keys[key] = true
		if r.Formats["dc+sd-jwt"].KBJWT == nil {
			t.Error("no algorithms")
		}
	}
	if len(keys) != 2 {
		t.Error("a key serves twice")
	}
}
