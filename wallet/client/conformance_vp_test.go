package client_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
)

// presentingModules has one test under the name of each module of the OpenID Foundation's suite
// that applies to a wallet of SD-JWT VC without the Digital Credentials API, under
// the variants that HAIP fixes. Where a module takes silence or an error, ours is silent:
// an error would tell that there is a wallet, and what it holds.
func presentingModules(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	presenting := func(edit func(a *asker), want map[string][]string) func(t *testing.T) {
		return func(t *testing.T) {
			a, one := newAsker(t, c, citizen)
			edit(a)
			answer := presents(t, a, one)
			got := map[string][]string{}
			for id, sd := range a.answered() {
				got[id] = disclosed(sd)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("disclosed %v, want %v", got, want)
			}
			var reply openid.PostReply
			if err := json.Unmarshal([]byte(a.reply), &struct {
				URI *string `json:"redirect_uri"`
			}{&reply.RedirectURI}); err != nil || answer.RedirectURI != reply.RedirectURI {
				t.Errorf("redirected to %q", answer.RedirectURI)
			}
		}
	}
	stops := func(reason error, edit func(a *asker)) func(t *testing.T) {
		return func(t *testing.T) {
			a, one := newAsker(t, c, citizen)
			edit(a)
			silent(t, a, one, reason)
		}
	}
	both := map[string][]string{"pid": {"birthdate", "district"}}
	typed := func(typ string) func(a *asker) {
		return func(a *asker) { a.header.Typ = typ }
	}
	for name, test := range map[string]func(t *testing.T){
		"happy-flow": presenting(func(*asker) {}, both),
		"alternate-happy-flow": presenting(func(a *asker) {
			a.claims["state"], a.claims["nonce"] = strings.Repeat("s", 1000), strings.Repeat("n", 300)
			a.claims["unknown"], a.claims["iss"] = map[string]any{"a": 1}, "https://other.example"
			key := a.claims["client_metadata"].(map[string]any)["jwks"].(map[string]any)["keys"].([]any)[0].(map[string]any)
			delete(key, "use")
			a.reply = `{"redirect_uri":"https://museum.example/cb#response_code=091535f699ea575c7937fa5f0f454aee","unknown":1}`
		}, both),
		"request-uri-method-post": func(t *testing.T) {
			a, one := newAsker(t, c, citizen)
			a.link["request_uri_method"] = "post"
			presents(t, a, one)
			a.answered()
			r := a.asked[0]
			if r.Method != "POST" || r.Header.Get("Accept") != "application/oauth-authz-req+jwt" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || len(a.form.Get("wallet_nonce")) != 43 || len(a.form) != 1 {
				t.Errorf("%s %v %v", r.Method, r.Header, a.form)
			}
		},
		"ignores-unusable-encryption-key": presenting(func(a *asker) {
			jwks := a.claims["client_metadata"].(map[string]any)["jwks"].(map[string]any)
			jwks["keys"] = append([]any{map[string]any{"kty": "AKP", "alg": "HPKE-0", "kid": "x", "use": "enc"}, map[string]any{"kty": "unknown"}}, jwks["keys"].([]any)...)
		}, both),
		"fewer-claims-than-available": presenting(func(a *asker) {
			a.query(map[string]any{"credentials": []any{resident("pid", claim("district"))}})
		}, map[string][]string{"pid": {"district"}}),
		"optional-credential-set": presenting(func(a *asker) {
			other := resident("other")
			other["meta"] = map[string]any{"vct_values": []string{"urn:nobody:1"}}
			a.query(map[string]any{"credentials": []any{resident("pid", claim("district")), other}, "credential_sets": []any{
				map[string]any{"options": [][]string{{"pid"}}}, map[string]any{"options": [][]string{{"other"}}, "required": false},
			}})
		}, map[string][]string{"pid": {"district"}}),
		"no-claims-in-dcql-query": presenting(func(a *asker) { a.query(map[string]any{"credentials": []any{resident("pid")}}) }, map[string][]string{"pid": nil}),
		"negative-test-response-uri-not-client-id": stops(wallet.ErrRequest, func(a *asker) {
			a.claims["client_id"] = "redirect_uri:https://other.example/response"
			a.sign = unsigned
		}),
		"negative-test-invalid-request-object-signature": stops(did.ErrSignature, func(a *asker) {
			a.sign = func(payload []byte) string {
				object, err := did.SignJWS(t.Context(), a.key, a.header, payload, did.JWSOptions{})
				if err != nil {
					t.Fatal(err)
				}
				at := strings.LastIndex(object, ".") + 1
				if object[at] == 'A' {
					return object[:at] + "B" + object[at+1:]
				}
				return object[:at] + "A" + object[at+1:]
			}
		}),
		"negative-test-mismatched-client-id":          stops(wallet.ErrRequest, func(a *asker) { a.link["client_id"] = "x509_hash:" + openid.CertificateHash(nil) }),
		"negative-test-redirect-uri-with-direct-post": stops(wallet.ErrRequest, func(a *asker) { a.claims["redirect_uri"] = "https://museum.example/cb" }),
		"negative-test-missing-nonce":                 stops(wallet.ErrRequest, func(a *asker) { a.claims["nonce"] = nil }),
		"negative-test-invalid-client-id-prefix": stops(wallet.ErrRequest, func(a *asker) {
			a.claims["client_id"] = "invalid_scheme:" + openid.CertificateHash(a.chain[0])
		}),
		"negative-test-unknown-transaction-data-type": stops(openid.ErrTransactionData, func(a *asker) {
			a.claims["transaction_data"] = []string{base64.RawURLEncoding.EncodeToString([]byte(`{"type":"unknown","credential_ids":["pid"]}`))}
		}),
		"negative-test-required-non-matching-credential": stops(wallet.ErrNothingMatches, func(a *asker) {
			other := resident("other")
			other["meta"] = map[string]any{"vct_values": []string{"urn:nobody:1"}}
			a.query(map[string]any{"credentials": []any{resident("pid", claim("district")), other}})
		}),
		"all-mandatory-claims": presenting(func(a *asker) {
			a.query(map[string]any{"credentials": []any{resident("pid", claim("name"), claim("resident_id"), claim("birthdate"), claim("district"), claim("address"))}})
		}, map[string][]string{"pid": {"name", "resident_id", "birthdate", "district", "address"}}),
		"age-over-18": presenting(func(a *asker) {
			q := resident("pid", map[string]any{"id": "a", "path": []string{"age_over_18"}}, map[string]any{"id": "b", "path": []string{"birthdate"}}, map[string]any{"id": "c", "path": []string{"name"}})
			q["claim_sets"] = [][]string{{"a"}, {"b"}, {"c"}}
			a.query(map[string]any{"credentials": []any{q}})
		}, map[string][]string{"pid": {"birthdate"}}),
		"negative-test-claim-not-in-credential": stops(wallet.ErrNothingMatches, func(a *asker) {
			a.query(map[string]any{"credentials": []any{resident("pid", claim("district"), claim("shoe_size"))}})
		}),
		"negative-test-invalid-request-object-typ": stops(did.ErrType, typed("jwt")),
		"negative-test-missing-request-object-typ": stops(did.ErrType, typed("")),
	} {
		t.Run("oid4vp-1final-wallet-"+name, test)
	}
	for name, test := range pathModules {
		t.Run("oid4vp-1final-wallet-pid-claims-path-"+name, test)
	}
}

