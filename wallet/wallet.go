package wallet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/zkp"
)

// Sets hands out the public sets from which a wallet rebuilds the trees of an epoch.
// Every ledger.Ledger is one. A wallet asks for whole sets, so that the server learns
// nothing of the holder.
type Sets interface {
	// Registry returns the registry leaves of a closed epoch, sorted.
	Registry(ctx context.Context, epoch uint64) ([][32]byte, error)
	// Revoked returns the revoked handles of a closed epoch, sorted.
	Revoked(ctx context.Context, epoch uint64) ([][zkp.HandleSize]byte, error)
}

// A Prover makes proofs. zkp/prover.Prover is one. It must be safe for concurrent use.
type Prover interface {
	Prepare(ctx context.Context, w *zkp.PrepareWitness) (*zkp.Prepared, error)
	Show(ctx context.Context, a *zkp.Answer) ([]*zkp.Presentation, error)
}

// A Reissuer carries a wallet's reissue request to an issuer, and back what the issuer
// signed in place of a credential: issuer.Desk.Reissue, in one process or behind a
// server. Only the issuer, which is a DID, may read either of them.
type Reissuer interface {
	Reissue(ctx context.Context, issuer string, request []byte) (response []byte, err error)
}

// Config has what New needs. Store, Keys, Ledger and Public are required.
type Config struct {
	Store vault.Store
	Keys  vault.KeyStore
	// Ledger reads the ledger and owns the trust file.
	Ledger *ledger.Client
	// Public has the ledger's public files; each counts only where the ledger names
	// its hash. It is asked for schema and status list of a credential on receipt, and
	// for the feed of an epoch; package publish says what its server learns.
	Public publish.Source
	// Sources vouch for issuers that are on no ledger: X.509 authorities, pinned keys. Nil
	// trusts the ledger alone.
	Sources []provenance.Source
	// Types is the type metadata of credentials of Sources, nil for none; Lists fetches
	// their status lists, on the wallet's own clock. See provenance.Options.
	Types *credential.Types
	Lists provenance.StatusLists
	// Sets is asked where Public has no feed. Nil where it always has one, or where
	// nothing is proved.
	Sets Sets
	// Requesters vouches for requesters that are on no ledger: by their certificates, or by
	// a DID of another method. Nil knows none.
	Requesters provenance.Source
	// Prover is nil in a wallet that shows claims only.
	Prover Prover
	// Reissuer is asked in a round for credentials whose issuer's key is void; nil leaves
	// that to RequestReissue and ReceiveReissue.
	Reissuer Reissuer
	// Clock is the device's; nil means time.Now.
	Clock func() time.Time
	// Wait returns after a duration, or with the context's error before it; nil waits
	// by the machine's clock. Answers are held back and rounds are spaced with it.
	Wait func(ctx context.Context, d time.Duration) error
	// Logger gets a line for each call and Observer an event, without personal data;
	// nil for none. See verdict.Watch. Keep both on the device: which check failed, and
	// when, tells something of the holder.
	Logger   *slog.Logger
	Observer func(context.Context, verdict.Event)
	// MaxCheckpointAge bounds the ledger state a decision rests on; zero means
	// what the trust file says.
	MaxCheckpointAge time.Duration
	// MaxHoldBack bounds how long an answer in zero knowledge is held back so that
	// nobody can tell whether its proof was prepared; zero means 4 s. A device that is
	// slower than the bound answers later, and that can be seen.
	MaxHoldBack time.Duration
}

// check returns ErrConfig for what no ledger could put right.
func (c *Config) check() error {
	switch {
	case c.Store == nil:
		return fmt.Errorf("%w: no store", ErrConfig)
	case c.Keys == nil:
		return fmt.Errorf("%w: no key store", ErrConfig)
	case c.Ledger == nil:
		return fmt.Errorf("%w: no ledger", ErrConfig)
	case c.Public == nil:
		return fmt.Errorf("%w: no public files", ErrConfig)
	case c.MaxHoldBack < 0:
		return fmt.Errorf("%w: negative bound of the hold-back", ErrConfig)
	case c.MaxCheckpointAge < 0:
		return fmt.Errorf("%w: negative maximum age of a checkpoint", ErrConfig)
	}
	return nil
}

