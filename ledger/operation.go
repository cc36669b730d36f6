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

// maxSignatures bounds the signatures that one operation makes a node verify.
const maxSignatures = 64

// signatureDomain separates a signature over an operation from a signature over
// anything else.
const signatureDomain = "hufu/operation/2\x00"

// operationVersion is the first element of every operation.
const operationVersion = 2

// An Operation asks for one change of the ledger. Its encoding is deterministic
// CBOR: [2, kind, key, body, nonce].
type Operation struct {
	// Kind is one of the Kind constants.
	Kind string
	// Key is the key in the state map that the operation changes.
	Key string
	// Body is the object's encoding.
	Body []byte
	// Nonce distinguishes two operations that ask for the same change.
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

// An Object is the content of an operation: a *DID, *Accreditation, *Schema,
// *Status, *Revocation, *VK, *KeyFile, *Anchor, *Agreement, *Rule, *Trail,
// *Purpose, *Grant, *Audit or *Use.
type Object interface {
	// Kind returns the kind of the operation that carries the object.
	Kind() string
	// Key returns the object's key in the state map.
	Key() string
	// Check returns ErrValue, ErrKey or ErrFormat if a field is out of range.
	Check() error
	// Bytes returns the object's canonical encoding.
	Bytes() []byte
}

// NewOperation makes the operation that asks for object, with a random nonce.
// To ask again after a timeout, send the same operation, not a new one: the
// ledger answers with the first receipt. The error is that of the object's
// Check.
func NewOperation(object Object) (*Operation, error) {
	if err := object.Check(); err != nil {
		return nil, err
	}
	op := &Operation{Kind: object.Kind(), Key: object.Key(), Body: object.Bytes()}
	rand.Read(op.Nonce[:]) // never fails
	return op, nil
}

// Bytes returns the canonical encoding.
func (o *Operation) Bytes() []byte {
	return encode(wireOperation{Version: operationVersion, Kind: o.Kind, Key: o.Key, Body: o.Body, Nonce: o.Nonce})
}

// ID returns the SHA-256 of the operation's bytes, without signatures.
func (o *Operation) ID() [32]byte { return sha256.Sum256(o.Bytes()) }

// ParseOperation reads an operation without its signatures. The error is
// [ErrTooLarge] or [ErrFormat].
func ParseOperation(b []byte) (*Operation, error) {
	var w wireOperation
	if err := decode(b, limits.Operation, &w); err != nil {
		return nil, err
	}
	if w.Version != operationVersion {
		return nil, fmt.Errorf("%w: unknown version", ErrFormat)
	}
	return &Operation{Kind: w.Kind, Key: w.Key, Body: w.Body, Nonce: w.Nonce}, nil
}

// A Signature is one signature over an operation.
type Signature struct {
	_ struct{} `cbor:",toarray"`
	// Key is the signer's public key as the ledger holds it.
	Key []byte
	// Signature is in the form of the key's suite.
	Signature []byte
}

// A SignedOperation is an operation with its signatures, in ascending order of
// their keys. Its encoding, a leaf of the log, is [operation bytes, [[key,
// signature], ...]]. If it was signed together with others, the third element
// is its [Batch].
type SignedOperation struct {
	Operation  *Operation
	Signatures []Signature
	// Batch is nil if the operation was signed alone.
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
func Sign(id ID, op *Operation, signers ...crypto.Signer) (*SignedOperation, error) {
	return DefaultSuites().Sign(id, op, signers...)
}

// Sign signs an operation with each signer, for the ledger that id names: another
// refuses it. The signed message is "hufu/operation/2", a zero byte, the 32 bytes of id
// and the operation's bytes. Errors: [ErrSuite], [ErrFormat] for a repeated signer,
// [ErrTooLarge], [ErrValue] for the zero ID, and the signer's own.
func (s *Suites) Sign(id ID, op *Operation, signers ...crypto.Signer) (*SignedOperation, error) {
	if err := id.check(); err != nil {
		return nil, err
	}
	signatures, err := s.signAll(op.message(id), signers)
	if err != nil {
		return nil, err
	}
	signed := &SignedOperation{Operation: op, Signatures: signatures}
	return ParseSignedOperation(signed.Bytes())
}

// SignObject makes the operation that asks for object, with a random nonce, and
// signs it with each signer, for the ledger that id names. Errors are those of the
// object's Check and of [Suites.Sign].
func SignObject(id ID, object Object, signers ...crypto.Signer) (*SignedOperation, error) {
	op, err := NewOperation(object)
	if err != nil {
		return nil, err
	}
	return Sign(id, op, signers...)
}

// SignObjects makes one operation for each object and signs every operation
// separately. [SignBatch] signs many operations with one signature.
func SignObjects(id ID, objects []Object, signers ...crypto.Signer) ([]*SignedOperation, error) {
	ops := make([]*SignedOperation, len(objects))
	for i, object := range objects {
		var err error
		if ops[i], err = SignObject(id, object, signers...); err != nil {
			return nil, fmt.Errorf("object %d: %w", i, err)
		}
	}
	return ops, nil
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
	sortSignatures(signatures)
	return signatures, nil
}

func sortSignatures(signatures []Signature) {
	slices.SortFunc(signatures, func(a, b Signature) int { return bytes.Compare(a.Key, b.Key) })
}

// prefix is what the ledger's name adds before what is signed.
func (id ID) prefix(domain string) []byte { return append([]byte(domain), id[:]...) }

func (o *Operation) message(id ID) []byte { return append(id.prefix(signatureDomain), o.Bytes()...) }

// Bytes returns the canonical encoding.
func (s *SignedOperation) Bytes() []byte {
	if s.Batch != nil {
		return encode(wireBatched{Operation: s.Operation.Bytes(), Signatures: s.Signatures, Batch: *s.Batch})
	}
	return encode(wireSigned{Operation: s.Operation.Bytes(), Signatures: s.Signatures})
}

// ParseSignedOperation reads a signed operation. It does not verify it. The
// error is [ErrTooLarge] or [ErrFormat].
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

// Verify checks every signature, for the ledger that id names, and returns the keys that
// signed. One bad signature, or one for another ledger, gives [ErrSignature], one unknown
// algorithm [ErrSuite]. The state machine decides whether these keys may do what the
// operation asks.
func (s *SignedOperation) Verify(id ID, suites *Suites) ([][]byte, error) {
	return NewChecker(id, suites).Verify(s)
}
