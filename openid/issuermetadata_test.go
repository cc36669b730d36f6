package openid_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
)

const metadataText = `{"credential_issuer":"https://desk.example/a","credential_endpoint":"https://desk.example/a/credential",` +
	`"nonce_endpoint":"https://desk.example/a/nonce","batch_credential_issuance":{"batch_size":10},` +
	`"display":[{"name":"Hall","locale":"en"}],"credential_configurations_supported":{"resident-id":{"format":"dc+sd-jwt",` +
	`"scope":"resident","vct":"https://desk.example/resident","cryptographic_binding_methods_supported":["jwk"],` +
	`"proof_types_supported":{"jwt":{"proof_signing_alg_values_supported":["ES256"]}},` +
	`"credential_metadata":{"claims":[{"path":["name"],"display":[{"name":"姓名","locale":"zh-CN"}]}]},` +
	`"hufu_type":{"schema":"cn.resident","version":1,"region":"110101"}}}}`

func parseMetadata(data []byte) error {
	_, err := openid.ParseIssuerMetadata(data, "https://desk.example/a")
	return err
}

func TestParseIssuerMetadataRefuses(t *testing.T) {
	checkRefusals(t, metadataText, append(jsonRefusals("credential_issuer"), []refusal{
		{"another issuer", "https://desk.example/a\",", "https://desk.example/a/\",", openid.ErrMetadataIssuer},
		{"no endpoint", `"credential_endpoint":"https://desk.example/a/credential",`, "", openid.ErrMetadata},
		{"endpoint in clear", "https://desk.example/a/credential", "http://desk.example/a/credential", openid.ErrMetadata},
		{"nonces in clear", "https://desk.example/a/nonce", "ftp://desk.example/a/nonce", openid.ErrMetadata},
		{"batch of one", `"batch_size":10`, `"batch_size":1`, openid.ErrMetadata},
		{"name that turns", `"name":"Hall"`, `"name":"\u202eHall"`, openid.ErrMetadata},
		{"claim name that turns", `"name":"姓名"`, `"name":"\u202e姓"`, openid.ErrMetadata},
		{"no vct", `"vct":"https://desk.example/resident",`, "", openid.ErrMetadata},
		{"proofs of an unbound credential", `"cryptographic_binding_methods_supported":["jwk"],`, "", openid.ErrMetadata},
		{"region of another kind", `"110101"`, `"11"`, openid.ErrMetadata},
		{"no version", `"version":1`, `"version":0`, openid.ErrMetadata},
		{"no format", `"format":"dc+sd-jwt",`, "", openid.ErrMetadata},
		{"server in clear", `"nonce_endpoint"`, `"authorization_servers":["http://desk.example"],"nonce_endpoint"`, openid.ErrMetadata},
		{"encryption of nothing", `"nonce_endpoint"`, `"credential_response_encryption":{"enc_values_supported":[],"encryption_required":false},"nonce_endpoint"`, openid.ErrMetadata},
		{"DID that is none", `"nonce_endpoint"`, `"hufu_issuer":"agency","nonce_endpoint"`, openid.ErrMetadata},
	}...), parseMetadata)
}

