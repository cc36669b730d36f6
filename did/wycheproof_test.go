package did_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
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

// keySets has the fate of every case of the key sets. Where the vectors say valid and the
// key is refused, waived says why.
var keySets = []struct {
	cases  []int
	want   error
	waived string
}{
	{[]int{1, 3, 4, 10, 11, 12, 16, 17, 18, 25, 26}, did.ErrPrivateKey, ""},
	{[]int{2, 13, 14, 15}, did.ErrPrivateKey, "HMAC: who can check such a signature can make it"},
	{[]int{5}, did.ErrUnsupportedKey, "RSA: every issuer can use P-256, which HAIP 1.0 demands"},
	{[]int{6, 7, 8, 9, 23, 24}, did.ErrUnsupportedKey, ""},
	{[]int{19, 20}, did.ErrKey, ""}, // alg ES521 and ES224 on P-256
	{[]int{21}, did.ErrUnsupportedKey, ""},
	{[]int{22}, did.ErrKey, ""},
}

// TestWycheproofJWK: no key of a set that should be refused is read, each for its reason.
// Where a key is refused for what it says of itself, the same point without that does verify
// the token: nothing else was wrong.
func TestWycheproofJWK(t *testing.T) {
	type set struct{ Keys []map[string]any }
	type group struct {
		Public, Private *set
		Tests           []struct {
			TcID                 int
			Comment, JWS, Result string
		}
	}
	fate := map[int]int{}
	for i, row := range keySets {
		for _, id := range row.cases {
			fate[id] = i
		}
	}
	seen := 0
	for _, g := range readWycheproof[group](t, "json_web_key") {
		keys := g.Public
		if keys == nil {
			keys = g.Private
		}
		for _, c := range g.Tests {
			row := keySets[fate[c.TcID]]
			seen++
			if (row.waived != "") != (c.Result == "valid") {
				t.Errorf("%d, %s: %s, waived: %q", c.TcID, c.Comment, c.Result, row.waived)
			}
			if _, err := did.ParseJWK(marshal(t, keys.Keys[0])); !errors.Is(err, row.want) {
				t.Errorf("%d, %s: %v, want %v", c.TcID, c.Comment, err, row.want)
			}
			token, err := did.ParseJWS(c.JWS, did.AnyTypeUnsafe, did.JWSOptions{})
			if es256 := keys.Keys[0]["kid"] == "kid-ec-sign"; !es256 {
				if !errors.Is(err, did.ErrAlgorithm) {
					t.Errorf("%d, %s: the token: %v", c.TcID, c.Comment, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%d, %s: the token: %v", c.TcID, c.Comment, err)
				continue
			}
			repaired := map[string]any{"kty": "EC", "crv": "P-256", "x": keys.Keys[0]["x"], "y": keys.Keys[0]["y"]}
			public, err := did.ParseJWK(marshal(t, repaired))
			if err == nil {
				_, err = token.Verify(public)
			}
			if wrongPoint := c.TcID == 22; (err != nil) != wrongPoint {
				t.Errorf("%d, %s: with the key put right: %v", c.TcID, c.Comment, err)
			}
		}
	}
	if seen != 26 || len(fate) != 26 {
		t.Errorf("%d cases, %d with a fate", seen, len(fate))
	}
}

// TestEd25519: the name of RFC 9864 is read beside EdDSA, in a header and in a key, for this
// algorithm alone.
func TestEd25519(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(alg string) string {
		signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+alg+`"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte("{}"))
		return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(signed)))
	}
	for alg, want := range map[string]error{"EdDSA": nil, "Ed25519": nil, "Ed448": did.ErrAlgorithm, "ed25519": did.ErrAlgorithm} {
		token, err := did.ParseJWS(sign(alg), "", did.JWSOptions{})
		if err == nil {
			_, err = token.Verify(public)
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", alg, err)
		}
	}
	token, err := did.ParseJWS(sign("Ed25519"), "", did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Verify(other.Public()); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("under a P-256 key: %v", err)
	}
	only, err := did.SuitesNamed("ES256")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := did.ParseJWS(sign("Ed25519"), "", did.JWSOptions{Suites: only}); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("where it is not allowed: %v", err)
	}
	if _, err := did.NewSuites(did.EdDSA{}, did.EdDSA{}); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("named twice: %v", err)
	}
	x := base64.RawURLEncoding.EncodeToString(public)
	for alg, want := range map[string]error{"EdDSA": nil, "Ed25519": nil, "ES256": did.ErrKey, "Ed448": did.ErrKey} {
		if _, err := did.ParseJWK([]byte(`{"kty":"OKP","crv":"Ed25519","x":"` + x + `","alg":"` + alg + `"}`)); !errors.Is(err, want) {
			t.Errorf("a key for %s: %v", alg, err)
		}
	}
}
