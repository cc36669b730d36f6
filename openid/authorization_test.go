package openid_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
)

// noon is the time of these tests.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const sampleNonce = "n-0S6_WzA2MjTqrA9bdeFg"

// agency is a verifier with a did:jwk.
type agency struct {
	signer crypto.Signer
	key    did.Key
}

func newAgency(t testing.TB) agency {
	t.Helper()
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := did.NewJWK(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	document, err := did.SelfContained().Resolve(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return agency{signer, document.Keys[0]}
}

func (a agency) request(t testing.TB) *openid.AuthorizationRequest {
	t.Helper()
	query, err := openid.ParseQuery([]byte(proofQueryText))
	if err != nil {
		t.Fatal(err)
	}
	return &openid.AuthorizationRequest{
		Verifier: a.key.Controller, ResponseURI: "https://counter.example/response",
		Nonce: sampleNonce, State: sampleNonce + "s", Query: query,
		IssuedAt: noon, Expires: noon.Add(5 * time.Minute),
		Purpose: &openid.Purpose{ID: "age", Text: openid.PurposeText{EN: "To sell you a ticket", ZH: "购票"}, Basis: openid.PurposeText{EN: "Law 1", ZH: "第一条"}, Retention: "P0D"},
		Policy:  &openid.Hash{1}, Scope: openid.Scope{Kind: openid.ScopeOnce, Event: "vote-1"}, MaxEpochAge: 2 * time.Hour, Existence: true, LedgerProof: []byte{1, 2, 3},
	}
}

func (a agency) sign(t testing.TB, request *openid.AuthorizationRequest) string {
	t.Helper()
	compact, err := openid.SignRequest(t.Context(), a.signer, a.key.ID, request)
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// payload returns what a signed request holds.
func payload(t testing.TB, compact string) string {
	t.Helper()
	token, err := did.ParseJWS(compact, did.AnyTypeUnsafe, did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return string(token.UnverifiedPayload())
}

func TestRequestRoundTrip(t *testing.T) {
	a := newAgency(t)
	sent := a.request(t)
	compact := a.sign(t, sent)
	signed, err := openid.ParseRequest(compact)
	if err != nil {
		t.Fatal(err)
	}
	if string(signed.Bytes()) != compact || signed.KeyID != a.key.ID {
		t.Error("the object is not kept as it was")
	}
	got, err := signed.Verify(a.key, openid.VerifyOptions{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	query, err := sent.Query.Bytes()
	if err != nil || got.QueryHash != sha256.Sum256(query) {
		t.Errorf("query hash is not that of the query: %v", err)
	}
	if !reflect.DeepEqual(got.Formats["dc+sd-jwt_zk"].KBJWT, did.DefaultSuites().Names()) {
		t.Errorf("formats: %v", got.Formats)
	}
	want := *sent
	want.QueryHash, want.Formats = got.QueryHash, got.Formats
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.ClientID() != "decentralized_identifier:"+a.key.Controller {
		t.Errorf("client id %s", got.ClientID())
	}
}

// The hash is of the query as it stands in the object, spaces included.
func TestQueryHashKeepsBytes(t *testing.T) {
	a := newAgency(t)
	text := payload(t, a.sign(t, a.request(t)))
	spaced := strings.Replace(proofQueryText, ":", " : ", 1)
	text = string(edit(t, text, proofQueryTextIn(t, text), spaced))
	signed, err := openid.ParseRequest(a.signPayload(t, text))
	if err != nil || signed.Unverified.QueryHash != sha256.Sum256([]byte(spaced)) {
		t.Errorf("the hash is of other bytes: %v", err)
	}
}

// proofQueryTextIn finds the query as Bytes wrote it.
func proofQueryTextIn(t *testing.T, text string) string {
	t.Helper()
	query, err := openid.ParseQuery([]byte(proofQueryText))
	if err != nil {
		t.Fatal(err)
	}
	data, err := query.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (a agency) signPayload(t testing.TB, text string) string {
	t.Helper()
	header := did.Header{Typ: "oauth-authz-req+jwt", Kid: a.key.ID}
	compact, err := did.SignJWS(t.Context(), a.signer, header, []byte(text), did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func TestParseRequestRefuses(t *testing.T) {
	a := newAgency(t)
	message := payload(t, a.sign(t, a.request(t)))
	tests := append(insideToken(jsonRefusals("client_id")), []refusal{
		{"no prefix", "decentralized_identifier:did", "did", openid.ErrRequest},
		{"another prefix", "decentralized_identifier:did", "x509_hash:did", openid.ErrRequest},
		{"prefix of no DID", "decentralized_identifier:did", "decentralized_identifier:dad", openid.ErrRequest},
		{"another DID", "decentralized_identifier:" + a.key.Controller, "decentralized_identifier:did:web:other.example", openid.ErrRequestSigner},
		{"response type", `"response_type":"vp_token"`, `"response_type":"code"`, openid.ErrRequest},
		{"response mode", `"response_mode":"direct_post"`, `"response_mode":"fragment"`, openid.ErrRequest},
		{"encryption without a key", `"response_mode":"direct_post"`, `"response_mode":"direct_post.jwt"`, openid.ErrRequest},
		{"no audience", `"aud":"https://self-issued.me/v2",`, ``, openid.ErrRequest},
		{"unsigned prefix", "decentralized_identifier:did", "redirect_uri:did", openid.ErrRequest},
		{"state with a space", `"state":"`, `"state":" `, openid.ErrRequest},
		{"wallet_nonce with a space", `{"client_id"`, `{"wallet_nonce":" ","client_id"`, openid.ErrRequest},
		{"no response mode", `"response_mode":"direct_post",`, ``, openid.ErrRequest},
		{"http response", `https://counter`, `http://counter`, openid.ErrRequest},
		{"response to a user", `https://counter`, `https://me@counter`, openid.ErrRequest},
		{"response with a fragment", `/response"`, `/response#x"`, openid.ErrRequest},
		{"response to no host", `https://counter.example/response`, `https:///response`, openid.ErrRequest},
		{"long response uri", `/response"`, `/` + strings.Repeat("x", limits.Identifier) + `"`, openid.ErrRequest},
		{"a nonce that is guessed", `"nonce":"` + sampleNonce + `"`, `"nonce":"1"`, openid.ErrRequest},
		{"a nonce of eleven characters", `"nonce":"` + sampleNonce + `"`, `"nonce":"n-0S6_WzA2M"`, openid.ErrRequest},
		{"nbf that is no time", `"iat"`, `"nbf":-1,"iat"`, openid.ErrRequest},
		{"no algorithm accepted", `"sd-jwt_alg_values":["ES256","EdDSA"]`, `"sd-jwt_alg_values":[]`, openid.ErrRequest},
		{"no algorithm of holders accepted", `"kb-jwt_alg_values":["ES256","EdDSA"]`, `"kb-jwt_alg_values":[]`, openid.ErrRequest},
		{"no nonce", `"nonce":"` + sampleNonce + `",`, ``, openid.ErrRequest},
		{"nonce in another case", `"nonce"`, `"Nonce"`, openid.ErrJSON},
		{"nonce with a space", `"nonce":"`, `"nonce":" `, openid.ErrRequest},
		{"audience", `self-issued.me/v2`, `self-issued.me/v1`, openid.ErrRequest},
		{"no query", `"dcql_query"`, `"presentation_definition"`, openid.ErrRequest},
		{"malformed query", `"op":"in"`, `"op":"im"`, openid.ErrQuery},
		{"format outside the metadata", `"vp_formats_supported":{"dc+sd-jwt_zk"`, `"vp_formats_supported":{"dc+sd-jwt"`, openid.ErrRequest},
		{"no metadata", `"client_metadata"`, `"other_metadata"`, openid.ErrRequest},
		{"redirect_uri", `{"client_id"`, `{"redirect_uri":"https://a.example","client_id"`, openid.ErrRequest},
		{"scope", `{"client_id"`, `{"scope":"x","client_id"`, openid.ErrRequest},
		{"transaction data", `{"client_id"`, `{"transaction_data":["x"],"client_id"`, openid.ErrTransactionData},
		{"no transaction", `{"client_id"`, `{"transaction_data":[],"client_id"`, openid.ErrTransactionData},
		{"exp not after iat", `"exp":1772366700`, `"exp":1772366400`, openid.ErrRequest},
		{"no exp in a proof's request", `"exp":1772366700,`, ``, openid.ErrRequest},
		{"two prefixes that claim a certificate", "decentralized_identifier:did", "x509_san_dns:did", openid.ErrRequest},
		{"exp beyond all", `1772366700`, `9223372036854775807`, openid.ErrRequest},
		{"iat before all", `"iat":1772366400`, `"iat":-9223372036854775808`, openid.ErrRequest},
		{"purpose without id", `"hufu_purpose":{"id":"age"`, `"hufu_purpose":{"id":""`, openid.ErrRequest},
		{"purpose without text", `"en":"To sell you a ticket"`, `"en":""`, openid.ErrRequest},
		{"purpose without basis", `"en":"Law 1"`, `"en":""`, openid.ErrRequest},
		{"purpose that clears the screen", `"en":"To sell you a ticket"`, `"en":"To sell\u001b[2K\rWho asks: the Ministry"`, openid.ErrRequest},
		{"purpose that turns round", `"en":"To sell you a ticket"`, `"en":"To sell\u202e you a ticket"`, openid.ErrRequest},
		{"basis that shows nothing", `"en":"Law 1"`, `"en":"\u2800\u3164"`, openid.ErrRequest},
		{"purpose id of zero width", `"hufu_purpose":{"id":"age"`, `"hufu_purpose":{"id":"a\u200bge"`, openid.ErrRequest},
		{"event that turns round", `vote-1`, `vote\u202e-1`, openid.ErrRequest},
		{"long purpose", `"en":"Law 1"`, `"en":"` + strings.Repeat("x", 1001) + `"`, openid.ErrRequest},
		{"retention without unit", `"P0D"`, `"P0"`, openid.ErrRequest},
		{"retention without number", `"P0D"`, `"PD"`, openid.ErrRequest},
		{"retention of a fraction", `"P0D"`, `"P.5D"`, openid.ErrRequest},
		{"retention without P", `"P0D"`, `"0D"`, openid.ErrRequest},
		{"endless retention", `"P0D"`, `"P99999Y"`, openid.ErrRequest},
		{"short policy hash", `"hufu_policy":"01`, `"hufu_policy":"`, openid.ErrQuery},
		{"unknown scope", `"kind":"once"`, `"kind":"forever"`, openid.ErrRequest},
		{"scope without kind", `"kind":"once","event":"vote-1"`, ``, openid.ErrRequest},
		{"once without event", `,"event":"vote-1"`, ``, openid.ErrRequest},
		{"none with an event", `"kind":"once"`, `"kind":"none"`, openid.ErrRequest},
		{"long event", `vote-1`, strings.Repeat("v", limits.Identifier+1), openid.ErrRequest},
		{"two ledger proofs", `"verifier_info":[`, `"verifier_info":[{"format":"hufu_ledger_proof","data":"AQID"},`, openid.ErrRequest},
		{"ledger proof of a part", `"data":"AQID"`, `"data":"AQID","credential_ids":["age"]`, openid.ErrRequest},
		{"ledger proof with padding", `"AQID"`, `"AQIDBA=="`, openid.ErrRequest},
		{"ledger proof that is empty", `"AQID"`, `""`, openid.ErrRequest},
		{"ledger proof that is an object", `"AQID"`, `{"a":1}`, openid.ErrRequest},
		{"large ledger proof", `AQID`, strings.Repeat("AAAA", limits.VerifierProof/3+1), openid.ErrTooLarge},
		{"verifier_info without a format", `"format":"hufu_ledger_proof",`, ``, openid.ErrRequest},
		{"verifier_info with a number", `"AQID"`, `7`, openid.ErrRequest},
		{"verifier_info of another query", `"verifier_info":[`, `"verifier_info":[{"format":"x","data":"y","credential_ids":["none"]},`, openid.ErrRequest},
		{"verifier_info of no query", `"verifier_info":[`, `"verifier_info":[{"format":"x","data":"y","credential_ids":[]},`, openid.ErrRequest},
		{"too much verifier_info", `"verifier_info":[`, `"verifier_info":[` + strings.Repeat(`{"format":"x","data":"y"},`, 16), openid.ErrRequest},
		{"epoch age 0", `"max_age":7200`, `"max_age":0`, openid.ErrRequest},
		{"epoch age beyond a year", `"max_age":7200`, `"max_age":9223372036854775807`, openid.ErrRequest},
	}...)
	checkRefusals(t, message, tests, func(data []byte) error {
		_, err := openid.ParseRequest(a.signPayload(t, string(data)))
		return err
	})
	for _, good := range []refusal{
		{"http to a loopback address", `https://counter.example`, `http://127.0.0.1:8080`, nil},
		{"http to localhost", `https://counter.example`, `http://localhost`, nil},
		{"scope none", `"kind":"once","event":"vote-1"`, `"kind":"none"`, nil},
		{"pairwise", `"kind":"once","event":"vote-1"`, `"kind":"pairwise"`, nil},
		{"verifier_info of others", `"verifier_info":[`, `"verifier_info":[{"format":"jwt","data":"a.b.c"},{"format":"x","data":{"a":1},"credential_ids":["age"]},`, nil},
		{"no state", `"state":"` + sampleNonce + `s",`, ``, nil},
		{"long state", `"state":"`, `"state":"` + strings.Repeat("x", 2000), nil},
		{"no iat", `"iat":1772366400,`, ``, nil},
		{"iss", `{"client_id"`, `{"iss":"https://other.example","client_id"`, nil},
		{"foreign member", `{"client_id"`, `{"registration":[],"client_id"`, nil},
	} {
		if _, err := openid.ParseRequest(a.signPayload(t, string(edit(t, message, good.old, good.new)))); err != nil {
			t.Errorf("%s: %v", good.name, err)
		}
	}
}

func TestParseRequestToken(t *testing.T) {
	a := newAgency(t)
	text := payload(t, a.sign(t, a.request(t)))
	for name, tt := range map[string]struct {
		header did.Header
		want   error
	}{
		"another type":          {did.Header{Typ: "JWT", Kid: a.key.ID}, did.ErrType},
		"no kid":                {did.Header{Typ: "oauth-authz-req+jwt"}, openid.ErrRequestSigner},
		"kid without key":       {did.Header{Typ: "oauth-authz-req+jwt", Kid: a.key.Controller}, openid.ErrRequestSigner},
		"kid of another's DID":  {did.Header{Typ: "oauth-authz-req+jwt", Kid: "did:web:other.example#0"}, openid.ErrRequestSigner},
		"kid that begins alike": {did.Header{Typ: "oauth-authz-req+jwt", Kid: a.key.Controller + "x#0"}, openid.ErrRequestSigner},
	} {
		compact, err := did.SignJWS(t.Context(), a.signer, tt.header, []byte(text), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openid.ParseRequest(compact); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

func TestVerifyRequestRefuses(t *testing.T) {
	a, other := newAgency(t), newAgency(t)
	signed, err := openid.ParseRequest(a.sign(t, a.request(t)))
	if err != nil {
		t.Fatal(err)
	}
	sameName := a.key
	sameName.Public = other.key.Public
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	otherKind := a.key
	otherKind.Public = ed.Public()
	tests := []struct {
		name string
		key  did.Key
		now  time.Time
		want error
	}{
		{"in time", a.key, noon, nil},
		{"a clock behind", a.key, noon.Add(-time.Minute), nil},
		{"a clock far behind", a.key, noon.Add(-61 * time.Second), openid.ErrRequestTime},
		{"within the skew", a.key, noon.Add(6*time.Minute - time.Second), nil},
		{"expired", a.key, noon.Add(6 * time.Minute), openid.ErrRequestTime},
		{"another's key", other.key, noon, openid.ErrRequestSigner},
		{"another's key under this name", sameName, noon, did.ErrSignature},
		{"a key of another kind", otherKind, noon, did.ErrAlgorithm},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := signed.Verify(tt.key, openid.VerifyOptions{Now: tt.now}); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	fresh := a.request(t)
	fresh.IssuedAt = time.Now().Truncate(time.Second)
	fresh.Expires = fresh.IssuedAt.Add(time.Minute)
	current, err := openid.ParseRequest(a.sign(t, fresh))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := current.Verify(a.key, openid.VerifyOptions{}); err != nil {
		t.Errorf("a request of this minute, under the zero options: %v", err)
	}
	if _, err := signed.Verify(a.key, openid.VerifyOptions{}); !errors.Is(err, openid.ErrRequestTime) {
		t.Errorf("the zero time is not now: %v", err)
	}
	if _, err := signed.Verify(a.key, openid.VerifyOptions{Now: noon.Add(5*time.Minute + 2*time.Second), Skew: time.Second}); !errors.Is(err, openid.ErrRequestTime) {
		t.Errorf("a smaller skew is not used: %v", err)
	}
}

// TestRequestNotBefore: a request may begin to count later than it was signed.
func TestRequestNotBefore(t *testing.T) {
	a := newAgency(t)
	later := a.request(t)
	later.NotBefore = noon.Add(3 * time.Minute)
	signed, err := openid.ParseRequest(a.sign(t, later))
	if err != nil || !signed.Unverified.NotBefore.Equal(later.NotBefore) {
		t.Fatalf("got %+v, %v", signed, err)
	}
	for after, want := range map[time.Duration]error{
		time.Minute: openid.ErrRequestTime, 2*time.Minute - time.Second: openid.ErrRequestTime, 2 * time.Minute: nil, 4 * time.Minute: nil,
	} {
		if _, err := signed.Verify(a.key, openid.VerifyOptions{Now: noon.Add(after)}); !errors.Is(err, want) {
			t.Errorf("%s after it was signed: %v", after, err)
		}
	}
	later.NotBefore = later.Expires
	if err := later.Check(); !errors.Is(err, openid.ErrRequest) {
		t.Errorf("it never counts: %v", err)
	}
}

func TestSignRequestRefuses(t *testing.T) {
	a := newAgency(t)
	tests := []struct {
		name   string
		change func(*openid.AuthorizationRequest)
		want   error
	}{
		{"short nonce", func(r *openid.AuthorizationRequest) { r.Nonce = sampleNonce[1:] }, openid.ErrRequest},
		{"short state", func(r *openid.AuthorizationRequest) { r.State = "1" }, openid.ErrRequest},
		{"no query", func(r *openid.AuthorizationRequest) { r.Query = nil }, openid.ErrRequest},
		{"empty query", func(r *openid.AuthorizationRequest) { r.Query = new(openid.Query) }, openid.ErrQuery},
		{"no expiry", func(r *openid.AuthorizationRequest) { r.Expires = time.Time{} }, openid.ErrRequest},
		{"another verifier", func(r *openid.AuthorizationRequest) { r.Verifier = "did:web:other.example" }, openid.ErrRequestSigner},
		{"epoch age of half a second", func(r *openid.AuthorizationRequest) { r.MaxEpochAge = time.Second / 2 }, openid.ErrRequest},
		{"negative epoch age", func(r *openid.AuthorizationRequest) { r.MaxEpochAge = -time.Second }, openid.ErrRequest},
		{"formats without the one asked", func(r *openid.AuthorizationRequest) { r.Formats = map[string]openid.Algorithms{} }, openid.ErrRequest},
		{"text that is not UTF-8", func(r *openid.AuthorizationRequest) { r.Purpose.Basis.EN = "\xff" }, openid.ErrJSON},
		{"no response uri", func(r *openid.AuthorizationRequest) { r.ResponseURI = "" }, openid.ErrRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			request := a.request(t)
			tt.change(request)
			if _, err := openid.SignRequest(t.Context(), a.signer, a.key.ID, request); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func BenchmarkParseRequest(b *testing.B) {
	a := newAgency(b)
	compact := a.sign(b, a.request(b))
	for b.Loop() {
		if _, err := openid.ParseRequest(compact); err != nil {
			b.Fatal(err)
		}
	}
}

// TestKept: how long an answer is kept is said as people say it.
func TestKept(t *testing.T) {
	for duration, want := range map[string][2]string{
		"P0D": {"no personal data, only the result", "不保存个人信息，只保留核验结果"}, "P00Y": {"no personal data, only the result", "不保存个人信息，只保留核验结果"},
		"P1D": {"for 1 day, then deleted", "保存 1 天，到期删除"}, "P30D": {"for 30 days, then deleted", "保存 30 天，到期删除"},
		"P2W": {"for 2 weeks, then deleted", "保存 2 周，到期删除"}, "P06M": {"for 6 months, then deleted", "保存 6 个月，到期删除"},
		"P10Y": {"for 10 years, then deleted", "保存 10 年，到期删除"},
		"":     {"", ""}, "P": {"P", "P"}, "PD": {"PD", "PD"}, "P1H": {"P1H", "P1H"},
	} {
		en, zh := (&openid.Purpose{Retention: duration}).Kept()
		if en != want[0] || zh != want[1] {
			t.Errorf("%q: %q, %q", duration, en, zh)
		}
	}
}
