package zkp

import "fmt"

// Keys are the verifying keys of both circuits.
type Keys struct{ Prepare, Show *VerifyingKey }

// NewKeys refuses keys that are not of the circuits they stand for.
func NewKeys(prepare, show *VerifyingKey) (*Keys, error) {
	if prepare == nil || show == nil || prepare.circuit != CircuitPrepare || show.circuit != CircuitShow {
		return nil, fmt.Errorf("%w: need one key of %s and one of %s", ErrVerifyingKey, CircuitPrepare, CircuitShow)
	}
	return &Keys{prepare, show}, nil
}

// Shown is what a verified presentation tells: that the statement asked for
// holds, and a name in the scope asked for. Nothing else was received.
type Shown struct {
	Epoch     uint64
	Scope     Element // the derived scope; unlinkable when the request asked for none
	Pseudonym Element
}

// Verify checks a presentation against the verifier's own request and an epoch
// that it accepts, both taken from its own records and never from the holder.
//
// p comes from ParsePresentation, which has checked its points; one put together
// by hand is trusted to be well-formed.
//
// It does not decide whether the request was used before, whether a pseudonym
// was seen, or whether the epoch is recent enough: those are the caller's.
func Verify(keys *Keys, epoch Epoch, req *Request, p *Presentation) (*Shown, error) {
	if keys == nil || keys.Prepare == nil || keys.Show == nil {
		return nil, fmt.Errorf("%w: none given", ErrVerifyingKey)
	}
	if req == nil || p == nil {
		return nil, fmt.Errorf("%w: no request or presentation", ErrForm)
	}
	if p.Epoch != epoch.Number {
		return nil, fmt.Errorf("%w: proof of epoch %d", ErrEpoch, p.Epoch)
	}
	if err := req.Statement.Check(); err != nil {
		return nil, err
	}
	context := req.Context(epoch, p.Commitment, &p.Prepare)
	scope, err := req.Scope.element(context)
	if err != nil {
		return nil, err
	}
	// Two cores halve the wait; each proof is refused under its own name.
	prepared := make(chan error, 1)
	go func() {
		prepared <- keys.Prepare.verify(&p.Prepare, prepareInputs(epoch, req.Schema, p.Commitment))
	}()
	shown := keys.Show.verify(&p.Show, req.showInputs(p.Commitment, context, scope, p.Pseudonym))
	if err := <-prepared; err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPrepare, err)
	}
	if shown != nil {
		return nil, fmt.Errorf("%w: %w", ErrShow, shown)
	}
	return &Shown{Epoch: p.Epoch, Scope: scope, Pseudonym: p.Pseudonym}, nil
}
