package openid_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
)

var proofClaims = openid.ProofClaims{Audience: "https://agency.example", Nonce: "c0de", IssuedAt: noon}

func TestProof(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := openid.SignProof(t.Context(), private, proofClaims)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := openid.ParseProof(compact)
	if err != nil || !reflect.DeepEqual(proof.Unverified, proofClaims) {
		t.Fatalf("parsed %+v, %v", proof, err)
	}
	tests := []struct {
		name, audience, nonce string
		now                   time.Time
		want                  error
	}{
		{"good", proofClaims.Audience, "c0de", noon, nil},
		{"another issuer", "https://other.example", "c0de", noon, openid.ErrProofAudience},
		{"another nonce", proofClaims.Audience, "c0dE", noon, openid.ErrProofNonce},
		{"no nonce given out", proofClaims.Audience, "", noon, openid.ErrProofNonce},
		{"old", proofClaims.Audience, "c0de", noon.Add(6*time.Minute + time.Second), openid.ErrProofTime},
		{"old but within the skew", proofClaims.Audience, "c0de", noon.Add(6 * time.Minute), nil},
		{"from the future", proofClaims.Audience, "c0de", noon.Add(-61 * time.Second), openid.ErrProofTime},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := proof.Verify(tt.audience, tt.nonce, openid.VerifyOptions{Now: tt.now})
			if !errors.Is(err, tt.want) || (err == nil) != (key != nil) {
				t.Fatalf("got %v, %v, want %v", key, err, tt.want)
			}
			if key != nil && !public.Equal(key) {
				t.Error("another key came back")
			}
		})
	}
}

