//lint:file-ignore SA1019 points off the curve are made on purpose

package ledger_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"math/big"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

func TestES256Keys(t *testing.T) {
	suites := ledger.DefaultSuites()
	for range 20 { // both parities of y
		key := newKey(t)
		b := must(suites.MarshalKey(key.Public()))(t)
		if len(b) != 34 || b[0] != 1 {
			t.Fatalf("%x", b)
		}
		if parsed := must(suites.ParseKey(b))(t); !key.PublicKey.Equal(parsed) {
			t.Fatal("another key came back")
		}
	}
	b := must(suites.MarshalKey(newKey(t).Public()))(t)
	point := must(newKey(t).PublicKey.Bytes())(t)
	for name, c := range map[string]struct {
		key  []byte
		want error
	}{
		"empty":        {nil, ledger.ErrFormat},
		"unknown":      {append([]byte{2}, b[1:]...), ledger.ErrSuite},
		"short":        {b[:33], ledger.ErrFormat},
		"long":         {append(bytes.Clone(b), 0), ledger.ErrFormat},
		"uncompressed": {append([]byte{1}, point...), ledger.ErrFormat},
		"off curve":    {append([]byte{1, 2}, bytes.Repeat([]byte{0xff}, 32)...), ledger.ErrFormat},
	} {
		if _, err := suites.ParseKey(c.key); !is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t)
	for name, key := range map[string]crypto.PublicKey{"P-384": p384.Public(), "Ed25519": ed25519Key(t).Public(), "nil": nil, "off curve": &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}} {
		if _, err := suites.MarshalKey(key); !is(err, ledger.ErrSuite) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestES256Signatures(t *testing.T) {
	key, suite := newKey(t), ledger.ES256{}
	public := must(suite.MarshalKey(key.Public()))(t)
	message := []byte("message")
	order := elliptic.P256().Params().N
	for range 20 { // half of what a signer returns has a high s
		sig := must(suite.Sign(key, message))(t)
		if err := suite.Verify(public, message, sig); err != nil {
			t.Fatal(err)
		}
		high := bytes.Clone(sig)
		s := new(big.Int).SetBytes(sig[32:])
		s.Sub(order, s).FillBytes(high[32:])
		if err := suite.Verify(public, message, high); !is(err, ledger.ErrSignature) {
			t.Fatal("high s:", err)
		}
	}
	sig := must(suite.Sign(key, message))(t)
	for name, bad := range map[string][]byte{"short": sig[:63], "long": append(bytes.Clone(sig), 0), "zero": make([]byte, 64), "empty": nil} {
		if err := suite.Verify(public, message, bad); !is(err, ledger.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := suite.Verify(public, []byte("other"), sig); !is(err, ledger.ErrSignature) {
		t.Error("another message:", err)
	}
	for name, der := range map[string][]byte{"no DER": {1}, "trailing": {0x30, 6, 2, 1, 1, 2, 1, 1, 0}, "zero": {0x30, 6, 2, 1, 0, 2, 1, 1}} {
		if _, err := suite.Sign(badSigner{key, der}, message); !is(err, ledger.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// badSigner is a broken security module.
type badSigner struct {
	crypto.Signer
	der []byte
}

func (b badSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return b.der, nil }

// toySuite shows that no algorithm is built in: its "signature" is a MAC under
// the public key.
type toySuite struct{}

type toyKey [32]byte

func (k toyKey) Public() crypto.PublicKey { return k }

func (k toyKey) Sign(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	h := hmac.New(sha256.New, k[:])
	h.Write(message)
	return h.Sum(nil), nil
}

func (toySuite) Name() string    { return "toy" }
func (toySuite) Algorithm() byte { return 200 }

func (toySuite) MarshalKey(public crypto.PublicKey) ([]byte, error) {
	key, ok := public.(toyKey)
	if !ok {
		return nil, ledger.ErrSuite
	}
	return key[:], nil
}

func (toySuite) ParseKey(key []byte) (crypto.PublicKey, error) { return toyKey(key), nil }

func (toySuite) Sign(signer crypto.Signer, message []byte) ([]byte, error) {
	return signer.Sign(nil, message, crypto.Hash(0))
}

func (toySuite) Verify(key, message, signature []byte) error {
	if want, _ := toyKey(key).Sign(nil, message, nil); !hmac.Equal(want, signature) {
		return ledger.ErrSignature
	}
	return nil
}

func TestSuiteIsAType(t *testing.T) {
	both := must(ledger.NewSuites(ledger.ES256{}, toySuite{}))(t)
	op := must(ledger.NewOperation(anchorOf(1)))(t)
	signed := must(both.Sign(ledgerID, op, toyKey{1}, newKey(t)))(t)
	must(signed.Verify(ledgerID, both))(t)
	if _, err := signed.Verify(ledgerID, ledger.DefaultSuites()); !is(err, ledger.ErrSuite) {
		t.Error("not on the list:", err)
	}
	if _, err := ledger.Sign(ledgerID, op, toyKey{1}); !is(err, ledger.ErrSuite) {
		t.Error("not on the list:", err)
	}
	for name, suites := range map[string][]ledger.Suite{"empty": nil, "twice": {toySuite{}, toySuite{}}} {
		if _, err := ledger.NewSuites(suites...); !is(err, ledger.ErrSuite) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := new(ledger.Suites).MarshalKey(newKey(t).Public()); !is(err, ledger.ErrSuite) {
		t.Error("the zero value allows something:", err)
	}
}
