package remote

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
)

// Network widens which addresses of strangers may be asked. The zero value is safe: https at
// public addresses, no redirect, three seconds.
type Network = fetch.Options

// ListOptions changes defaults. The zero value is safe.
type ListOptions struct {
	Network Network
	// Clock is the reader's; nil means time.Now.
	Clock func() time.Time
	// MaxAge is the most that a token's ttl counts, for nobody has verified it yet; zero
	// means an hour.
	MaxAge time.Duration
}

// StatusLists fetches status lists of issuers that are on no ledger, from the address that a
// credential names (draft-ietf-oauth-status-list-20, section 8). It is a
// provenance.StatusLists. The requests of all readers for one list are the same. A token is
// kept in memory as long as its ttl and exp say; whoever reads it verifies it. It is safe for
// concurrent use.
type StatusLists struct {
	opts  ListOptions
	fetch *fetch.Client

	mu   sync.Mutex
	kept map[string]keptToken
	size int
}

type keptToken struct {
	token []byte
	until time.Time
}

// maxListBytes bounds the tokens that are kept.
const maxListBytes = 32 << 20

// NewStatusLists makes one that has kept nothing.
func NewStatusLists(opts ListOptions) *StatusLists {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.MaxAge == 0 {
		opts.MaxAge = time.Hour
	}
	return &StatusLists{opts: opts, fetch: fetch.New(opts.Network), kept: map[string]keptToken{}}
}

// StatusList returns the token at a URI, in JWT form, unverified. The error wraps
// publish.ErrUnreachable, or is the context's own.
func (s *StatusLists) StatusList(ctx context.Context, uri string) ([]byte, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%w: %w", publish.ErrUnreachable, ErrAddress)
	}
	s.mu.Lock()
	known, found := s.kept[uri]
	s.mu.Unlock()
	if found && s.opts.Clock().Before(known.until) {
		return known.token, nil
	}
	b, err := s.fetch.Get(ctx, uri, "application/"+status.Type, limits.StatusToken)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", publish.ErrUnreachable, err)
	}
	s.keep(uri, b)
	return b, nil
}

func (s *StatusLists) keep(uri string, b []byte) {
	token, err := status.Parse(b, status.ParseOptions{})
	if err != nil || token.UnverifiedSubject() != uri {
		return // the reader will refuse it
	}
	now := s.opts.Clock()
	lifetime := min(token.Kept(now, 0), s.opts.MaxAge)
	if lifetime <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size -= len(s.kept[uri].token)
	if s.size+len(b) > maxListBytes {
		clear(s.kept)
		s.size = 0
	}
	s.kept[uri], s.size = keptToken{b, now.Add(lifetime)}, s.size+len(b)
}
