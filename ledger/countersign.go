package ledger

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
)

// Unsigned returns the operation that asks for object, which nobody has signed yet. Its
// Bytes go from signer to signer (see [Countersign]). The error is that of the object's
// Check.
func Unsigned(object Object) (*SignedOperation, error) {
	op, err := NewOperation(object)
	if err != nil {
		return nil, err
	}
	return &SignedOperation{Operation: op}, nil
}

// Countersign signs with the default suites; see [Suites.Countersign].
func Countersign(id ID, signed *SignedOperation, signers ...crypto.Signer) (*SignedOperation, error) {
	return DefaultSuites().Countersign(id, signed, signers...)
}

// Countersign returns a copy of an operation with the signatures of more signers. It
// verifies those that are there, because the ledger refuses an operation for one bad
// signature. Errors: [ErrSignature] for such a signature, [ErrFormat] for a signer that
// has signed and for an operation of a batch, and those of [Suites.Sign].
func (s *Suites) Countersign(id ID, signed *SignedOperation, signers ...crypto.Signer) (*SignedOperation, error) {
	if signed.Batch != nil {
		return nil, fmt.Errorf("%w: the operation was signed with a batch", ErrFormat)
	}
	if _, err := signed.Verify(id, s); err != nil {
		return nil, err
	}
	more, err := s.Sign(id, signed.Operation, signers...)
	if err != nil {
		return nil, err
	}
	return withSignatures(signed.Operation, append(slices.Clone(signed.Signatures), more.Signatures...))
}

// Merge joins the signatures on copies of one operation that went to several signers at
// once. Errors: [ErrFormat] for copies of different operations, of batches or for none,
// and [ErrTooLarge].
func Merge(copies ...*SignedOperation) (*SignedOperation, error) {
	if len(copies) == 0 {
		return nil, fmt.Errorf("%w: no operation", ErrFormat)
	}
	var all []Signature
	for _, c := range copies {
		if c.Batch != nil || c.Operation.ID() != copies[0].Operation.ID() {
			return nil, fmt.Errorf("%w: signatures over different operations", ErrFormat)
		}
		for _, s := range c.Signatures {
			if !slices.ContainsFunc(all, func(t Signature) bool { return bytes.Equal(s.Key, t.Key) }) {
				all = append(all, s)
			}
		}
	}
	return withSignatures(copies[0].Operation, all)
}

func withSignatures(op *Operation, all []Signature) (*SignedOperation, error) {
	sortSignatures(all)
	return ParseSignedOperation((&SignedOperation{Operation: op, Signatures: all}).Bytes())
}
