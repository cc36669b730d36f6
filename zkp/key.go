package zkp

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"io"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
)

var curve = twistededwards.GetEdwardsCurve()

// PublicKeySize is the length of a proof key in bytes: the compressed point.
const PublicKeySize = 32

// A PublicKey is an issuer's proof key: a point of prime order on the twisted
// Edwards curve of BN254.
type PublicKey struct{ point twistededwards.PointAffine }

// ParsePublicKey reads a compressed point. It refuses a point that is off the
// curve, outside the prime-order subgroup, the neutral element, or not spelled
// as Bytes spells it. The error is ErrProofKey.
func ParsePublicKey(b []byte) (PublicKey, error) {
	p, err := parsePoint(b)
	if err != nil {
		return PublicKey{}, err
	}
	if p.IsZero() || !inSubgroup(&p) {
		return PublicKey{}, fmt.Errorf("%w: outside the prime-order subgroup", ErrProofKey)
	}
	return PublicKey{p}, nil
}

// Bytes returns the compressed point: little-endian y, the sign of x in the top
// bit.
func (k PublicKey) Bytes() []byte {
	b := k.point.Bytes()
	return b[:]
}

// Coordinates returns the affine coordinates.
func (k PublicKey) Coordinates() (x, y Element) { return k.point.X, k.point.Y }

// Equal reports whether k and o are the same key.
func (k PublicKey) Equal(o PublicKey) bool { return k.point.Equal(&o.point) }

func parsePoint(b []byte) (twistededwards.PointAffine, error) {
	var p twistededwards.PointAffine
	if len(b) != PublicKeySize {
		return p, fmt.Errorf("%w: %d bytes, want %d", ErrProofKey, len(b), PublicKeySize)
	}
	if _, err := p.SetBytes(b); err != nil {
		return p, fmt.Errorf("%w: not a compressed point", ErrProofKey)
	}
	// The library takes the square root of whatever the bytes say: only a
	// point that is on the curve and spells itself the same way passes.
	if again := p.Bytes(); string(again[:]) != string(b) || !p.IsOnCurve() {
		return p, fmt.Errorf("%w: not a canonical point of the curve", ErrProofKey)
	}
	return p, nil
}

func inSubgroup(p *twistededwards.PointAffine) bool {
	var q twistededwards.PointAffine
	q.ScalarMultiplication(p, &curve.Order)
	return q.IsZero()
}

// A Signature is a Schnorr signature: [S]G − [h]A = R, with h the challenge.
type Signature struct {
	r twistededwards.PointAffine
	s big.Int
}

// Scalar returns S, below the order of the curve.
func (s *Signature) Scalar() *big.Int { return new(big.Int).Set(&s.s) }

// Point returns the affine coordinates of R.
func (s *Signature) Point() (x, y Element) { return s.r.X, s.r.Y }

// SignatureSize is the length of an encoded Signature in bytes.
const SignatureSize = 64

// Bytes returns R, compressed, and S, big-endian.
func (s *Signature) Bytes() []byte {
	r := s.r.Bytes()
	return append(r[:], s.s.FillBytes(make([]byte, 32))...)
}

// ParseSignature reads what Bytes wrote, as a remote signer sends it. It does
// not verify the signature. Errors: ErrForm, ErrProofKey for R.
func ParseSignature(b []byte) (*Signature, error) {
	if len(b) != SignatureSize {
		return nil, fmt.Errorf("%w: signature of %d bytes", ErrForm, len(b))
	}
	s := new(Signature)
	var err error
	if s.r, err = parsePoint(b[:32]); err != nil {
		return nil, err
	}
	if s.s.SetBytes(b[32:]); s.s.Cmp(&curve.Order) >= 0 {
		return nil, fmt.Errorf("%w: scalar not below the order", ErrForm)
	}
	return s, nil
}

// A Message is what an issuer signs about one credential, as field elements.
// Endorsement.Message makes it.
type Message struct {
	Schema     Element // SchemaElement
	Region     Element // RegionElement
	Holder     Element // holder commitment
	Issuance   Element // scope of the holder commitment
	Terms      Element // not-after u32 ‖ not-before u32 ‖ handle
	Attributes Element // attrHash
}

// elements returns the message in the order of the circuit.
func (m *Message) elements() []Element {
	return []Element{m.Schema, m.Region, m.Holder, m.Issuance, m.Terms, m.Attributes}
}

// A Signer signs with an issuer's proof key. It may be remote. No HSM supports
// this curve, so that crypto.Signer does not fit.
type Signer interface {
	ProofKey() PublicKey
	SignCredential(ctx context.Context, m Message) (*Signature, error)
}

