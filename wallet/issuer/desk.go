package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Errors of the desk.
var (
	// ErrConfig: the desk lacks something it cannot do without.
	ErrConfig = errors.New("issuer: incomplete configuration")
	// ErrCode: no offer has this code.
	ErrCode = errors.New("issuer: unknown offer code")
	// ErrCodeUsed: the offer was taken up before.
	ErrCodeUsed = errors.New("issuer: offer code was used before")
	// ErrCommitment: the commitment belongs to somebody else, or this person
	// has another one.
	ErrCommitment = errors.New("issuer: holder commitment belongs to another person, or this person has another")
	// ErrNotIssued: nothing was issued under this code.
	ErrNotIssued = errors.New("issuer: no credential was issued under this code")
	// ErrRevoked: it was revoked before.
	ErrRevoked = errors.New("issuer: credential was revoked before")
)

// Submit appends operations to a ledger, all or none, durably.
type Submit func(ctx context.Context, ops ...*ledger.SignedOperation) error

// Publisher makes a file public under a URI, replacing the one before.
type Publisher interface {
	Publish(ctx context.Context, uri string, b []byte) error
}

// Options changes defaults. The zero value is safe.
type Options struct {
	// Clock is the desk's; nil means time.Now.
	Clock func() time.Time
	// ValidDays is how long a credential holds; zero means 730.
	ValidDays int
	// StatusDays is how long a signed status list holds; zero means 7.
	StatusDays int
	// StatusSize is the number of entries of the status list; zero means 2^16.
	StatusSize int
}

// Desk issues one type of credential for one region.
type Desk struct {
	keys      Keys
	schema    *credential.Schema
	region    string
	store     vault.Store
	submit    Submit
	publisher Publisher
	opts      Options
}

// New opens a desk on its store.
func New(keys Keys, schema *credential.Schema, region string, store vault.Store, submit Submit, publisher Publisher, opts Options) (*Desk, error) {
	if keys.DID == "" || keys.Key == nil || keys.Proof == nil || schema == nil || store == nil || submit == nil || publisher == nil {
		return nil, fmt.Errorf("%w: issuer keys, schema, store, ledger and publisher are needed", ErrConfig)
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.ValidDays == 0 {
		opts.ValidDays = 730
	}
	if opts.StatusDays == 0 {
		opts.StatusDays = 7
	}
	if opts.StatusSize == 0 {
		opts.StatusSize = 1 << 16
	}
	return &Desk{keys, schema, region, store, submit, publisher, opts}, nil
}

// StatusURI names the desk's status list.
func (d *Desk) StatusURI() string { return "urn:hufu:status:" + d.keys.DID + ":1" }

// Kinds of record in the store.
const (
	kindOffer      = "offer"      // by SHA-256 of the code
	kindPerson     = "person"     // commitment by hash of the person
	kindCommitment = "commitment" // person's hash by commitment
	kindStatus     = "status"     // the list's bytes and what is allocated
)

// offer is one row, from import to revocation.
type offer struct {
	Claims  map[string]any `json:"claims"`
	Person  string         `json:"person"`
	Created time.Time      `json:"created"`
	Issued  *issued        `json:"issued,omitzero"`
}

type issued struct {
	At      time.Time `json:"at"`
	Random  []byte    `json:"random"` // of the revocation handle
	Index   int       `json:"index"`  // in the status list
	Revoked time.Time `json:"revoked,omitzero"`
}

func (d *Desk) today() (zkp.Day, error) { return zkp.Today(d.opts.Clock()) }
