package issuer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/zkp"
)

// Errors of the desk.
var (
	// ErrConfig: the desk lacks something it cannot do without.
	ErrConfig = errors.New("issuer: incomplete configuration")
	// ErrType: the desk does not issue this credential type, or the offer is for
	// another one.
	ErrType = errors.New("issuer: not the credential type of this offer or desk")
	// ErrCode: no offer has this code.
	ErrCode = errors.New("issuer: unknown offer code")
	// ErrCodeUsed: the offer was taken up before, by another application.
	ErrCodeUsed = errors.New("issuer: offer code was used before")
	// ErrOfferExpired: the offer was not taken up in time.
	ErrOfferExpired = errors.New("issuer: offer has expired")
	// ErrHeld: this person holds a credential of this type that is in force.
	ErrHeld = errors.New("issuer: person holds a credential of this type already")
	// ErrCommitment: the commitment belongs to somebody else, or this person
	// has another one.
	ErrCommitment = errors.New("issuer: holder commitment belongs to another person, or this person has another")
	// ErrNotIssued: nothing was issued under this code or name.
	ErrNotIssued = errors.New("issuer: no credential was issued under this code")
	// ErrRevoked: it was revoked before.
	ErrRevoked = errors.New("issuer: credential was revoked before")
	// ErrDropped: the ledger refused a change that waited for it, and the desk's
	// records are as they were before.
	ErrDropped = errors.New("issuer: the ledger refused this change")
	// ErrNotPublic: the ledger has a status list that the publisher did not take. The
	// desk makes it public at its next use.
	ErrNotPublic = errors.New("issuer: status list is on the ledger and not yet public")
)

// Publisher makes a status list token public under its URI, replacing the one before.
// publish.Folder and publish.Memory are two. The desk calls it while it holds its
// store, so that no older list can follow a newer one: it should be quick, and must
// not use that store.
type Publisher interface {
	Publish(ctx context.Context, uri string, token []byte) error
}

// Type is one credential type that a desk issues.
type Type struct {
	// Schema describes the claims. Its id and version name the type.
	Schema *credential.Schema
	// Region is a GB/T 2260 code of six digits, for which the agency is accredited.
	Region string
	// ValidDays is how long a credential holds; zero means 730, at most 36,525.
	ValidDays int
	// Name names the type in the offers and metadata of a desk with a URL (its
	// credential_configuration_id); empty means ID. No two types have one name.
	Name string
}

// Configuration is Name, or ID where it is empty.
func (t *Type) Configuration() string { return cmp.Or(t.Name, t.ID()) }

// ID names the type as offers and applications do: schema id, slash, version.
func (t *Type) ID() string { return openid.ConfigurationID(t.Schema.ID, t.Schema.Version) }