// A PrivateKey is a Signer in memory. Its scalar arithmetic is not constant
// time: sign where nobody can measure it.
type PrivateKey struct {
	seed   [32]byte
	scalar big.Int
	prefix [32]byte
	public PublicKey
}

// GenerateKey makes a private key from 32 random bytes. random nil means
// crypto/rand.
func GenerateKey(random io.Reader) (*PrivateKey, error) {
	if random == nil {
		random = rand.Reader
	}
	var seed [32]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return nil, fmt.Errorf("zkp: reading random bytes: %w", err)
	}
	return NewPrivateKey(seed)
}

// NewPrivateKey derives the key of a seed. The error is ErrProofKey for a seed
// that gives the zero scalar.
func NewPrivateKey(seed [32]byte) (*PrivateKey, error) {
	k := &PrivateKey{seed: seed}
	h := sha512.Sum512(append([]byte("hufu/zkp/2/key\x00"), seed[:]...))
	wide := sha512.Sum512(append([]byte("hufu/zkp/2/scalar\x00"), h[:32]...))
	k.scalar.SetBytes(wide[:])
	k.scalar.Mod(&k.scalar, &curve.Order)
	if k.scalar.Sign() == 0 {
		return nil, fmt.Errorf("%w: seed gives the zero scalar", ErrProofKey)
	}
	copy(k.prefix[:], h[32:])
	k.public.point.ScalarMultiplicationBase(&k.scalar)
	return k, nil
}

// Format keeps the private key out of every log line, whatever the verb.
func (*PrivateKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "zkp.PrivateKey") }

// Seed returns the 32 bytes that NewPrivateKey derives the key from.
func (k *PrivateKey) Seed() [32]byte { return k.seed }

// ProofKey returns the public key.
func (k *PrivateKey) ProofKey() PublicKey { return k.public }

// SignCredential signs with a nonce that mixes the key, fresh random bytes and
// the message. Neither a broken generator nor a repeated message leaks the key.
func (k *PrivateKey) SignCredential(_ context.Context, m Message) (*Signature, error) {
	var fresh [32]byte
	if _, err := rand.Read(fresh[:]); err != nil {
		return nil, fmt.Errorf("zkp: reading random bytes: %w", err)
	}
	return k.sign(&m, fresh), nil
}

func (k *PrivateKey) sign(m *Message, fresh [32]byte) *Signature {
	h := sha512.New()
	h.Write([]byte("hufu/zkp/2/nonce\x00"))
	h.Write(k.prefix[:])
	h.Write(fresh[:])
	for _, e := range m.elements() {
		b := e.Bytes()
		h.Write(b[:])
	}
	nonce := new(big.Int).SetBytes(h.Sum(nil))
	nonce.Mod(nonce, &curve.Order)

	sig := new(Signature)
	sig.r.ScalarMultiplicationBase(nonce)
	c := challenge(&sig.r, k.public, m)
	sig.s.Mul(c, &k.scalar)
	sig.s.Add(&sig.s, nonce)
	sig.s.Mod(&sig.s, &curve.Order)
	return sig
}

// ChallengeBits is the length of a signature's challenge: the low bits of a
// canonical hash.
const ChallengeBits = 128

// challenge returns the low 128 bits of P2₁₂(domain, Rx, Ry, Ax, Ay, schema,
// region, holder commitment, issuance scope, terms, attrHash).
func challenge(r *twistededwards.PointAffine, a PublicKey, m *Message) *big.Int {
	in := append([]Element{domainSignature, r.X, r.Y, a.point.X, a.point.Y}, m.elements()...)
	h := Compress(12, in...)
	b := h.Bytes()
	return new(big.Int).SetBytes(b[len(b)-ChallengeBits/8:])
}

// VerifySignature checks that [S]G − [h]A = R, with R on the curve and S below
// the order. The error is ErrSignature.
func (k PublicKey) VerifySignature(m Message, sig *Signature) error {
	if sig.s.Sign() < 0 || sig.s.Cmp(&curve.Order) >= 0 {
		return fmt.Errorf("%w: scalar not below the order", ErrSignature)
	}
	if !sig.r.IsOnCurve() {
		return fmt.Errorf("%w: point off the curve", ErrSignature)
	}
	var left, right twistededwards.PointAffine
	left.ScalarMultiplicationBase(&sig.s)
	right.ScalarMultiplication(&k.point, challenge(&sig.r, k, &m))
	right.Add(&right, &sig.r)
	if !left.Equal(&right) {
		return ErrSignature
	}
	return nil
}
