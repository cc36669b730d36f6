package ledger

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
)

// maxSignatures bounds what one operation makes a node verify.
const maxSignatures = 64

// signatureDomain keeps a signature over an operation from being one over
// anything else.
const signatureDomain = "hufu/operation/1\x00"

// Operation asks for one change of the ledger. Its encoding is deterministic
// CBOR: [1, kind, key, body, nonce].
type Operation struct {
	// Kind is one of the Kind constants.
	Kind string
	// Key is the key in the state map that the operation is about.
	Key string
	// Body is the object's new value, or what the operation needs.
	Body []byte
	// Nonce makes two equal wishes two operations.
	Nonce [16]byte
}

// wireOperation is the encoding of Operation.
type wireOperation struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Kind    string
	Key     string
	Body    []byte
	Nonce   [16]byte
}

// Object is what an operation carries: a *DID, *Accreditation, *Schema,
// *Status, *Revocation, *VK, *KeyFile, *Anchor, *Trust, *Rule, *Trail, *Purpose,
// *Grant, *Audit or *Use.
type Object interface {
	// Kind is the kind of the operation that carries the object.
	Kind() string
	// Key is where the object is in the state map.
	Key() string
	// Check returns ErrValue, ErrKey or ErrFormat where a field is out of range.
	Check() error
	// Bytes is the object's canonical encoding.
	Bytes() []byte
}

// NewOperation makes the operation that asks for object, with a random nonce.
// To ask again for the same thing after a timeout, send the same operation
// again, not a new one: the ledger answers with the first receipt.
func NewOperation(object Object) (*Operation, error) {
	if err := object.Check(); err != nil {
		return nil, err
	}
	op := &Operation{Kind: object.Kind(), Key: object.Key(), Body: object.Bytes()}
	rand.Read(op.Nonce[:]) // never fails
	return op, nil
}

// Bytes is the operation's canonical encoding.
func (o *Operation) Bytes() []byte {
	return encode(wireOperation{Version: formatVersion, Kind: o.Kind, Key: o.Key, Body: o.Body, Nonce: o.Nonce})
}

// ID names the operation: the SHA-256 of its bytes, signatures apart.
func (o *Operation) ID() [32]byte { return sha256.Sum256(o.Bytes()) }

// ParseOperation reads an operation without its signatures. The error is
// [ErrTooLarge] or [ErrFormat].
func ParseOperation(b []byte) (*Operation, error) {
	var w wireOperation
	if err := decode(b, limits.Operation, &w); err != nil {
		return nil, err
	}
	if w.Version != formatVersion {
		return nil, fmt.Errorf("%w: unknown version", ErrFormat)
	}
	return &Operation{Kind: w.Kind, Key: w.Key, Body: w.Body, Nonce: w.Nonce}, nil
}

// Signature is one signature over an operation.
type Signature struct {
	_ struct{} `cbor:",toarray"`
	// Key is the signer's public key as the ledger holds it.
	Key []byte
	// Signature is in the form of the key's suite.
	Signature []byte
}

// SignedOperation is an operation with its signatures, in ascending order of
// their keys. Its encoding is [operation bytes, [[key, signature], ...]], and
// that is a leaf of the log. Signed together with others, it has its place in
// the [Batch] as a third element.
type SignedOperation struct {
	Operation  *Operation
	Signatures []Signature
	// Batch is nil where the operation was signed alone.
	Batch *Batch
}

type wireSigned struct {
	_          struct{} `cbor:",toarray"`
	Operation  []byte
	Signatures []Signature
}

type wireBatched struct {
	_          struct{} `cbor:",toarray"`
	Operation  []byte
	Signatures []Signature
	Batch      Batch
}

// Sign signs with the default suites; see [Suites.Sign].
func Sign(op *Operation, signers ...crypto.Signer) (*SignedOperation, error) {
	return DefaultSuites().Sign(op, signers...)
}

// Sign signs an operation with each signer: the SHA-256 domain of the message
// is "hufu/operation/1", a zero byte and the operation's bytes. The error is
// [ErrSuite], [ErrFormat] for a signer named twice, [ErrTooLarge], or the
// signer's own.
func (s *Suites) Sign(op *Operation, signers ...crypto.Signer) (*SignedOperation, error) {
	signatures, err := s.signAll(op.message(), signers)
	if err != nil {
		return nil, err
	}
	signed := &SignedOperation{Operation: op, Signatures: signatures}
	return ParseSignedOperation(signed.Bytes())
}

func (s *Suites) signAll(message []byte, signers []crypto.Signer) ([]Signature, error) {
	var signatures []Signature
	for _, signer := range signers {
		key, signature, err := s.sign(signer, message)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, Signature{Key: key, Signature: signature})
	}
	slices.SortFunc(signatures, func(a, b Signature) int { return bytes.Compare(a.Key, b.Key) })
	return signatures, nil
}

func (o *Operation) message() []byte { return append([]byte(signatureDomain), o.Bytes()...) }

// Bytes is the canonical encoding.
func (s *SignedOperation) Bytes() []byte {
	if s.Batch != nil {
		return encode(wireBatched{Operation: s.Operation.Bytes(), Signatures: s.Signatures, Batch: *s.Batch})
	}
	return encode(wireSigned{Operation: s.Operation.Bytes(), Signatures: s.Signatures})
}

// ParseSignedOperation reads a signed operation and verifies nothing. The error
// is [ErrTooLarge] or [ErrFormat].
func ParseSignedOperation(b []byte) (*SignedOperation, error) {
	signed, operation, err := parseWire(b)
	if err != nil {
		return nil, err
	}
	if len(signed.Signatures) > maxSignatures {
		return nil, fmt.Errorf("%w: more than %d signatures", ErrTooLarge, maxSignatures)
	}
	for i := 1; i < len(signed.Signatures); i++ {
		if bytes.Compare(signed.Signatures[i-1].Key, signed.Signatures[i].Key) >= 0 {
			return nil, fmt.Errorf("%w: signatures out of order", ErrFormat)
		}
	}
	signed.Operation, err = ParseOperation(operation)
	return signed, err
}

// arrayOf3 is the first byte of a CBOR array of three elements.
const arrayOf3 = 0x83

func parseWire(b []byte) (*SignedOperation, []byte, error) {
	if len(b) > 0 && b[0] == arrayOf3 {
		var w wireBatched
		if err := decode(b, limits.Operation, &w); err != nil {
			return nil, nil, err
		}
		return &SignedOperation{Signatures: w.Signatures, Batch: &w.Batch}, w.Operation, w.Batch.check()
	}
	var w wireSigned
	err := decode(b, limits.Operation, &w)
	return &SignedOperation{Signatures: w.Signatures}, w.Operation, err
}

// Verify checks every signature and returns the keys that signed: one bad
// signature is [ErrSignature], one unknown algorithm [ErrSuite]. Whether those
// keys may do what the operation asks is the state machine's to say.
func (s *SignedOperation) Verify(suites *Suites) ([][]byte, error) {
	return NewChecker(suites).Verify(s)
}
