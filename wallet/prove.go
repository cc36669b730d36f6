package wallet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

// ErrEpochOld means that the newest epoch closed before what the request accepts.
var ErrEpochOld = errors.New("wallet: the newest epoch is older than the request accepts")

// draft is the proof of one choice, in the making or made.
type draft struct {
	done   chan struct{}
	cancel context.CancelFunc
	token  map[string][]string
	held   time.Duration
	err    error
}

// drafts are the proofs of a Request's choices, one at a time of each.
type drafts struct {
	mu sync.Mutex
	of map[int]*draft
}

// Draft begins the proofs of a choice while the citizen reads it, so that Present has
// only to send. It returns at once. The draft lives as long as its request, and not only
// as long as ctx: Discard or Close ends it sooner. Present returns what fails. Draft
// does nothing for a choice that shows claims.
func (w *Wallet) Draft(ctx context.Context, ask *Request, choice int) {
	if ask == nil || ask.request == nil || choice < 0 || choice >= len(ask.Choices) || ask.Choices[choice].Format != openid.FormatSDJWTZK {
		return
	}
	w.begin(ctx, ask, choice)
}

// Discard ends the drafts of a request that the citizen does not answer. What was
// prepared for them is used up.
func (w *Wallet) Discard(ask *Request) {
	if ask == nil {
		return
	}
	ask.drafts.mu.Lock()
	defer ask.drafts.mu.Unlock()
	for _, d := range ask.drafts.of {
		d.cancel()
	}
	ask.drafts.of = nil
}

func (w *Wallet) begin(ctx context.Context, ask *Request, choice int) *draft {
	ask.drafts.mu.Lock()
	defer ask.drafts.mu.Unlock()
	if d := ask.drafts.of[choice]; d != nil {
		return d
	}
	if ask.drafts.of == nil {
		ask.drafts.of = map[int]*draft{}
	}
	d := &draft{done: make(chan struct{}), cancel: func() {}}
	ask.drafts.of[choice] = d
	ctx, end, err := w.life.begin(context.WithoutCancel(ctx))
	if err != nil {
		d.err = err
		close(d.done)
		return d
	}
	ctx, d.cancel = context.WithTimeout(ctx, ask.Expires.Sub(w.cfg.Clock()))
	go func() {
		defer end()
		defer d.cancel()
		defer close(d.done)
		d.token, d.held, d.err = w.prove(ctx, ask, &ask.Choices[choice])
	}()
	return d
}

// drafted waits for the proofs of a choice, and begins them where nobody did. It takes
// a draft once: whoever presents again proves again.
func (w *Wallet) drafted(ctx context.Context, ask *Request, choice int) (map[string][]string, time.Duration, error) {
	d := w.begin(ctx, ask, choice)
	select {
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	case <-d.done:
	}
	ask.drafts.mu.Lock()
	defer ask.drafts.mu.Unlock()
	if ask.drafts.of[choice] != d {
		return nil, 0, fmt.Errorf("%w: presented twice at once, or discarded", ErrConsent)
	}
	delete(ask.drafts.of, choice)
	return d.token, d.held, d.err
}

// prove uses up one prepared proof a part and shows the statements.
func (w *Wallet) prove(ctx context.Context, ask *Request, choice *Choice) (_ map[string][]string, held time.Duration, err error) {
	started := w.cfg.Clock()
	pace, err := w.pace(ctx)
	if err != nil {
		return nil, 0, err
	}
	epoch, err := w.epochHere(ctx)
	if err != nil {
		return nil, 0, err
	}
	oldest := ask.request.MaxEpochAge
	if oldest == 0 {
		oldest = w.maxCheckpointAge()
	}
	if started.Sub(epoch.closed) > oldest {
		return nil, 0, fmt.Errorf("%w: %w", w.whyOld(epoch, started), zkp.ErrEpoch)
	}
	req, err := w.newRequest(ask)
	if err != nil {
		return nil, 0, err
	}
	holdings := make([]zkp.Holding, len(choice.Parts))
	revealed := make([]openid.Values, len(choice.Parts))
	for i := range choice.Parts {
		var question *zkp.Question
		if holdings[i], question, revealed[i], err = w.answerPart(ctx, &choice.Parts[i], epoch); err != nil {
			return nil, 0, err
		}
		req.Questions = append(req.Questions, *question)
	}
	if held, err = w.holdBack(ctx, started, pace, len(choice.Parts)); err != nil {
		return nil, 0, err
	}
	answer, err := zkp.NewAnswer(req, epoch.Epoch, holdings...)
	if err != nil {
		return nil, 0, err
	}
	shown, err := w.cfg.Prover.Show(ctx, answer)
	if err != nil {
		return nil, 0, err
	}
	token := make(map[string][]string, len(shown))
	for i, p := range shown {
		token[choice.Parts[i].Query] = []string{(&openid.ProofPresentation{Proof: p.Bytes(), Reveals: revealed[i]}).String()}
	}
	return token, held, nil
}

// whyOld tells a wallet that did not look from a ledger that closed no newer epoch.
func (w *Wallet) whyOld(epoch *epochAt, now time.Time) error {
	if now.Sub(epoch.read) > w.cfg.Ledger.Trust().EpochLength {
		return ErrRefresh
	}
	return ErrEpochOld
}

func (w *Wallet) newRequest(ask *Request) (*zkp.Request, error) {
	scope, err := w.scope(ask)
	return &zkp.Request{
		Nonce: ask.request.Nonce, Audience: ask.request.ClientID(), Query: ask.request.QueryHash,
		Expiry: ask.request.Expires, Scope: scope,
	}, err
}

// answerPart readies one credential: its prepared proof, what is asked of it,
// and the values that the proof reveals.
func (w *Wallet) answerPart(ctx context.Context, p *Part, epoch *epochAt) (holding zkp.Holding, question *zkp.Question, revealed openid.Values, err error) {
	h, err := w.usable(ctx, p.Credential)
	if err != nil {
		return holding, nil, nil, err
	}
	if holding.Credential, err = w.zkCredential(ctx, h); err != nil {
		return holding, nil, nil, err
	}
	if revealed, err = p.question.Reveal(h.claims); err != nil {
		return holding, nil, nil, err
	}
	question = &zkp.Question{Schema: predicate.SchemaElement(h.card.schema)}
	if question.Statements, err = p.question.On(epoch.Day, revealed); err != nil {
		return holding, nil, nil, err
	}
	holding.Prepared, err = w.takePrepared(ctx, h, holding.Credential, epoch)
	return holding, question, revealed, err
}
