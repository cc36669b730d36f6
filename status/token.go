package status

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// Type is the typ of a status list token in JWT form (section 5.1).
const Type = "statuslist+jwt"

// skew is the largest difference between two honest clocks.
const skew = time.Minute

// maxTime is the last second of the year 9999, the end of RFC 3339's calendar.
const maxTime = 253402300799

// Claims describes a token to sign.
type Claims struct {
	// Subject is the absolute URI where the token will be served.
	Subject string
	// IssuedAt is truncated to the second; zero means now.
	IssuedAt time.Time
	// Expires is the first instant at which the token no longer holds. It is
	// required.
	Expires time.Time
	// TTL is how long a reader may keep the token before it asks again, in
	// whole seconds; zero omits it.
	TTL time.Duration
	// Aggregation is the absolute URI where the issuer lists all its lists (section 9); empty
	// omits it.
	Aggregation string
}

// check fills in what is left out, and refuses what no token may say.
func (c *Claims) check() error {
	if c.IssuedAt.IsZero() {
		c.IssuedAt = time.Now()
	}
	if !isAbsolute(c.Subject) || !c.Expires.After(c.IssuedAt) || c.TTL < 0 || c.Aggregation != "" && !isAbsolute(c.Aggregation) {
		return fmt.Errorf("%w: claims need absolute URIs and an exp after iat", ErrForm)
	}
	return nil
}

// payload is the JWT claims set (section 5.1). Times are Unix seconds.
type payload struct {
	Subject    string            `json:"sub"`
	IssuedAt   *strictjson.Since `json:"iat"`
	Expires    *strictjson.Until `json:"exp,omitzero"`
	TTL        *strictjson.Until `json:"ttl,omitzero"`
	StatusList *listClaim        `json:"status_list"`
}

type listClaim struct {
	Bits        int    `json:"bits"`
	List        string `json:"lst"`
	Aggregation string `json:"aggregation_uri,omitzero"`
}

// Sign makes a status list token. claims.Expires is required: a token that
// never expires could be replayed after a revocation. The header names the
// signer's key: Kid for the key of a DID, X5C for a certificate path (HAIP).
// Sign sets header.Typ to [Type]. Errors: [ErrForm], and those of
// [did.SignJWS], did.ErrTooLarge among them.
func Sign(ctx context.Context, signer crypto.Signer, header did.Header, claims Claims, list *List) (string, error) {
	if err := claims.check(); err != nil {
		return "", err
	}
	lst, err := list.deflate()
	if err != nil {
		return "", err
	}
	iat, exp, ttl := strictjson.Since(claims.IssuedAt.Unix()), strictjson.Until(claims.Expires.Unix()), strictjson.Until(claims.TTL/time.Second)
	body := payload{Subject: claims.Subject, IssuedAt: &iat, Expires: &exp, StatusList: &listClaim{Bits: list.bits, List: lst, Aggregation: claims.Aggregation}}
	if ttl > 0 {
		body.TTL = &ttl
	}
	data, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrForm, err)
	}
	header.Typ = Type
	return did.SignJWS(ctx, signer, header, data, did.JWSOptions{MaxBytes: limits.StatusToken})
}

// A Token is a parsed status list token. Nobody has verified it.
type Token struct {
	jws  *did.JWS // nil in CWT form
	cwt  *cwt     // nil in JWT form
	body payload
}

// ParseOptions changes how tokens are read. The zero value is the safe default.
type ParseOptions struct {
	// Suites is the allow-list of signature algorithms; nil means
	// [did.DefaultSuites].
	Suites *did.Suites
}

// Parse reads a compact status list token. It neither verifies the signature
// nor inflates the list. Errors: [ErrForm], [ErrTooLarge], and those of
// [did.ParseJWS].
func Parse(compact []byte, opts ParseOptions) (*Token, error) {
	if len(compact) > limits.StatusToken {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.StatusToken)
	}
	jws, err := did.ParseJWS(string(compact), Type, did.JWSOptions{Suites: opts.Suites, MaxBytes: limits.StatusToken})
	if err != nil {
		return nil, err
	}
	token := &Token{jws: jws}
	if err := unmarshal(jws.UnverifiedPayload(), &token.body); err != nil {
		return nil, err
	}
	if err := token.body.check(); err != nil {
		return nil, err
	}
	return token, nil
}

