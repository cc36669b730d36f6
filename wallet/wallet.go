package wallet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// A Ledger is what a wallet reads: proofs, and the public sets from which it
// rebuilds the trees of an epoch. The sets are asked for whole, and only where
// Material has no feed: that is for a ledger on this machine.
type Ledger interface {
	ledger.Reader
	// Registry returns the registry leaves of a closed epoch, sorted.
	Registry(ctx context.Context, epoch uint64) ([][32]byte, error)
	// Revoked returns the revoked handles of a closed epoch, sorted.
	Revoked(ctx context.Context, epoch uint64) ([][zkp.HandleSize]byte, error)
}

// A Prover makes proofs; zkp/prover.Prover is one.
type Prover interface {
	Prepare(ctx context.Context, w *zkp.PrepareWitness) (*zkp.Prepared, error)
	Show(ctx context.Context, a *zkp.Answer) ([]*zkp.Presentation, error)
}

// Material is public and comes with the trust file; each piece counts only
// where the ledger names its hash.
type Material struct {
	Schemas []*credential.Schema
	Status  status.Source
	// Feed has the public sets of each epoch in files. Whoever serves them
	// learns a few bits for each credential at most: see package feed. Nil means
	// that the ledger itself hands out the sets.
	Feed *feed.Feed
}

// Options changes defaults. The zero value is safe.
type Options struct {
	// Clock is the device's; nil means time.Now.
	Clock func() time.Time
	// Prover is nil in a wallet that shows claims only.
	Prover Prover
	// MaxCheckpointAge bounds the ledger state a decision rests on; zero means
	// what the trust file says.
	MaxCheckpointAge time.Duration
}

// Wallet is a citizen's: credentials, keys and history in one store. It is safe
// for concurrent use.
type Wallet struct {
	store    vault.Store
	keys     vault.KeyStore
	trust    *ledger.TrustFile
	ledger   Ledger
	material Material
	opts     Options

	mu        sync.Mutex
	built     *epochTrees
	windows   map[string]keyWindow // of issuers' proof keys
	windowsOf uint64               // epoch
}

// ErrConfig means that a wallet lacks something it cannot do without.
var ErrConfig = errors.New("wallet: incomplete configuration")

// New joins a store, its keys and a ledger. trust came to the citizen together
// with its fingerprint, by two ways; there is no trust on first use.
func New(store vault.Store, keys vault.KeyStore, trust *ledger.TrustFile, reader Ledger, material Material, opts Options) (*Wallet, error) {
	if store == nil || keys == nil || trust == nil || reader == nil || material.Status == nil {
		return nil, fmt.Errorf("%w: store, keys, trust file, ledger and status source are needed", ErrConfig)
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.MaxCheckpointAge == 0 {
		opts.MaxCheckpointAge = trust.MaxCheckpointAge()
	}
	return &Wallet{store: store, keys: keys, trust: trust, ledger: reader, material: material, opts: opts}, nil
}

// resolve runs judge over ledger values proved under one fresh checkpoint.
func (w *Wallet) resolve(ctx context.Context, judge func(*ledger.View) error) error {
	return ledger.Resolve(ctx, w.ledger, w.trust, w.opts.Clock(), w.opts.MaxCheckpointAge, judge)
}

// Kinds of record in the store.
const (
	kindSecret      = "secret"
	kindApplication = "application"
	kindCredential  = "credential"
	kindPrepared    = "prepared"
	kindHistory     = "history"
	kindFeed        = "feed"
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
			return fmt.Errorf("wallet: stored holder secret of %d bytes", len(r.Value))
		}
		copy(s[:], r.Value)
		return nil
	})
	return s, err
}
