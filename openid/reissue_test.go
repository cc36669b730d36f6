package openid_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
)

var reissueClaims = openid.ReissueClaims{Audience: "https://agency.example", Credential: openid.CredentialHash("a.b.c~"), IssuedAt: noon}

const reissueText = `{"aud":"https://agency.example","credential":"h8z9EW5HO2aB1ATl1FASdXNN4ynoYQ4C0-yoidoJfU0","iat":1772366400}`

func TestReissue(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := openid.SignReissue(t.Context(), private, reissueClaims)
	if err != nil {
		t.Fatal(err)
	}
	request, err := openid.ParseReissue(compact)
	if err != nil || !reflect.DeepEqual(request.Unverified, reissueClaims) {
		t.Fatalf("parsed %+v, %v", request, err)
	}
	for _, tt := range []struct {
		name, audience string
		now            time.Time
		want           error
	}{
		{"good", reissueClaims.Audience, noon, nil},
		{"another issuer", "https://other.example", noon, openid.ErrProofAudience},
		{"old", reissueClaims.Audience, noon.Add(6*time.Minute + time.Second), openid.ErrProofTime},
		{"old but within the skew", reissueClaims.Audience, noon.Add(6 * time.Minute), nil},
		{"from the future", reissueClaims.Audience, noon.Add(-61 * time.Second), openid.ErrProofTime},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key, err := request.Verify(tt.audience, openid.VerifyOptions{Now: tt.now})
			if !errors.Is(err, tt.want) || (err == nil) != (key != nil) {
				t.Fatalf("got %v, %v, want %v", key, err, tt.want)
			}
			if key != nil && !public.Equal(key) {
				t.Error("another key came back")
			}
		})
	}
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	theirs, err := openid.SignReissue(t.Context(), stranger, reissueClaims)
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := openid.ParseReissue(compact[:strings.LastIndex(compact, ".")] + theirs[strings.LastIndex(theirs, "."):])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mixed.Verify(reissueClaims.Audience, openid.VerifyOptions{Now: noon}); !errors.Is(err, did.ErrSignature) {
		t.Errorf("a signature of another key: %v", err)
	}
}

// TestExistenceRequest: it reads as itself alone.
func TestExistenceRequest(t *testing.T) {
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	compact, err := openid.SignExistence(t.Context(), private, reissueClaims)
	if err != nil {
		t.Fatal(err)
	}
	request, err := openid.ParseExistence(compact)
	if err != nil || !reflect.DeepEqual(request.Unverified, reissueClaims) {
		t.Fatalf("parsed %+v, %v", request, err)
	}
	if _, err := request.Verify(reissueClaims.Audience, openid.VerifyOptions{Now: noon}); err != nil {
		t.Error(err)
	}
	reissue, err := openid.SignReissue(t.Context(), private, reissueClaims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openid.ParseExistence(reissue); !errors.Is(err, did.ErrType) {
		t.Errorf("a reissue request: %v", err)
	}
}

func TestParseReissueRefuses(t *testing.T) {
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	header := did.Header{Typ: "hufu-reissue+jwt", JWK: private.Public()}
	sign := func(t *testing.T, header did.Header, text string) string {
		compact, err := did.SignJWS(t.Context(), private, header, []byte(text), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	tests := append(insideToken(jsonRefusals("aud")), []refusal{
		{"no audience", `"aud":"https://agency.example",`, ``, openid.ErrProof},
		{"no credential", `"credential":"h8z9EW5HO2aB1ATl1FASdXNN4ynoYQ4C0-yoidoJfU0",`, ``, openid.ErrProof},
		{"a shorter hash", `JfU0"`, `"`, openid.ErrProof},
		{"another spelling of the hash", `JfU0"`, `JfU1"`, openid.ErrProof},
		{"no time", `,"iat":1772366400`, ``, openid.ErrProof},
		{"an unknown member", `{"aud"`, `{"nonce":"c0de","aud"`, openid.ErrJSON},
	}...)
	checkRefusals(t, reissueText, tests, func(data []byte) error {
		_, err := openid.ParseReissue(sign(t, header, string(data)))
		return err
	})
	for name, tt := range map[string]struct {
		header did.Header
		want   error
	}{
		"a key proof":          {did.Header{Typ: "openid4vci-proof+jwt", JWK: private.Public()}, did.ErrType},
		"no key":               {did.Header{Typ: header.Typ}, openid.ErrProof},
		"an existence request": {did.Header{Typ: "hufu-existence+jwt", JWK: private.Public()}, did.ErrType},
		"kid beside":           {did.Header{Typ: header.Typ, JWK: private.Public(), Kid: "did:example:1#0"}, openid.ErrProof},
	} {
		if _, err := openid.ParseReissue(sign(t, tt.header, reissueText)); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	if _, err := openid.SignReissue(t.Context(), private, openid.ReissueClaims{IssuedAt: noon}); !errors.Is(err, openid.ErrProof) {
		t.Errorf("a request to nobody was signed: %v", err)
	}
}
