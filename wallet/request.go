package wallet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Reasons why a request is not answered. Nothing is sent in any of these
// cases: refusing, having nothing that matches and not answering look the same.
var (
	// ErrRequest: the request is malformed, not signed by whom it names, or
	// expired.
	ErrRequest = errors.New("wallet: request refused")
	// ErrSaying: the answer would be counted with other words than the request shows.
	ErrSaying = errors.New("wallet: the answer would say something else than the request shows")
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

// A Choice is one way to answer: with one credential or several, each shown in part, or
// all proved together to be of one person.
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
	// Withholds has the claims of which this answer tells nothing, or leaves at least
	// predicate.Narrow values.
	Withholds []Label
	// AddsUp has the claims of which this answer and the earlier ones to the same
	// requester together leave fewer than predicate.Narrow values.
	AddsUp []Label

	card     *card
	paths    []credential.Path
	question *predicate.Compiled // of a proof
}

// A Request is a verified request, for the citizen to read before consenting. Its
// methods and fields are for one goroutine.
type Request struct {
	// Requester is the DID of who asks; off the ledger it is the client_id.
	Requester string
	// Vouched says who asks where a source off the ledger does; nil otherwise.
	Vouched *Vouched
	// Transactions are what the citizen authorises with the answer, such as the signature
	// of a document. Show each, and set Consent.Authorise.
	Transactions []*openid.Transaction
	// Chain leads from the accreditation by which the requester may ask to the root. It
	// is empty where none counts, and for the root itself. See Who.
	Chain []ledger.Accreditation
	// LooksLike has other agencies for which the requester may be taken.
	LooksLike []Lookalike
	// Scope says whether the requester recognises the citizen's later proofs: within
	// one event, or always. The wallet derives the pseudonym; the requester cannot
	// choose it. Scope.Saying is what the citizen says with the answer in a counted
	// event: the answer is bound to these words, and counts with no others.
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
	root    ledger.Accreditation // how the root describes itself, zero where nobody says
	raw     string
	drafts  drafts
}

// ChoiceBy returns the first of Choices that answers in a format, such as
// openid.FormatSDJWT, or that answers a query, named by its id; for an empty name the
// first of all. The error is [ErrNothingMatches].
func (r *Request) ChoiceBy(name string) (int, error) {
	for i := range r.Choices {
		c := &r.Choices[i]
		if name == "" || c.Format == name || slices.ContainsFunc(c.Parts, func(p Part) bool { return p.Query == name }) {
			return i, nil
		}
	}
	return 0, ErrNothingMatches
}

// ResolveRequest verifies a signed request object and finds every way to answer it. It
// makes no proof and asks nobody: who asks is known from the proof that the request
// carries, or from the list of agencies that the last Refresh left. [ErrRequester] means
// neither, and [ErrRefresh] that the list is too old.
func (w *Wallet) ResolveRequest(ctx context.Context, request []byte) (_ *Request, err error) {
	defer w.ended(ctx, "resolve-request", w.cfg.Clock(), &err)
	defer judge(&err, CheckRequest)
	parsed, err := openid.ParseRequest(string(request))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	held, err := w.deck(ctx)
	if err != nil {
		return nil, err
	}
	ask, err := w.judgeRequest(ctx, parsed, held)
	if err != nil {
		return nil, err
	}
	ask.raw = string(request)
	return ask, w.finish(ctx, ask, held)
}

func (w *Wallet) judgeRequest(ctx context.Context, parsed *openid.SignedRequest, held *deck) (*Request, error) {
	if parsed.Unverified.Prefix.X509() || !onLedger(parsed.Unverified.Verifier) {
		return w.considerForeign(ctx, parsed, held)
	}
	proved, err := w.whoAsks(ctx, parsed, w.cfg.Clock())
	if err != nil {
		return nil, err
	}
	return w.consider(ctx, proved, parsed, held)
}

// finish adds what the citizen is warned of.
func (w *Wallet) finish(ctx context.Context, ask *Request, held *deck) (err error) {
	who, _ := ask.Who()
	if ask.LooksLike, err = w.lookalikes(ctx, ask.Requester, who, held); err != nil {
		return err
	}
	today, err := zkp.Today(w.cfg.Clock())
	if err != nil {
		return err
	}
	return w.addUp(ctx, ask, today)
}

func (w *Wallet) consider(ctx context.Context, proved known, parsed *openid.SignedRequest, held *deck) (*Request, error) {
	now := w.cfg.Clock()
	requester := parsed.Unverified.Verifier
	origin, err := proved.identify(ctx, requester, parsed.KeyID, now)
	if err != nil {
		return nil, requestError(err)
	}
	verified, err := parsed.Verify(origin.Key, openid.VerifyOptions{Now: now})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := checkSaying(verified); err != nil {
		return nil, err
	}
	ask := newRequest(verified, now)
	if err := w.findChoices(ctx, ask, held, now); err != nil {
		return nil, err
	}
	if err := ask.authorise(); err != nil {
		return nil, err
	}
	mayAsk(proved, ask, now)
	if ask.root, err = proved.root(); err != nil {
		return nil, requestError(err)
	}
	return ask, nil
}

