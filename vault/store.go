package vault

import (
	"context"
	"crypto"
	"errors"
	"time"
)

var (
	// ErrNotFound means that no record or key has this name.
	ErrNotFound = errors.New("vault: not found")
	// ErrLocked means that the store or key did not open. It says the same for
	// every cause that depends on the secret offered, so that it cannot be
	// used to learn about the secret.
	ErrLocked = errors.New("vault: locked")
	// ErrInvalidated means that a key is lost for good, for example because
	// the device's fingerprints changed.
	ErrInvalidated = errors.New("vault: key invalidated")
	// ErrUnsupported means that a key store cannot make what a KeySpec asks.
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

// A Record is one stored value. Kind and ID name it together.
type Record struct {
	Kind, ID string
	// Version counts the writes of this name since it last came into being:
	// 1 for a new record, one more for each Put.
	Version uint64
	Value   []byte
}

// A Tag is something to find records by, compared for equality only. A store
// on disk keeps a keyed hash of it; do not rest it on a personal or guessable
// value alone, because equal tags look equal to whoever reads the disk.
type Tag struct{ Name, Value string }

// A Tx sees one unchanging state of the store, plus its own writes. It is for
// one goroutine and ends with the function it was given to. Byte slices that
// go in or come out are copies.
type Tx interface {
	// Get returns one record, or ErrNotFound.
	Get(kind, id string) (Record, error)
	// Put creates or replaces a record. The tags replace those of the record
	// before.
	Put(kind, id string, value []byte, tags ...Tag) error
	// Delete removes a record and its tags, or returns ErrNotFound. A store on
	// disk leaves no copy of the value in its files.
	Delete(kind, id string) error
	// List returns the records of a kind that carry every one of the tags, in
	// the order of their ids.
	List(kind string, tags ...Tag) ([]Record, error)
}

// A Store keeps a wallet's records. It is safe for use by many goroutines.
// A transaction's function must not call its own store: it would wait for
// itself.
type Store interface {
	// View runs fn on a state that stays as it is; Put and Delete return
	// ErrReadOnly.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn alone and keeps all of its writes, durably, or none when
	// fn or ctx fails.
	Update(ctx context.Context, fn func(Tx) error) error
	Close() error
}

// An Algorithm is a signature algorithm by its JOSE name (RFC 7518, RFC 8037).
type Algorithm string

// The algorithms that every key store offers.
const (
	ES256 Algorithm = "ES256" // ECDSA on P-256 with SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

// A KeySpec says what key to make.
type KeySpec struct {
	Algorithm Algorithm
	// Purpose is a word for the wallet's own use, such as "holder".
	Purpose string
	// UserAuth asks for the owner's presence at each signature. A key store
	// that cannot enforce it returns ErrUnsupported.
	UserAuth bool
	// Exportable lets a backup carry the key. The zero value binds it to this
	// device.
	Exportable bool
}

// KeyInfo describes a key without using it.
type KeyInfo struct {
	ID      string
	Spec    KeySpec
	Public  crypto.PublicKey // *ecdsa.PublicKey or ed25519.PublicKey
	Created time.Time
}

// A Key signs. No method returns private bytes, so a phone's enclave, an HSM
// and a software key look alike. ES256 keys take a SHA-256 digest and return
// an ASN.1 signature; EdDSA keys take the message, with crypto.Hash(0).
type Key interface {
	crypto.Signer
	Info() KeyInfo
}

// A KeyStore makes and holds keys. Its methods return ErrNotFound, ErrLocked,
// ErrInvalidated or ErrUnsupported where these apply.
type KeyStore interface {
	Generate(ctx context.Context, spec KeySpec) (Key, error)
	Key(ctx context.Context, id string) (Key, error)
	// Keys lists all keys, oldest first.
	Keys(ctx context.Context) ([]KeyInfo, error)
	DeleteKey(ctx context.Context, id string) error
}
