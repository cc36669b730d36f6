package vault

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotFound means that no record or key has this name.
	ErrNotFound = errors.New("vault: not found")
	// ErrLocked means that the store or key did not open. It is the same for
	// every cause that depends on the offered secret, so that nobody can learn
	// about the secret from it.
	ErrLocked = errors.New("vault: locked")
	// ErrDamaged means that a record, or the store as a whole, is not what was
	// stored. A driver's own errors of this kind wrap it.
	ErrDamaged = errors.New("vault: damaged")
	// ErrRolledBack means that a store went back to an older state, or that what would
	// tell is gone. It wraps ErrDamaged.
	ErrRolledBack = fmt.Errorf("%w: it may be older than one seen before", ErrDamaged)
	// ErrInvalidated means that a key is lost for good, for example because the
	// fingerprints on the device changed.
	ErrInvalidated = errors.New("vault: key invalidated")
	// ErrUnsupported means that a key store cannot make the key that a KeySpec
	// asks for.
	ErrUnsupported = errors.New("vault: not supported by this key store")
	// ErrReadOnly means that a View tried to write.
	ErrReadOnly = errors.New("vault: transaction is read-only")
	// ErrTxDone means that a Tx was used after its function returned.
	ErrTxDone = errors.New("vault: transaction is over")
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("vault: store is closed")
	// ErrName means that a kind, id or tag name is empty or longer than
	// limits.Identifier.
	ErrName = errors.New("vault: invalid record name")
)

// A Record is one stored value. Kind and ID together name it.
type Record struct {
	Kind, ID string
	// Version counts the writes of this name since the record was created: 1
	// for a new record, one more for each Put.
	Version uint64
	Value   []byte
}

// A Tag finds records. Tags are compared for equality only. A store on disk
// keeps a keyed hash of each. Do not derive a tag only from a personal or
// guessable value: a reader of the disk sees which tags are equal.
type Tag struct{ Name, Value string }

// A Tx sees one unchanging state of the store, plus its own writes. One
// goroutine may use it, until the function that received it returns. Byte
// slices that go in or come out are copies.
type Tx interface {
	// Get returns one record. The error is ErrNotFound.
	Get(kind, id string) (Record, error)
	// Put creates or replaces a record. The tags replace those of the old
	// record.
	Put(kind, id string, value []byte, tags ...Tag) error
	// Delete removes a record and its tags. A store on disk leaves no copy of
	// the value in its files. The error is ErrNotFound.
	Delete(kind, id string) error
	// List returns the records of a kind that carry all of the tags, in the
	// order of their ids.
	List(kind string, tags ...Tag) ([]Record, error)
}

// A Store keeps records. Many goroutines may use it. A transaction's function
// must not call its own store: it would wait for itself.
type Store interface {
	// View runs fn on a state that does not change. Put and Delete return
	// ErrReadOnly.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn alone. It keeps all of fn's writes durably, or none if fn
	// or ctx fails.
	Update(ctx context.Context, fn func(Tx) error) error
	// Close ends the store. Later transactions return ErrClosed.
	Close() error
}

// An Algorithm is the JOSE name of a signature algorithm (RFC 7518, RFC 8037).
type Algorithm string

// The algorithms that every key store offers.
const (
	ES256 Algorithm = "ES256" // ECDSA on P-256 with SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

// A KeySpec describes a key to make.
type KeySpec struct {
	Algorithm Algorithm
	// Purpose is a word for the caller's own use, such as "holder".
	Purpose string
	// UserAuth asks for the owner's presence at each signature. A key store
	// that cannot enforce it returns ErrUnsupported.
	UserAuth bool
	// Exportable records that a backup may carry the key. Nothing in this
	// project reads it yet.
	Exportable bool
}

// KeyInfo describes a key without using it.
type KeyInfo struct {
	ID      string
	Spec    KeySpec
	Public  crypto.PublicKey // *ecdsa.PublicKey or ed25519.PublicKey
	Created time.Time
}

// A Key signs. No method returns private bytes, so that a phone's enclave, an
// HSM and a software key look alike. An ES256 key takes a SHA-256 digest and
// returns an ASN.1 signature. An EdDSA key takes the message, with
// crypto.Hash(0).
type Key interface {
	crypto.Signer
	// Info describes the key.
	Info() KeyInfo
}

// A KeyStore makes and holds keys. Its methods return ErrNotFound, ErrLocked,
// ErrInvalidated or ErrUnsupported where these apply.
type KeyStore interface {
	// Generate makes a key and keeps it.
	Generate(ctx context.Context, spec KeySpec) (Key, error)
	// Key returns the key with this id.
	Key(ctx context.Context, id string) (Key, error)
	// Keys lists all keys, oldest first.
	Keys(ctx context.Context) ([]KeyInfo, error)
	// DeleteKey removes the key with this id for good.
	DeleteKey(ctx context.Context, id string) error
}
