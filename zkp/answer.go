package zkp

import "fmt"

// Holding is one credential with a prepared proof of it: enough to answer one
// question.
type Holding struct {
	Credential *Credential
	Prepared   *Prepared
}

// Answer is a whole answer about to be proved.
type Answer struct {
	Request   *Request
	Epoch     Epoch
	Context   Element
	Scope     Element
	Pseudonym Element
	Parts     []Part // one a question
}

// Part is the answer to one question.
type Part struct {
	Holding
	Commitment Element
	Shows      []ShowWitness // one a statement
}

// ShowWitness is one statement about to be proved.
type ShowWitness struct {
	Credential *Credential
	Blinding   Element
	Statement  *Statement
	// Inputs are the public inputs in the circuit's order.
	Inputs []Element
	// Bits are the predicates that hold.
	Bits [StatementSlots]bool
	// SetGap is where the asked attribute stands in the asked set: the gap that
	// begins at it, or the one around it. Nil where no set is asked.
	SetGap *Gap
}

// NewAnswer answers each question of a request from the holding of the same
// index. It evaluates every statement in the clear and fails before any
// proving starts: ErrUnsatisfied, ErrStatement, ErrEpoch, and ErrHolder where
// the credentials hold different secrets.
func NewAnswer(req *Request, e Epoch, holdings ...Holding) (*Answer, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	if len(holdings) != len(req.Questions) {
		return nil, fmt.Errorf("%w: %d credentials for %d questions", ErrForm, len(holdings), len(req.Questions))
	}
	a := &Answer{Request: req, Epoch: e, Parts: make([]Part, len(holdings))}
	prepared := make([]preparation, len(holdings))
	for i, h := range holdings {
		if err := a.fits(&req.Questions[i], h, holdings[0]); err != nil {
			return nil, fmt.Errorf("question %d: %w", i+1, err)
		}
		com := h.Credential.Secret.Commit(&h.Credential.Attributes, h.Prepared.Blinding)
		a.Parts[i] = Part{Holding: h, Commitment: com}
		prepared[i] = preparation{com, &h.Prepared.Proof}
	}
	a.Context = req.context(e, prepared)
	var err error
	if a.Scope, err = req.Scope.element(a.Context); err != nil {
		return nil, err
	}
	a.Pseudonym = holdings[0].Credential.Secret.Pseudonym(a.Scope)
	for i := range a.Parts {
		if err := a.newShows(&a.Parts[i], req.Questions[i].Statements); err != nil {
			return nil, fmt.Errorf("question %d: %w", i+1, err)
		}
	}
	return a, nil
}

func (a *Answer) fits(q *Question, h, first Holding) error {
	switch {
	case h.Prepared.Epoch != a.Epoch.Number:
		return fmt.Errorf("%w: prepared in epoch %d", ErrEpoch, h.Prepared.Epoch)
	case !q.Schema.Equal(&h.Credential.Schema):
		return fmt.Errorf("%w: another schema is asked", ErrStatement)
	case h.Credential.Secret != first.Credential.Secret:
		return ErrHolder
	}
	return nil
}

func (a *Answer) newShows(p *Part, statements []Statement) error {
	p.Shows = make([]ShowWitness, len(statements))
	for i := range statements {
		s := &statements[i]
		bits, accepted := s.Outcome(&p.Credential.Attributes)
		if !accepted {
			return fmt.Errorf("show %d: %w", i+1, ErrUnsatisfied)
		}
		p.Shows[i] = ShowWitness{
			Credential: p.Credential, Blinding: p.Prepared.Blinding, Statement: s, Bits: bits,
			Inputs: s.showInputs(p.Commitment, a.Context, a.Scope, a.Pseudonym),
			SetGap: s.setGap(&p.Credential.Attributes),
		}
	}
	return nil
}

// setGap finds the attribute that the statement holds against a set.
func (s *Statement) setGap(attrs *Attributes) *Gap {
	for _, p := range s.Predicates {
		if hasSet(p) {
			gap := p.Set.place(attrs[p.Slot])
			return &gap
		}
	}
	return nil
}

// Presentation joins the proofs of a part's shows, in order, to its prepare
// proof.
func (a *Answer) Presentation(part int, shows []Proof) *Presentation {
	p := &a.Parts[part]
	return &Presentation{
		Epoch: a.Epoch.Number, Commitment: p.Commitment, Pseudonym: a.Pseudonym,
		Prepare: p.Prepared.Proof, Shows: shows,
	}
}
