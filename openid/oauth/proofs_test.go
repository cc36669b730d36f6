package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/vectors"
	"github.com/hufu-id/hufu/openid/oauth"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func TestDPoP(t *testing.T) {
	key := newKey(t)
	request := oauth.DPoPRequest{Method: "POST", URI: "https://Desk.example:443/credential?x=y", Token: "t0ken"}
	compact, err := oauth.SignDPoP(t.Context(), key, request, "n0nce", noon)
	if err != nil {
		t.Fatal(err)
	}
	at := oauth.VerifyOptions{Now: noon}
	proof, err := oauth.VerifyDPoP(compact, oauth.DPoPRequest{Method: "POST", URI: "https://desk.example/credential", Token: "t0ken"}, at)
	thumbprint, _ := did.Thumbprint(key.Public())
	if err != nil || proof.Nonce != "n0nce" || proof.Thumbprint != thumbprint || proof.ID == "" || !proof.IssuedAt.Equal(noon) {
		t.Fatalf("%+v, %v", proof, err)
	}
	again, _ := oauth.SignDPoP(t.Context(), key, request, "n0nce", noon)
	if other, err := oauth.VerifyDPoP(again, request, at); err != nil || other.ID == proof.ID {
		t.Error("jti is drawn anew", err)
	}
	for name, r := range map[string]oauth.DPoPRequest{
		"method": {Method: "GET", URI: request.URI, Token: "t0ken"},
		"path":   {Method: "POST", URI: "https://desk.example/credentials", Token: "t0ken"},
		"port":   {Method: "POST", URI: "https://desk.example:8443/credential", Token: "t0ken"},
		"scheme": {Method: "POST", URI: "http://desk.example/credential", Token: "t0ken"},
		"token":  {Method: "POST", URI: request.URI, Token: "other"},
	} {
		if _, err := oauth.VerifyDPoP(compact, r, at); !errors.Is(err, oauth.ErrDPoP) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	for _, now := range []time.Time{noon.Add(-2 * time.Minute), noon.Add(7 * time.Minute)} {
		if _, err := oauth.VerifyDPoP(compact, request, oauth.VerifyOptions{Now: now}); !errors.Is(err, oauth.ErrDPoP) {
			t.Errorf("at %v: %v", now, err)
		}
	}
	if _, err := oauth.VerifyDPoP(compact[:len(compact)-4]+"AAAA", request, at); !errors.Is(err, did.ErrSignature) && !errors.Is(err, did.ErrToken) {
		t.Error(err)
	}
}

// TestDPoPRefuses changes one thing of a proof at a time (RFC 9449 section 4.3).
func TestDPoPRefuses(t *testing.T) {
	key := newKey(t)
	request := oauth.DPoPRequest{Method: "POST", URI: "https://desk.example/token"}
	payload := fmt.Sprintf(`{"jti":"j","htm":"POST","htu":"https://desk.example/token","iat":%d}`, noon.Unix())
	sign := func(header did.Header, payload string) string {
		compact, err := did.SignJWS(t.Context(), key, header, []byte(payload), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	verify := func(compact string) error {
		_, err := oauth.VerifyDPoP(compact, request, oauth.VerifyOptions{Now: noon})
		return err
	}
	good := did.Header{Typ: "dpop+jwt", JWK: key.Public()}
	if err := verify(sign(good, payload)); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string][2]string{
		"no jti": {`"jti":"j",`, ``}, "no htm": {`"htm":"POST",`, ``}, "no htu": {`"htu":"https://desk.example/token",`, ``},
		"no iat": {fmt.Sprintf(`,"iat":%d`, noon.Unix()), ``}, "htm in another case": {`"POST"`, `"post"`}, "expired": {`"jti"`, `"exp":1,"jti"`},
		"not yet": {`"jti"`, `"nbf":4000000000,"jti"`}, "jti twice": {`"jti"`, `"jti":"k","jti"`}, "blank in nonce": {`"jti"`, `"nonce":"a b","jti"`},
	} {
		if err := verify(sign(good, strings.Replace(payload, edit[0], edit[1], 1))); !errors.Is(err, oauth.ErrDPoP) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := verify(sign(did.Header{Typ: "jwt", JWK: key.Public()}, payload)); !errors.Is(err, did.ErrType) {
		t.Error(err)
	}
	if err := verify(sign(did.Header{Typ: "dpop+jwt", Kid: "k"}, payload)); !errors.Is(err, oauth.ErrDPoP) {
		t.Error(err)
	}
	if err := verify(sign(did.Header{Typ: "dpop+jwt", JWK: newKey(t).Public()}, payload)); !errors.Is(err, did.ErrSignature) {
		t.Error("under another key:", err)
	}
}

func TestAttestation(t *testing.T) {
	maker, wallet := newKey(t), newKey(t)
	at := oauth.VerifyOptions{Now: noon}
	compact, err := oauth.SignAttestation(t.Context(), maker, did.Header{Kid: "m"}, oauth.AttestationClaims{
		Issuer: "https://maker.example", ClientID: "wallet", Key: wallet.Public(), IssuedAt: noon, Expires: noon.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := oauth.ParseAttestation(compact)
	if err != nil || a.ClientID != "wallet" || a.Issuer != "https://maker.example" || a.Header.Kid != "m" || !wallet.PublicKey.Equal(a.Key) {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := a.Verify(maker.Public(), at); err != nil {
		t.Error(err)
	}
	if err := a.Verify(wallet.Public(), at); !errors.Is(err, did.ErrSignature) {
		t.Error(err)
	}
	for _, now := range []time.Time{noon.Add(2 * time.Hour), noon.Add(-time.Hour)} {
		if err := a.Verify(maker.Public(), oauth.VerifyOptions{Now: now}); !errors.Is(err, oauth.ErrAttestation) {
			t.Errorf("at %v: %v", now, err)
		}
	}
	possession := func(key crypto.Signer, client, server, challenge string, at time.Time) string {
		compact, err := oauth.SignPossession(t.Context(), key, client, server, challenge, at)
		if err != nil {
			t.Fatal(err)
		}
		return compact
	}
	const server = "https://desk.example"
	if p, err := a.VerifyPossession(possession(wallet, "wallet", server, "ch", noon), server, at); err != nil || p.Challenge != "ch" || p.ID == "" {
		t.Error(p, err)
	}
	for name, tt := range map[string]struct {
		compact string
		want    error
	}{
		"another key":    {possession(maker, "wallet", server, "", noon), did.ErrSignature},
		"another client": {possession(wallet, "other", server, "", noon), oauth.ErrAttestation},
		"another server": {possession(wallet, "wallet", server+"/", "", noon), oauth.ErrAttestation},
		"too old":        {possession(wallet, "wallet", server, "", noon.Add(-time.Hour)), oauth.ErrAttestation},
		"the future":     {possession(wallet, "wallet", server, "", noon.Add(time.Hour)), oauth.ErrAttestation},
		"no token":       {compact, did.ErrType},
	} {
		if _, err := a.VerifyPossession(tt.compact, server, at); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{`{"exp":1,"cnf":{"jwk":{}}}`, `{"sub":"w","cnf":{"jwk":{}}}`, `{"sub":"w","exp":1}`} {
		compact, err := did.SignJWS(t.Context(), maker, did.Header{Typ: "oauth-client-attestation+jwt"}, []byte(text), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := oauth.ParseAttestation(compact); !errors.Is(err, oauth.ErrAttestation) {
			t.Errorf("%s: %v", text, err)
		}
	}
	challenge, err := oauth.ChallengeBytes("ch")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := oauth.ParseChallenge(challenge); err != nil || got != "ch" {
		t.Error(got, err)
	}
	if _, err := oauth.ParseChallenge([]byte(`{}`)); !errors.Is(err, oauth.ErrMessage) {
		t.Error(err)
	}
}

// TestVectorAttestation reads the wallet attestation of OpenID4VCI 1.0 appendix E.
func TestVectorAttestation(t *testing.T) {
	a, err := oauth.ParseAttestation(strings.Join(strings.Fields(string(vectors.Read(t, "openid4vci/wallet_attestation.jwt.txt"))), ""))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(a.Header.X5C[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(leaf.PublicKey, oauth.VerifyOptions{Now: time.Unix(1755023600, 0)}); err != nil || a.ClientID != "https://wallet.example.com" {
		t.Error(a.ClientID, err)
	}
}
