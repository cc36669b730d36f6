package did_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/hufu-id/hufu/did"
)

const testTyp = "example+jwt"

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// handmade signs any header text with ES256, as SignJWS never would.
func handmade(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := b64(header) + "." + b64(payload)
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return input + "." + b64(string(sig))
}

func TestSignAndVerify(t *testing.T) {
	embedded := newEd25519(t).Public()
	for alg, key := range map[string]crypto.Signer{"ES256": newP256(t), "EdDSA": newEd25519(t)} {
		header := did.Header{Typ: testTyp, Kid: "did:x:a#1", JWK: embedded, X5C: nil, Extra: map[string]any{"iss": "me"}}
		compact, err := did.SignJWS(t.Context(), key, header, []byte("payload"), did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		token, err := did.ParseJWS(compact, testTyp, did.JWSOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := token.Header
		if got.Alg != alg || got.Typ != testTyp || got.Kid != header.Kid || !same(got.JWK, embedded) || got.Extra["iss"] != "me" {
			t.Errorf("header reads as %+v", got)
		}
		if token.String() != compact || string(token.UnverifiedPayload()) != "payload" {
			t.Error("token does not keep its bytes")
		}
		if payload, err := token.Verify(key.Public()); err != nil || string(payload) != "payload" {
			t.Errorf("%s: %v", alg, err)
		}
		if _, err := token.Verify(embedded); err == nil {
			t.Error("the embedded key verifies")
		}
	}
}

func TestVerifyRefused(t *testing.T) {
	key, other, ed := newP256(t), newP256(t), newEd25519(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token, err := did.ParseJWS(handmade(t, key, `{"alg":"ES256"}`, "a"), "", did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lowOrder := ed25519.PublicKey(make([]byte, 32))
	for name, c := range map[string]struct {
		key  crypto.PublicKey
		want error
	}{
		"right key":         {key.Public(), nil},
		"another key":       {other.Public(), did.ErrSignature},
		"another algorithm": {ed.Public(), did.ErrAlgorithm},
		"P-384":             {p384.Public(), did.ErrAlgorithm},
		"bytes":             {[]byte("secret"), did.ErrAlgorithm},
		"nil":               {nil, did.ErrAlgorithm},
		"a go-jose key":     {jose.JSONWebKey{Key: key.Public()}, did.ErrAlgorithm},
	} {
		if _, err := token.Verify(c.key); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// With a low-order key, R = A = identity and S = 0 verify for any message.
	forged := b64(`{"alg":"EdDSA"}`) + "." + b64("anything") + "." + b64("\x01"+strings.Repeat("\x00", 63))
	eddsa, err := did.ParseJWS(forged, "", did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lowOrder[0] = 1
	if !ed25519.Verify(lowOrder, []byte("any"), []byte("\x01"+strings.Repeat("\x00", 63))) {
		t.Fatal("the forgery under test is none")
	}
	if _, err := eddsa.Verify(lowOrder); !errors.Is(err, did.ErrKey) {
		t.Errorf("low-order key: %v", err)
	}
}

func TestParseJWSRefused(t *testing.T) {
	key := newP256(t)
	good := handmade(t, key, `{"alg":"ES256","typ":"example+jwt"}`, "payload")
	parts := strings.Split(good, ".")
	signed := func(header string) string { return handmade(t, key, header, "payload") }
	hs256 := func() string {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, point)
		input := b64(`{"alg":"HS256","typ":"example+jwt"}`) + "." + parts[1]
		mac.Write([]byte(input))
		return input + "." + b64(string(mac.Sum(nil)))
	}
	for name, c := range map[string]struct {
		compact string
		want    error
	}{
		"good":                  {good, nil},
		"empty":                 {"", did.ErrToken},
		"two parts":             {parts[0] + "." + parts[1], did.ErrToken},
		"four parts":            {good + ".", did.ErrToken},
		"JSON form":             {`{"payload":"","protected":"","signature":""}`, did.ErrToken},
		"space before":          {" " + good, did.ErrToken},
		"line break at the end": {good + "\n", did.ErrToken},
		"line break within":     {parts[0] + "." + parts[1][:2] + "\n" + parts[1][2:] + "." + parts[2], did.ErrToken},
		"padding":               {parts[0] + "." + b64("pa") + "=." + parts[2], did.ErrToken},
		"standard alphabet":     {parts[0] + ".+/+/." + parts[2], did.ErrToken},
		"unused bits in payload": {
			parts[0] + "." + strings.TrimSuffix(b64("p"), "A") + "B." + parts[2], did.ErrToken},
		"signature cut":           {good[:len(good)-4], did.ErrToken},
		"signature longer":        {good + "AAAA", did.ErrToken},
		"DER signature":           {parts[0] + "." + parts[1] + "." + b64("0"+strings.Repeat("x", 69)), did.ErrToken},
		"no signature":            {parts[0] + "." + parts[1] + ".", did.ErrToken},
		"alg none":                {b64(`{"alg":"none","typ":"example+jwt"}`) + "." + parts[1] + ".", did.ErrAlgorithm},
		"alg none, spelled oddly": {signed(`{"alg":"nOnE","typ":"example+jwt"}`), did.ErrAlgorithm},
		"HS256 keyed with the public key": {
			hs256(), did.ErrAlgorithm},
		"alg missing":       {signed(`{"typ":"example+jwt"}`), did.ErrAlgorithm},
		"alg a number":      {signed(`{"alg":1,"typ":"example+jwt"}`), did.ErrHeader},
		"alg in lower case": {signed(`{"alg":"es256","typ":"example+jwt"}`), did.ErrAlgorithm},
		"ES384":             {signed(`{"alg":"ES384","typ":"example+jwt"}`), did.ErrAlgorithm},
		"another typ":       {signed(`{"alg":"ES256","typ":"kb+jwt"}`), did.ErrType},
		"typ in upper case": {signed(`{"alg":"ES256","typ":"EXAMPLE+JWT"}`), did.ErrType},
		"typ with prefix":   {signed(`{"alg":"ES256","typ":"application/example+jwt"}`), did.ErrType},
		"no typ":            {signed(`{"alg":"ES256"}`), did.ErrType},
		"crit":              {signed(`{"alg":"ES256","typ":"example+jwt","crit":["exp"],"exp":1}`), did.ErrCritical},
		"crit of b64":       {signed(`{"alg":"ES256","typ":"example+jwt","crit":["b64"],"b64":true}`), did.ErrCritical},
		"crit empty":        {signed(`{"alg":"ES256","typ":"example+jwt","crit":[]}`), did.ErrCritical},
		"b64":               {signed(`{"alg":"ES256","typ":"example+jwt","b64":true}`), did.ErrHeader},
		"jku":               {signed(`{"alg":"ES256","typ":"example+jwt","jku":"https://evil.example"}`), did.ErrHeader},
		"x5u":               {signed(`{"alg":"ES256","typ":"example+jwt","x5u":"https://evil.example"}`), did.ErrHeader},
		"member twice":      {signed(`{"alg":"ES256","typ":"example+jwt","typ":"example+jwt"}`), did.ErrHeader},
		"member twice, escaped": {
			signed(`{"alg":"ES256","typ":"example+jwt","\u0074yp":"example+jwt"}`), did.ErrHeader},
		"folded member":    {signed(`{"alg":"ES256","typ":"example+jwt","Kid":"a"}`), did.ErrHeader},
		"header an array":  {signed(`[]`), did.ErrHeader},
		"header null":      {signed(`null`), did.ErrHeader},
		"header twice":     {signed(`{"alg":"ES256","typ":"example+jwt"}{}`), did.ErrHeader},
		"header not UTF-8": {signed("{\"alg\":\"ES256\",\"typ\":\"example+jwt\",\"a\":\"\xff\"}"), did.ErrHeader},
		"header deep":      {signed(`{"alg":"ES256","typ":"example+jwt","a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`), did.ErrHeader},
		"kid null":         {signed(`{"alg":"ES256","typ":"example+jwt","kid":null}`), did.ErrHeader},
		"kid a number":     {signed(`{"alg":"ES256","typ":"example+jwt","kid":42}`), did.ErrHeader},
		"jwk private":      {signed(`{"alg":"ES256","typ":"example+jwt","jwk":{"kty":"oct","k":"AA"}}`), did.ErrPrivateKey},
		"x5c a string":     {signed(`{"alg":"ES256","typ":"example+jwt","x5c":"AA=="}`), did.ErrHeader},
		"x5c empty":        {signed(`{"alg":"ES256","typ":"example+jwt","x5c":[]}`), did.ErrHeader},
		"x5c not base64":   {signed(`{"alg":"ES256","typ":"example+jwt","x5c":["-_"]}`), did.ErrHeader},
		"x5c line break":   {signed(`{"alg":"ES256","typ":"example+jwt","x5c":["AA\n=="]}`), did.ErrHeader},
		"x5c no cert":      {signed(`{"alg":"ES256","typ":"example+jwt","x5c":["AAAA"]}`), did.ErrHeader},
		"x5c too long":     {signed(`{"alg":"ES256","typ":"example+jwt","x5c":["AAAA"` + strings.Repeat(`,"AAAA"`, 8) + `]}`), did.ErrHeader},
		"too large":        {parts[0] + "." + strings.Repeat("A", 256<<10) + "." + parts[2], did.ErrTooLarge},
	} {
		if _, err := did.ParseJWS(c.compact, testTyp, did.JWSOptions{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestCertificateChain(t *testing.T) {
	key := newP256(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	header := did.Header{Typ: testTyp, X5C: [][]byte{der, der}}
	compact, err := did.SignJWS(t.Context(), key, header, []byte("a"), did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := did.ParseJWS(compact, testTyp, did.JWSOptions{})
	if err != nil || len(token.Header.X5C) != 2 || string(token.Header.X5C[1]) != string(der) {
		t.Fatalf("chain of %d (%v)", len(token.Header.X5C), err)
	}
	encoded := base64.StdEncoding.EncodeToString(der)
	folded := handmade(t, key, `{"alg":"ES256","typ":"example+jwt","x5c":["`+encoded[:4]+`\n`+encoded[4:]+`"]}`, "a")
	if _, err := did.ParseJWS(folded, testTyp, did.JWSOptions{}); !errors.Is(err, did.ErrHeader) {
		t.Errorf("line break in a certificate: %v", err)
	}
}

func TestParseJWSAnyTypeAndCap(t *testing.T) {
	compact := handmade(t, newP256(t), `{"alg":"ES256","typ":"odd"}`, "payload")
	if token, err := did.ParseJWS(compact, did.AnyTypeUnsafe, did.JWSOptions{}); err != nil || token.Header.Typ != "odd" {
		t.Errorf("any type: %v", err)
	}
	if _, err := did.ParseJWS(compact, "odd", did.JWSOptions{MaxBytes: len(compact)}); err != nil {
		t.Errorf("at the cap: %v", err)
	}
	if _, err := did.ParseJWS(compact, "odd", did.JWSOptions{MaxBytes: len(compact) - 1}); !errors.Is(err, did.ErrTooLarge) {
		t.Errorf("above the cap: %v", err)
	}
}

// signerFunc is a security module that misbehaves.
type signerFunc struct {
	public crypto.PublicKey
	sign   func([]byte) ([]byte, error)
}

func (s signerFunc) Public() crypto.PublicKey { return s.public }

func (s signerFunc) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return s.sign(digest)
}

func TestSignRefused(t *testing.T) {
	key, other := newP256(t), newP256(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	constant := func(sig []byte, err error) crypto.Signer {
		return signerFunc{key.Public(), func([]byte) ([]byte, error) { return sig, err }}
	}
	locked := errors.New("locked")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	onlyEd, err := did.SuitesNamed("EdDSA")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ctx    context.Context
		signer crypto.Signer
		header did.Header
		opts   did.JWSOptions
		want   error
	}{
		"cancelled":        {stopped, key, did.Header{}, did.JWSOptions{}, context.Canceled},
		"no signer":        {t.Context(), nil, did.Header{}, did.JWSOptions{}, did.ErrSigner},
		"RSA":              {t.Context(), rsaKey, did.Header{}, did.JWSOptions{}, did.ErrAlgorithm},
		"suite not listed": {t.Context(), key, did.Header{}, did.JWSOptions{Suites: onlyEd}, did.ErrAlgorithm},
		"known as extra":   {t.Context(), key, did.Header{Extra: map[string]any{"crit": []string{}}}, did.JWSOptions{}, did.ErrHeader},
		"folded extra":     {t.Context(), key, did.Header{Extra: map[string]any{"KID": "a"}}, did.JWSOptions{}, did.ErrHeader},
		"bad jwk":          {t.Context(), constant(nil, locked), did.Header{JWK: rsaKey.Public()}, did.JWSOptions{}, did.ErrUnsupportedKey},
		"wrong key signs": {t.Context(), signerFunc{key.Public(), func(d []byte) ([]byte, error) {
			return other.Sign(rand.Reader, d, crypto.SHA256)
		}}, did.Header{}, did.JWSOptions{}, did.ErrSigner},
		"locked module":    {t.Context(), constant(nil, locked), did.Header{}, did.JWSOptions{}, locked},
		"not ASN.1":        {t.Context(), constant(make([]byte, 64), nil), did.Header{}, did.JWSOptions{}, did.ErrSigner},
		"negative r":       {t.Context(), constant([]byte{0x30, 6, 2, 1, 0xff, 2, 1, 1}, nil), did.Header{}, did.JWSOptions{}, did.ErrSigner},
		"r over 256 bits":  {t.Context(), constant(wideR(), nil), did.Header{}, did.JWSOptions{}, did.ErrSigner},
		"trailing in ASN1": {t.Context(), constant([]byte{0x30, 6, 2, 1, 1, 2, 1, 1, 0}, nil), did.Header{}, did.JWSOptions{}, did.ErrSigner},
	} {
		_, err := did.SignJWS(c.ctx, c.signer, c.header, []byte("a"), c.opts)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// wideR is an ASN.1 signature whose r has 264 bits.
func wideR() []byte {
	r := append([]byte{2, 33, 1}, make([]byte, 32)...)
	return append(append([]byte{0x30, byte(len(r) + 3)}, r...), 2, 1, 1)
}

func TestSuites(t *testing.T) {
	if _, err := did.NewSuites(); !errors.Is(err, did.ErrNoSuite) {
		t.Errorf("empty list: %v", err)
	}
	if _, err := did.SuitesNamed(); !errors.Is(err, did.ErrNoSuite) {
		t.Errorf("no names: %v", err)
	}
	for _, name := range []string{"none", "HS256", "RS256", "es256", ""} {
		if _, err := did.SuitesNamed("ES256", name); !errors.Is(err, did.ErrAlgorithm) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := did.NewSuites(did.ES256{}, did.ES256{}); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("named twice: %v", err)
	}
	if got := fmt.Sprint(did.DefaultSuites().Names()); got != "[ES256 EdDSA]" {
		t.Errorf("default suites %s", got)
	}
	compact := handmade(t, newP256(t), `{"alg":"ES256"}`, "a")
	if _, err := did.ParseJWS(compact, "", did.JWSOptions{Suites: &did.Suites{}}); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("zero list allows: %v", err)
	}
}

// dummy is a suite of another kind altogether: a keyed hash that stands for an
// algorithm go-jose has never heard of.
type dummy struct{}

type dummyKey string

func (k dummyKey) Public() crypto.PublicKey { return k }

func (k dummyKey) Sign(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	sum := sha256.Sum256(append([]byte(k), message...))
	return sum[:], nil
}

func (dummy) Alg() string        { return "X-DUMMY" }
func (dummy) SignatureSize() int { return sha256.Size }
func (dummy) Check(public crypto.PublicKey) error {
	if _, ok := public.(dummyKey); !ok {
		return did.ErrUnsupportedKey
	}
	return nil
}

func (dummy) Sign(signer crypto.Signer, message []byte) ([]byte, error) {
	return signer.Sign(rand.Reader, message, crypto.Hash(0))
}
func (dummy) Verify(public crypto.PublicKey, message, signature []byte) bool {
	want, err := public.(dummyKey).Sign(nil, message, nil)
	return err == nil && string(want) == string(signature)
}

func TestNothingIsHardWired(t *testing.T) {
	suites, err := did.NewSuites(dummy{})
	if err != nil {
		t.Fatal(err)
	}
	opts := did.JWSOptions{Suites: suites}
	compact, err := did.SignJWS(t.Context(), dummyKey("k"), did.Header{Typ: testTyp}, []byte("payload"), opts)
	if err != nil {
		t.Fatal(err)
	}
	token, err := did.ParseJWS(compact, testTyp, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Verify(dummyKey("k").Public()); err != nil {
		t.Error(err)
	}
	if _, err := token.Verify(dummyKey("other").Public()); !errors.Is(err, did.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if _, err := did.ParseJWS(compact, testTyp, did.JWSOptions{}); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("default suites allow the dummy: %v", err)
	}
}