// TestProofSaysWhenItCounts: nbf and exp belong to every JWT (RFC 7519).
func TestProofSaysWhenItCounts(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	before, after := noon.Add(-2*time.Minute).Unix(), noon.Add(2*time.Minute).Unix()
	for extra, want := range map[string]error{
		fmt.Sprintf(`,"nbf":%d,"exp":%d`, before, after): nil,
		fmt.Sprintf(`,"nbf":%d`, after):                  openid.ErrProofTime,
		fmt.Sprintf(`,"exp":%d`, before):                 openid.ErrProofTime,
	} {
		payload := fmt.Sprintf(`{"aud":"https://agency.example","nonce":"c0de","iat":%d%s}`, noon.Unix(), extra)
		token, err := did.SignJWS(t.Context(), private, did.Header{Typ: "openid4vci-proof+jwt", JWK: private.Public()}, []byte(payload), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		proof, err := openid.ParseProof(token)
		if err != nil {
			t.Fatalf("%s: %v", payload, err)
		}
		if _, err := proof.Verify("https://agency.example", "c0de", openid.VerifyOptions{Now: noon}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", payload, err, want)
		}
	}
}

func TestProofOfAnotherKey(t *testing.T) {
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	mine, err := openid.SignProof(t.Context(), private, proofClaims)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := openid.SignProof(t.Context(), stranger, proofClaims)
	if err != nil {
		t.Fatal(err)
	}
	mixed := mine[:strings.LastIndex(mine, ".")] + theirs[strings.LastIndex(theirs, "."):]
	proof, err := openid.ParseProof(mixed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = proof.Verify(proofClaims.Audience, proofClaims.Nonce, openid.VerifyOptions{Now: noon})
	if !errors.Is(err, did.ErrSignature) {
		t.Errorf("got %v", err)
	}
}

func TestParseProofRefuses(t *testing.T) {
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	header := did.Header{Typ: "openid4vci-proof+jwt", JWK: private.Public()}
	sign := func(t *testing.T, header did.Header, text string) string {
		compact, err := did.SignJWS(t.Context(), private, header, []byte(text), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	const message = `{"aud":"https://agency.example","nonce":"c0de","iat":1772366400}`
	tests := append(insideToken(jsonRefusals("aud")), []refusal{
		{"no audience", `"aud":"https://agency.example",`, ``, openid.ErrProof},
		{"list of audiences", `"https://agency.example"`, `["https://agency.example"]`, openid.ErrJSON},
		{"malformed nonce", `c0de`, `c0 de`, openid.ErrProof},
		{"no time", `,"iat":1772366400`, ``, openid.ErrProof},
		{"empty client", `{"aud"`, `{"iss":"\u0000","aud"`, openid.ErrProof},
	}...)
	checkRefusals(t, message, tests, func(data []byte) error {
		_, err := openid.ParseProof(sign(t, header, string(data)))
		return err
	})
	for name, tt := range map[string]struct {
		header did.Header
		want   error
	}{
		"another type": {did.Header{Typ: "kb+jwt", JWK: private.Public()}, did.ErrType},
		"no key":       {did.Header{Typ: header.Typ}, openid.ErrProof},
		"kid":          {did.Header{Typ: header.Typ, Kid: "did:example:1#0"}, openid.ErrProof},
		"attestation":  {did.Header{Typ: header.Typ, JWK: private.Public(), Extra: map[string]any{"key_attestation": 1}}, openid.ErrProof},
		"kid beside":   {did.Header{Typ: header.Typ, JWK: private.Public(), Kid: "did:example:1#0"}, openid.ErrProof},
	} {
		if _, err := openid.ParseProof(sign(t, tt.header, message)); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

func TestParseResponseRefuses(t *testing.T) {
	response := &openid.Response{
		State: "s-1", VPToken: map[string][]string{"pid": {"a.b.c~"}, "age": {"AAEC", "AwQF"}}, Existence: map[string][]byte{"pid": {1, 2, 3}},
	}
	data, err := response.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := openid.ParseResponse(data)
	if err != nil || !reflect.DeepEqual(again, response) {
		t.Errorf("round trip: %+v, %v", again, err)
	}
	tests := append(jsonRefusals("state"), []refusal{
		{"state with a space", `"state":"s-1"`, `"state":"s 1"`, openid.ErrResponse},
		{"malformed state", `s-1`, `s 1`, openid.ErrResponse},
		{"no token", `"vp_token"`, `"other"`, openid.ErrResponse},
		{"empty token", `{"age":["AAEC","AwQF"],"pid":["a.b.c~"]}`, `{}`, openid.ErrResponse},
		{"malformed id", `"age"`, `"a.e"`, openid.ErrResponse},
		{"no presentation", `["a.b.c~"]`, `[]`, openid.ErrResponse},
		{"empty presentation", `["a.b.c~"]`, `[""]`, openid.ErrResponse},
		{"bare presentation", `["a.b.c~"]`, `"a.b.c~"`, openid.ErrJSON},
		{"object presentation", `["a.b.c~"]`, `[{}]`, openid.ErrUnsupportedFormat},
		{"65 presentations", `["a.b.c~"]`, `["x"` + strings.Repeat(`,"x"`, 64) + `]`, openid.ErrResponse},
		{"repeated id", `"age":`, `"pid":["x"],"age":`, openid.ErrJSON},
		{"existence of nothing", `{"pid":"AQID"}`, `{"other":"AQID"}`, openid.ErrResponse},
		{"empty existence", `"AQID"`, `""`, openid.ErrResponse},
		{"long existence", `"AQID"`, `"` + strings.Repeat("AQID", 171) + `"`, openid.ErrResponse},
		{"existence in another spelling", `"AQID"`, `"AQI="`, openid.ErrResponse},
		{"existence as a list", `"AQID"`, `["AQID"]`, openid.ErrJSON},
	}...)
	checkRefusals(t, string(data), tests, func(data []byte) error {
		_, err := openid.ParseResponse(data)
		return err
	})
	if _, err := new(openid.Response).Bytes(); !errors.Is(err, openid.ErrResponse) {
		t.Errorf("an empty answer was written: %v", err)
	}
}

// TestOnlyPresentation takes one presentation, and not the first of several.
func TestOnlyPresentation(t *testing.T) {
	query, text, err := openid.NewResponse("s-1", "age", "AAEC").Only()
	if err != nil || query != "age" || text != "AAEC" {
		t.Errorf("%q %q %v", query, text, err)
	}
	for _, token := range []map[string][]string{nil, {"age": nil}, {"age": {"a", "b"}}, {"age": {"a"}, "pid": {"b"}}} {
		if _, _, err := (&openid.Response{VPToken: token}).Only(); !errors.Is(err, openid.ErrResponse) {
			t.Errorf("%v: %v", token, err)
		}
	}
}
