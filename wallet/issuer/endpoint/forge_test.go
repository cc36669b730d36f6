package endpoint_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
)

var b64, unb64 = base64.RawURLEncoding.EncodeToString, base64.RawURLEncoding.DecodeString

// webServer is the use of a web server's certificate.
var webServer = []asn1.ObjectIdentifier{certpath.UsageServer}

// forge signs any header and any claims, as a careless or hostile wallet does.
func forge(t testing.TB, header, claims map[string]any, key crypto.Signer) string {
	t.Helper()
	h, err := json.Marshal(header)
	none(t, err)
	c, err := json.Marshal(claims)
	none(t, err)
	input := b64(h) + "." + b64(c)
	switch header["alg"] {
	case "none":
		return input + "."
	case "HS256": // keyed with the bytes of the public key
		public, err := x509.MarshalPKIXPublicKey(key.Public())
		none(t, err)
		mac := hmac.New(sha256.New, public)
		mac.Write([]byte(input))
		return input + "." + b64(mac.Sum(nil))
	case "RS256":
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		none(t, err)
		hash := sha256.Sum256([]byte(input))
		sig, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, hash[:])
		none(t, err)
		return input + "." + b64(sig)
	}
	sig, err := did.ES256{}.Sign(key, []byte(input))
	none(t, err)
	return input + "." + b64(sig)
}

// jwk is the public key as a JSON object.
func jwk(t testing.TB, key crypto.PublicKey) map[string]any {
	t.Helper()
	text, err := did.MarshalJWK(key)
	none(t, err)
	var m map[string]any
	none(t, json.Unmarshal(text, &m))
	return m
}

// corrupt changes the signature of a token.
func corrupt(token string) string {
	at := strings.LastIndexByte(token, '.') + 1
	c := byte('A')
	if token[at] == 'A' {
		c = 'B'
	}
	return token[:at] + string(c) + token[at+1:]
}

// hash is the base64url SHA-256 of a text.
func hash(text string) string { h := sha256.Sum256([]byte(text)); return b64(h[:]) }

// encryption asks for an encrypted answer.
func encryption(t testing.TB) (map[string]any, *ecdh.PrivateKey) {
	t.Helper()
	private, err := jwe.GenerateKey()
	none(t, err)
	public, err := jwe.NewPublicKey(private.PublicKey())
	none(t, err)
	return map[string]any{"jwk": public.JWK(), "enc": "A256GCM"}, private
}

// decrypt reads an encrypted answer.
func decrypt(t testing.TB, r *reply, key *ecdh.PrivateKey) *openid.CredentialResponse {
	t.Helper()
	if kind := r.header.Get("Content-Type"); kind != "application/jwt" {
		t.Fatalf("the answer is %s", kind)
	}
	m, err := jwe.Parse(string(r.body), jwe.ParseOptions{Inflate: 1 << 18})
	none(t, err)
	body, err := m.Decrypt(key)
	none(t, err)
	out, err := openid.ParseCredentialResponse(body)
	none(t, err)
	return out
}

// encrypt encrypts a request to the issuer.
func (w *wallet) encrypt(m map[string]any) string {
	w.o.t.Helper()
	t := w.o.t
	metadata, err := openid.ParseIssuerMetadata(w.o.metadata("").ok(200).body, w.o.url)
	none(t, err)
	key, err := jwe.ParsePublicKey(metadata.RequestEncryption.Keys.Keys[0])
	none(t, err)
	text, err := json.Marshal(m)
	none(t, err)
	out, err := jwe.Encrypt(text, key, jwe.EncryptOptions{Deflate: true})
	none(t, err)
	return out
}

// certificate is that of a maker of wallets.
var certificate = certpathtest.Template{Name: "maker"}

// attested is an application whose one proof has an attestation of n keys.
func (w *wallet) attested(n int, edit func(string) string) map[string]any {
	w.o.t.Helper()
	t := w.o.t
	nonce, now := w.cNonce(), w.o.c.Now()
	x5c, maker := w.o.maker.Leaf(certificate)
	claims := openid.KeyAttestationClaims{Storage: []string{"iso_18045_high"}, Nonce: nonce, IssuedAt: now, Expires: now.Add(time.Hour)}
	keys := []crypto.Signer{}
	for range n {
		keys = append(keys, w.o.c.Key())
		claims.Keys = append(claims.Keys, keys[len(keys)-1].Public())
	}
	attestation, err := openid.SignKeyAttestation(t.Context(), maker, did.Header{X5C: x5c}, claims)
	none(t, err)
	if edit != nil {
		attestation = edit(attestation)
	}
	proof, err := openid.SignAttestedProof(t.Context(), keys[0], openid.ProofClaims{Audience: w.o.url, Nonce: nonce, IssuedAt: now}, attestation)
	none(t, err)
	return map[string]any{"credential_configuration_id": "test.resident/1", "proofs": map[string]any{"jwt": []string{proof}}}
}
