package zkp

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
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
	// on the twisted Edwards curve, whose message holds the issuance scope.
	// Suite 1 did not sign it. Another curve would get another number.
	SuiteID = 2
	// endorsementHead is the length of everything before the issuance scope.
	endorsementHead = 2 + 32 + 32 + 32 + 16 + 4 + 4 + 4
	// maxEndorsement is the greatest length of an endorsement in bytes.
	maxEndorsement = endorsementHead + 2*(2+maxText)
)

// HandleSize is the length of a revocation handle in bytes: 128 bits.
const HandleSize = 16

// A Handle is a revocation handle, big-endian.
type Handle [HandleSize]byte

// NewHandle returns the low 128 bits of P2₄(domain, x, y, random). The handle is
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
	Region    string
	NotBefore Day
	NotAfter  Day
	// Issuance is the scope of the holder commitment that the issuer signed, of
	// kind ScopeIssuance. Its owner is the issuer itself unless several desks
	// share what binds a person.
	Issuance Scope
}

// An EndorsementSpec lists what the issuer signs in an endorsement.
type EndorsementSpec struct {
	Schema     Element // SchemaElement
	Region     string
	Holder     Element // holder commitment, in the scope Issuance
	Issuance   Scope   // of kind ScopeIssuance
	NotBefore  Day
	NotAfter   Day
	Attributes Attributes
}

// IssueEndorsement signs spec under a fresh handle and checks the signature.
// random nil means crypto/rand. Errors: ErrValue for a malformed region, a
// validity that ends before it begins or is longer than ValidityBits allow, or a
// scope of too much text; ErrStatement for a scope that is none of issuance;
// ErrSignature for a signer that returns a wrong signature; and the signer's own.
func IssueEndorsement(ctx context.Context, signer Signer, spec EndorsementSpec, random io.Reader) (*Endorsement, error) {
	if random == nil {
		random = rand.Reader
	}
	if err := checkValidity(spec.NotBefore, spec.NotAfter); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	if max(len(spec.Issuance.Owner), len(spec.Issuance.ID)) > maxText {
		return nil, fmt.Errorf("%w: issuance scope", ErrValue)
	}
	if _, err := regionNumber(spec.Region); err != nil {
		return nil, err
	}
	e := &Endorsement{
		Issuer: signer.ProofKey(), Region: spec.Region, NotBefore: spec.NotBefore, NotAfter: spec.NotAfter, Issuance: spec.Issuance,
	}
	if _, err := io.ReadFull(random, e.Random[:]); err != nil {
		return nil, fmt.Errorf("zkp: reading random bytes: %w", err)
	}
	message, err := e.Message(spec.Schema, spec.Holder, &spec.Attributes)
	if err != nil {
		return nil, err
	}
	sig, err := signer.SignCredential(ctx, message)
	if err != nil {
		return nil, fmt.Errorf("zkp: signing the endorsement: %w", err)
	}
	// A signer behind a wire can answer anything: never hand out what fails.
	if sig == nil {
		return nil, fmt.Errorf("%w: signer returned none", ErrSignature)
	}
	if err := e.Issuer.VerifySignature(message, sig); err != nil {
		return nil, err
	}
	e.Signature = *sig
	return e, nil
}

// checkValidity refuses days that the circuits do not take.
func checkValidity(from, to Day) error {
	switch {
	case to < from:
		return errors.New("validity ends before it begins")
	case to>>DayBits != 0:
		return errors.New("validity ends too late")
	case (to-from)>>ValidityBits != 0:
		return errors.New("validity is too long")
	}
	return nil
}

// Message returns what the issuer signs. The error is ErrStatement for an
// issuance scope that is none.
func (e *Endorsement) Message(schema, holder Element, attrs *Attributes) (Message, error) {
	if e.Issuance.Kind != ScopeIssuance {
		return Message{}, fmt.Errorf("%w: an endorsement needs an issuance scope", ErrStatement)
	}
	issuance, err := e.Issuance.Element()
	if err != nil {
		return Message{}, err
	}
	return Message{schema, RegionElement(e.Region), holder, issuance, e.Terms(), attrs.Hash()}, nil
}

// Terms returns validity and handle as one element: not-after u32 ‖ not-before
// u32 ‖ handle.
func (e *Endorsement) Terms() Element {
	b := binary.BigEndian.AppendUint32(nil, uint32(e.NotAfter))
	b = binary.BigEndian.AppendUint32(b, uint32(e.NotBefore))
	handle := e.Handle()
	var t Element
	t.SetBytes(append(b, handle[:]...))
	return t
}

// Handle returns the credential's revocation handle.
func (e *Endorsement) Handle() Handle { return NewHandle(e.Issuer, e.Random) }

// Verify checks the signature over the schema, the holder commitment and the
// attributes. Errors: ErrStatement, ErrSignature.
func (e *Endorsement) Verify(schema, holder Element, attrs *Attributes) error {
	message, err := e.Message(schema, holder, attrs)
	if err != nil {
		return err
	}
	return e.Issuer.VerifySignature(message, &e.Signature)
}

// String returns the value of the claim ClaimName: unpadded base64url of
// version ‖ suite ‖ R ‖ S ‖ A ‖ random ‖ region ‖ not-before ‖ not-after ‖ owner ‖
// id. Owner and id are those of the issuance scope, each with its length, u16,
// before it.
func (e *Endorsement) String() string {
	b := make([]byte, 0, endorsementHead+4+len(e.Issuance.Owner)+len(e.Issuance.ID))
	b = append(b, endorsementVersion, SuiteID)
	b = append(b, e.Signature.Bytes()...)
	b = append(b, e.Issuer.Bytes()...)
	b = append(b, e.Random[:]...)
	region, _ := regionNumber(e.Region)
	for _, v := range []uint32{region, uint32(e.NotBefore), uint32(e.NotAfter)} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	for _, text := range []string{e.Issuance.Owner, e.Issuance.ID} {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseEndorsement reads what String wrote. It does not check the signature,
// which needs the attributes and the holder's secret. Errors: ErrForm,
// ErrProofKey.
func ParseEndorsement(s string) (*Endorsement, error) {
	if len(s) > base64.RawURLEncoding.EncodedLen(maxEndorsement) {
		return nil, fmt.Errorf("%w: endorsement of %d characters", ErrForm, len(s))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < endorsementHead || base64.RawURLEncoding.EncodeToString(b) != s { // the decoder skips line ends
		return nil, fmt.Errorf("%w: endorsement is not base64url, or cut short", ErrForm)
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
	if err := checkValidity(e.NotBefore, e.NotAfter); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	r := textReader{rest: b[endorsementHead:]}
	e.Issuance = Scope{Kind: ScopeIssuance, Owner: r.text(), ID: r.text()}
	if _, err := e.Issuance.Element(); err != nil || r.err != nil || len(r.rest) != 0 {
		return nil, fmt.Errorf("%w: issuance scope of an endorsement", ErrForm)
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
