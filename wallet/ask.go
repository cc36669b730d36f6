package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/statement"
	"github.com/hufu-id/hufu/zkp"
)

// Reasons why a request is not answered. Nothing is sent in any of these
// cases: refusing, having nothing that matches and not answering look the same.
var (
	// ErrRequest: the request is malformed, not signed by whom it names, or
	// expired.
	ErrRequest = errors.New("wallet: request refused")
	// ErrNotAccredited: the requester may not ask for this type here.
	ErrNotAccredited = errors.New("wallet: requester is not accredited to ask")
	// ErrNothingMatches: no credential here answers the request.
	ErrNothingMatches = errors.New("wallet: nothing here answers this request")
)

// A Label is a claim as people call it.
type Label struct {
	Claim            string
	English, Chinese string
	Sensitive        bool
}

// A Choice is one way to answer: one credential, shown in part or proved.
type Choice struct {
	Query      string // credential query id
	Format     string // openid.FormatSDJWT or FormatSDJWTZK
	Credential string // id in this wallet
	Reveals    []Label
	Proves     []statement.Sentence
	Withholds  []Label

	paths []credential.Path
}

// An Ask is a verified request, as the citizen reads it before consenting.
type Ask struct {
	Requester string // DID
	// Accreditation is nil where the requester is accredited to ask for this
	// type in the credential's region, else why not.
	Accreditation error
	Purpose       *openid.Purpose
	Expires       time.Time
	Choices       []Choice

	request *openid.AuthorizationRequest
	raw     string
}

// Consider verifies a signed request object and finds every way to answer it.
// It makes no proof and sends nothing.
func (w *Wallet) Consider(ctx context.Context, request []byte) (*Ask, error) {
	parsed, err := openid.ParseRequest(string(request))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	held, err := w.held(ctx)
	if err != nil {
		return nil, err
	}
	var ask *Ask
	err = w.resolve(ctx, func(view *ledger.View) error {
		ask, err = w.consider(view, parsed, held)
		return err
	})
	if err != nil {
		return nil, err
	}
	ask.raw = string(request)
	return ask, nil
}

func (w *Wallet) consider(view *ledger.View, parsed *openid.SignedRequest, held []holding) (*Ask, error) {
	now := w.opts.Clock()
	requester := parsed.Unverified.Verifier
	document, err := hufu.FromView(view, requester)
	if err != nil {
		return nil, requestError(err)
	}
	key, err := document.Key(parsed.KeyID)
	if err == nil && !key.ValidAt(now) {
		err = did.ErrKeyNotValid
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	verified, err := parsed.Verify(key, openid.VerifyOptions{Now: now})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	ask := &Ask{Requester: requester, Purpose: verified.Purpose, Expires: verified.Expires, request: verified}
	if err := w.findChoices(ask, held, now); err != nil {
		return nil, err
	}
	return ask, w.mayAsk(view, ask, held, now)
}

// requestError keeps "ask the ledger for more" apart from "refused".
func requestError(err error) error {
	var missing *ledger.NotProvedError
	if errors.As(err, &missing) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrRequest, err)
}

