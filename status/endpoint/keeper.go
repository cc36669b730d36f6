package endpoint

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/status"
)

// KeeperConfig has what NewKeeper needs. Key is required.
type KeeperConfig struct {
	// Key signs, and Header names it: Kid for the key of a DID, X5C for a certificate
	// chain without its anchor (HAIP 1.0, section 6.1).
	Key    crypto.Signer
	Header did.Header
	// TTL is how long readers keep a token; zero means five minutes.
	TTL time.Duration
	// Lifetime is from iat to exp; zero means a day, and it is longer than twice TTL.
	Lifetime time.Duration
	// Aggregation is what Aggregation returns for the base; empty leaves it out.
	Aggregation string
	// Clock is the server's; nil means time.Now.
	Clock func() time.Time
}

// ErrConfig means that something in a KeeperConfig is missing or cannot be right.
var ErrConfig = errors.New("endpoint: incomplete configuration")

// Keeper signs status lists in both forms, once after each change and again when half of
// their TTL is over: a reader never gets one that is older than that. It implements [Lists]
// and is safe for concurrent use.
type Keeper struct {
	cfg KeeperConfig

	mu    sync.Mutex
	lists map[string]*keptList
}

type keptList struct {
	list   *status.List // nobody changes it
	tokens [2][]byte    // by form
	signed [2]time.Time
}

// NewKeeper makes one without lists. The error is [ErrConfig].
func NewKeeper(cfg KeeperConfig) (*Keeper, error) {
	if cfg.TTL == 0 {
		cfg.TTL = 5 * time.Minute
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = max(24*time.Hour, 3*cfg.TTL)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Key == nil || cfg.TTL < time.Second || cfg.Lifetime <= 2*cfg.TTL {
		return nil, fmt.Errorf("%w: a key, a TTL of a second or more, and a lifetime of more than twice that", ErrConfig)
	}
	return &Keeper{cfg: cfg, lists: map[string]*keptList{}}, nil
}

// Put serves a list from now on, in place of an earlier one of the URI. It keeps a copy.
func (k *Keeper) Put(uri string, list *status.List) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lists[uri] = &keptList{list: list.Clone()}
}

// URIs implements [Lists].
func (k *Keeper) URIs(context.Context) ([]string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Sorted(maps.Keys(k.lists)), nil
}

// Token implements [Lists]. Readers wait while one of them has a list signed.
func (k *Keeper) Token(ctx context.Context, uri string, form Form) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := k.lists[uri]
	if kept == nil || form != JWT && form != CWT {
		return nil, ErrNoList
	}
	now := k.cfg.Clock()
	if age := now.Sub(kept.signed[form]); kept.tokens[form] != nil && age >= 0 && age < k.cfg.TTL/2 {
		return kept.tokens[form], nil
	}
	token, err := k.sign(ctx, uri, form, kept.list, now)
	if err != nil {
		return nil, err
	}
	kept.tokens[form], kept.signed[form] = token, now
	return token, nil
}

func (k *Keeper) sign(ctx context.Context, uri string, form Form, list *status.List, now time.Time) ([]byte, error) {
	claims := status.Claims{Subject: uri, IssuedAt: now, Expires: now.Add(k.cfg.Lifetime), TTL: k.cfg.TTL, Aggregation: k.cfg.Aggregation}
	if form == CWT {
		return status.SignCWT(ctx, k.cfg.Key, k.cfg.Header, claims, list)
	}
	text, err := status.Sign(ctx, k.cfg.Key, k.cfg.Header, claims, list)
	return []byte(text), err
}
