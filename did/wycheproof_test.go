package did_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/vectors"
)

type wycheproof[G any] struct {
	NumberOfTests int
	TestGroups    []G
}

func readWycheproof[G any](t *testing.T, name string) []G {
	t.Helper()
	var file wycheproof[G]
	if err := json.Unmarshal(vectors.Read(t, "wycheproof/"+name+"_test.json"), &file); err != nil {
		t.Fatal(err)
	}
	return file.TestGroups
}

// stranger is an algorithm that this package does not have. With it a test reaches what
// is common to all: the token's form, its header, the choice of the algorithm by the key.
type stranger struct {
	alg    string
	size   int
	verify func(message, signature []byte) bool
}

func (s stranger) Alg() string        { return s.alg }
func (s stranger) SignatureSize() int { return s.size }
func (s stranger) Sign(crypto.Signer, []byte) ([]byte, error) {
	return nil, errors.New("verifies only")
}
func (s stranger) Verify(_ crypto.PublicKey, m, sig []byte) bool { return s.verify(m, sig) }
func (s stranger) Check(public crypto.PublicKey) error {
	if public != crypto.PublicKey(s.alg) {
		return did.ErrUnsupportedKey
	}
	return nil
}

// strange makes an algorithm of RFC 7518 with a key of the vectors.
func strange(t *testing.T, alg string, key map[string]any) stranger {
	t.Helper()
	number := func(name string) *big.Int { return new(big.Int).SetBytes(member(t, key, name)) }
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	digest := func(message []byte) []byte {
		h := hash.New()
		h.Write(message)
		return h.Sum(nil)
	}
	switch alg[:2] {
	case "HS":
		return stranger{alg, hash.Size(), func(message, signature []byte) bool {
			mac := hmac.New(hash.New, member(t, key, "k"))
			mac.Write(message)
			return hmac.Equal(mac.Sum(nil), signature)
		}}
	case "ES":
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P521(), slices.Concat([]byte{4}, member(t, key, "x"), member(t, key, "y")))
		if err != nil {
			t.Fatal(err)
		}
		return stranger{alg, 132, func(message, signature []byte) bool {
			return ecdsa.Verify(public, digest(message), new(big.Int).SetBytes(signature[:66]), new(big.Int).SetBytes(signature[66:]))
		}}
	}
	public := &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
	return stranger{alg, public.Size(), func(message, signature []byte) bool {
		if alg[:2] == "PS" {
			return rsa.VerifyPSS(public, hash, digest(message), signature, &rsa.PSSOptions{SaltLength: hash.Size()}) == nil
		}
		return rsa.VerifyPKCS1v15(public, hash, digest(message), signature) == nil
	}}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func member(t *testing.T, key map[string]any, name string) []byte {
	t.Helper()
	text, _ := key[name].(string)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) == 0 {
		t.Fatalf("%s of a key: %v", name, err)
	}
	return b
}

// mislabelled are results that the vectors get wrong, with the reason.
var mislabelled = map[int]string{
	346: "PS384 under a key for PS256", 350: "PS384 under a key for PS256",
	347: "ES512 under a key for ES521, which there is not; verified as ES512", 351: "as 347",
	367: "the text is that of 357, which is valid: the padding was lost", 370: "as 367",
	372: "a ? is no base64url, as in 361", 373: "as 372",
}

// TestWycheproofJWS: nothing invalid is accepted, and each stage refuses its part.
func TestWycheproofJWS(t *testing.T) {
	type group struct {
		Public, Private map[string]any
		Tests           []struct {
			TcID                 int
			Comment, JWS, Result string
		}
	}
	stages, odd := map[string]int{}, 0
	for _, g := range readWycheproof[group](t, "json_web_signature") {
		key := g.Public
		if key == nil {
			key = g.Private
		}
		alg, _ := key["alg"].(string)
		suites, public := did.DefaultSuites(), crypto.PublicKey(nil)
		var keyError error
		if key["kty"] == "EC" && key["crv"] == "P-256" {
			public, keyError = did.ParseJWK(marshal(t, key))
		} else {
			if alg == "" || alg == "ES521" {
				alg = map[any]string{"RSA": "RS256", "EC": "ES512"}[key["kty"]]
			}
			if key["use"] == "enc" || fmt.Sprint(key["key_ops"]) == "[encrypt]" {
				_, keyError = did.ParseJWK(marshal(t, key))
			}
			var err error
			if suites, err = did.NewSuites(did.ES256{}, did.EdDSA{}, strange(t, alg, key)); err != nil {
				t.Fatal(err)
			}
			public = crypto.PublicKey(alg)
		}
		for _, c := range g.Tests {
			err, stage := keyError, "key"
			if err == nil {
				var token *did.JWS
				stage = "form"
				if token, err = did.ParseJWS(c.JWS, did.AnyTypeUnsafe, did.JWSOptions{Suites: suites}); err == nil {
					stage = "signature"
					_, err = token.Verify(public)
				} else if errors.Is(err, did.ErrAlgorithm) {
					stage = "algorithm"
				}
			}
			switch {
			case mislabelled[c.TcID] != "":
				odd++
			case (err == nil) != (c.Result == "valid"):
				t.Errorf("%d, %s: %v, want %s", c.TcID, c.Comment, err, c.Result)
			case err != nil:
				stages[stage]++
			}
		}
	}
	want := map[string]int{"key": 4, "form": 50, "algorithm": 11, "signature": 288}
	if !maps.Equal(stages, want) || odd != len(mislabelled) {
		t.Errorf("refused at %v, want %v; %d mislabelled", stages, want, odd)
	}
}

// TestWycheproofSignatures: ECDSA on P-256 as JOSE writes it, and Ed25519.
func TestWycheproofSignatures(t *testing.T) {
	type group struct {
		PublicKey struct{ Uncompressed, PK string }
		Tests     []struct {
			TcID                      int
			Comment, Msg, Sig, Result string
		}
	}
	raw := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		name    string
		suite   did.Suite
		public  func(g group) crypto.PublicKey
		invalid int
	}{
		{"ecdsa_secp256r1_sha256_p1363", did.ES256{}, func(g group) crypto.PublicKey {
			key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw(g.PublicKey.Uncompressed))
			if err != nil {
				t.Fatal(err)
			}
			return key
		}, 89},
		{"ed25519", did.EdDSA{}, func(g group) crypto.PublicKey { return ed25519.PublicKey(raw(g.PublicKey.PK)) }, 63},
	} {
		invalid := 0
		for _, g := range readWycheproof[group](t, c.name) {
			public := c.public(g)
			if err := c.suite.Check(public); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			for _, test := range g.Tests {
				if got := c.suite.Verify(public, raw(test.Msg), raw(test.Sig)); got != (test.Result == "valid") {
					t.Errorf("%s %d, %s: %t, want %s", c.name, test.TcID, test.Comment, got, test.Result)
				}
				if test.Result == "invalid" {
					invalid++
				}
			}
		}
		if invalid != c.invalid {
			t.Errorf("%s: %d invalid signatures, want %d", c.name, invalid, c.invalid)
		}
	}
}