func (p *payload) check() error {
	if !isAbsolute(p.Subject) {
		return fmt.Errorf("%w: sub is not an absolute URI", ErrForm)
	}
	if p.StatusList == nil || p.IssuedAt == nil {
		return fmt.Errorf("%w: no status_list or no iat", ErrForm)
	}
	if *p.IssuedAt < 0 || *p.IssuedAt > maxTime || p.Expires != nil && (*p.Expires < 0 || *p.Expires > maxTime) {
		return fmt.Errorf("%w: iat or exp out of range", ErrForm)
	}
	if a := p.StatusList.Aggregation; a != "" && !isAbsolute(a) {
		return fmt.Errorf("%w: aggregation_uri is not an absolute URI", ErrForm)
	}
	if p.TTL != nil && (*p.TTL <= 0 || *p.TTL > maxTime) {
		return fmt.Errorf("%w: ttl out of range", ErrForm)
	}
	return nil
}

// Header returns the token's header. It is not verified: use it to choose the
// key to verify with, and for nothing else.
func (t *Token) Header() did.Header {
	if t.cwt != nil {
		return t.cwt.header
	}
	return t.jws.Header
}

// UnverifiedSubject returns the URI of the list without a check of the
// signature.
func (t *Token) UnverifiedSubject() string { return t.body.Subject }

// UnverifiedIssuedAt is the token's iat, before anyone has vouched for it.
func (t *Token) UnverifiedIssuedAt() time.Time { return time.Unix(int64(*t.body.IssuedAt), 0).UTC() }

// UnverifiedTTL is how long its signer lets readers keep the token, before anyone
// has vouched for it; zero if unsaid, 100 years at most.
func (t *Token) UnverifiedTTL() time.Duration { return t.body.ttl() }

// Kept is how long a cache may keep the token from now on: its ttl, and never beyond its exp.
// Where the token has no ttl, unsaid stands for it.
func (t *Token) Kept(now time.Time, unsaid time.Duration) time.Duration {
	kept := unsaid
	if t.body.TTL != nil {
		kept = t.body.ttl()
	}
	if t.body.Expires != nil {
		kept = min(kept, time.Unix(int64(*t.body.Expires), 0).Sub(now))
	}
	return max(kept, 0)
}

// UnverifiedList inflates the list before anyone has vouched for it, for readers
// who have its root from elsewhere. Errors: [ErrForm], [ErrTooLarge].
func (t *Token) UnverifiedList() (*List, error) {
	if t.cwt != nil {
		return inflateBytes(t.body.StatusList.Bits, t.cwt.list)
	}
	return inflate(t.body.StatusList.Bits, t.body.StatusList.List)
}

// Bytes returns the token exactly as it was parsed.
func (t *Token) Bytes() []byte {
	if t.cwt != nil {
		return bytes.Clone(t.cwt.raw)
	}
	return []byte(t.jws.String())
}

// verify checks the signature alone.
func (t *Token) verify(public crypto.PublicKey) error {
	if t.cwt == nil {
		_, err := t.jws.Verify(public)
		return err
	}
	if err := t.cwt.suite.Check(public); err != nil {
		return fmt.Errorf("%w: %w", did.ErrAlgorithm, err)
	}
	if !t.cwt.suite.Verify(public, t.cwt.signed, t.cwt.signature) {
		return did.ErrSignature
	}
	return nil
}

// setDate sets iat, exp or ttl, in this order.
func (p *payload) setDate(which int, seconds int64) {
	since, until := strictjson.Since(seconds), strictjson.Until(seconds)
	switch which {
	case 0:
		p.IssuedAt = &since
	case 1:
		p.Expires = &until
	case 2:
		p.TTL = &until
	}
}
