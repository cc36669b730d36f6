package openid_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/openid"
)

// TestProofWithoutNonce: an issuer without a nonce endpoint takes a proof without one
// (OpenID4VCI 1.0 appendix F.1). No desk of this project does.
func TestProofWithoutNonce(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := openid.SignProof(t.Context(), key, openid.ProofClaims{Audience: "https://agency.example", IssuedAt: noon})
	if err != nil {
		t.Fatal(err)
	}
	proof, err := openid.ParseProof(text)
	if err != nil {
		t.Fatal(err)
	}
	if proof.Unverified.Nonce != "" {
		t.Errorf("nonce %q", proof.Unverified.Nonce)
	}
	if _, err := proof.Verify("https://agency.example", "", openid.VerifyOptions{Now: noon}); !errors.Is(err, openid.ErrProofNonce) {
		t.Errorf("a proof without nonce was taken: %v", err)
	}
}
