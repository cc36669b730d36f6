package zkp

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"strconv"
)

// ClaimName is the selectively disclosable claim that carries the native half.
const ClaimName = "hufu_zk"

const (
	halfVersion = 1
	// SuiteID names Groth16 on BN254 with Poseidon2 and the twisted Edwards
	// Schnorr signature. Another curve would be another number.
	SuiteID  = 1
	halfSize = 2 + 32 + 32 + 32 + 16 + 4 + 4 + 4
)

// HandleSize is the length of a revocation handle: 96 bits.
const HandleSize = 12

// Handle is a revocation handle, big-endian.
type Handle [HandleSize]byte

// NewHandle is the low 96 bits of P2₄(domain, x, y, random): bound to the
// issuer's key, so that nobody can revoke another issuer's credential.
func NewHandle(key PublicKey, random [16]byte) Handle {
	var r Element
	r.SetBytes(random[:])
	h := Compress(4, domainHandle, key.point.X, key.point.Y, r)
	b := h.Bytes()
	return Handle(b[32-HandleSize:])
}

// Element returns the handle as a field element.
func (h Handle) Element() Element {
	var e Element
	e.SetBytes(h[:])
	return e
}

// Half is the native half of a credential: what the issuer signs for the
// circuits beside the SD-JWT. It never carries the holder commitment, so a
// leaked half cannot be used to guess attributes.
type Half struct {
	Signature Signature
	Issuer    PublicKey
	Random    [16]byte
	Region    string // GB/T 2260, six digits
	NotBefore Day
	NotAfter  Day
}

// HalfSpec is what the issuer states in a half.
type HalfSpec struct {
	Schema     Element // SchemaElement
	Region     string
	Holder     Element // holder commitment
	NotBefore  Day
	NotAfter   Day
	Attributes Attributes
}

// IssueHalf signs a half with a fresh handle; random nil means crypto/rand.
func IssueHalf(ctx context.Context, signer Signer, spec HalfSpec, random io.Reader) (*Half, error) {
	if random == nil {
		random = rand.Reader
	}
	if spec.NotAfter < spec.NotBefore {
		return nil, fmt.Errorf("%w: validity ends before it begins", ErrValue)
	}
	if _, err := regionNumber(spec.Region); err != nil {
		return nil, err
	}
	h := &Half{Issuer: signer.ProofKey(), Region: spec.Region, NotBefore: spec.NotBefore, NotAfter: spec.NotAfter}
	if _, err := io.ReadFull(random, h.Random[:]); err != nil {
		return nil, fmt.Errorf("zkp: reading random bytes: %w", err)
	}
	hash := h.CredentialHash(spec.Schema, spec.Holder, &spec.Attributes)
	sig, err := signer.SignCredential(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("zkp: signing the native half: %w", err)
	}
	// A signer behind a wire can answer anything: never hand out what fails.
	if sig == nil {
		return nil, fmt.Errorf("%w: signer returned none", ErrSignature)
	}
	if err := h.Issuer.VerifySignature(hash, sig); err != nil {
		return nil, err
	}
	h.Signature = *sig
	return h, nil
}

// CredentialHash is P2₁₂(domain, suite, schema, region, holder commitment,
// not-before, not-after, handle, attrHash).
func (h *Half) CredentialHash(schema, holder Element, attrs *Attributes) Element {
	return Compress(12, domainCredential, small(SuiteID), schema, RegionElement(h.Region), holder,
		small(uint64(h.NotBefore)), small(uint64(h.NotAfter)), h.Handle().Element(), attrs.Hash())
}

// Handle returns the credential's revocation handle.
func (h *Half) Handle() Handle { return NewHandle(h.Issuer, h.Random) }

// Verify checks the signature over the attributes and the holder commitment.
func (h *Half) Verify(schema, holder Element, attrs *Attributes) error {
	return h.Issuer.VerifySignature(h.CredentialHash(schema, holder, attrs), &h.Signature)
}

// String is the claim's value: unpadded base64url of version ‖ suite ‖ R ‖ S ‖
// A ‖ random ‖ region ‖ not-before ‖ not-after.
func (h *Half) String() string {
	b := make([]byte, 0, halfSize)
	b = append(b, halfVersion, SuiteID)
	b = append(b, h.Signature.Bytes()...)
	b = append(b, h.Issuer.Bytes()...)
	b = append(b, h.Random[:]...)
	region, _ := regionNumber(h.Region)
	for _, v := range []uint32{region, uint32(h.NotBefore), uint32(h.NotAfter)} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseHalf reads what String wrote. It does not check the signature: that
// needs the attributes and the holder's secret.
func ParseHalf(s string) (*Half, error) {
	if len(s) != base64.RawURLEncoding.EncodedLen(halfSize) {
		return nil, fmt.Errorf("%w: native half of %d characters", ErrForm, len(s))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != halfSize {
		return nil, fmt.Errorf("%w: native half is not base64url", ErrForm)
	}
	if b[0] != halfVersion || b[1] != SuiteID {
		return nil, fmt.Errorf("%w: native half of version %d, suite %d", ErrForm, b[0], b[1])
	}
	h := new(Half)
	sig, err := ParseSignature(b[2:66])
	if err != nil {
		return nil, err
	}
	h.Signature = *sig
	if h.Issuer, err = ParsePublicKey(b[66:98]); err != nil {
		return nil, err
	}
	copy(h.Random[:], b[98:114])
	region := binary.BigEndian.Uint32(b[114:])
	if region > 999_999 {
		return nil, fmt.Errorf("%w: region", ErrForm)
	}
	h.Region = fmt.Sprintf("%06d", region)
	h.NotBefore, h.NotAfter = Day(binary.BigEndian.Uint32(b[118:])), Day(binary.BigEndian.Uint32(b[122:]))
	if h.NotAfter < h.NotBefore {
		return nil, fmt.Errorf("%w: validity ends before it begins", ErrForm)
	}
	return h, nil
}

func regionNumber(code string) (uint32, error) {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil || len(code) != 6 {
		return 0, fmt.Errorf("%w: a region is six digits after GB/T 2260", ErrValue)
	}
	return uint32(n), nil
}

func small(v uint64) Element {
	var e Element
	e.SetUint64(v)
	return e
}

func bigOf(e Element) *big.Int { return e.BigInt(new(big.Int)) }
