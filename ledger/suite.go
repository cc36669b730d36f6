package ledger

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
)

// A Suite is one signature algorithm as a Go type. Everything that depends on
// the algorithm is behind this interface, so that another algorithm (such as
// SM2) is another type.
type Suite interface {
	// Name returns the usual name of the algorithm.
	Name() string
	// Algorithm returns the first byte of a key of this suite on the ledger.
	Algorithm() byte
	// MarshalKey returns the bytes after that byte. It returns ErrSuite if the
	// key does not belong to this suite.
	MarshalKey(public crypto.PublicKey) ([]byte, error)
	// ParseKey reads these bytes and refuses every other spelling.
	ParseKey(key []byte) (crypto.PublicKey, error)
	// Sign signs message. The signer may be a security module.
	Sign(signer crypto.Signer, message []byte) ([]byte, error)
	// Verify returns ErrSignature unless signature is the canonical form of a
	// signature over message by key.
	Verify(key, message, signature []byte) error
}

// Suites is an allow-list of signature algorithms. The zero value allows none.
type Suites struct{ list []Suite }

// NewSuites makes an allow-list. The error is [ErrSuite] if it is empty, or if
// two suites have the same name or algorithm byte.
func NewSuites(suites ...Suite) (*Suites, error) {
	if len(suites) == 0 {
		return nil, fmt.Errorf("%w: empty list", ErrSuite)
	}
	for i, a := range suites {
		for _, b := range suites[:i] {
			if a.Name() == b.Name() || a.Algorithm() == b.Algorithm() {
				return nil, fmt.Errorf("%w: one named twice", ErrSuite)
			}
		}
	}
	return &Suites{slices.Clone(suites)}, nil
}

// DefaultSuites allows only ES256.
func DefaultSuites() *Suites { return &Suites{[]Suite{ES256{}}} }

// MarshalKey writes a public key as the ledger holds it: algorithm byte, then
// the suite's encoding. The error is [ErrSuite].
func (s *Suites) MarshalKey(public crypto.PublicKey) ([]byte, error) {
	for _, suite := range s.list {
		if key, err := suite.MarshalKey(public); err == nil {
			return append([]byte{suite.Algorithm()}, key...), nil
		}
	}
	return nil, ErrSuite
}

// ParseKey reads a public key of the ledger. The error is [ErrSuite] or
// [ErrFormat].
func (s *Suites) ParseKey(key []byte) (crypto.PublicKey, error) {
	suite, err := s.of(key)
	if err != nil {
		return nil, err
	}
	return suite.ParseKey(key[1:])
}

func (s *Suites) of(key []byte) (Suite, error) {
	if len(key) == 0 {
		return nil, fmt.Errorf("%w: empty key", ErrFormat)
	}
	i := slices.IndexFunc(s.list, func(suite Suite) bool { return suite.Algorithm() == key[0] })
	if i < 0 {
		return nil, ErrSuite
	}
	return s.list[i], nil
}

func (s *Suites) sign(signer crypto.Signer, message []byte) (key, signature []byte, err error) {
	if key, err = s.MarshalKey(signer.Public()); err != nil {
		return nil, nil, err
	}
	suite, err := s.of(key)
	if err != nil {
		return nil, nil, err
	}
	signature, err = suite.Sign(signer, message)
	return key, signature, err
}

func (s *Suites) verify(key, message, signature []byte) error {
	suite, err := s.of(key)
	if err != nil {
		return err
	}
	return suite.Verify(key[1:], message, signature)
}

// ES256 is ECDSA on P-256 with SHA-256 (FIPS 186-5). A key is the compressed
// point of SEC 1, section 2.3.3, 33 bytes. A signature is r ‖ s, 64 bytes, with
// s in the lower half of the order, because the other s would be a second
// spelling.
type ES256 struct{}

var (
	p256Order     = elliptic.P256().Params().N
	p256HalfOrder = new(big.Int).Rsh(p256Order, 1)
)

// Name returns "ES256".
func (ES256) Name() string { return "ES256" }

// Algorithm returns 1.
func (ES256) Algorithm() byte { return 1 }

// MarshalKey accepts an *ecdsa.PublicKey that is a point of P-256.
func (ES256) MarshalKey(public crypto.PublicKey) ([]byte, error) {
	key, ok := public.(*ecdsa.PublicKey)
	if !ok || key == nil || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: not a P-256 key", ErrSuite)
	}
	point, err := key.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: not a point of P-256", ErrSuite)
	}
	// SEC 1: 0x04 ‖ x ‖ y becomes 0x02 or 0x03, by the parity of y, ‖ x.
	return append([]byte{2 | point[64]&1}, point[1:33]...), nil
}

// ParseKey returns an *ecdsa.PublicKey. The error is [ErrFormat].
func (ES256) ParseKey(key []byte) (crypto.PublicKey, error) {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), key)
	if x == nil {
		return nil, fmt.Errorf("%w: not a compressed point of P-256", ErrFormat)
	}
	point := append([]byte{4}, x.FillBytes(make([]byte, 32))...)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(point, y.FillBytes(make([]byte, 32))...))
	if err != nil {
		return nil, fmt.Errorf("%w: not a point of P-256", ErrFormat)
	}
	return public, nil
}

// Sign signs the SHA-256 of message.
func (ES256) Sign(signer crypto.Signer, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	der, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("ledger: signer failed: %w", err)
	}
	var sig struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &sig)
	if err != nil || len(rest) > 0 || !inRange(sig.R) || !inRange(sig.S) {
		return nil, fmt.Errorf("%w: signer returned no ECDSA signature", ErrSignature)
	}
	if sig.S.Cmp(p256HalfOrder) > 0 {
		sig.S.Sub(p256Order, sig.S)
	}
	out := make([]byte, 64)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}

func inRange(n *big.Int) bool { return n.Sign() > 0 && n.Cmp(p256Order) < 0 }

// Verify checks the signature over the SHA-256 of message.
func (e ES256) Verify(key, message, signature []byte) error {
	if len(signature) != 64 {
		return fmt.Errorf("%w: %d bytes", ErrSignature, len(signature))
	}
	public, err := e.ParseKey(key)
	if err != nil {
		return err
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if s.Cmp(p256HalfOrder) > 0 {
		return fmt.Errorf("%w: s in the upper half of the order", ErrSignature)
	}
	digest := sha256.Sum256(message)
	if !ecdsa.Verify(public.(*ecdsa.PublicKey), digest[:], r, s) {
		return ErrSignature
	}
	return nil
}
