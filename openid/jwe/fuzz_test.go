package jwe_test

import (
	"testing"

	"github.com/hufu-id/hufu/openid/jwe"
)

func seeds(t testing.TB) []string {
	_, public := pair(t)
	return []string{
		encrypt(t, public, "{}", jwe.EncryptOptions{}), encrypt(t, public, "{}", jwe.EncryptOptions{Encryption: jwe.A128GCM, APU: []byte("a"), APV: []byte("b")}),
		encrypt(t, public, "{}", jwe.EncryptOptions{Deflate: true}),
	}
}

func FuzzJWE(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	key, _ := pair(f)
	f.Fuzz(func(t *testing.T, compact string) {
		m, err := jwe.Parse(compact, jwe.ParseOptions{Inflate: 1 << 16})
		if err != nil {
			return
		}
		if m.Header.Encryption.KeySize() == 0 {
			t.Fatal("an unknown encryption is accepted")
		}
		if _, err := m.Decrypt(key); err == nil {
			t.Fatal("a message decrypts under a key that nobody encrypted to")
		}
	})
}

func FuzzPublicKey(f *testing.F) {
	f.Add([]byte(`{"kty":"EC","crv":"P-256","alg":"ECDH-ES","use":"enc","kid":"1",` +
		`"x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := jwe.ParsePublicKey(text)
		if err != nil {
			return
		}
		again, err := jwe.ReadPublicKey(key.JWK())
		if err != nil || again.ID != key.ID || !again.Key.Equal(key.Key) {
			t.Fatalf("a key does not survive writing: %v", err)
		}
	})
}

func TestSeedsAreAccepted(t *testing.T) {
	for _, seed := range seeds(t) {
		if _, err := jwe.Parse(seed, jwe.ParseOptions{Inflate: 1}); err != nil {
			t.Errorf("seed refused: %v", err)
		}
	}
}
