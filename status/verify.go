package status

import (
	"crypto"
	"fmt"
	"time"
)

// VerifyOptions changes how tokens are checked. The zero value is the safe
// default.
type VerifyOptions struct {
	// Now is the clock; zero means now.
	Now time.Time
	// MaxAge is the oldest iat accepted, beside exp; zero leaves it to exp.
	MaxAge time.Duration
}

// Verified is a list that its issuer signed for this URI and that is fresh.
type Verified struct {
	// Subject is the URI of the list.
	Subject string
	// IssuedAt and Expires bound the token; Expires is zero where it has none.
	IssuedAt, Expires time.Time
	// TTL is how long to keep the token before asking again; zero if unsaid.
	TTL time.Duration
	// List is the inflated list.
	List *List
}

// Verify checks the signature with the issuer's key, that the token is about
// uri (as the credential names it) and that it is fresh; only then is the list
// inflated. Errors, in this order: [ErrSignature], [ErrSubject],
// [ErrNotYetValid], [ErrExpired], [ErrStale], [ErrForm], [ErrTooLarge].
func (t *Token) Verify(public crypto.PublicKey, uri string, opts VerifyOptions) (*Verified, error) {
	if _, err := t.jws.Verify(public); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if t.body.Subject != uri {
		return nil, ErrSubject
	}
	verified := &Verified{Subject: uri, IssuedAt: time.Unix(*t.body.IssuedAt, 0).UTC()}
	if t.body.Expires != nil {
		verified.Expires = time.Unix(*t.body.Expires, 0).UTC()
	}
	if t.body.TTL != nil {
		verified.TTL = time.Duration(min(*t.body.TTL, int64(maxTTL/time.Second))) * time.Second
	}
	if err := verified.checkTime(opts); err != nil {
		return nil, err
	}
	list, err := inflate(t.body.StatusList.Bits, t.body.StatusList.List)
	if err != nil {
		return nil, err
	}
	verified.List = list
	return verified, nil
}

// maxTTL keeps a time-to-live within a time.Duration; longer ones mean ever.
const maxTTL = 100 * 365 * 24 * time.Hour

func (v *Verified) checkTime(opts VerifyOptions) error {
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

// Status returns the entry at index, or [ErrIndex].
func (v *Verified) Status(index int) (Status, error) { return v.List.Get(index) }

// Check is nil only for a Valid entry. Errors: [ErrIndex], [ErrRevoked],
// [ErrSuspended], [ErrUnknownStatus].
func (v *Verified) Check(index int) error {
	status, err := v.List.Get(index)
	if err != nil {
		return err
	}
	return status.Err()
}
