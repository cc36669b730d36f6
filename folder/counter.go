package folder

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

// Counter is an open service counter.
type Counter struct {
	*Home
	Agency *Agency
	store  *sqlitestore.Store
	log    Ledger // nil where the bundle takes its place
	reader ledger.Reader
	public publish.Source
}

const (
	counterName = "counter.db"
	bundleName  = "ledger.bundle"
	policyName  = "policy.json"
)

// NewCounter makes a counter in a new home, and its application to the ledger. Once an
// agency has admitted it, OpenCounter opens it, or Join of its Agency. The error is
// an [*Error], or one of NewAgency.
func (h *Home) NewCounter(ctx context.Context, subject ledger.Subject, passphrase []byte) (*Counter, error) {
	c := &Counter{Home: h}
	err := c.plug(ctx)
	if err == nil {
		c.Agency, err = NewAgency(ctx, h.Dir, subject, passphrase, c.log, h.opts)
	}
	if err == nil {
		c.store, err = sqlitestore.Open(ctx, filepath.Join(h.Dir, counterName), sqlitestore.Options{Create: true})
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// OpenCounter opens a counter that asks its ledger, or offline its bundle. The error
// is an [*Error], one of (*Agency).Join, or of publish.KeptBundle.
func (h *Home) OpenCounter(ctx context.Context, passphrase []byte, offline bool) (*Counter, error) {
	c := &Counter{Home: h}
	var err error
	if !offline {
		err = c.plug(ctx)
	}
	if err == nil {
		c.Agency, err = OpenAgency(ctx, h.Dir, passphrase, h.opts)
	}
	if err == nil {
		err = c.Agency.Join(ctx, c.log)
	}
	if err == nil {
		err = c.openStore(ctx)
	}
	if err == nil && offline {
		err = c.unplug()
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Counter) openStore(ctx context.Context) (err error) {
	if c.opts.Patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.opts.Patience, ErrBusy)
		defer cancel()
	}
	if c.store, err = sqlitestore.Open(ctx, filepath.Join(c.Dir, counterName), sqlitestore.Options{Restored: c.opts.Restored}); err != nil {
		return &Error{c.Dir, ErrCounter, orBusy(ctx, err)}
	}
	return nil
}

// plug takes the ledger and its public files.
func (c *Counter) plug(ctx context.Context) (err error) {
	c.log, c.public, err = c.Join(ctx)
	c.reader = c.log
	return err
}

// unplug takes the bundle that the counter has stored in place of the ledger.
func (c *Counter) unplug() error {
	bundle, err := c.Bundle().Open()
	if errors.Is(err, publish.ErrNotAtHand) {
		return &Error{c.Dir, ErrNoBundle, nil}
	}
	c.reader, c.public = bundle, bundle
	return err
}

// Bundle is the file in which a counter keeps its bundle.
func (h *Home) Bundle() *publish.KeptBundle {
	return &publish.KeptBundle{Path: filepath.Join(h.Dir, bundleName), Trust: h.Trust, Clock: h.opts.Clock}
}

// Patiently calls a function that asks nobody and takes well under a second, such as making a
// request and deciding on an answer. The error is the function's, or ErrBusy where
// another program holds a database for longer than Options.Patience.
func (c *Counter) Patiently(ctx context.Context, use func(context.Context) error) error {
	if c.opts.Patience == 0 {
		return use(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Patience, ErrBusy)
	defer cancel()
	return orBusy(ctx, use(ctx))
}

// Close closes what is open.
func (c *Counter) Close() (err error) {
	if c.Agency != nil {
		err = c.Agency.Close()
	}
	if c.store != nil {
		err = errors.Join(err, c.store.Close())
	}
	if c.log != nil {
		err = errors.Join(err, c.log.Close())
	}
	return err
}

// KeepPolicy makes a policy file the counter's. Requests made under another are still
// judged by that one. The error is one of verifier.ParsePolicy, or an [*Error] with
// [ErrUnwritable].
func (c *Counter) KeepPolicy(file []byte) error {
	if _, err := verifier.ParsePolicy(file); err != nil {
		return err
	}
	return replace(filepath.Join(c.Dir, policyName), file)
}

// keptPolicies are the policy that KeepPolicy left, or none.
func (c *Counter) keptPolicies() ([]*verifier.Policy, error) {
	f, err := os.Open(filepath.Join(c.Dir, policyName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &Error{c.Dir, ErrCounter, err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limits.Document+1)) // the parser refuses more
	if err != nil {
		return nil, &Error{c.Dir, ErrCounter, err}
	}
	policy, err := verifier.ParsePolicy(b)
	if err != nil {
		return nil, err
	}
	return []*verifier.Policy{policy}, nil
}

// Verifier makes the counter's verifier. cfg has what the caller decides; Verifier sets
// Identity, Ledger, Store and Public, and Clock where it is nil. Where it has no
// policies, the one of KeepPolicy counts. Errors are those of ledger.NewClient,
// verifier.ParsePolicy and verifier.New, and an [*Error] with [ErrCounter] where the file
// cannot be read.
func (c *Counter) Verifier(ctx context.Context, cfg verifier.Config) (_ *verifier.Verifier, err error) {
	if len(cfg.Policies) == 0 {
		if cfg.Policies, err = c.keptPolicies(); err != nil {
			return nil, err
		}
	}
	if cfg.Clock == nil {
		cfg.Clock = c.opts.Clock
	}
	own := c.Agency.Keys()
	cfg.Identity = verifier.Identity{DID: own.DID, KeyID: own.KeyID, Key: own.Key}
	cfg.Store, cfg.Public = c.store, c.public
	store := c.store.TrustStore(c.Trust.Origin)
	cfg.Ledger, err = ledger.NewClient(ctx, c.Trust, c.reader, store, ledger.ClientOptions{Clock: cfg.Clock})
	if err != nil {
		return nil, err
	}
	return verifier.New(cfg)
}
