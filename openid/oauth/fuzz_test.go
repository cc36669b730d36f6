package oauth_test

import (
	"crypto/ed25519"
	"net/url"
	"reflect"
	"testing"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid/oauth"
)

// FuzzMessage gives each text to every reader. What one accepts and writes again, it reads
// alike.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		serverText, `{"error":"invalid_grant","error_description":"no"}`, `{"request_uri":"urn:x","expires_in":60}`,
		`{"access_token":"a","token_type":"DPoP","expires_in":60,"authorization_details":[{"type":"openid_credential","credential_configuration_id":"r"}]}`,
		`[{"type":"openid_credential","credential_configuration_id":"r","locations":["https://a.example"]}]`, `{"attestation_challenge":"c"}`,
		"response_type=code&client_id=w&redirect_uri=https://w.example&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
		"grant_type=urn:ietf:params:oauth:grant-type:pre-authorized_code&pre-authorized_code=c&tx_code=1", "code=c&state=s&iss=https://a.example", "error=access_denied",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, oauth.ParsePushedResponse, (*oauth.PushedResponse).Bytes)
		again(t, data, oauth.ParseTokenResponse, (*oauth.TokenResponse).Bytes)
		again(t, data, oauth.ParseDetails, oauth.DetailsBytes)
		again(t, data, oauth.ParseChallenge, oauth.ChallengeBytes)
		again(t, data, oauth.ParseError, func(e *oauth.Error) ([]byte, error) { return e.Bytes(), nil })
		again(t, data, func(b []byte) (*oauth.ServerMetadata, error) {
			return oauth.ParseServerMetadata(b, "https://desk.example")
		}, (*oauth.ServerMetadata).Bytes)
		form, err := url.ParseQuery(string(data))
		if err != nil {
			return
		}
		againForm(t, form, oauth.ParseAuthorizationRequest, (*oauth.AuthorizationRequest).Form)
		againForm(t, form, oauth.ParseTokenRequest, (*oauth.TokenRequest).Form)
		_, _ = oauth.ParseAuthorizationResponse(form)
	})
}

func again[T any](t *testing.T, data []byte, parse func([]byte) (T, error), write func(T) ([]byte, error)) {
	t.Helper()
	got, err := parse(data)
	if err != nil {
		return
	}
	text, err := write(got)
	if err != nil {
		t.Fatalf("accepted and not written: %v", err)
	}
	back, err := parse(text)
	if err != nil {
		t.Fatalf("written and not accepted: %v", err)
	}
	if same, err := write(back); err != nil || string(same) != string(text) {
		t.Fatalf("written again: %s, %v", same, err)
	}
}

func againForm[T any](t *testing.T, form url.Values, parse func(url.Values) (T, error), write func(T) (url.Values, error)) {
	t.Helper()
	got, err := parse(form)
	if err != nil {
		return
	}
	values, err := write(got)
	if err != nil {
		t.Fatalf("accepted and not written: %v", err)
	}
	if back, err := parse(values); err != nil || !reflect.DeepEqual(back, got) {
		t.Fatalf("read again: %+v, %v", back, err)
	}
}

// FuzzProof gives each text to the readers of JWTs.
func FuzzProof(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // signs the same again
	for typ, payload := range map[string]string{
		"dpop+jwt": `{"jti":"j","htm":"POST","htu":"https://desk.example/token","iat":1772366400}`,
		"oauth-client-attestation+jwt": `{"sub":"w","exp":1772366400,"cnf":{"jwk":{"kty":"EC","crv":"P-256",` +
			`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}}`,
		"oauth-client-attestation-pop+jwt": `{"iss":"w","aud":"https://desk.example","jti":"j","iat":1772366400}`,
	} {
		compact, err := did.SignJWS(f.Context(), key, did.Header{Typ: typ, JWK: key.Public()}, []byte(payload), did.JWSOptions{})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(compact)
	}
	f.Fuzz(func(t *testing.T, compact string) {
		_, _ = oauth.VerifyDPoP(compact, oauth.DPoPRequest{Method: "POST", URI: "https://desk.example/token"}, oauth.VerifyOptions{Now: noon})
		if a, err := oauth.ParseAttestation(compact); err == nil {
			_, _ = a.VerifyPossession(compact, "https://desk.example", oauth.VerifyOptions{Now: noon})
		}
	})
}