// Config is what a desk is made from. Keys, Types, Store, Ledger and Publisher are
// required.
type Config struct {
	// Keys sign credentials, status lists and ledger operations: those of an
	// agency.Agency. After a change of the agency's keys, make a new desk over the
	// same store.
	Keys Keys
	// Types are what the desk issues, each once.
	Types []Type
	// Store keeps offers, persons and status lists. Several desks of one agency may
	// share it, also in several processes.
	Store vault.Store
	// Ledger is the one that the desk writes to. A desk with a Reader verifies its
	// receipts.
	Ledger ledger.Submitter
	// Publisher takes the signed status lists.
	Publisher Publisher
	// Reader reads the ledger, and Public has its public files, to check the proof of an
	// identity credential: for types that are bound by one, and for people who come from
	// another desk. A desk of identity types may leave both nil and takes nobody from
	// another desk then.
	Reader *ledger.Client
	Public publish.Source
	// AllowSinglePartySetupUnsafe accepts zero-knowledge keys that one machine made, in
	// such a proof. Whoever kept its randomness can prove anything.
	AllowSinglePartySetupUnsafe bool
	// EpochAge is how long ago the epoch of such a proof may have closed; zero means
	// 24 hours.
	EpochAge time.Duration
	// Clock is the desk's; nil means time.Now.
	Clock func() time.Time
	// Logger gets a line for each call and Observer an event, without personal data;
	// nil for none. See verdict.Watch.
	Logger   *slog.Logger
	Observer func(context.Context, verdict.Event)
	// URL is the Credential Issuer Identifier of a desk that is reached over HTTP, an https
	// URL without query and fragment (OpenID4VCI 1.0 section 12.2.1), or http to a loopback
	// address. Offers name it in place of the DID, and new status lists have an address
	// under it. Empty for a desk that is reached by file and QR code alone.
	URL string
	// Chain is the certificate path of Keys.Key in DER, leaf first and without its anchor.
	// Credentials and status lists then carry it as x5c beside kid (HAIP 1.0 section 6.1.1).
	// Nil for none.
	Chain [][]byte
	// MaxBatch is how many copies one application may ask for; zero means 10, at most 20.
	MaxBatch int
	// Interval is how long a wallet waits between two questions for what a clerk has not
	// approved yet, in whole seconds; zero means a minute.
	Interval time.Duration
	// OfferDays is how long an offer can be taken up; zero means 90, at most 36,525.
	OfferDays int
	// StatusDays is how long a signed status list holds; zero means 7, at most 366.
	StatusDays int
	// StatusSize is the number of entries of each status list; zero means 2^16, at
	// most 2^24. A full list is followed by another.
	StatusSize int
}

// Bounds of a Config.
const (
	maxValidDays  = 36525
	maxStatusDays = 366
	maxStatusSize = 1 << 24
	maxBatch      = 20 // copies; more single a holder out by the number alone
	maxInterval   = 24 * time.Hour
)

// check returns ErrConfig for what is wrong whatever the ledger says.
func (c *Config) check() error {
	if err := c.Keys.check(); err != nil {
		return err
	}
	switch {
	case len(c.Types) == 0:
		return fmt.Errorf("%w: no credential type", ErrConfig)
	case c.Store == nil:
		return fmt.Errorf("%w: no store", ErrConfig)
	case c.Ledger == nil:
		return fmt.Errorf("%w: no ledger", ErrConfig)
	case c.Publisher == nil:
		return fmt.Errorf("%w: no publisher of status lists", ErrConfig)
	case (c.Reader == nil) != (c.Public == nil):
		return fmt.Errorf("%w: reader and public files go together", ErrConfig)
	case c.EpochAge < 0:
		return fmt.Errorf("%w: the age of an epoch is not negative", ErrConfig)
	case c.OfferDays < 0 || c.OfferDays > maxValidDays:
		return fmt.Errorf("%w: an offer holds 1 to %d days", ErrConfig, maxValidDays)
	case c.StatusDays < 0 || c.StatusDays > maxStatusDays:
		return fmt.Errorf("%w: a status list holds 1 to %d days", ErrConfig, maxStatusDays)
	case c.StatusSize < 0 || c.StatusSize > maxStatusSize:
		return fmt.Errorf("%w: a status list has 1 to %d entries", ErrConfig, maxStatusSize)
	case c.MaxBatch < 0 || c.MaxBatch > maxBatch:
		return fmt.Errorf("%w: an application is for 1 to %d copies", ErrConfig, maxBatch)
	case c.Interval < 0 || c.Interval > maxInterval || c.Interval%time.Second != 0:
		return fmt.Errorf("%w: the interval is whole seconds, at most a day", ErrConfig)
	}
	if err := c.checkURL(); err != nil {
		return err
	}
	if err := c.checkChain(); err != nil {
		return err
	}
	known := map[string]bool{}
	for i := range c.Types {
		if err := c.Types[i].check(); err != nil {
			return err
		}
		if !c.Types[i].isIdentity() && c.Reader == nil {
			return fmt.Errorf("%w: a type is bound by an identity credential, and there is no reader of the ledger", ErrConfig)
		}
		for _, name := range slices.Compact([]string{c.Types[i].ID(), c.Types[i].Configuration()}) {
			if known[name] {
				return fmt.Errorf("%w: a credential type stands twice, or two have one name", ErrConfig)
			}
			known[name] = true
		}
	}
	return nil
}

