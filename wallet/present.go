package wallet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// ErrConsent means that a choice was presented that this Request does not offer, or
// to a requester that the citizen did not accept.
var ErrConsent = errors.New("wallet: not what was consented to")

// Consent is the citizen's decision on a Request.
type Consent struct {
	Choice int // index into Request.Choices
	// AcceptUnaccredited answers a requester that is not accredited to ask. Set it only
	// after the citizen was warned.
	AcceptUnaccredited bool
	// Authorise says that the citizen authorises Request.Transactions. Set it only after
	// each was shown.
	Authorise bool
}

// Presented is what leaves the wallet, with the entry in its history.
type Presented struct {
	Response []byte // {"state","vp_token"}
	Bytes    int    // of the presentation itself
	Entry    Entry
	// HeldBack is how long making the answer took at least, however it was made.
	HeldBack time.Duration
}

// Present answers a Request as consented. It writes the history before anything
// leaves. Prepared proofs are used up first, even if making the answer fails.
//
// Proofs begun with Draft are only sent. Without, they are made now, and the
// answer is held back as long as preparing on the spot may take, at most
// Config.MaxHoldBack: whoever waits for it cannot tell whether the wallet had prepared.
func (w *Wallet) Present(ctx context.Context, ask *Request, consent Consent) (_ *Presented, err error) {
	defer w.ended(ctx, "present", w.cfg.Clock(), &err)
	defer judge(&err, CheckConsent)
	if ask == nil || ask.request == nil || consent.Choice < 0 || consent.Choice >= len(ask.Choices) {
		return nil, ErrConsent
	}
	choice := &ask.Choices[consent.Choice]
	if choice.Accreditation != nil && !consent.AcceptUnaccredited {
		return nil, choice.Accreditation
	}
	if len(ask.Transactions) > 0 && !consent.Authorise {
		return nil, fmt.Errorf("%w: what is to be authorised was not agreed to", ErrConsent)
	}
	if !w.cfg.Clock().Before(ask.Expires) {
		return nil, fmt.Errorf("%w: it has expired", ErrRequest)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	token, held, err := w.token(ctx, ask, consent.Choice)
	if err != nil {
		return nil, err
	}
	existed, err := w.existences(ctx, ask, choice)
	if err != nil {
		return nil, err
	}
	response, err := (&openid.Response{State: ask.request.State, VPToken: token, Existence: existed}).Bytes()
	if err != nil {
		return nil, err
	}
	entry := newEntry(w.cfg.Clock(), ask, choice)
	if err := w.remember(ctx, entry, choice); err != nil {
		return nil, err
	}
	out := &Presented{Response: response, Entry: entry, HeldBack: held}
	for _, presentations := range token {
		out.Bytes += len(presentations[0])
	}
	return out, nil
}

// token makes the presentations of a choice, by query id.
func (w *Wallet) token(ctx context.Context, ask *Request, choice int) (map[string][]string, time.Duration, error) {
	c := &ask.Choices[choice]
	if c.Format == openid.FormatSDJWTZK {
		return w.drafted(ctx, ask, choice)
	}
	token := make(map[string][]string, len(c.Parts))
	for i := range c.Parts {
		part := &c.Parts[i]
		h, err := w.usable(ctx, part.Credential)
		if err != nil {
			return nil, 0, err
		}
		if !ask.request.Existence { // what shows an existence goes with the card's own text
			if err := w.takeCopy(ctx, h); err != nil {
				return nil, 0, err
			}
		}
		text, err := w.disclose(ctx, ask, part, h, ask.request.Authorises(part.Query, c.queries()))
		if err != nil {
			return nil, 0, err
		}
		token[part.Query] = []string{text}
	}
	return token, 0, nil
}

// disclose shows the chosen claims and no other, bound to the request.
func (w *Wallet) disclose(ctx context.Context, ask *Request, p *Part, h *holding, authorises map[string]any) (string, error) {
	part, err := h.sd.Disclose(p.paths...)
	if err != nil {
		return "", err
	}
	// As the counter will see it: what it would refuse is not sent.
	if err := ask.request.Query.Credential(p.Query).CheckAnswer(asType(part.UnverifiedClaims(), p.Type)); err != nil {
		return "", err
	}
	key, err := w.keys.Key(ctx, h.keyID)
	if err != nil {
		return "", err
	}
	bound, err := part.Bind(ctx, key, ask.request.ClientID(), ask.request.Nonce, credential.BindOptions{IssuedAt: w.cfg.Clock(), Claims: authorises})
	if err != nil {
		return "", err
	}
	return bound.String(), nil
}

// scope is derived here and owned by whoever signed the request: a requester
// cannot name another's scope.
func (w *Wallet) scope(ask *Request) (zkp.Scope, error) {
	switch s := ask.request.Scope; s.Kind {
	case openid.ScopeNone:
		return zkp.Scope{}, nil
	case openid.ScopeOnce:
		return zkp.Scope{Kind: zkp.ScopeOnce, Owner: ask.Requester, ID: s.Event}, nil
	case openid.ScopeCounted:
		return zkp.Scope{Kind: zkp.ScopeCounted, Owner: ask.Requester, ID: s.Event}, nil
	case openid.ScopePairwise:
		return zkp.Scope{Kind: zkp.ScopePairwise, Owner: ask.Requester}, nil
	}
	return zkp.Scope{}, fmt.Errorf("%w: unknown scope", ErrRequest)
}

// Entry is one line of the citizen's history. Revealed names claims and never
// values; Proved holds the statements as the citizen read them, which for an
// equality spell the value out. It stays in the encrypted store.
type Entry struct {
	At        time.Time `json:"at"`
	Requester string    `json:"requester"` // DID
	// Name is the requester's, as its accreditor vouched then; zero where nobody did.
	Name     ledger.Text `json:"name,omitzero"`
	Purpose  string      `json:"purpose"`
	Format   string      `json:"format"`
	Revealed []string    `json:"revealed"`
	Proved   []string    `json:"proved"`
	// ProvedChinese has the statements of Proved in Chinese.
	ProvedChinese []string `json:"provedChinese,omitzero"`
	// Scope is once, counted or pairwise where the requester knows the proof's author
	// again, and Event what for.
	Scope string `json:"scope,omitzero"`
	Event string `json:"event,omitzero"`
	// Saying is what the citizen said in a counted event. Its Payload stands on the
	// ledger once it is counted.
	Saying *openid.Saying `json:"saying,omitzero"`
}

func newEntry(now time.Time, ask *Request, choice *Choice) Entry {
	e := Entry{At: now.UTC(), Requester: ask.Requester, Format: choice.Format}
	if who, known := ask.Who(); known {
		e.Name = who.Name
	}
	if choice.Format == openid.FormatSDJWTZK {
		e.Scope, e.Event, e.Saying = string(ask.Scope.Kind), ask.Scope.Event, ask.Scope.Saying
	}
	if ask.Purpose != nil {
		e.Purpose = ask.Purpose.ID
	}
	e.list(choice)
	return e
}

// list notes what a choice says.
func (e *Entry) list(choice *Choice) {
	for _, p := range choice.Parts {
		for _, l := range p.Reveals {
			e.Revealed = append(e.Revealed, l.Claim)
		}
		for _, s := range p.Proves {
			e.Proved, e.ProvedChinese = append(e.Proved, s.English), append(e.ProvedChinese, s.Chinese)
		}
	}
}

func (w *Wallet) remember(ctx context.Context, e Entry, choice *Choice) error {
	today, err := zkp.Today(e.At)
	if err != nil {
		return err
	}
	return w.store.Update(ctx, func(tx vault.Tx) error {
		if err := e.put(tx); err != nil {
			return err
		}
		if e.Name != (ledger.Text{}) {
			name, err := json.Marshal(e.Name)
			if err != nil {
				return err
			}
			if err := tx.Put(kindMet, e.Requester, name); err != nil {
				return err
			}
		}
		return tell(tx, e.Requester, choice, today)
	})
}

func (e *Entry) put(tx vault.Tx) error {
	value, err := json.Marshal(e)
	if err != nil {
		return err
	}
	// Two presentations may fall on one instant; the record ids sort by time.
	var tail [8]byte
	_, _ = rand.Read(tail[:]) // crypto/rand never fails
	return tx.Put(kindHistory, fmt.Sprintf("%s-%x", e.At.Format("20060102T150405.000000000Z"), tail), value)
}

// History lists every presentation, and each credential that came anew in place of
// another, oldest first.
func (w *Wallet) History(ctx context.Context) (_ []Entry, err error) {
	defer judge(&err, CheckVault)
	var out []Entry
	err = w.store.View(ctx, func(tx vault.Tx) error {
		records, err := tx.List(kindHistory)
		if err != nil {
			return err
		}
		for _, r := range records {
			var e Entry
			if err := strictjson.Read(r.Value, limits.Record, &e); err != nil {
				return fmt.Errorf("%w: stored history: %w", vault.ErrDamaged, err)
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// epochAt is a closed epoch, when it closed, and when it was read under which checkpoint.
type epochAt struct {
	zkp.Epoch
	closed, asOf, read time.Time
}
