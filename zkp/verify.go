package zkp

import (
	"fmt"
	"sync"
)

// Keys holds the verifying keys of the circuits.
type Keys struct{ of map[Circuit]*VerifyingKey }

// NewKeys joins the keys of different circuits: CircuitPrepare, CircuitShow,
// and CircuitShowSet if requests ask about sets. The error is ErrVerifyingKey.
func NewKeys(keys ...*VerifyingKey) (*Keys, error) {
	k := &Keys{of: map[Circuit]*VerifyingKey{}}
	for _, key := range keys {
		if key == nil || k.of[key.circuit] != nil {
			return nil, fmt.Errorf("%w: none given, or two of one circuit", ErrVerifyingKey)
		}
		k.of[key.circuit] = key
	}
	for _, c := range []Circuit{CircuitPrepare, CircuitShow} {
		if k.of[c] == nil {
			return nil, fmt.Errorf("%w: none of %s", ErrVerifyingKey, c)
		}
	}
	return k, nil
}

// cover checks that no key is missing. A missing key says nothing about the
// answer.
func (k *Keys) cover(req *Request) error {
	for _, c := range req.Circuits() {
		if k.of[c] == nil {
			return fmt.Errorf("%w: none of %s", ErrVerifyingKey, c)
		}
	}
	return nil
}

// Shown is what a verified answer proves: the statements hold of credentials of
// one person, and the person has this pseudonym in the scope. The answer
// contained nothing else.
type Shown struct {
	Epoch     uint64
	Scope     Element // the derived scope; unlinkable if the request asked for none
	Pseudonym Element
}

// Verify checks an answer, one presentation a question, in the request's order.
// The request and the epoch come from the verifier's own records, never from
// the holder.
//
// The presentations come from ParsePresentation, which has checked their
// points. Verify trusts a presentation built by hand to be well-formed.
//
// Verify does not decide whether the request was used before, whether a
// pseudonym was seen, or whether the epoch is recent enough: the caller does.
// Errors: ErrVerifyingKey, ErrForm, ErrStatement, ErrEpoch, ErrHolder,
// ErrPrepare, ErrShow.
func Verify(keys *Keys, epoch Epoch, req *Request, answer ...*Presentation) (*Shown, error) {
	if keys == nil || len(keys.of) == 0 {
		return nil, fmt.Errorf("%w: none given", ErrVerifyingKey)
	}
	if req == nil {
		return nil, fmt.Errorf("%w: no request", ErrForm)
	}
	if err := req.Check(); err != nil {
		return nil, err
	}
	if err := keys.cover(req); err != nil {
		return nil, err
	}
	prepared, err := joined(epoch, req, answer)
	if err != nil {
		return nil, err
	}
	context := req.context(epoch, prepared)
	scope, err := req.Scope.element(context)
	if err != nil {
		return nil, err
	}
	if err := verifyProofs(keys, epoch, req, answer, context, scope); err != nil {
		return nil, err
	}
	return &Shown{Epoch: epoch.Number, Scope: scope, Pseudonym: answer[0].Pseudonym}, nil
}

// joined checks that the presentations form one answer: one for each question,
// all of the accepted epoch and under one pseudonym.
func joined(epoch Epoch, req *Request, answer []*Presentation) ([]preparation, error) {
	if len(answer) != len(req.Questions) {
		return nil, fmt.Errorf("%w: %d presentations for %d questions", ErrForm, len(answer), len(req.Questions))
	}
	prepared := make([]preparation, len(answer))
	for i, p := range answer {
		switch {
		case p == nil || len(p.Shows) != len(req.Questions[i].Statements):
			return nil, fmt.Errorf("%w: question %d asks %d shows", ErrForm, i+1, len(req.Questions[i].Statements))
		case p.Epoch != epoch.Number:
			return nil, fmt.Errorf("%w: proof of epoch %d", ErrEpoch, p.Epoch)
		case p.Pseudonym != answer[0].Pseudonym:
			return nil, ErrHolder
		}
		prepared[i] = preparation{p.Commitment, &p.Prepare}
	}
	return prepared, nil
}

// verifyProofs checks on several cores, which shortens the wait. It reports the
// first proof that fails, prepare before show.
func verifyProofs(keys *Keys, epoch Epoch, req *Request, answer []*Presentation, context, scope Element) error {
	var wait sync.WaitGroup
	type failure struct{ prepare, show error }
	failures := make([]failure, len(answer))
	for i, p := range answer {
		q := &req.Questions[i]
		wait.Go(func() {
			if err := keys.of[CircuitPrepare].verify(&p.Prepare, prepareInputs(epoch, q.Schema, p.Commitment)); err != nil {
				failures[i].prepare = fmt.Errorf("%w: question %d: %w", ErrPrepare, i+1, err)
			}
		})
		wait.Go(func() {
			for j := range q.Statements {
				s := &q.Statements[j]
				if err := keys.of[s.Circuit()].verify(&p.Shows[j], s.showInputs(p.Commitment, context, scope, p.Pseudonym)); err != nil {
					failures[i].show = fmt.Errorf("%w: question %d, show %d: %w", ErrShow, i+1, j+1, err)
					return
				}
			}
		})
	}
	wait.Wait()
	for _, f := range failures {
		if f.prepare != nil {
			return f.prepare
		}
	}
	for _, f := range failures {
		if f.show != nil {
			return f.show
		}
	}
	return nil
}
