//lint:file-ignore SA1019 points off the curve are made on purpose

package did_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/vectors"
)

func newP256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEd25519(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func same(a, b crypto.PublicKey) bool {
	equal, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && equal.Equal(b)
}

func TestSelfContainedRoundTrip(t *testing.T) {
	for range 8 {
		for alg, public := range map[string]crypto.PublicKey{
			"ES256": newP256(t).Public(), "EdDSA": newEd25519(t).Public(),
		} {
			for _, name := range []func(crypto.PublicKey) (string, error){did.NewJWK, did.NewKey} {
				id, err := name(public)
				if err != nil {
					t.Fatal(err)
				}
				document, err := did.SelfContained().Resolve(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				key := document.Keys[0]
				if !same(key.Public, public) || key.Alg != alg || key.Controller != id || !strings.HasPrefix(key.ID, id+"#") {
					t.Errorf("%s resolves to another key", id)
				}
				if _, err := did.FindKey(t.Context(), did.SelfContained(), key.ID, key.From); err != nil {
					t.Errorf("%s: %v", key.ID, err)
				}
			}
		}
	}
}

// didKeyFile covers the shapes that the published vectors use.
type didKeyDocument struct {
	VerificationMethod []struct {
		ID              string         `json:"id"`
		PublicKeyBase58 string         `json:"publicKeyBase58"`
		PublicKeyJWK    jsontext.Value `json:"publicKeyJwk"`
	} `json:"verificationMethod"`
}

func didKeyVectors(t *testing.T) map[string]didKeyDocument {
	t.Helper()
	documents := map[string]didKeyDocument{}
	for _, file := range vectors.Glob(t, "did-key/*.json") {
		var top map[string]map[string]jsontext.Value
		if err := json.Unmarshal(vectors.Read(t, file), &top); err != nil {
			t.Fatal(file, err)
		}
		for name, members := range top {
			raw := map[string]jsontext.Value{name: members["didDocument"]}
			if name == "didDocument" {
				raw = members
			}
			for id, value := range raw {
				var document didKeyDocument
				if err := json.Unmarshal(value, &document); err != nil {
					t.Fatal(file, err)
				}
				documents[id] = document
			}
		}
	}
	return documents
}

func TestDIDKeyVectors(t *testing.T) {
	supported, unsupported := 0, 0
	for id, want := range didKeyVectors(t) {
		document, err := did.SelfContained().Resolve(t.Context(), id)
		switch {
		case strings.HasPrefix(id, "did:key:z6Mk"), strings.HasPrefix(id, "did:key:zDn"):
			supported++
			if err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			checkDIDKey(t, document.Keys[0], want)
		case len(id) > 512:
			// An RSA-4096 key: above the cap on identifiers before its type is read.
			if !errors.Is(err, did.ErrSyntax) {
				t.Errorf("%s: %v", id, err)
			}
		default:
			unsupported++
			if !errors.Is(err, did.ErrUnsupportedKey) {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	if supported < 8 || unsupported < 15 {
		t.Fatalf("only %d supported and %d other vectors", supported, unsupported)
	}
}

func checkDIDKey(t *testing.T, key did.Key, want didKeyDocument) {
	t.Helper()
	method := want.VerificationMethod[0]
	if key.ID != method.ID {
		t.Errorf("key id %s, want %s", key.ID, method.ID)
	}
	if id, err := did.NewKey(key.Public); err != nil || id != key.Controller {
		t.Errorf("%s encodes again as %s (%v)", key.Controller, id, err)
	}
	if method.PublicKeyJWK == nil {
		if did.EncodeBase58(pointBytes(key.Public)) != method.PublicKeyBase58 {
			t.Errorf("%s: another key", key.ID)
		}
		return
	}
	public, err := did.ParseJWK(method.PublicKeyJWK)
	if err != nil || !same(public, key.Public) {
		t.Errorf("%s: another key (%v)", key.ID, err)
	}
}

func pointBytes(public crypto.PublicKey) []byte {
	if key, ok := public.(*ecdsa.PublicKey); ok {
		return elliptic.MarshalCompressed(key.Curve, key.X, key.Y)
	}
	return public.(ed25519.PublicKey)
}

func TestDIDKeyRefused(t *testing.T) {
	point := strings.TrimPrefix(mustKey(t, newEd25519(t).Public()), "did:key:z")
	off := append([]byte{0x80, 0x24, 2}, bytes32(0xff)...)
	for name, c := range map[string]struct {
		id   string
		want error
	}{
		"another multibase":     {"did:key:f" + point, did.ErrSyntax},
		"letter outside base58": {"did:key:z0" + point, did.ErrSyntax},
		"nothing":               {"did:key:z", did.ErrSyntax},
		"unknown codec":         {"did:key:z" + did.EncodeBase58([]byte{0x31, 1, 2, 3}), did.ErrUnsupportedKey},
		"overlong codec":        {"did:key:z" + did.EncodeBase58(append([]byte{0xed, 0x81, 0x00}, bytes32(7)...)), did.ErrSyntax},
		"short Ed25519":         {"did:key:z" + did.EncodeBase58(append([]byte{0xed, 1}, bytes32(7)[1:]...)), did.ErrKey},
		"low order Ed25519":     {"did:key:z" + did.EncodeBase58(append([]byte{0xed, 1}, bytes32(0)...)), did.ErrKey},
		"x above the field":     {"did:key:z" + did.EncodeBase58(off), did.ErrKey},
		"leading zero":          {"did:key:z1" + point, did.ErrUnsupportedKey},
		"trailing bytes":        {"did:key:z" + did.EncodeBase58(append([]byte{0xed, 1}, append(bytes32(7), 0)...)), did.ErrKey},
		"wrong method":          {"did:jwk:" + point, did.ErrUnsupportedMethod},
		"not a DID":             {"did:key", did.ErrSyntax},
	} {
		if _, err := (did.MethodKey{}).Resolve(t.Context(), c.id); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := did.NewKey("text"); !errors.Is(err, did.ErrUnsupportedKey) {
		t.Errorf("a string is a key: %v", err)
	}
}

func mustKey(t *testing.T, public crypto.PublicKey) string {
	t.Helper()
	id, err := did.NewKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func bytes32(b byte) []byte {
	return []byte(strings.Repeat(string([]byte{b}), 32))
}

const (
	rfcX = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
	rfcY = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
	rfcE = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
)

// TestThumbprint takes Ed25519 from RFC 8037, appendix A.3. The P-256 key is
// that of RFC 7517, appendix A.1, and go-jose's own thumbprint the witness.
func TestThumbprint(t *testing.T) {
	public, err := did.ParseJWK([]byte(`{"kty":"OKP","crv":"Ed25519","x":"` + rfcE + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := did.Thumbprint(public); err != nil || got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("thumbprint %s (%v)", got, err)
	}
	canonical := `{"crv":"P-256","kty":"EC","x":"` + rfcX + `","y":"` + rfcY + `"}`
	public, err = did.ParseJWK([]byte(canonical))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := did.MarshalJWK(public); err != nil || string(got) != canonical {
		t.Errorf("canonical form %s (%v)", got, err)
	}
	if got, err := did.Thumbprint(public); err != nil || got != "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s" {
		t.Errorf("thumbprint %s (%v)", got, err)
	}
	if _, err := did.Thumbprint(nil); !errors.Is(err, did.ErrUnsupportedKey) {
		t.Errorf("thumbprint of nothing: %v", err)
	}
}

func TestParseJWK(t *testing.T) {
	ec := func(extra string) string {
		return `{"kty":"EC","crv":"P-256","x":"` + rfcX + `","y":"` + rfcY + `"` + extra + `}`
	}
	for name, c := range map[string]struct {
		jwk  string
		want error
	}{
		"plain":               {ec(""), nil},
		"spaces and order":    {`{ "y":"` + rfcY + `", "x" : "` + rfcX + `","crv":"P-256","kty":"EC"}`, nil},
		"fitting members":     {ec(`,"use":"sig","alg":"ES256","key_ops":["verify"],"kid":"a","x5t":"b"`), nil},
		"wrong alg":           {ec(`,"alg":"HS256"`), did.ErrKey},
		"for encryption":      {ec(`,"use":"enc"`), did.ErrUnsupportedKey},
		"for signing only":    {ec(`,"key_ops":["sign"]`), did.ErrUnsupportedKey},
		"key_ops a string":    {ec(`,"key_ops":"verify"`), did.ErrKey},
		"kid a number":        {ec(`,"kid":1`), did.ErrKey},
		"private":             {ec(`,"d":"AA"`), did.ErrPrivateKey},
		"symmetric":           {`{"kty":"oct","k":"AAAA"}`, did.ErrPrivateKey},
		"twice x":             {ec(`,"x":"` + rfcX + `"`), did.ErrKey},
		"folded member":       {ec(`,"X":"` + rfcX + `"`), did.ErrKey},
		"trailing data":       {ec("") + `{}`, did.ErrKey},
		"array":               {`[]`, did.ErrKey},
		"null":                {`null`, did.ErrKey},
		"deep":                {ec(`,"z":` + strings.Repeat("[", 40) + strings.Repeat("]", 40)), did.ErrKey},
		"too large":           {ec(`,"z":"` + strings.Repeat("a", 1<<16) + `"`), did.ErrKey},
		"padded x":            {strings.Replace(ec(""), rfcX, rfcX+"=", 1), did.ErrKey},
		"unused bits in x":    {strings.Replace(ec(""), rfcX, rfcX[:42]+"5", 1), did.ErrKey},
		"line break in y":     {strings.Replace(ec(""), rfcY, rfcY[:8]+`\n`+rfcY[8:], 1), did.ErrKey},
		"short x":             {strings.Replace(ec(""), rfcX, rfcX[:40], 1), did.ErrKey},
		"off the curve":       {strings.Replace(ec(""), rfcX, rfcY, 1), did.ErrKey},
		"another curve":       {strings.Replace(ec(""), "P-256", "P-384", 1), did.ErrUnsupportedKey},
		"RSA":                 {`{"kty":"RSA","n":"AQAB","e":"AQAB"}`, did.ErrUnsupportedKey},
		"Ed25519":             {`{"kty":"OKP","crv":"Ed25519","x":"` + rfcE + `"}`, nil},
		"Ed25519 with ES256":  {`{"kty":"OKP","crv":"Ed25519","alg":"ES256","x":"` + rfcE + `"}`, did.ErrKey},
		"short Ed25519":       {`{"kty":"OKP","crv":"Ed25519","x":"` + rfcE[:40] + `"}`, did.ErrKey},
		"X25519":              {`{"kty":"OKP","crv":"X25519","x":"` + rfcE + `"}`, did.ErrUnsupportedKey},
		"Ed25519 low order":   {okp(t, strings.Repeat("00", 32)), did.ErrKey},
		"Ed25519 not reduced": {okp(t, "f2"+strings.Repeat("ff", 30)+"7f"), did.ErrKey},
	} {
		_, err := did.ParseJWK([]byte(c.jwk))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func okp(t *testing.T, xHex string) string {
	t.Helper()
	x, err := hex.DecodeString(xHex)
	if err != nil {
		t.Fatal(err)
	}
	return `{"kty":"OKP","crv":"Ed25519","x":"` + base64.RawURLEncoding.EncodeToString(x) + `"}`
}

func TestDIDJWKRefused(t *testing.T) {
	encode := func(s string) string { return "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for id, want := range map[string]error{
		"did:jwk:!":   did.ErrSyntax,
		"did:jwk:AB":  did.ErrSyntax,
		encode(`{}`):  did.ErrUnsupportedKey,
		encode(`{"`):  did.ErrKey,
		"did:key:abc": did.ErrUnsupportedMethod,
		encode(`{"kty":"EC","crv":"P-256","x":"` + rfcX + `","y":"` + rfcY + `","d":"AA"}`):    did.ErrPrivateKey,
		encode(`{"kty":"EC","crv":"P-256","use":"enc","x":"` + rfcX + `","y":"` + rfcY + `"}`): did.ErrUnsupportedKey,
	} {
		if _, err := (did.MethodJWK{}).Resolve(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
}

func TestSuiteChecks(t *testing.T) {
	off := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}
	unreduced := ed25519.PublicKey(append(append([]byte{0xf2}, []byte(strings.Repeat("\xff", 30))...), 0x7f))
	for name, c := range map[string]struct {
		suite did.Suite
		key   crypto.PublicKey
		want  error
	}{
		"ES256, off the curve":    {did.ES256{}, off, did.ErrKey},
		"ES256, of another type":  {did.ES256{}, newEd25519(t).Public(), did.ErrUnsupportedKey},
		"EdDSA, of another type":  {did.EdDSA{}, newP256(t).Public(), did.ErrUnsupportedKey},
		"EdDSA, short":            {did.EdDSA{}, ed25519.PublicKey{1}, did.ErrKey},
		"EdDSA, not reduced":      {did.EdDSA{}, unreduced, did.ErrKey},
		"EdDSA, p − 1, low order": {did.EdDSA{}, ed25519.PublicKey(append(append([]byte{0xec}, unreduced[1:31]...), 0x7f)), did.ErrKey},
	} {
		if err := c.suite.Check(c.key); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestMarshalJWKRefused(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	off := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}
	var none *ecdsa.PublicKey
	for name, c := range map[string]struct {
		key  crypto.PublicKey
		want error
	}{
		"P-384":         {p384.Public(), did.ErrUnsupportedKey},
		"off the curve": {off, did.ErrKey},
		"nil":           {none, did.ErrUnsupportedKey},
		"no curve":      {&ecdsa.PublicKey{}, did.ErrUnsupportedKey},
		"short Ed25519": {ed25519.PublicKey{1}, did.ErrKey},
	} {
		if _, err := did.MarshalJWK(c.key); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := did.NewKey(c.key); !errors.Is(err, c.want) {
			t.Errorf("%s as did:key: %v, want %v", name, err, c.want)
		}
		if _, err := did.NewJWK(c.key); !errors.Is(err, c.want) {
			t.Errorf("%s as did:jwk: %v, want %v", name, err, c.want)
		}
	}
}
