package issuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verdict"
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

// Publisher makes a status list token public under its URI, replacing the one before.
// publish.Folder and publish.Memory are two.
type Publisher interface {
	Publish(ctx context.Context, uri string, token []byte) error
}

// Config is what a desk is made from. Keys, Schema, Region,
// Store, Ledger and Publisher are required.
type Config struct {
	// Keys sign credentials, status lists and ledger operations: those of an
	// agency.Agency.
	Keys Keys
	// Schema is that of the one credential type that the desk issues.
	Schema *credential.Schema
	// Region is a GB/T 2260 code of six digits, for which the agency is accredited.
	Region string
	// Store keeps offers, persons and the status list.
	Store vault.Store
	// Ledger is the one that the desk writes to.
	Ledger ledger.Submitter
	// Publisher takes the signed status list.
	Publisher Publisher
	// Clock is the desk's; nil means time.Now.
	Clock func() time.Time
	// Logger gets a line for each call and Observer an event, without personal data;
	// nil for none. See verdict.Watch.
	Logger   *slog.Logger
	Observer func(context.Context, verdict.Event)
	// ValidDays is how long a credential holds; zero means 730, at most 36,525.
	ValidDays int
	// StatusDays is how long a signed status list holds; zero means 7, at most 366.
	StatusDays int
	// StatusSize is the number of entries of the status list; zero means 2^16, at
	// most 2^24.
	StatusSize int
}

// Bounds of a Config.
const (
	maxValidDays  = 36525
	maxStatusDays = 366
	maxStatusSize = 1 << 24
)

// check returns ErrConfig for what is wrong whatever the ledger says.
func (c *Config) check() error {
	if err := c.Keys.check(); err != nil {
		return err
	}
	switch {
	case c.Schema == nil:
		return fmt.Errorf("%w: no schema", ErrConfig)
	case ledger.CheckRegion(c.Region) != nil:
		return fmt.Errorf("%w: the region is not a GB/T 2260 code", ErrConfig)
	case c.Store == nil:
		return fmt.Errorf("%w: no store", ErrConfig)
	case c.Ledger == nil:
		return fmt.Errorf("%w: no ledger", ErrConfig)
	case c.Publisher == nil:
		return fmt.Errorf("%w: no publisher of status lists", ErrConfig)
	case c.ValidDays < 0 || c.ValidDays > maxValidDays:
		return fmt.Errorf("%w: a credential holds 1 to %d days", ErrConfig, maxValidDays)
	case c.StatusDays < 0 || c.StatusDays > maxStatusDays:
		return fmt.Errorf("%w: a status list holds 1 to %d days", ErrConfig, maxStatusDays)
	case c.StatusSize < 0 || c.StatusSize > maxStatusSize:
		return fmt.Errorf("%w: a status list has 1 to %d entries", ErrConfig, maxStatusSize)
	}
	return nil
}

func (k *Keys) check() error {
	switch {
	case ledger.CheckDID(k.DID) != nil:
		return fmt.Errorf("%w: the issuer is not a did:hufu", ErrConfig)
	case k.Key == nil:
		return fmt.Errorf("%w: no signature key", ErrConfig)
	case k.Proof == nil:
		return fmt.Errorf("%w: no proof key", ErrConfig)
	}
	if _, _, err := did.ParseURL(k.KeyID); err != nil || !strings.HasPrefix(k.KeyID, k.DID+"#") {
		return fmt.Errorf("%w: the key id is not a DID URL of the issuer", ErrConfig)
	}
	return nil
}

func (c *Config) fill() {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.ValidDays == 0 {
		c.ValidDays = 730
	}
	if c.StatusDays == 0 {
		c.StatusDays = 7
	}
	if c.StatusSize == 0 {
		c.StatusSize = 1 << 16
	}
}

// Desk issues one type of credential for one region. It is safe for concurrent use:
// Answer, Revoke and Publish run one after the other, because each changes the status
// list. Open a store in one process at a time.
type Desk struct {
	turn   sync.Mutex
	keys   Keys
	schema *credential.Schema
	region string
	store  vault.Store
	cfg    Config
	watch  verdict.Watch
}

// New opens a desk on its store. It makes no network request. The error is
// [ErrConfig].
func New(cfg Config) (*Desk, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.fill()
	return &Desk{
		keys: cfg.Keys, schema: cfg.Schema, region: cfg.Region, store: cfg.Store, cfg: cfg,
		watch: verdict.Watch{Role: "issuer", Logger: cfg.Logger, Observer: cfg.Observer, Table: verdicts},
	}, nil
}

// ended reports the end of a call to the hooks.
func (d *Desk) ended(ctx context.Context, operation string, started time.Time, err *error) {
	d.watch.End(ctx, operation, started, d.cfg.Clock(), *err)
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

func (d *Desk) today() (zkp.Day, error) { return zkp.Today(d.cfg.Clock()) }