// mayAsk looks up whether the requester is accredited to verify this type in
// the region of the credential that would answer.
func (w *Wallet) mayAsk(view *ledger.View, ask *Ask, held []holding, now time.Time) error {
	for _, h := range held {
		if h.id != ask.Choices[0].Credential {
			continue
		}
		_, err := view.Accredited(ask.Requester, h.verified.VCT, ledger.ActionVerify, h.region(), now)
		var missing *ledger.NotProvedError
		if errors.As(err, &missing) {
			return err
		}
		if err != nil {
			ask.Accreditation = fmt.Errorf("%w: %w", ErrNotAccredited, err)
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

func (h *holding) region() string { return stored(h.id, h.record, h.verified).Region }

// held opens every stored credential.
func (w *Wallet) held(ctx context.Context) ([]holding, error) {
	var out []holding
	err := w.store.View(ctx, func(tx Tx) error {
		records, err := tx.List(kindCredential)
		if err != nil {
			return err
		}
		for _, r := range records {
			h, err := w.open(r)
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return nil
	})
	return out, err
}

func (w *Wallet) open(r Record) (holding, error) {
	h := holding{id: r.ID}
	if err := json.Unmarshal(r.Value, &h.record); err != nil {
		return h, fmt.Errorf("wallet: stored credential: %w", err)
	}
	var err error
	if h.sd, err = credential.Parse([]byte(h.record.Text), credential.ParseOptions{}); err != nil {
		return h, fmt.Errorf("wallet: stored credential: %w", err)
	}
	issuer, err := did.ParseJWK(h.record.Issuer)
	if err != nil {
		return h, fmt.Errorf("wallet: stored credential: %w", err)
	}
	// As of its receipt: whether it still holds is for the ledger to say.
	if h.verified, err = h.sd.Verify(issuer, credential.VerifyOptions{Now: h.record.Received}); err != nil {
		return h, fmt.Errorf("wallet: stored credential: %w", err)
	}
	for _, s := range w.material.Schemas {
		if s.ID == h.record.SchemaID && s.Version == h.record.Version {
			h.schema = s
		}
	}
	if h.schema == nil {
		return h, fmt.Errorf("%w: schema file of a stored credential", ErrConfig)
	}
	return h, nil
}

// findChoices lists, in the query's order, each way that satisfies the request
// with one presentation.
func (w *Wallet) findChoices(ask *Ask, held []holding, now time.Time) error {
	for i := range ask.request.Query.Credentials {
		q := &ask.request.Query.Credentials[i]
		if _, _, err := ask.request.Query.Select(func(id string) bool { return id == q.ID }); err != nil {
			continue // this one alone does not answer the request
		}
		for j := range held {
			if choice, ok := w.choice(q, &held[j], now); ok {
				ask.Choices = append(ask.Choices, choice)
			}
		}
	}
	if len(ask.Choices) == 0 {
		return ErrNothingMatches
	}
	return nil
}

func (w *Wallet) choice(q *openid.CredentialQuery, h *holding, now time.Time) (Choice, bool) {
	paths, err := q.Match(h.verified.Claims)
	if err != nil {
		return Choice{}, false
	}
	// These are for machines: no label would tell the citizen what leaves.
	if covers(paths, credential.Path{zkp.ClaimName}) || covers(paths, credential.Path{ClaimBinding}) {
		return Choice{}, false
	}
	today, err := zkp.Today(now)
	if err != nil {
		return Choice{}, false
	}
	// What does not hold is not offered: nothing is proved in vain.
	if ok, err := statement.Holds(h.schema, q, h.verified.Claims, today); err != nil || !ok {
		return Choice{}, false
	}
	c := Choice{Query: q.ID, Format: q.Format, Credential: h.id, paths: paths}
	if q.Format == openid.FormatSDJWTZK {
		if _, provable := h.verified.Claims[zkp.ClaimName]; !provable || w.opts.Prover == nil {
			return Choice{}, false
		}
		if c.Proves, err = statement.Describe(h.schema, q); err != nil {
			return Choice{}, false
		}
	}
	for i := range h.schema.Claims {
		claim := &h.schema.Claims[i]
		if _, present := statement.Claim(h.verified.Claims, claim.Path); !present {
			continue
		}
		label := Label{statement.Name(claim.Path), claim.Label.English, claim.Label.Chinese, claim.Sensitive}
		switch {
		case covers(paths, claim.Path):
			c.Reveals = append(c.Reveals, label)
		case q.Format == openid.FormatSDJWTZK && statement.Told(q, claim.Path):
		default:
			c.Withholds = append(c.Withholds, label)
		}
	}
	return c, true
}

// covers reports whether disclosing the paths discloses the claim: one leads
// into the other.
func covers(paths []credential.Path, claim credential.Path) bool {
	for _, p := range paths {
		n := min(len(p), len(claim))
		if credential.Path(p[:n]).String() == credential.Path(claim[:n]).String() {
			return true
		}
	}
	return false
}
