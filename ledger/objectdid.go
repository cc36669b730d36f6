package ledger

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
)

// Purposes of a key.
const (
	// PurposeSignature is a key of a Suite: algorithm byte, then the suite's
	// encoding.
	PurposeSignature = "signature"
	// PurposeProof is a zero-knowledge proof key, in the form that the ZK of
	// the state machine accepts.
	PurposeProof = "proof"
)

// Caps on one DID.
const (
	maxKeys     = 32
	maxNextKeys = 8
	maxKeyBytes = 128
)

// A PublicKey is one public key of an agency. The ledger never deletes a key,
// so that today's object is enough to judge whether a key was in force when it
// signed.
type PublicKey struct {
	_ struct{} `cbor:",toarray"`
	// ID names the key within its DID: "sig-1", "zk-1".
	ID string
	// Purpose is PurposeSignature or PurposeProof.
	Purpose string
	// Public is the public key.
	Public []byte
	// From is the first second in force, in Unix time; 0 means from the
	// beginning.
	From int64
	// Until is the first second no longer in force; 0 means never.
	Until int64
	// CompromisedFrom is the first second at which another party may have had
	// the key; 0 means never. Whoever has a key dates as he likes, so that no
	// signature of the key counts, whatever date it bears, unless the ledger
	// shows that it existed before. Accreditations, purposes and status lists
	// that the key alone has put on the ledger since are void.
	CompromisedFrom int64
}

// ValidAt reports whether a signature of the key at that time counts.
func (k PublicKey) ValidAt(at time.Time) bool {
	t := at.Unix()
	return !k.Compromised() && t >= k.From && (k.Until == 0 || t < k.Until)
}

// Compromised reports whether another party may have the key.
func (k PublicKey) Compromised() bool { return k.CompromisedFrom != 0 }

// Days returns the first and the last [Day] at whose beginning the key is in
// force: credentials are dated by the beginning of a day. ok is false if there is
// none.
func (k PublicKey) Days() (from, until uint32, ok bool) {
	if k.Compromised() {
		return 0, 0, false
	}
	return daysOf(k.From, k.Until)
}

// daysOf returns the first and the last day that begins in [from, until); 0 is an
// open end.
func daysOf(from, until int64) (first, last uint32, ok bool) {
	if from > 0 {
		first = dayOf(from-1) + 1
	}
	last = lastDay
	if until != 0 {
		last = dayOf(max(until-1, 0))
	}
	return first, last, first <= last
}

// A DID is an agency's identifier: its keys, and the rule for changing them.
// The holder of a key whose hash is in Next may make the next change. Until
// then that key may lie in a safe (pre-rotation).
type DID struct {
	_ struct{} `cbor:",toarray"`
	// ID is the DID itself. It is empty in the operation that creates the DID,
	// because the hash of that operation is the DID. It is not part of the
	// encoding.
	ID string `cbor:"-"`
	// Keys lists all keys that the DID ever had, in order of appearance.
	Keys []PublicKey
	// Next lists the KeyHash of each signature key that may sign the next
	// change. With none the DID can never change.
	Next [][32]byte
	// Sequence is 0 at creation and grows by one with every change.
	Sequence uint64
	// Deactivated ends the DID for good.
	Deactivated bool
}

// KeyHash returns the hash that a DID commits to in Next: the SHA-256 of a
// public key as the ledger holds it.
func KeyHash(key []byte) [32]byte { return sha256.Sum256(key) }

// ParseDID reads the object of the DID id. The error is [ErrTooLarge],
// [ErrFormat], [ErrKey] or [ErrValue].
func ParseDID(id string, b []byte) (*DID, error) {
	d, err := decodeObject[DID](b, limits.Operation)
	if err != nil {
		return nil, err
	}
	d.ID = id
	return &d, d.Check()
}

// Kind returns [KindDID].
func (*DID) Kind() string { return KindDID }

// Key returns the [DIDKey] of the DID.
func (d *DID) Key() string { return DIDKey(d.ID) }

// Bytes returns the canonical encoding.
func (d *DID) Bytes() []byte { return encodeObject(*d) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (d *DID) Check() error {
	if d.ID != "" {
		if err := CheckDID(d.ID); err != nil {
			return err
		}
	}
	if len(d.Keys) > maxKeys || len(d.Next) > maxNextKeys {
		return fmt.Errorf("%w: more than %d keys or %d next keys", ErrValue, maxKeys, maxNextKeys)
	}
	if d.Deactivated && len(d.Next) > 0 {
		return fmt.Errorf("%w: deactivated, yet with a next key", ErrValue)
	}
	for i, k := range d.Keys {
		if err := k.check(); err != nil {
			return err
		}
		for _, other := range d.Keys[:i] {
			if other.ID == k.ID || slices.Equal(other.Public, k.Public) {
				return fmt.Errorf("%w: a key twice", ErrValue)
			}
		}
	}
	return nil
}

func (k PublicKey) check() error {
	switch {
	case k.Purpose != PurposeSignature && k.Purpose != PurposeProof:
		return fmt.Errorf("%w: unknown purpose of a key", ErrValue)
	case len(k.Public) == 0 || len(k.Public) > maxKeyBytes:
		return fmt.Errorf("%w: key of %d bytes", ErrValue, len(k.Public))
	case k.From < 0 || k.Until < 0 || k.CompromisedFrom < 0:
		return fmt.Errorf("%w: time before 1970", ErrValue)
	case k.Until != 0 && k.Until <= k.From:
		return fmt.Errorf("%w: key ends before it begins", ErrValue)
	}
	return checkName(k.ID)
}

// SigningKeys returns the signature keys in force at that time. A deactivated
// DID has none.
func (d *DID) SigningKeys(at time.Time) [][]byte {
	var keys [][]byte
	for _, k := range d.Keys {
		if !d.Deactivated && k.Purpose == PurposeSignature && k.ValidAt(at) {
			keys = append(keys, k.Public)
		}
	}
	return keys
}

// HasProofKey reports whether the DID lists the proof key, in force or not.
func (d *DID) HasProofKey(key []byte) bool {
	return slices.ContainsFunc(d.Keys, func(k PublicKey) bool {
		return k.Purpose == PurposeProof && slices.Equal(k.Public, key)
	})
}

// Period returns the first instant in force and the first instant no longer in
// force, if the key was not compromised. A zero time means an open end.
func (k PublicKey) Period() (from, until time.Time) {
	if k.From != 0 {
		from = time.Unix(k.From, 0)
	}
	if k.Until != 0 {
		until = time.Unix(k.Until, 0)
	}
	return from, until
}
