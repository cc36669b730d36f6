package agency

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// Options changes defaults. The zero value is safe.
type Options struct {
	// Clock is the agency's; nil means time.Now.
	Clock func() time.Time
	// Keys holds the signature keys; nil means software keys in the agency's
	// own store.
	Keys vault.KeyStore
	// Safe holds the change keys; nil means that Keys does. An agency must be
	// opened with the safe that it was created with.
	Safe vault.KeyStore
	// ProofKey makes Apply make a proof key too: for an agency that issues.
	// ReplaceProofKey adds one later.
	ProofKey bool
}

// An Agency is one agency with its keys and its ledger. It is safe for
// concurrent use, also of several processes on one vault: changes of the DID run
// one after the other, and every other method signs with the keys that this
// Agency saw last. A process sees another's change after Settle, Open, or a
// change of its own.
type Agency struct {
	store  vault.Store      // nil: see WithKey
	client *ledger.Client   // reads; nil: see OpenOffline
	log    ledger.Submitter // writes, and verifies what it is told
	opts   Options

	changing sync.Mutex // held through a change

	mu     sync.Mutex // guards the two below
	keys   Keys
	object *ledger.DID // as the ledger proved it last; nil in WithKey
}

// Open opens the agency of a vault. It finishes or drops a change that was
// interrupted (see Settle), and gives a root agency the DID of the ledger that
// was founded with its keys (see PrepareRoot). With nothing to finish it does not
// ask the ledger.
//
// The error is [ErrNone], ledger.ErrNotAdmitted where no agency has admitted this one yet
// (see Apply), [ErrConfig], [ErrPending], [ErrNotRoot], [ErrRecord], or one of the stores. A
// change that the ledger refused is dropped without an error.
func Open(ctx context.Context, store vault.Store, client *ledger.Client, log ledger.Submitter, opts Options) (*Agency, error) {
	a, err := online(store, client, log, opts)
	if err != nil {
		return nil, err
	}
	if err := a.adopt(ctx); err != nil {
		return nil, err
	}
	if err := a.Settle(ctx); err != nil && !isRefusal(err) {
		return nil, err
	}
	return a, nil
}

// OpenOffline opens the agency of a vault without a ledger: it signs, and every
// method that needs the ledger returns [ErrOffline]. One that has not heard from the
// ledger since its application signs with the keys in that. The error is [ErrNone],
// [ErrNoDID], [ErrRecord], [ErrPending] where a change was interrupted, or one of
// the stores.
func OpenOffline(ctx context.Context, store vault.Store, opts Options) (*Agency, error) {
	if store == nil {
		return nil, fmt.Errorf("%w: no store", ErrConfig)
	}
	a := withDefaults(&Agency{store: store, opts: opts})
	r, err := a.load(ctx)
	switch {
	case err != nil:
		return nil, err
	case r.DID == "":
		return nil, ErrNoDID
	case r.Object == nil && r.Pending != nil:
		op, err := r.pending()
		if err != nil {
			return nil, err
		}
		r.Object = op.Operation.Body
	case r.Pending != nil:
		return nil, ErrPending
	}
	return a, a.show(ctx, r)
}

// WithKey acts for an agency whose signature key is kept elsewhere, in a file or
// a module that is no vault.KeyStore. keyID is the DID URL of the key, such as
// did:hufu:aaaa…#sig-1. Its DID cannot be changed here: [ErrElsewhere]. The error
// is [ErrConfig].
func WithKey(keyID string, key crypto.Signer, client *ledger.Client, log ledger.Submitter, opts Options) (*Agency, error) {
	did, err := didOf(keyID)
	if err != nil {
		return nil, err
	}
	if key == nil || client == nil || log == nil {
		return nil, fmt.Errorf("%w: key, client and ledger are needed", ErrConfig)
	}
	a := &Agency{client: client, log: client.Submitter(log), opts: opts, keys: Keys{DID: did, Ledger: client.Pinned().ID(), KeyID: keyID, Key: key}}
	return withDefaults(a), nil
}

func online(store vault.Store, client *ledger.Client, log ledger.Submitter, opts Options) (*Agency, error) {
	if store == nil || client == nil || log == nil {
		return nil, fmt.Errorf("%w: store, client and ledger are needed", ErrConfig)
	}
	return withDefaults(&Agency{store: store, client: client, log: client.Submitter(log), opts: opts}), nil
}

func withDefaults(a *Agency) *Agency {
	if a.opts.Clock == nil {
		a.opts.Clock = time.Now
	}
	if a.opts.Keys == nil && a.store != nil {
		a.opts.Keys = vault.NewSoftwareKeys(a.store)
	}
	if a.opts.Safe == nil {
		a.opts.Safe = a.opts.Keys
	}
	return a
}

// DID is the agency's identifier, did:hufu:….
func (a *Agency) DID() string { return a.Keys().DID }

// Signer is the signature key in use. The error is ErrNoKey where none is at hand.
func (a *Agency) Signer() (crypto.Signer, error) {
	if key := a.Keys().Key; key != nil {
		return key, nil
	}
	return nil, ErrNoKey
}

// KeysInUse names the signature key and the proof key that the agency signs with, as
// MarkCompromised takes them: #sig-2 is "sig-2".
func (a *Agency) KeysInUse() (names []string) {
	keys := a.Keys()
	_, name, _ := strings.Cut(keys.KeyID, "#")
	names = append(names, name)
	object := a.Object()
	if keys.Proof == nil || object == nil {
		return names
	}
	for _, k := range object.Keys {
		if k.Purpose == ledger.PurposeProof && bytes.Equal(k.Public, keys.Proof.ProofKey().Bytes()) {
			names = append(names, k.ID)
		}
	}
	return names
}

// Keys returns what the agency signs with now. After a change of the DID, ask
// again.
func (a *Agency) Keys() Keys {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.keys
}

// Object is a copy of the DID as the ledger proved it last, with every key that
// it ever had; nil where the keys are kept elsewhere.
func (a *Agency) Object() *ledger.DID {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.object == nil {
		return nil
	}
	return copyOf(a.object)
}

func (a *Agency) now() time.Time { return a.opts.Clock() }

// resolve runs judge over values of the ledger that are proved.
func (a *Agency) resolve(ctx context.Context, judge func(*ledger.View) error, keys ...string) error {
	if a.client == nil {
		return ErrOffline
	}
	return a.client.Resolve(ctx, judge, ledger.ResolveOptions{Keys: keys})
}
