package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
)

// unlimited is how long a request stands that does not say when it ends.
const unlimited = 10 * time.Minute

// ErrUnsigned: nothing but an address says who asks.
var ErrUnsigned = errors.New("wallet: the request is not signed")

// ResolveUnsigned is ResolveRequest for a request that nobody signed: all that is known of
// who asks is the address of the answer (OpenID4VP 1.0 section 5.9.3, redirect_uri). Every
// choice has Accreditation set: the citizen is warned.
func (w *Wallet) ResolveUnsigned(ctx context.Context, request *openid.AuthorizationRequest) (_ *Request, err error) {
	defer w.ended(ctx, "resolve-request", w.cfg.Clock(), &err)
	defer judge(&err, CheckRequest)
	if request == nil || request.Prefix != openid.ClientRedirectURI {
		return nil, fmt.Errorf("%w: %w", ErrRequest, openid.ErrRequestSigner)
	}
	now := w.cfg.Clock()
	if err := request.CheckTime(openid.VerifyOptions{Now: now}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	held, err := w.deck(ctx)
	if err != nil {
		return nil, err
	}
	asked := *request
	ask, err := w.offLedger(ctx, &asked, held, now)
	if err != nil {
		return nil, err
	}
	for i := range ask.Choices {
		ask.Choices[i].Accreditation = fmt.Errorf("%w: %w", ErrNotAccredited, ErrUnsigned)
	}
	return ask, w.finish(ctx, ask, held)
}

// considerForeign judges a request under a certificate, or of a DID that is on no ledger, by
// Config.Requesters.
func (w *Wallet) considerForeign(ctx context.Context, parsed *openid.SignedRequest, held *deck) (*Request, error) {
	now := w.cfg.Clock()
	if w.cfg.Requesters == nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, provenance.ErrUnknown)
	}
	origin, err := provenance.IdentifyRequester(ctx, w.cfg.Requesters, parsed.Unverified.ClientID(), parsed.Header(), now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	origin.Key.ID = parsed.KeyID
	verified, err := parsed.Verify(origin.Key, openid.VerifyOptions{Now: now})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	ask, err := w.offLedger(ctx, verified, held, now)
	if err != nil {
		return nil, err
	}
	ask.Vouched = &Vouched{Name: origin.Name, Anchor: origin.Anchor}
	return ask, nil
}

// offLedger makes the Request of a requester who has no DID on the ledger. What rests on
// one is not for it: a pseudonym would be anybody's who names the same address.
func (w *Wallet) offLedger(ctx context.Context, verified *openid.AuthorizationRequest, held *deck, now time.Time) (*Request, error) {
	if verified.Scope.Kind != openid.ScopeNone {
		return nil, fmt.Errorf("%w: a scope without a DID that owns it", ErrRequest)
	}
	ask := newRequest(verified, now)
	if err := w.findChoices(ctx, ask, held, now); err != nil {
		return nil, err
	}
	ask.Choices = slices.DeleteFunc(ask.Choices, func(c Choice) bool { return c.Format != openid.FormatSDJWT })
	return ask, ask.authorise()
}

// newRequest shows a verified request.
func newRequest(verified *openid.AuthorizationRequest, now time.Time) *Request {
	requester := verified.Verifier
	if verified.Prefix != "" {
		requester = verified.ClientID()
	}
	if verified.Expires.IsZero() {
		verified.Expires = now.Add(unlimited)
	}
	return &Request{
		Requester: requester, Scope: verified.Scope, ResponseURI: verified.ResponseURI, Purpose: verified.Purpose,
		Transactions: verified.Transactions, Expires: verified.Expires, request: verified,
	}
}

// authorise leaves out choices that would leave a transaction without a credential that
// may authorise it (OpenID4VP 1.0 section 8.4).
func (r *Request) authorise() error {
	r.Choices = slices.DeleteFunc(r.Choices, func(c Choice) bool {
		return slices.ContainsFunc(r.Transactions, func(t *openid.Transaction) bool {
			return !slices.ContainsFunc(c.Parts, func(p Part) bool { return slices.Contains(t.CredentialIDs, p.Query) })
		})
	})
	if len(r.Choices) == 0 {
		return ErrNothingMatches
	}
	return nil
}

// queries are the ids of the credential queries that a choice answers.
func (c *Choice) queries() []string {
	ids := make([]string, len(c.Parts))
	for i := range c.Parts {
		ids[i] = c.Parts[i].Query
	}
	return ids
}

// Vouched says who a requester off the ledger is.
type Vouched struct {
	// Name is the requester's, as a certificate or a pin has it, made legible, and Anchor
	// names who vouches for it.
	Name, Anchor string
}

// named is the requester's name off the ledger.
func (v *Vouched) named() ledger.Subject {
	return ledger.Subject{Name: ledger.Text{English: v.Name, Chinese: v.Name}}
}

// Asked returns the request itself, for whoever sends the answer.
func (r *Request) Asked() openid.AuthorizationRequest { return *r.request }
