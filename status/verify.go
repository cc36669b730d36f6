package status

import (
	"crypto"
	"fmt"
	"time"
)

// VerifyOptions changes how tokens are checked. The zero value is the safe
// default.
type VerifyOptions struct {
	// Now is the verifier's time; zero means the machine's clock.
	Now time.Time
	// MaxAge is the oldest accepted iat. It applies in addition to exp; zero
	// leaves the decision to exp.
	MaxAge time.Duration
}

// Verified is a fresh list that its issuer signed for this URI.
type Verified struct {
	// Subject is the URI of the list.
	Subject string
	// IssuedAt and Expires are iat and exp. Expires is zero if the token has
	// none.
	IssuedAt, Expires time.Time
	// TTL is how long to keep the token before asking again; zero if the token
	// does not say.
	TTL time.Duration
	// Aggregation is where the issuer lists all its lists; empty if the token does not say.
	Aggregation string
	// List is the inflated list.
	List *List
}

// Verify checks the signature with the issuer's key, that the token is about
// uri (as the credential names it), and that the token is fresh. Only then does
// it inflate the list. It checks in this order: [ErrSignature], [ErrSubject],
// [ErrNotYetValid], [ErrExpired], [ErrStale], [ErrForm], [ErrTooLarge]. Dates
// have a tolerance of one minute.
func (t *Token) Verify(public crypto.PublicKey, uri string, opts VerifyOptions) (*Verified, error) {
	if err := t.verify(public); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if t.body.Subject != uri {
		return nil, ErrSubject
	}
	verified := &Verified{Subject: uri, IssuedAt: time.Unix(int64(*t.body.IssuedAt), 0).UTC(), TTL: t.body.ttl()}
	if t.body.Expires != nil {
		verified.Expires = time.Unix(int64(*t.body.Expires), 0).UTC()
	}
	if err := verified.CheckTime(opts); err != nil {
		return nil, err
	}
	verified.Aggregation = t.body.StatusList.Aggregation
	list, err := t.UnverifiedList()
	if err != nil {
		return nil, err
	}
	verified.List = list
	return verified, nil
}

// maxTTL keeps a time to live within a time.Duration. It replaces longer ones.
const maxTTL = 100 * 365 * 24 * time.Hour

func (p *payload) ttl() time.Duration {
	if p.TTL == nil {
		return 0
	}
	return time.Duration(min(int64(*p.TTL), int64(maxTTL/time.Second))) * time.Second
}

// CheckTime judges the age of a list that was verified earlier, as Verify does.
// Errors: [ErrNotYetValid], [ErrExpired], [ErrStale].
func (v *Verified) CheckTime(opts VerifyOptions) error {
	now := opts.Now
	if now.IsZero() {
		now = time.Now()
	}
	if v.IssuedAt.After(now.Add(skew)) {
		return ErrNotYetValid
	}
	if !v.Expires.IsZero() && !now.Before(v.Expires.Add(skew)) {
		return ErrExpired
	}
	if opts.MaxAge > 0 && now.Sub(v.IssuedAt) > opts.MaxAge {
		return ErrStale
	}
	if v.Expires.IsZero() && opts.MaxAge <= 0 {
		return fmt.Errorf("%w: no exp, and no MaxAge asked", ErrStale)
	}
	return nil
}

// Status returns the status at index. The error is [ErrIndex].
func (v *Verified) Status(index int) (Status, error) { return v.List.Get(index) }

// Check returns nil only for a Valid entry. Errors: [ErrIndex], [ErrRevoked],
// [ErrSuspended], [ErrUnknownStatus].
func (v *Verified) Check(index int) error {
	status, err := v.List.Get(index)
	if err != nil {
		return err
	}
	return status.Err()
}
