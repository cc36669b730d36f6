package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
)

// Reasons why a request is not answered. Nothing is sent in any of these
// cases: refusing, having nothing that matches and not answering look the same.
var (
	// ErrRequest: the request is malformed, not signed by whom it names, or
	// expired.
	ErrRequest = errors.New("wallet: request refused")
	// ErrNotAccredited: the requester may not ask for this type here.
	ErrNotAccredited = errors.New("wallet: requester is not accredited to ask")
	// ErrNothingMatches: no credential here answers the request; *NothingMatches
	// says why of each.
	ErrNothingMatches = errors.New("wallet: nothing here answers this request")
)

// A Label is the name of a claim for people.
type Label struct {
	Claim            string
	English, Chinese string
	Sensitive        bool
}

// A Choice is one way to answer: one credential, shown in part or proved, or several
// credentials, proved together to be of one person.
type Choice struct {
	Format string // openid.FormatSDJWT or FormatSDJWTZK
	Parts  []Part // one a credential
	// Accreditation is nil if the requester is accredited to ask for these types in
	// the credentials' regions. Otherwise it says why not.
	Accreditation error
}

// A Part is what a choice shows of one credential.
type Part struct {
	Query      string // credential query id
	Credential string // id in this wallet
	Type       string // vct
	Reveals    []Label
	Proves     []predicate.Sentence
	Withholds  []Label

	paths    []credential.Path
	question *predicate.Compiled // of a proof
}

// A Request is a verified request, for the citizen to read before consenting. Its
// methods and fields are for one goroutine.
type Request struct {
	Requester string // DID
	// Scope says whether the requester recognises the citizen's later proofs: within
	// one event, or always. The wallet derives the pseudonym; the requester cannot
	// choose it.
	Scope openid.Scope
	// Before counts the earlier answers to this requester. Together they tell more
	// than each of them.
	Before int
	// ResponseURI is where the answer is posted: https, or http to a loopback address.
	// The requester signed it.
	ResponseURI string
	Purpose     *openid.Purpose
	Expires     time.Time
	Choices     []Choice

	request *openid.AuthorizationRequest
	raw     string
	drafts  drafts
}

// ResolveRequest verifies a signed request object and finds every way to answer it.
// It makes no proof and sends nothing.
func (w *Wallet) ResolveRequest(ctx context.Context, request []byte) (_ *Request, err error) {
	defer w.ended(ctx, "resolve-request", w.cfg.Clock(), &err)
	defer judge(&err, CheckRequest)
	parsed, err := openid.ParseRequest(string(request))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	held, err := w.held(ctx)
	if err != nil {
		return nil, err
	}
	var ask *Request
	err = w.resolve(ctx, func(view *ledger.View) error {
		ask, err = w.consider(ctx, provenance.Ledger(view), parsed, held)
		return err
	})
	if err != nil {
		return nil, err
	}
	ask.raw = string(request)
	ask.Before, err = w.answeredBefore(ctx, ask.Requester)
	return ask, err
}

func (w *Wallet) answeredBefore(ctx context.Context, requester string) (n int, err error) {
	history, err := w.History(ctx)
	for _, e := range history {
		if e.Requester == requester {
			n++
		}
	}
	return n, err
}

func (w *Wallet) consider(ctx context.Context, source provenance.Source, parsed *openid.SignedRequest, held []holding) (*Request, error) {
	now := w.cfg.Clock()
	requester := parsed.Unverified.Verifier
	origin, err := source.Identify(ctx, requester, parsed.KeyID, now)
	if err != nil {
		return nil, requestError(err)
	}
	verified, err := parsed.Verify(origin.Key, openid.VerifyOptions{Now: now})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	ask := &Request{
		Requester: requester, Scope: verified.Scope, ResponseURI: verified.ResponseURI, Purpose: verified.Purpose,
		Expires: verified.Expires, request: verified,
	}
	if err := w.findChoices(ask, held, now); err != nil {
		return nil, err
	}
	return ask, w.mayAsk(ctx, source, ask, held, now)
}

// requestError keeps "ask the ledger for more" apart from "refused".
func requestError(err error) error {
	var missing *ledger.NotProvedError
	if errors.As(err, &missing) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrRequest, err)
}

// mayAsk looks up, for each choice, whether the requester is accredited to verify
// the types that it shows, in the region of each credential.
func (w *Wallet) mayAsk(ctx context.Context, source provenance.Source, ask *Request, held []holding, now time.Time) error {
	for i := range ask.Choices {
		choice := &ask.Choices[i]
		for _, part := range choice.Parts {
			h := &held[slices.IndexFunc(held, func(h holding) bool { return h.id == part.Credential })]
			deed := provenance.Deed{Action: ledger.ActionVerify, Type: h.verified.VCT, Region: h.region(), At: now}
			_, err := source.Vouch(ctx, ask.Requester, deed)
			var missing *ledger.NotProvedError
			if errors.As(err, &missing) {
				return err
			}
			if err != nil && choice.Accreditation == nil {
				choice.Accreditation = fmt.Errorf("%w: %w", ErrNotAccredited, err)
			}
		}
	}
	return nil
}

// holding is a stored credential opened for use.
type holding struct {
	id       string
	record   record
	sd       *credential.SDJWT
	verified *credential.Verified // as of its receipt
	schema   *credential.Schema
}

func (h *holding) region() string { return stored(h.id, h.record, h.verified, h.schema).Region }

// held opens every stored credential.
func (w *Wallet) held(ctx context.Context) ([]holding, error) {
	var out []holding
	err := w.store.View(ctx, func(tx vault.Tx) error {
		records, err := tx.List(kindCredential)
		if err != nil {
			return err
		}
		known := schemas{}
		for _, r := range records {
			h, err := open(tx, r, known)
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return nil
	})
	return out, err
}

func open(tx vault.Tx, r vault.Record, known schemas) (holding, error) {
	h := holding{id: r.ID}
	if err := strictjson.Read(r.Value, limits.Record, &h.record); err != nil {
		return h, fmt.Errorf("%w: stored credential: %w", vault.ErrDamaged, err)
	}
	var err error
	if h.sd, err = credential.Parse([]byte(h.record.Text), credential.ParseOptions{}); err != nil {
		return h, fmt.Errorf("%w: stored credential: %w", vault.ErrDamaged, err)
	}
	issuer, err := did.ParseJWK(h.record.Issuer)
	if err != nil {
		return h, fmt.Errorf("%w: stored credential: %w", vault.ErrDamaged, err)
	}
	// As of its receipt: whether it still holds is for the ledger to say.
	if h.verified, err = h.sd.Verify(issuer, credential.VerifyOptions{Now: h.record.Received}); err != nil {
		return h, fmt.Errorf("%w: stored credential: %w", vault.ErrDamaged, err)
	}
	h.schema, err = known.get(tx, h.record.SchemaHash)
	return h, err
}
