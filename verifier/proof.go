package verifier

import (
	"context"
	"errors"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
)

// Reasons of the checks on a zero-knowledge answer.
var (
	// ErrEpochTooOld: the proof speaks of an epoch that closed too long ago:
	// a revocation since then would not show.
	ErrEpochTooOld = errors.New("verifier: proof is of an epoch that has aged out")
	// ErrEpochAhead: the proof speaks of an epoch that closed after the newest
	// checkpoint at hand, as a counter that works from a bundle may see.
	ErrEpochAhead = errors.New("verifier: proof is of an epoch newer than the checkpoint at hand")
)

// proved is one proof of an answer with what it is held against.
type proved struct {
	part
	proof    *zkp.Presentation
	revealed openid.Values
	day      zkp.Day // of the epoch
	schema   *credential.Schema
	question *predicate.Compiled
}

// judgeProof checks a zero-knowledge answer of one or several credentials.
// Epoch and prepare stand in place of issuer, accreditation, signature and
// status.
func (v *Verifier) judgeProof(ctx context.Context, a *answer, view *ledger.View) error {
	proofs, err := a.parseProofs()
	if err != nil {
		return &Rejected{CheckForm, err}
	}
	for i := range proofs {
		if err := v.identify(ctx, a, view, &proofs[i]); err != nil {
			return err
		}
	}
	if err := onePerson(proofs); err != nil { // the answer may hold more than one way to answer
		return &Rejected{CheckSchema, err}
	}
	a.passed(CheckSchema)
	epoch, err := v.epoch(a, view, proofs[0].proof.Epoch)
	if err != nil {
		return err
	}
	a.passed(CheckEpoch)
	request, err := v.proofRequest(a, proofs, epoch)
	if err != nil {
		return err
	}
	if err := v.verifyProofs(ctx, a, view, request, epoch, proofs); err != nil {
		return err
	}
	return a.learnStatements(proofs)
}

// parseProofs reads the presentations of the answer.
func (a *answer) parseProofs() ([]proved, error) {
	out := make([]proved, len(a.parts))
	a.result.Bytes = 0
	for i, p := range a.parts {
		presentation, err := openid.ParseProofPresentation(p.text)
		if err != nil {
			return nil, err
		}
		proof, err := zkp.ParsePresentation(presentation.Proof)
		if err != nil {
			return nil, err
		}
		out[i] = proved{part: p, proof: proof, revealed: presentation.Reveals}
		a.result.Bytes += len(presentation.Proof)
	}
	return out, nil
}

// identify holds the schema file against the ledger, and the question against
// the schema.
func (v *Verifier) identify(ctx context.Context, a *answer, view *ledger.View, p *proved) error {
	schema, err := v.schemaFor(ctx, p.query)
	if err != nil {
		return &Unchecked{CheckSchema, err}
	}
	if err := publish.CheckSchema(view, schema); err != nil {
		return check(CheckSchema, err)
	}
	p.schema = schema
	if p.question, err = v.questions.of(a.request.Query, schema, p.query); err != nil {
		return &Unchecked{CheckStatement, err}
	}
	a.result.Types = append(a.result.Types, schema.VCT)
	return nil
}

// onePerson returns identity.ErrTypes for proofs that one secret can make for two people.
func onePerson(proofs []proved) error {
	if len(proofs) < 2 {
		return nil
	}
	schemas := make([]*credential.Schema, len(proofs))
	for i := range proofs {
		schemas[i] = proofs[i].schema
	}
	return identity.OnePerson(schemas...)
}

// verifyProofs checks all proofs of the answer, and notes the name they are
// given under.
func (v *Verifier) verifyProofs(ctx context.Context, a *answer, view *ledger.View, request *zkp.Request, epoch zkp.Epoch, proofs []proved) error {
	keys, err := v.keys(ctx, view, request.Circuits())
	if err != nil {
		return err
	}
	presentations := make([]*zkp.Presentation, len(proofs))
	for i := range proofs {
		presentations[i] = proofs[i].proof
	}
	shown, err := zkp.Verify(keys, epoch, request, presentations...)
	switch {
	case errors.Is(err, zkp.ErrPrepare):
		return &Rejected{CheckPrepare, err}
	case errors.Is(err, zkp.ErrVerifyingKey):
		return &Unchecked{CheckStatement, err}
	case err != nil:
		return &Rejected{CheckStatement, err}
	}
	a.passed(CheckPrepare, CheckStatement, CheckPolicy)
	a.result.Holder = HolderOne
	if len(proofs) > 1 {
		a.result.Holder = HolderProved
	}
	a.remember(shown)
	if a.policy.Scope.Kind == kindCounted {
		return v.count(a, view, request, &proofs[0], shown)
	}
	return nil
}

