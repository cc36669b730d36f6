package endpoint

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
)

// Published serves the status lists that a desk publishes: package publish keeps their
// tokens in JWT form. It implements [Lists].
type Published struct {
	// Source has the tokens.
	Source publish.Source
	// Lists are the URIs that are served, and those of the aggregation; no other list is
	// looked for. Nil serves each list that Source has, without an aggregation.
	Lists []string
	// Key signs the CWT form, which says what the JWT says and ends with it, and Header
	// names the key. A nil Key serves the JWT form alone.
	Key    crypto.Signer
	Header did.Header

	mu     sync.Mutex
	signed map[string]inCBOR // newest, by URI
}

// inCBOR is the CWT form of a JWT. It is signed once, so that readers who have it are told
// that it is still the newest.
type inCBOR struct{ jwt, cwt []byte }

// URIs implements [Lists].
func (p *Published) URIs(context.Context) ([]string, error) { return p.Lists, nil }

// Token implements [Lists].
func (p *Published) Token(ctx context.Context, uri string, form Form) ([]byte, error) {
	if p.Lists != nil && !slices.Contains(p.Lists, uri) || form == CWT && p.Key == nil {
		return nil, ErrNoList
	}
	b, err := p.Source.Read(ctx, publish.StatusName(uri))
	if errors.Is(err, publish.ErrNotAtHand) {
		return nil, ErrNoList
	}
	if err != nil || form == JWT {
		return b, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.signed[uri]; bytes.Equal(known.jwt, b) {
		return known.cwt, nil
	}
	cwt, err := p.sign(ctx, uri, b)
	if err != nil {
		return nil, err
	}
	if p.signed == nil {
		p.signed = map[string]inCBOR{}
	}
	p.signed[uri] = inCBOR{b, cwt}
	return cwt, nil
}

// sign says in CBOR what our own JWT says.
func (p *Published) sign(ctx context.Context, uri string, b []byte) ([]byte, error) {
	token, err := status.Parse(b, status.ParseOptions{})
	if err != nil {
		return nil, err
	}
	// The list is our own. Its dates are checked by who reads it, as in the other form.
	v, err := token.Verify(p.Key.Public(), uri, status.VerifyOptions{Now: token.UnverifiedIssuedAt(), MaxAge: time.Hour})
	if err != nil {
		return nil, err
	}
	return status.SignCWT(ctx, p.Key, p.Header, status.Claims{
		Subject: uri, IssuedAt: v.IssuedAt, Expires: v.Expires, TTL: v.TTL, Aggregation: v.Aggregation,
	}, v.List)
}