// Wallet manages one holder's credentials, keys and history. It is safe for
// concurrent use, also by several processes over one store.
type Wallet struct {
	store vault.Store
	keys  vault.KeyStore
	feed  *feed.Feed // of the public files
	cfg   Config
	watch verdict.Watch
	life  life
	index index
	pool  pool

	building  chan struct{} // holds a token while somebody builds trees
	built     *epochTrees   // of whoever holds it
	mu        sync.Mutex
	windows   map[string]keyWindow // of issuers' proof keys
	windowsOf uint64               // epoch
	listed    *ledger.View         // the list of agencies
	names     nameIndex            // of listed
	ready     map[pooled]bool      // credentials for whose proofs all was read
	readyOf   uint64               // epoch
	signers   map[pooled]signers
}

// ErrConfig means that something in a Config is missing or cannot be right.
var ErrConfig = errors.New("wallet: incomplete configuration")

// New opens a wallet. It makes no network request. The error is [ErrConfig].
func New(cfg Config) (*Wallet, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Wait == nil {
		cfg.Wait = wait
	}
	if cfg.MaxHoldBack == 0 {
		cfg.MaxHoldBack = defaultHoldBack
	}
	return &Wallet{
		building: make(chan struct{}, 1),
		store:    cfg.Store, keys: cfg.Keys, feed: publish.Feed(cfg.Public), cfg: cfg,
		watch: verdict.Watch{Role: "wallet", Logger: cfg.Logger, Observer: cfg.Observer, Table: verdicts},
	}, nil
}

// wait is the default of Config.Wait.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// ended reports the end of a call to the hooks.
func (w *Wallet) ended(ctx context.Context, operation string, started time.Time, err *error) {
	w.watch.End(ctx, operation, started, w.cfg.Clock(), *err)
}

// resolve runs judge over ledger values proved under one fresh checkpoint; each of the keys
// saves a round. The error is judge's, or that of ledgerError.
func (w *Wallet) resolve(ctx context.Context, judge func(*ledger.View) error, keys ...string) error {
	var found error
	err := w.cfg.Ledger.Resolve(ctx, func(view *ledger.View) error {
		found = judge(view)
		return found
	}, ledger.ResolveOptions{Keys: keys, Now: w.cfg.Clock(), MaxAge: w.cfg.MaxCheckpointAge})
	if err == nil || err == found {
		return err
	}
	return ledgerError(err)
}

// maxCheckpointAge bounds how old a ledger state may be.
func (w *Wallet) maxCheckpointAge() time.Duration {
	if w.cfg.MaxCheckpointAge > 0 {
		return w.cfg.MaxCheckpointAge
	}
	return w.cfg.Ledger.Trust().MaxCheckpointAge()
}

// Kinds of record in the store.
const (
	kindSecret      = "secret"
	kindApplication = "application"
	kindCredential  = "credential"
	kindSchema      = "schema" // by the hash of the file
	kindHistory     = "history"
	kindFeed        = "feed"
	kindExistence   = "existence" // beside a credential: hash of its text, then the existence
	kindRound       = "round"     // what the last Refresh read
)

const secretID = "holder"

// secret returns the holder secret, and makes it the first time.
func (w *Wallet) secret(ctx context.Context) (zkp.Secret, error) {
	var s zkp.Secret
	err := w.store.Update(ctx, func(tx vault.Tx) error {
		r, err := tx.Get(kindSecret, secretID)
		if errors.Is(err, vault.ErrNotFound) {
			if s, err = zkp.GenerateSecret(nil); err != nil {
				return err
			}
			return tx.Put(kindSecret, secretID, s[:])
		}
		if err != nil {
			return err
		}
		if len(r.Value) != zkp.SecretSize {
			return fmt.Errorf("%w: holder secret of %d bytes", vault.ErrDamaged, len(r.Value))
		}
		copy(s[:], r.Value)
		return nil
	})
	return s, err
}
