package vaulttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/hufu-id/hufu/vault"
)

// TestKeyStore runs the contract against the empty key stores that open
// returns, one for each subtest.
func TestKeyStore(t *testing.T, open func(t *testing.T) vault.KeyStore) {
	for _, alg := range []vault.Algorithm{vault.ES256, vault.EdDSA} {
		t.Run("generate, find, sign, delete "+string(alg), func(t *testing.T) {
			testKey(t, open(t), vault.KeySpec{Algorithm: alg, Purpose: "holder", Exportable: true})
		})
	}
	t.Run("an unknown algorithm is ErrUnsupported", func(t *testing.T) {
		_, err := open(t).Generate(t.Context(), vault.KeySpec{Algorithm: "dummy"})
		wantError(t, err, vault.ErrUnsupported)
	})
	t.Run("an absent key is ErrNotFound", func(t *testing.T) {
		s := open(t)
		_, err := s.Key(t.Context(), "nobody")
		wantError(t, err, vault.ErrNotFound)
		wantError(t, s.DeleteKey(t.Context(), "nobody"), vault.ErrNotFound)
	})
}

func testKey(t *testing.T, s vault.KeyStore, spec vault.KeySpec) {
	made, err := s.Generate(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Key(t.Context(), made.Info().ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []vault.Key{made, found} {
		if key.Info().Spec != spec || !samePublic(key.Info().Public, key.Public()) || !samePublic(key.Public(), made.Public()) {
			t.Errorf("the key store describes %v, asked for %v", key.Info().Spec, spec)
		}
		signAndVerify(t, key)
	}
	infos, err := s.Keys(t.Context())
	if err != nil || len(infos) != 1 || infos[0].ID != made.Info().ID {
		t.Errorf("keys: %v, %v", infos, err)
	}
	if err := s.DeleteKey(t.Context(), made.Info().ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.Key(t.Context(), made.Info().ID)
	wantError(t, err, vault.ErrNotFound)
}

func samePublic(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

func signAndVerify(t *testing.T, key vault.Key) {
	t.Helper()
	message := []byte("what is signed")
	digest := sha256.Sum256(message)
	switch public := key.Public().(type) {
	case *ecdsa.PublicKey:
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil || !ecdsa.VerifyASN1(public, digest[:], signature) {
			t.Errorf("ES256 signature does not verify: %v", err)
		}
	case ed25519.PublicKey:
		signature, err := key.Sign(rand.Reader, message, crypto.Hash(0))
		if err != nil || !ed25519.Verify(public, message, signature) {
			t.Errorf("EdDSA signature does not verify: %v", err)
		}
	default:
		t.Errorf("public key of type %T", public)
	}
}
