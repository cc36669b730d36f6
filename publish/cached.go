package publish

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hufu-id/hufu/status"
)

// Cached reads from another source and keeps what it read. Schema files and
// verifying keys are kept for ever, by their hashes. A status list token is kept
// until its ttl ends, a .type file until MaxAge ends; then the source is asked
// again, and what is kept stands in while the source has nothing. The feed is not
// kept, since its readers keep what they need of it; a feed that somebody else put
// there stands in, too. What [Name.Check] refuses is neither kept nor handed out. It
// is safe for concurrent use.
//
// A kept token can miss a revocation that the ledger shows already. [StatusList]
// notices by the ledger's root and asks the source anew.
type Cached struct {
	source Source
	kept   Store
	opts   CacheOptions

	mu    sync.Mutex
	until map[Name]time.Time // when the source is asked again
}

// CacheOptions changes defaults. The zero value is safe.
type CacheOptions struct {
	// Clock is the reader's; nil means time.Now.
	Clock func() time.Time
	// MaxAge is how long a .type file is kept, and the most that a token's ttl
	// counts: its signature is not verified here. Zero means an hour.
	MaxAge time.Duration
}

// NewCached keeps in one place what it reads from a source.
func NewCached(source Source, kept Store, opts CacheOptions) *Cached {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.MaxAge == 0 {
		opts.MaxAge = time.Hour
	}
	return &Cached{source: source, kept: kept, opts: opts, until: map[Name]time.Time{}}
}

// Read implements [Source]. Errors are the source's and [Name.Check]'s.
func (c *Cached) Read(ctx context.Context, name Name) ([]byte, error) {
	kept, lacking := checked(ctx, c.kept, name)
	if lacking == nil && !name.ofFeed() && (name.Fixed() || c.fresh(name)) {
		return kept, nil
	}
	b, err := c.Refresh(ctx, name)
	if err != nil && lacking == nil {
		return kept, nil
	}
	return b, err
}

func (c *Cached) fresh(name Name) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opts.Clock().Before(c.until[name])
}

// Refresh asks the source, whatever is kept. A file that cannot be kept, on a full
// disk for instance, is handed out all the same. Errors are those of Read.
func (c *Cached) Refresh(ctx context.Context, name Name) ([]byte, error) {
	b, err := checked(ctx, c.source, name)
	if err != nil || name.ofFeed() {
		return b, err
	}
	if err := c.kept.Write(ctx, name, b); err == nil && !name.Fixed() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.until[name] = c.opts.Clock().Add(c.lifetime(name, b))
	}
	return b, nil
}

// lifetime is how long a file is kept before the source is asked again.
func (c *Cached) lifetime(name Name, b []byte) time.Duration {
	if !strings.HasSuffix(name.text, suffixStatus) {
		return c.opts.MaxAge
	}
	token, err := status.Parse(b, status.ParseOptions{})
	if err != nil {
		return 0
	}
	return min(token.UnverifiedTTL(), c.opts.MaxAge)
}