func TestIssuerMetadataRoundTrip(t *testing.T) {
	m, err := openid.ParseIssuerMetadata([]byte(metadataText), "https://desk.example/a")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := m.Bytes(); err != nil || string(text) != metadataText {
		t.Errorf("written again: %s, %v", text, err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := openid.SignIssuerMetadata(t.Context(), private, did.Header{Kid: "did:web:desk.example#1"}, m, noon, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := openid.ParseSignedMetadata(compact)
	if err != nil || signed.Header.Kid != "did:web:desk.example#1" {
		t.Fatal(signed, err)
	}
	got, err := signed.Verify(private.Public(), m.Issuer, openid.VerifyOptions{Now: noon})
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := signed.Verify(private.Public(), m.Issuer, openid.VerifyOptions{Now: noon.Add(2 * time.Hour)}); !errors.Is(err, openid.ErrMetadata) {
		t.Errorf("after its end: %v", err)
	}
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if _, err := signed.Verify(other.Public(), m.Issuer, openid.VerifyOptions{Now: noon}); !errors.Is(err, did.ErrSignature) {
		t.Errorf("under another key: %v", err)
	}
}

// TestProofKeys: jwk, a DID that holds its key, or a certificate; one of them.
func TestProofKeys(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, _ := did.NewJWK(private.Public())
	key, _ := did.NewKey(private.Public())
	_, fragment, _ := strings.Cut(key, "did:key:")
	const payload = `{"iss":"wallet","aud":"https://desk.example","nonce":"n0nce","iat":1772366400}`
	for name, header := range map[string]did.Header{
		"jwk": {JWK: private.Public()}, "did:jwk": {Kid: jwk + "#0"}, "did:key": {Kid: key + "#" + fragment},
		"x5c": {X5C: [][]byte{certificate(t, private)}},
	} {
		header.Typ = "openid4vci-proof+jwt"
		compact, err := did.SignJWS(t.Context(), private, header, []byte(payload), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		proof, err := openid.ParseProof(compact)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := proof.Verify("https://desk.example", "n0nce", openid.VerifyOptions{Now: time.Unix(1772366400, 0)})
		if err != nil || !private.PublicKey.Equal(got) || proof.Unverified.Client != "wallet" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyAttestation(t *testing.T) {
	maker, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	holder, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	claims := openid.KeyAttestationClaims{
		Keys: []crypto.PublicKey{holder.Public()}, Storage: []string{"iso_18045_high"}, Nonce: "n0nce",
		IssuedAt: noon, Expires: noon.Add(time.Hour),
	}
	compact, err := openid.SignKeyAttestation(t.Context(), maker, did.Header{Kid: "maker"}, claims)
	if err != nil {
		t.Fatal(err)
	}
	a, err := openid.ParseKeyAttestation(compact)
	if err != nil || !reflect.DeepEqual(a.KeyAttestationClaims, claims) || a.Header.Kid != "maker" {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := a.Verify(maker.Public(), openid.VerifyOptions{Now: noon}); err != nil {
		t.Error(err)
	}
	if err := a.Verify(holder.Public(), openid.VerifyOptions{Now: noon}); !errors.Is(err, did.ErrSignature) {
		t.Error(err)
	}
	for _, now := range []time.Time{noon.Add(-time.Hour), noon.Add(2 * time.Hour)} {
		if err := a.Verify(maker.Public(), openid.VerifyOptions{Now: now}); !errors.Is(err, openid.ErrKeyAttestation) {
			t.Error(now, err)
		}
	}
	proof, err := openid.SignAttestedProof(t.Context(), holder, proofClaims, compact)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := openid.ParseProof(proof); err != nil || p.KeyAttestation != compact {
		t.Errorf("in a proof: %v", err)
	}
	claims.Keys = nil
	if compact, err = openid.SignKeyAttestation(t.Context(), maker, did.Header{}, claims); err == nil {
		_, err = openid.ParseKeyAttestation(compact)
	}
	if !errors.Is(err, openid.ErrKeyAttestation) {
		t.Errorf("of no key: %v", err)
	}
}

func TestDeferral(t *testing.T) {
	const deferred = `{"transaction_id":"t1","credential_response_encryption":{"jwk":{"kty":"EC"},"enc":"A256GCM"}}`
	r, err := openid.ParseDeferredRequest([]byte(deferred))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := r.Bytes(); err != nil || string(text) != deferred {
		t.Errorf("%s, %v", text, err)
	}
	checkRefusals(t, deferred, append(jsonRefusals("transaction_id"), []refusal{
		{"no id", `"transaction_id":"t1",`, "", openid.ErrCredentialRequest},
		{"no key", `"jwk":{"kty":"EC"},`, "", openid.ErrEncryption},
	}...), func(data []byte) error { _, err := openid.ParseDeferredRequest(data); return err })

	const notification = `{"notification_id":"n1","event":"credential_accepted","event_description":"stored"}`
	n, err := openid.ParseNotification([]byte(notification))
	if err != nil || n.Event != openid.CredentialAccepted {
		t.Fatal(n, err)
	}
	if text, err := n.Bytes(); err != nil || string(text) != notification {
		t.Errorf("%s, %v", text, err)
	}
	checkRefusals(t, notification, append(jsonRefusals("notification_id"), []refusal{
		{"no id", `"notification_id":"n1",`, "", openid.ErrNotification},
		{"unknown event", "credential_accepted", "credential_eaten", openid.ErrNotification},
		{"description that turns", "stored", `sto\u202ered`, openid.ErrNotification},
	}...), func(data []byte) error { _, err := openid.ParseNotification(data); return err })

	nonce, err := openid.NonceBytes("n0nce")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := openid.ParseNonce(nonce); err != nil || got != "n0nce" {
		t.Error(got, err)
	}
	checkRefusals(t, string(nonce), append(jsonRefusals("c_nonce"), refusal{"empty", "n0nce", "", openid.ErrProofNonce}),
		func(data []byte) error { _, err := openid.ParseNonce(data); return err })
}

func TestOfferReference(t *testing.T) {
	link, err := openid.OfferReferenceURI("https://desk.example/offers/1?x=y")
	if err != nil {
		t.Fatal(err)
	}
	if address, err := openid.ParseOfferReference(link); err != nil || address != "https://desk.example/offers/1?x=y" {
		t.Error(address, err)
	}
	for _, bad := range []string{
		"openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fdesk.example",
		"openid-credential-offer://?credential_offer_uri=",
		"openid-credential-offer://?credential_offer=%7B%7D",
		"openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fa.example&credential_offer_uri=https%3A%2F%2Fb.example",
		"https://desk.example/?credential_offer_uri=https%3A%2F%2Fdesk.example",
	} {
		if _, err := openid.ParseOfferReference(bad); !errors.Is(err, openid.ErrOffer) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := openid.OfferReferenceURI("http://desk.example"); !errors.Is(err, openid.ErrOffer) {
		t.Error(err)
	}
	if _, err := openid.ParseCredentialOfferURI(strings.Replace(link, "openid-credential-offer", "haip-vci", 1)); !errors.Is(err, openid.ErrOfferByReference) {
		t.Error(err)
	}
}

// certificate makes a certificate of a key, by itself.
func certificate(t *testing.T, private *ecdsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: noon, NotAfter: noon.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