// unsigned writes a request object that nobody signed.
func unsigned(payload []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"oauth-authz-req+jwt"}`)) + "." + encode(payload) + "."
}

// TestUncovered is what no module of the suite covers for wallets (conformance, part 6).
func TestUncovered(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	for name, tt := range map[string]struct {
		reason error
		edit   func(a *asker)
	}{
		"expired object":       {openid.ErrRequestTime, func(a *asker) { a.claims["iat"], a.claims["exp"] = c.Now().Unix()-600, c.Now().Unix()-300 }},
		"object of tomorrow":   {openid.ErrRequestTime, func(a *asker) { a.claims["nbf"] = c.Now().Unix() + 86400 }},
		"hash of another":      {openid.ErrRequestSigner, func(a *asker) { a.claims["client_id"] = "x509_hash:" + openid.CertificateHash([]byte("other")) }},
		"name of another":      {wallet.ErrRequest, func(a *asker) { a.claims["client_id"] = "x509_san_dns:museum.example" }},
		"no certificate":       {openid.ErrRequestSigner, func(a *asker) { a.header = did.Header{Typ: a.header.Typ, Kid: "did:web:a.example#1"} }},
		"unsigned x509_hash":   {wallet.ErrRequest, func(a *asker) { a.sign = unsigned }},
		"no wallet_nonce":      {wallet.ErrRequest, func(a *asker) { a.link["request_uri_method"], a.claims["wallet_nonce"] = "post", nil }},
		"another wallet_nonce": {wallet.ErrRequest, func(a *asker) { a.link["request_uri_method"], a.claims["wallet_nonce"] = "post", "another" }},
		"wallet_nonce unasked": {wallet.ErrRequest, func(a *asker) { a.claims["wallet_nonce"] = "unasked" }},
		"scope with a query":   {wallet.ErrRequest, func(a *asker) { a.claims["scope"] = "pid" }},
		"formats not ours": {openid.ErrUnsupportedFormat, func(a *asker) {
			a.query(map[string]any{"credentials": []any{map[string]any{"id": "a", "format": "mso_mdoc", "meta": map[string]any{"doctype_value": "x"}}}})
		}},
		"two ids alike":    {openid.ErrQuery, func(a *asker) { a.query(map[string]any{"credentials": []any{resident("pid"), resident("pid")}}) }},
		"an id of a space": {openid.ErrQuery, func(a *asker) { a.query(map[string]any{"credentials": []any{resident("p d")}}) }},
		"another value": {wallet.ErrNothingMatches, func(a *asker) {
			q := claim("district")
			q["values"] = []string{"110105"}
			a.query(map[string]any{"credentials": []any{resident("pid", q)}})
		}},
		"an authority that vouches for nothing here": {wallet.ErrNothingMatches, func(a *asker) { a.trusting("aki", "AQID") }},
		"an authority of an unknown kind":            {wallet.ErrNothingMatches, func(a *asker) { a.trusting("etsi_tl", c.Office.DID) }},
		"an agency that did not issue it":            {wallet.ErrNothingMatches, func(a *asker) { a.trusting("hufu_ledger", c.Library.DID) }},
		"a pseudonym for a certificate":              {wallet.ErrRequest, func(a *asker) { a.claims["hufu_scope"] = map[string]any{"kind": "pairwise"} }},
	} {
		t.Run(name, func(t *testing.T) {
			a, one := newAsker(t, c, citizen)
			tt.edit(a)
			silent(t, a, one, tt.reason)
		})
	}
	for _, agency := range []string{c.Office.DID, c.Log.Trust().RootDID} {
		t.Run("an agency that vouches for it", func(t *testing.T) {
			a, one := newAsker(t, c, citizen)
			a.trusting("hufu_ledger", agency)
			presents(t, a, one)
			a.answered()
		})
	}
	t.Run("untrusted anchor", func(t *testing.T) {
		a, _ := newAsker(t, c, citizen)
		_, one := newAsker(t, c, citizen) // another authority
		silent(t, a, one, wallet.ErrRequest)
	})
	t.Run("a key that signs is passed over", func(t *testing.T) {
		a, one := newAsker(t, c, citizen)
		jwks := a.claims["client_metadata"].(map[string]any)["jwks"].(map[string]any)
		signs := map[string]any{}
		for name, value := range jwks["keys"].([]any)[0].(map[string]any) {
			signs[name] = value
		}
		signs["use"], signs["kid"] = "sig", "other"
		jwks["keys"] = append([]any{signs}, jwks["keys"].([]any)...)
		presents(t, a, one)
		a.answered()
	})
	t.Run("no key that is usable", func(t *testing.T) {
		a, one := newAsker(t, c, citizen)
		jwks := a.claims["client_metadata"].(map[string]any)["jwks"].(map[string]any)
		jwks["keys"] = []any{map[string]any{"kty": "RSA", "alg": "RSA-OAEP", "kid": "1"}}
		ask, err := one.Request(t.Context(), a.uri())
		if err != nil {
			t.Fatal(err)
		}
		before, err := citizen.History(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var rejected *client.Rejected
		if _, err := one.Present(t.Context(), ask, wallet.Consent{}); !errors.As(err, &rejected) || len(a.posts) > 0 {
			t.Errorf("%v", err)
		}
		if after, err := citizen.History(t.Context()); err != nil || len(after) != len(before) {
			t.Errorf("an answer that was never made is in the history: %v", err)
		}
	})
	t.Run("transaction data", func(t *testing.T) {
		a, one := newAsker(t, c, citizen)
		text := base64.RawURLEncoding.EncodeToString([]byte(`{"type":"urn:hufu:transaction:document:1","credential_ids":["pid"],"label":{"en":"Loan of a vase","zh":"借展花瓶"},"document_hash":"` + strings.Repeat("A", 43) + `"}`))
		a.claims["transaction_data"] = []string{text}
		ask, err := one.Request(t.Context(), a.uri())
		if err != nil {
			t.Fatal(err)
		}
		if len(ask.Transactions) != 1 || ask.Transactions[0].Label.EN != "Loan of a vase" {
			t.Errorf("%+v", ask.Transactions)
		}
		if _, err := one.Present(t.Context(), ask, wallet.Consent{}); !errors.Is(err, wallet.ErrConsent) || len(a.posts) > 0 {
			t.Errorf("authorised without a word: %v", err)
		}
		if _, err := one.Present(t.Context(), ask, wallet.Consent{Authorise: true}); err != nil {
			t.Fatal(err)
		}
		binding := a.answered()["pid"].String()
		parts := strings.Split(binding[strings.LastIndex(binding, "~")+1:], ".")
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || !strings.Contains(string(payload), `"transaction_data_hashes":["`+openid.CertificateHash([]byte(text))+`"]`) {
			t.Errorf("%s, %v", payload, err)
		}
	})
	t.Run("multiple", func(t *testing.T) {
		a, one := newAsker(t, c, citizen)
		q := resident("pid", claim("district"))
		q["multiple"] = true
		a.query(map[string]any{"credentials": []any{q}})
		presents(t, a, one)
		if got := disclosed(a.answered()["pid"]); !slices.Equal(got, []string{"district"}) {
			t.Errorf("%v", got)
		}
	})
}

// trusting asks for a credential that an authority vouches for.
func (a *asker) trusting(kind, value string) {
	q := resident("pid", claim("district"))
	q["trusted_authorities"] = []any{map[string]any{"type": kind, "values": []string{value}}}
	a.query(map[string]any{"credentials": []any{q}})
}