func (t *Type) check() error {
	switch {
	case t.Schema == nil:
		return fmt.Errorf("%w: no schema", ErrConfig)
	case ledger.CheckRegion(t.Region) != nil:
		return fmt.Errorf("%w: the region is not a GB/T 2260 code", ErrConfig)
	case t.ValidDays < 0 || t.ValidDays > maxValidDays:
		return fmt.Errorf("%w: a credential holds 1 to %d days", ErrConfig, maxValidDays)
	}
	return nil
}

func (k *Keys) check() error {
	switch {
	case ledger.CheckDID(k.DID) != nil:
		return fmt.Errorf("%w: the issuer is not a did:hufu", ErrConfig)
	case k.Ledger == ledger.ID{}:
		return fmt.Errorf("%w: the keys name no ledger", ErrConfig)
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
	c.Types = slices.Clone(c.Types)
	for i := range c.Types {
		c.Types[i].ValidDays = cmp.Or(c.Types[i].ValidDays, 730)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.EpochAge = cmp.Or(c.EpochAge, 24*time.Hour)
	c.OfferDays = cmp.Or(c.OfferDays, 90)
	c.StatusDays = cmp.Or(c.StatusDays, 7)
	c.StatusSize = cmp.Or(c.StatusSize, 1<<16)
	c.MaxBatch = min(cmp.Or(c.MaxBatch, 10), c.StatusSize)
	c.Interval = cmp.Or(c.Interval, time.Minute)
}

// Desk issues an agency's credentials. It is safe for concurrent use, and so are
// several desks over one store: see the package comment.
type Desk struct {
	settling sync.Mutex // one batch at a time goes to the ledger
	people   people
	keyring  *publish.Keyring
	cfg      Config
	watch    verdict.Watch
}

// New opens a desk on its store. It makes no network request: call [Desk.Recover], or
// leave what was interrupted to the next use. The error is [ErrConfig].
func New(cfg Config) (*Desk, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.fill()
	if cfg.Reader != nil {
		cfg.Ledger = cfg.Reader.Submitter(cfg.Ledger)
	}
	return &Desk{
		people:  registry{},
		keyring: publish.NewKeyring(cfg.Public, zkp.KeyOptions{AllowSinglePartySetupUnsafe: cfg.AllowSinglePartySetupUnsafe}),
		cfg:     cfg,
		watch:   verdict.Watch{Role: "issuer", Logger: cfg.Logger, Observer: cfg.Observer, Table: verdicts},
	}, nil
}

// Config returns what the desk was made from, with defaults filled in. A server of the desk
// keeps its own records in its Store.
func (d *Desk) Config() Config {
	cfg := d.cfg
	cfg.Types = slices.Clone(cfg.Types)
	return cfg
}

// ended reports the end of a call to the hooks.
func (d *Desk) ended(ctx context.Context, operation string, started time.Time, err *error) {
	d.watch.End(ctx, operation, started, d.cfg.Clock(), *err)
}

// typeOf finds a type by its name; an empty name means the only one. The error is
// ErrType.
func (d *Desk) typeOf(id string) (*Type, error) {
	if id == "" && len(d.cfg.Types) == 1 {
		return &d.cfg.Types[0], nil
	}
	for i := range d.cfg.Types {
		if t := &d.cfg.Types[i]; t.ID() == id || d.cfg.URL != "" && t.Configuration() == id {
			return t, nil
		}
	}
	return nil, ErrType
}

func (d *Desk) today() (zkp.Day, error) { return zkp.Today(d.cfg.Clock()) }