// checkSaying: the nonce commits to what the citizen reads, and to nothing else.
func checkSaying(r *openid.AuthorizationRequest) error {
	s := r.Scope.Saying
	if s != nil && zkp.UseNonce(s.Payload(), s.UseSalt()) != r.Nonce {
		return fmt.Errorf("%w: %w", ErrRequest, ErrSaying)
	}
	return nil
}

// requestError keeps "nothing here says" apart from "refused".
func requestError(err error) error {
	if errors.Is(err, ErrRequester) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrRequest, err)
}

// Who says who asks, as its accreditor vouches: name, credit code and contact. The root,
// whom nobody accredits, vouches for itself. Off the ledger only the name is known, as
// Vouched has it. It reports false where nobody vouches; then
// the DID alone is known.
func (r *Request) Who() (ledger.Subject, bool) {
	if r.Vouched != nil {
		return r.Vouched.named(), true
	}
	if len(r.Chain) > 0 {
		return r.Chain[0].Subject, true
	}
	return r.rootAs(r.Requester)
}

// Accreditor says who vouches for Who: the agency that accredited it. It reports false
// for the root, where nobody vouches, and where the accreditor's name is not known here.
func (r *Request) Accreditor() (ledger.Subject, bool) {
	switch len(r.Chain) {
	case 0:
		return ledger.Subject{}, false
	case 1:
		return r.rootAs(r.Chain[0].Accreditor)
	}
	return r.Chain[1].Subject, true
}

// rootAs is the root's name where the root is meant.
func (r *Request) rootAs(id string) (ledger.Subject, bool) {
	if r.root.Agency != id {
		return ledger.Subject{}, false
	}
	return r.root.Subject, true
}

// mayAsk looks up, for each choice, whether the requester is accredited to verify
// the types that it shows, in the region of each credential, for the purpose.
func mayAsk(proved known, ask *Request, now time.Time) {
	for i := range ask.Choices {
		choice := &ask.Choices[i]
		for _, part := range choice.Parts {
			chain, err := proved.mayVerify(ask.Requester, part.Type, cmp.Or(part.card.Region, everywhere), now)
			if len(ask.Chain) == 0 {
				ask.Chain = chain
			}
			err = cmp.Or(proved.mayPursue(ask.Requester, ask.Purpose), err)
			if err != nil && choice.Accreditation == nil {
				choice.Accreditation = fmt.Errorf("%w: %w", ErrNotAccredited, err)
			}
		}
	}
}

// holding is a stored credential opened for use.
type holding struct {
	card   *card
	keyID  string
	sd     *credential.SDJWT
	claims map[string]any
}

// open reads the text of a card. Its hash binds it to what was verified on receipt. A
// text that does not read, or is another, is noted in the index: it hurts no other card.
func (w *Wallet) open(ctx context.Context, c *card) (*holding, error) {
	if c.err != nil {
		return nil, c.err
	}
	h := &holding{card: c}
	err := w.store.View(ctx, func(tx vault.Tx) error {
		rec, err := readRecord(tx, c.ID)
		if err != nil {
			return err
		}
		if sha256.Sum256([]byte(rec.Text)) != c.Text {
			return fmt.Errorf("%w: stored credential: another text than was verified", vault.ErrDamaged)
		}
		h.keyID = rec.KeyID
		h.sd, err = credential.Parse([]byte(rec.Text), credential.ParseOptions{})
		return err
	})
	if errors.Is(err, vault.ErrDamaged) || errors.Is(err, vault.ErrNotFound) {
		return nil, errors.Join(err, w.damaged(ctx, c.ID))
	}
	if err != nil {
		return nil, err
	}
	h.claims = h.sd.UnverifiedClaims()
	return h, nil
}

// usable opens a card that holds as far as the wallet knows at this moment.
func (w *Wallet) usable(ctx context.Context, id string) (*holding, error) {
	d, err := w.deck(ctx)
	if err != nil {
		return nil, err
	}
	c := d.byID[id]
	if c == nil {
		return nil, vault.ErrNotFound
	}
	if err := c.holds(w.cfg.Clock()); err != nil {
		return nil, err
	}
	return w.open(ctx, c)
}

func (w *Wallet) damaged(ctx context.Context, id string) error {
	return w.store.Update(ctx, func(tx vault.Tx) error {
		return editCards(tx, []string{id}, func(id string, known *facts) *facts {
			if known != nil {
				known.Damaged = true
			}
			return known
		})
	})
}

// origin is what Verify found, for provableOf.
func (h *holding) origin() *provenance.Credential {
	c := h.card
	return &provenance.Credential{Schema: c.schema, Region: c.Region, Verified: &credential.Verified{
		Claims: h.claims, VCT: c.Type, Issuer: c.Issuer, NotBefore: c.NotBefore, Expires: c.Expires,
	}}
}
