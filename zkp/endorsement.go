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

// ClaimName names the selectively disclosable claim of the SD-JWT VC that
// carries the endorsement.
const ClaimName = "hufu_zk"

const (
	endorsementVersion = 1
	// SuiteID names Groth16 on BN254 with Poseidon2 and the Schnorr signature
	// on the twisted Edwards curve. Another curve would get another number.
	SuiteID         = 1
	endorsementSize = 2 + 32 + 32 + 32 + 16 + 4 + 4 + 4
)

// HandleSize is the length of a revocation handle in bytes: 96 bits.
const HandleSize = 12

// A Handle is a revocation handle, big-endian.
type Handle [HandleSize]byte

// NewHandle returns the low 96 bits of P2₄(domain, x, y, random). The handle is
// bound to the issuer's key, so that nobody can revoke another issuer's
// credential.
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

// An Endorsement is the issuer's second signature on a credential: over the
// same claims as the SD-JWT, in the form that circuits check. It never carries
// the holder commitment, so a leaked endorsement cannot be used to guess
// attributes.
type Endorsement struct {
	Signature Signature
	Issuer    PublicKey
	Random    [16]byte
	// Region is a GB/T 2260 code of six digits.
	Region    string // GB/T 2260, six digits
	NotBefore Day
	NotAfter  Day
}

// An EndorsementSpec lists what the issuer signs in an endorsement.
type EndorsementSpec struct {
	Schema     Element // SchemaElement
	Region     string
	Holder     Element // holder commitment
	NotBefore  Day
	NotAfter   Day
	Attributes Attributes
}

// IssueEndorsement signs spec under a fresh handle and checks the signature.
// random nil means crypto/rand. Errors: ErrValue for a malformed region or a
// validity that ends before it begins, ErrSignature for a signer that returns a
// wrong signature, and the signer's own.
func IssueEndorsement(ctx context.Context, signer Signer, spec EndorsementSpec, random io.Reader) (*Endorsement, error) {
	if random == nil {
		random = rand.Reader
	}
	if spec.NotAfter < spec.NotBefore {
		return nil, fmt.Errorf("%w: validity ends before it begins", ErrValue)
	}
	if _, err := regionNumber(spec.Region); err != nil {
		return nil, err
	}
	e := &Endorsement{Issuer: signer.ProofKey(), Region: spec.Region, NotBefore: spec.NotBefore, NotAfter: spec.NotAfter}
	if _, err := io.ReadFull(random, e.Random[:]); err != nil {
		return nil, fmt.Errorf("zkp: reading random bytes: %w", err)
	}
	hash := e.CredentialHash(spec.Schema, spec.Holder, &spec.Attributes)
	sig, err := signer.SignCredential(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("zkp: signing the endorsement: %w", err)
	}
	// A signer behind a wire can answer anything: never hand out what fails.
	if sig == nil {
		return nil, fmt.Errorf("%w: signer returned none", ErrSignature)
	}
	if err := e.Issuer.VerifySignature(hash, sig); err != nil {
		return nil, err
	}
	e.Signature = *sig
	return e, nil
}

// CredentialHash returns the hash that the issuer signs: P2₁₂(domain, suite,
// schema, region, holder commitment, not-before, not-after, handle, attrHash).
func (e *Endorsement) CredentialHash(schema, holder Element, attrs *Attributes) Element {
	return Compress(12, domainCredential, small(SuiteID), schema, RegionElement(e.Region), holder,
		small(uint64(e.NotBefore)), small(uint64(e.NotAfter)), e.Handle().Element(), attrs.Hash())
}

// Handle returns the credential's revocation handle.
func (e *Endorsement) Handle() Handle { return NewHandle(e.Issuer, e.Random) }

// Verify checks the signature over the schema, the holder commitment and the
// attributes. The error is ErrSignature.
func (e *Endorsement) Verify(schema, holder Element, attrs *Attributes) error {
	return e.Issuer.VerifySignature(e.CredentialHash(schema, holder, attrs), &e.Signature)
}

// String returns the value of the claim ClaimName: unpadded base64url of
// version ‖ suite ‖ R ‖ S ‖ A ‖ random ‖ region ‖ not-before ‖ not-after, 126
// bytes.
func (e *Endorsement) String() string {
	b := make([]byte, 0, endorsementSize)
	b = append(b, endorsementVersion, SuiteID)
	b = append(b, e.Signature.Bytes()...)
	b = append(b, e.Issuer.Bytes()...)
	b = append(b, e.Random[:]...)
	region, _ := regionNumber(e.Region)
	for _, v := range []uint32{region, uint32(e.NotBefore), uint32(e.NotAfter)} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseEndorsement reads what String wrote. It does not check the signature,
// which needs the attributes and the holder's secret. Errors: ErrForm,
// ErrProofKey.
func ParseEndorsement(s string) (*Endorsement, error) {
	if len(s) != base64.RawURLEncoding.EncodedLen(endorsementSize) {
		return nil, fmt.Errorf("%w: endorsement of %d characters", ErrForm, len(s))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != endorsementSize {
		return nil, fmt.Errorf("%w: endorsement is not base64url", ErrForm)
	}
	if b[0] != endorsementVersion || b[1] != SuiteID {
		return nil, fmt.Errorf("%w: endorsement of version %d, suite %d", ErrForm, b[0], b[1])
	}
	e := new(Endorsement)
	sig, err := ParseSignature(b[2:66])
	if err != nil {
		return nil, err
	}
	e.Signature = *sig
	if e.Issuer, err = ParsePublicKey(b[66:98]); err != nil {
		return nil, err
	}
	copy(e.Random[:], b[98:114])
	region := binary.BigEndian.Uint32(b[114:])
	if region > 999_999 {
		return nil, fmt.Errorf("%w: region", ErrForm)
	}
	e.Region = fmt.Sprintf("%06d", region)
	e.NotBefore, e.NotAfter = Day(binary.BigEndian.Uint32(b[118:])), Day(binary.BigEndian.Uint32(b[122:]))
	if e.NotAfter < e.NotBefore {
		return nil, fmt.Errorf("%w: validity ends before it begins", ErrForm)
	}
	return e, nil
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
