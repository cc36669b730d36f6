package ledger

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// idDomain separates the hash that names a ledger from every other hash.
const idDomain = "hufu/ledger/1\x00"

// An ID names one ledger. Every signature over an operation covers it, so that what was
// signed for one ledger counts on no other, not even on one of the same origin and the
// same root agency that was founded anew. The zero ID names none.
type ID [32]byte

// String returns 64 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

func (id ID) check() error {
	if id == (ID{}) {
		return fmt.Errorf("%w: no ledger is named", ErrValue)
	}
	return nil
}

// A Founding is what tells one ledger from another.
type Founding struct {
	// Origin names the log.
	Origin string
	// RootDID is the agency that accredits without being accredited.
	RootDID string
	// First is the Hash of the first agreement.
	First [32]byte
}

// ID returns the SHA-256 of "hufu/ledger/1", a zero byte, and the CBOR of [origin, root
// DID, first].
func (f Founding) ID() ID {
	return sha256.Sum256(append([]byte(idDomain), encode([]any{f.Origin, f.RootDID, f.First})...))
}

// Check returns [ErrKey] for an origin or DID that is malformed, and [ErrValue] without a
// first agreement.
func (f Founding) Check() error {
	if err := firstError(CheckKey(f.Origin), CheckDID(f.RootDID)); err != nil {
		return err
	}
	if f.First == [32]byte{} {
		return fmt.Errorf("%w: no hash of a first agreement", ErrValue)
	}
	return nil
}

// Found makes the first two operations of a ledger: they create the root agency's DID
// and hand in the first agreement. Each signer signs both for the ledger that they
// found; one of them has a signature key of root. Errors are those of NewOperation and
// of [Suites.Sign].
func Found(origin string, root *DID, first *Agreement, signers ...crypto.Signer) (Founding, []*SignedOperation, error) {
	create, err := NewOperation(root)
	if err != nil {
		return Founding{}, nil, err
	}
	agree, err := NewOperation(first)
	if err != nil {
		return Founding{}, nil, err
	}
	did, err := DIDOf(create)
	if err != nil {
		return Founding{}, nil, err
	}
	founding := Founding{Origin: origin, RootDID: did, First: first.Hash()}
	ops := make([]*SignedOperation, 2)
	for i, op := range []*Operation{create, agree} {
		if ops[i], err = Sign(founding.ID(), op, signers...); err != nil {
			return Founding{}, nil, err
		}
	}
	return founding, ops, nil
}
