package zkp

import "fmt"

// A Holding is one credential and a prepared proof of it: enough to answer one
// question.
type Holding struct {
	Credential *Credential
	Prepared   *Prepared
}

// An Answer is the answer to a whole request, ready to prove.
type Answer struct {
	Request   *Request
	Epoch     Epoch
	Context   Element
	Scope     Element
	Pseudonym Element
	Parts     []Part // one a question
}

// A Part is the answer to one question.
type Part struct {
	Holding
	Commitment Element
	Shows      []ShowWitness // one a statement
}

// A ShowWitness is one statement, ready to prove.
type ShowWitness struct {
	Credential *Credential
	Blinding   Element
	Statement  *Statement
	// Inputs holds the public inputs in the circuit's order.
	Inputs []Element
	// Bits marks the predicates that hold.
	Bits [StatementSlots]bool
	// SetGap is the place of the asked attribute in the asked set: the gap that
	// begins at it, or else the gap around it. Nil if the statement asks about
	// no set.
	SetGap *Gap
}

// NewAnswer answers each question of a request from the holding with the same
// index. It evaluates every statement in the clear and fails before any proof
// is made. Errors: ErrForm for a wrong number of holdings, ErrStatement,
// ErrEpoch for a holding prepared in another epoch, ErrHolder for credentials
// with different secrets, ErrUnsatisfied.
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

// setGap finds the place of the attribute that the statement compares with a
// set.
func (s *Statement) setGap(attrs *Attributes) *Gap {
	for _, p := range s.Predicates {
		if hasSet(p) {
			gap := p.Set.place(attrs[p.Slot])
			return &gap
		}
	}
	return nil
}

// Presentation joins the proofs of a part's shows, in order, with its prepare
// proof.
func (a *Answer) Presentation(part int, shows []Proof) *Presentation {
	p := &a.Parts[part]
	return &Presentation{
		Epoch: a.Epoch.Number, Commitment: p.Commitment, Pseudonym: a.Pseudonym,
		Prepare: p.Prepared.Proof, Shows: shows,
	}
}
