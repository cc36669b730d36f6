package did

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
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
// SM2) is another type, and no other code compares algorithm names.
type Suite interface {
	// Alg returns the JOSE name of the algorithm.
	Alg() string
	// SignatureSize returns the exact length of a signature, in bytes.
	SignatureSize() int
	// Check refuses every public key that must not be used with the algorithm.
	Check(public crypto.PublicKey) error
	// Sign signs message. The signer may be a security module.
	Sign(signer crypto.Signer, message []byte) ([]byte, error)
	// Verify reports whether signature, of SignatureSize bytes, is one of message
	// under a key that Check accepts.
	Verify(public crypto.PublicKey, message, signature []byte) bool
}

// Suites is an allow-list of signature algorithms. The zero value allows none.
type Suites struct{ list []Suite }

// NewSuites makes an allow-list. Errors: [ErrNoSuite] if it is empty,
// [ErrAlgorithm] if two suites have the same name.
func NewSuites(suites ...Suite) (*Suites, error) {
	if len(suites) == 0 {
		return nil, ErrNoSuite
	}
	list := &Suites{}
	for _, suite := range suites {
		if _, err := list.ByAlg(suite.Alg()); err == nil {
			return nil, fmt.Errorf("%w: named twice", ErrAlgorithm)
		}
		list.list = append(list.list, suite)
	}
	return list, nil
}

// SuitesNamed makes an allow-list of the standard suites with these JOSE names,
// as a policy file gives them: "ES256", "EdDSA". Errors: [ErrNoSuite] without a
// name, [ErrAlgorithm] for an unknown or repeated one.
func SuitesNamed(names ...string) (*Suites, error) {
	chosen := make([]Suite, len(names))
	for i, name := range names {
		suite, err := DefaultSuites().ByAlg(name)
		if err != nil {
			return nil, err
		}
		chosen[i] = suite
	}
	return NewSuites(chosen...)
}

// DefaultSuites allows ES256 and EdDSA.
func DefaultSuites() *Suites { return &Suites{list: []Suite{ES256{}, EdDSA{}}} }

// ByAlg returns the suite with this JOSE name, or with this other name of it. The error is
// [ErrAlgorithm].
func (s *Suites) ByAlg(alg string) (Suite, error) {
	i := slices.IndexFunc(s.list, func(suite Suite) bool {
		other, ok := suite.(interface{ AlsoAlg() string })
		return suite.Alg() == alg || ok && other.AlsoAlg() == alg
	})
	if i < 0 {
		return nil, ErrAlgorithm
	}
	return s.list[i], nil
}

// ForKey returns the suite that signs with public. The error is [ErrAlgorithm].
func (s *Suites) ForKey(public crypto.PublicKey) (Suite, error) {
	i := slices.IndexFunc(s.list, func(suite Suite) bool { return suite.Check(public) == nil })
	if i < 0 {
		return nil, ErrAlgorithm
	}
	return s.list[i], nil
}

// Names returns the allowed JOSE names in order.
func (s *Suites) Names() []string {
	names := make([]string, len(s.list))
	for i, suite := range s.list {
		names[i] = suite.Alg()
	}
	return names
}

// ES256 is ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4).
type ES256 struct{}

// Alg returns "ES256".
func (ES256) Alg() string { return "ES256" }

// SignatureSize returns 64: r and s.
func (ES256) SignatureSize() int { return 64 }

// Check accepts an *ecdsa.PublicKey that is a point of P-256.
func (ES256) Check(public crypto.PublicKey) error {
	key, ok := public.(*ecdsa.PublicKey)
	if !ok || key == nil || key.Curve != elliptic.P256() {
		return ErrUnsupportedKey
	}
	if _, err := key.ECDH(); err != nil {
		return fmt.Errorf("%w: not a point of P-256", ErrKey)
	}
	return nil
}

// Sign returns r ‖ s, two 32-byte big-endian numbers, over the SHA-256 of
// message.
func (ES256) Sign(signer crypto.Signer, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	der, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return rawSignature(der)
}

// Verify checks r ‖ s over the SHA-256 of message.
func (ES256) Verify(public crypto.PublicKey, message, signature []byte) bool {
	key, ok := public.(*ecdsa.PublicKey)
	if !ok || len(signature) != 64 {
		return false
	}
	digest := sha256.Sum256(message)
	return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

// rawSignature turns the ASN.1 signature of a crypto.Signer into the
// fixed-length form of JOSE. It keeps s as it is; ES256 of package ledger also
// makes s small.
func rawSignature(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &sig)
	if err != nil || len(rest) != 0 {
		return nil, fmt.Errorf("%w: signature is not ASN.1", ErrSigner)
	}
	if sig.R.Sign() <= 0 || sig.S.Sign() <= 0 || sig.R.BitLen() > 256 || sig.S.BitLen() > 256 {
		return nil, fmt.Errorf("%w: signature out of range", ErrSigner)
	}
	raw := make([]byte, 64)
	sig.R.FillBytes(raw[:32])
	sig.S.FillBytes(raw[32:])
	return raw, nil
}

// EdDSA is Ed25519 (RFC 8037, section 3.1).
type EdDSA struct{}

// Alg returns "EdDSA".
func (EdDSA) Alg() string { return "EdDSA" }

// AlsoAlg returns "Ed25519", the name of RFC 9864 for the same algorithm: it is read, and
// "EdDSA" is written, which every reader knows.
func (EdDSA) AlsoAlg() string { return "Ed25519" }

// SignatureSize returns 64.
func (EdDSA) SignatureSize() int { return ed25519.SignatureSize }

// Check accepts an ed25519.PublicKey in canonical form that is not of low
// order. It does not check that the key is a point; verification does.
func (EdDSA) Check(public crypto.PublicKey) error {
	key, ok := public.(ed25519.PublicKey)
	if !ok {
		return ErrUnsupportedKey
	}
	if len(key) != ed25519.PublicKeySize || !isReduced(key) {
		return fmt.Errorf("%w: not in canonical form", ErrKey)
	}
	// go-jose knows the points of low order, under which anyone can sign.
	_, err := decodeJWK(canonicalEd25519(key))
	return err
}

// Sign returns the 64-byte signature over message.
func (EdDSA) Sign(signer crypto.Signer, message []byte) ([]byte, error) {
	return signer.Sign(rand.Reader, message, crypto.Hash(0))
}

// Verify checks the 64-byte signature over message.
func (EdDSA) Verify(public crypto.PublicKey, message, signature []byte) bool {
	key, ok := public.(ed25519.PublicKey)
	return ok && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, message, signature)
}

// isReduced reports whether the y coordinate is below p = 2^255 − 19.
func isReduced(key ed25519.PublicKey) bool {
	top := key[31] | 0x80
	return key[0] < 0xed || top != 0xff || !bytes.Equal(key[1:31], bytes.Repeat([]byte{0xff}, 30))
}