// epoch returns the roots of the proof's epoch, from the ledger, if it closed
// recently enough.
func (v *Verifier) epoch(a *answer, view *ledger.View, number uint64) (zkp.Epoch, error) {
	if number > view.Head.State.Epoch {
		return zkp.Epoch{}, &Unchecked{CheckEpoch, ErrEpochAhead}
	}
	object, err := view.Epoch(number)
	if err != nil {
		return zkp.Epoch{}, check(CheckEpoch, err)
	}
	closed := object.ClosedAt(v.cfg.Ledger.Trust())
	if a.now.Sub(closed) > a.policy.MaxAge.Epoch {
		return zkp.Epoch{}, &Rejected{CheckEpoch, ErrEpochTooOld}
	}
	roots, err := publish.EpochRoots(object)
	if err != nil {
		return zkp.Epoch{}, &Unchecked{CheckEpoch, err}
	}
	return roots, nil
}

// keys returns the verifying keys that some circuits need, as the ledger names them.
func (v *Verifier) keys(ctx context.Context, view *ledger.View, circuits []zkp.Circuit) (*zkp.Keys, error) {
	keys, err := v.keyring.Keys(ctx, view, circuits)
	var missing *ledger.NotProvedError
	if err != nil && !errors.As(err, &missing) { // a ledger without keys says nothing about the proof
		return nil, &Unchecked{CheckPrepare, err}
	}
	return keys, err
}

// proofRequest rebuilds the questions from our own stored request, and from the
// values that the holder reveals, which are then proved.
func (v *Verifier) proofRequest(a *answer, proofs []proved, epoch zkp.Epoch) (*zkp.Request, error) {
	r := &zkp.Request{
		Nonce: a.request.Nonce, Audience: v.ClientID(), Query: a.request.Query, Expiry: a.request.Expires,
		Scope: a.policy.scope(v.cfg.Identity.DID),
	}
	for i := range proofs {
		p := &proofs[i]
		p.day = epoch.Day
		statements, err := p.question.On(p.day, p.revealed)
		switch {
		case err != nil && p.question.RevealCount() > 0: // the values are the holder's
			return nil, &Rejected{CheckStatement, err}
		case err != nil && len(p.revealed) > 0: // values that nobody asked for
			return nil, &Rejected{CheckStatement, err}
		case err != nil:
			return nil, &Unchecked{CheckStatement, err}
		}
		r.Questions = append(r.Questions, zkp.Question{
			Schema: zkp.SchemaElement(p.schema.ID, uint32(p.schema.Version)), Statements: statements,
		})
	}
	return r, nil
}

// learnStatements lists what was proved and revealed; no other claim was received
// at all.
func (a *answer) learnStatements(proofs []proved) error {
	a.result.Learned, a.result.NeverReceived = nil, nil
	for i := range proofs {
		if err := a.learnPart(&proofs[i]); err != nil {
			return &Unchecked{CheckStatement, err}
		}
	}
	return nil
}

func (a *answer) learnPart(p *proved) error {
	sentences, err := predicate.Describe(p.schema, p.query)
	if err != nil {
		return err
	}
	revealed := p.revealed
	for i, s := range sentences {
		l := Learned{Query: p.query.ID, Type: p.schema.VCT, Claim: predicate.Name(p.query.Predicates[i].Path), Statement: &Text{s.English, s.Chinese}}
		if p.query.Predicates[i].Op == openid.OpReveal {
			l.Value, revealed = revealed[0], revealed[1:]
		}
		a.result.Learned = append(a.result.Learned, l)
	}
	for i := range p.schema.Claims {
		c := &p.schema.Claims[i]
		if !p.question.Reveals(c.Path, p.day) {
			a.result.NeverReceived = append(a.result.NeverReceived,
				Withheld{p.query.ID, p.schema.VCT, predicate.Name(c.Path), Text{c.Label.English, c.Label.Chinese}})
		}
	}
	return nil
}

// check sorts a ledger answer: absence is a no, a value that the proof at hand
// does not cover is for ledger.Resolve, all else could not be checked.
func check(c Check, err error) error {
	var missing *ledger.NotProvedError
	switch {
	case errors.As(err, &missing):
		return err
	case errors.Is(err, ledger.ErrAbsent):
		return &Rejected{c, err}
	}
	return &Unchecked{c, err}
}
