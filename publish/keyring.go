package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
)

// ErrKeyNotAtHand means that the ledger names a verifying key that is not at hand. It
// wraps why.
var ErrKeyNotAtHand = errors.New("publish: verifying key not at hand")

// A Keyring opens the verifying keys that a ledger names, each once: to open one costs
// more than a verification. It takes a key of a single party only where its options
// allow it, whatever the key says of itself: the ledger's word counts, too. It is safe
// for concurrent use.
type Keyring struct {
	source Source
	opts   zkp.KeyOptions

	mu     sync.Mutex
	opened map[[32]byte]*zkp.VerifyingKey
}

// NewKeyring makes a Keyring over public files.
func NewKeyring(source Source, opts zkp.KeyOptions) *Keyring {
	return &Keyring{source: source, opts: opts, opened: map[[32]byte]*zkp.VerifyingKey{}}
}

// Keys returns the keys for some circuits, as the view has them. Errors:
// *ledger.NotProvedError, for ledger.Client.Resolve; those of ledger.View.VK;
// zkp.ErrSinglePartySetup; [ErrKeyNotAtHand], with that of [VerifyingKey]; those of
// zkp.ParseVerifyingKey; zkp.ErrVerifyingKey.
func (k *Keyring) Keys(ctx context.Context, view *ledger.View, circuits []zkp.Circuit) (*zkp.Keys, error) {
	list := make([]*zkp.VerifyingKey, 0, len(circuits)+1)
	if !slices.Contains(circuits, zkp.CircuitShow) { // every set of keys has it
		circuits = append(slices.Clone(circuits), zkp.CircuitShow)
	}
	for _, circuit := range circuits {
		object, err := namedKey(view, circuit, k.opts)
		if err != nil {
			return nil, err
		}
		key, err := k.open(ctx, circuit, object.KeyHash)
		if err != nil {
			return nil, err
		}
		if key.Circuit() != circuit {
			return nil, fmt.Errorf("%w: of %s, and the ledger names it for %s", zkp.ErrVerifyingKey, key.Circuit(), circuit)
		}
		list = append(list, key)
	}
	return zkp.NewKeys(list...)
}

// namedKey is what the ledger says of a circuit's key.
func namedKey(view *ledger.View, circuit zkp.Circuit, opts zkp.KeyOptions) (*ledger.VK, error) {
	object, err := view.VK(string(circuit))
	if err != nil {
		return nil, err
	}
	if object.Setup != ledger.SetupCeremony && !opts.AllowSinglePartySetupUnsafe {
		return nil, fmt.Errorf("%w: %s, says the ledger", zkp.ErrSinglePartySetup, circuit)
	}
	return object, nil
}

// open fetches without the lock, so that a slow source holds up nobody who needs
// another key.
func (k *Keyring) open(ctx context.Context, circuit zkp.Circuit, hash [32]byte) (*zkp.VerifyingKey, error) {
	k.mu.Lock()
	key := k.opened[hash]
	k.mu.Unlock()
	if key != nil {
		return key, nil
	}
	b, err := VerifyingKey(ctx, k.source, hash)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKeyNotAtHand, circuit, err)
	}
	if key, err = zkp.ParseVerifyingKey(b, hash, k.opts); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.opened[hash] = key
	return key, nil
}

// EpochRoots returns what the circuits take of an epoch. The error is zkp's, for roots
// that are no elements.
func EpochRoots(object *ledger.Epoch) (zkp.Epoch, error) {
	registry, err := zkp.ParseElement(object.RegistryRoot[:])
	if err != nil {
		return zkp.Epoch{}, err
	}
	revocation, err := zkp.ParseElement(object.RevocationRoot[:])
	if err != nil {
		return zkp.Epoch{}, err
	}
	return zkp.Epoch{Number: object.Number, Day: zkp.Day(object.Day), Registry: registry, Revocation: revocation}, nil
}
