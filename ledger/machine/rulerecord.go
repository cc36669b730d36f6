package machine

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// rule: an agency publishes it, once.
func (t *transition) rule(c change) error {
	r, err := object(c, ledger.ParseRule)
	if err != nil {
		return err
	}
	if err := t.signedByAgency(c, r.Owner); err != nil {
		return err
	}
	return t.setOnce(c)
}

// trail begins a record or takes one step with it, as its rule allows.
func (t *transition) trail(c change) error {
	next, err := object(c, ledger.ParseTrail)
	if err != nil {
		return err
	}
	before, err := t.trailBefore(next)
	if err != nil {
		return err
	}
	rule, err := current(t, ledger.RuleKey(next.RuleOwner, next.Rule, next.Version), ledger.ParseRule)
	if err != nil {
		return err
	}
	if rule == nil {
		return fmt.Errorf("%w: no such rule", ledger.ErrMissing)
	}
	step, ok := rule.Transition(before.State, next.State)
	if !ok {
		return fmt.Errorf("%w: the rule knows no such step", ledger.ErrConflict)
	}
	if err := t.stepSigned(c, rule, step, before, next); err != nil {
		return err
	}
	return t.set(c)
}

// trailBefore returns the record's value before next, the zero Trail for a new
// record, and demands that next follows it.
func (t *transition) trailBefore(next *ledger.Trail) (*ledger.Trail, error) {
	b, err := t.Get(next.Key())
	if isAbsent(err) {
		if next.Sequence != 0 {
			return nil, fmt.Errorf("%w: no such record", ledger.ErrMissing)
		}
		return &ledger.Trail{Holder: next.Holder}, nil
	}
	if err != nil {
		return nil, storeError{err}
	}
	before, err := ledger.ParseTrail(b)
	if err != nil {
		return nil, storeError{fmt.Errorf("%w: %w", ErrDamaged, err)}
	}
	switch {
	case next.Sequence != before.Sequence+1 || next.Previous != sha256.Sum256(b):
		return nil, fmt.Errorf("%w: does not follow where the record stands", ledger.ErrConflict)
	case next.RuleOwner != before.RuleOwner || next.Rule != before.Rule || next.Version != before.Version || next.Region != before.Region:
		return nil, fmt.Errorf("%w: rule and region of a record stay", ledger.ErrConflict)
	case next.Commitment == before.Commitment:
		return nil, fmt.Errorf("%w: the commitment is not fresh", ledger.ErrConflict)
	}
	return before, nil
}

// stepSigned demands every signature that the step asks for.
func (t *transition) stepSigned(c change, rule *ledger.Rule, step ledger.Transition, before, next *ledger.Trail) error {
	if step.Signers&ledger.SignerRegistrar != 0 {
		if err := t.signedByRegistrar(c, rule, next); err != nil {
			return err
		}
		if err := t.handedOver(c, rule, before, next); err != nil {
			return err
		}
	} else if next.Registrar != before.Registrar {
		return fmt.Errorf("%w: another registrar, who does not sign", ledger.ErrUnauthorised)
	}
	if step.Signers&ledger.SignerHolder != 0 && !contains(c.signers, before.Holder) {
		return fmt.Errorf("%w: the holder does not sign", ledger.ErrUnauthorised)
	}
	if step.Signers&ledger.SignerNext != 0 {
		if !contains(c.signers, next.Holder) {
			return fmt.Errorf("%w: the next holder does not sign", ledger.ErrUnauthorised)
		}
		return nil
	}
	if !bytes.Equal(next.Holder, before.Holder) {
		return fmt.Errorf("%w: another holder, who does not sign", ledger.ErrUnauthorised)
	}
	return t.checkHolder(next.Holder)
}

// checkHolder refuses a key that could never sign.
func (t *transition) checkHolder(key []byte) error {
	if len(key) == 0 {
		return nil
	}
	_, err := t.options.Suites.ParseKey(key)
	return err
}

// signedByRegistrar demands an agency that may issue the rule's type in the
// record's region.
func (t *transition) signedByRegistrar(c change, rule *ledger.Rule, next *ledger.Trail) error {
	if err := t.signedByDID(c, next.Registrar); err != nil {
		return err
	}
	return t.mayRegister(next.Registrar, rule, next.Region)
}

func (t *transition) mayRegister(did string, rule *ledger.Rule, region string) error {
	_, err := ledger.Accredited(t, t.root, did, rule.Type, ledger.ActionIssue, region, t.now)
	switch {
	case errors.Is(err, ledger.ErrNotAccredited):
		return fmt.Errorf("%w: registrar: %w", ledger.ErrUnauthorised, err)
	case err != nil:
		return storeError{err}
	}
	return nil
}

// handedOver demands that a registrar from whom another takes a record signs that, too.
// In place of one that may keep no such record any more the root may sign: the office was
// closed, or is in wrong hands. No other agency may, so that none takes a record alone.
func (t *transition) handedOver(c change, rule *ledger.Rule, before, next *ledger.Trail) error {
	if next.Sequence == 0 || next.Registrar == before.Registrar {
		return nil
	}
	err := t.signedByDID(c, before.Registrar)
	if !errors.Is(err, ledger.ErrUnauthorised) {
		return err
	}
	gone, err := fallen(t.mayRegister(before.Registrar, rule, before.Region))
	if err != nil {
		return err
	}
	if gone && t.signedByDID(c, t.root) == nil {
		return nil
	}
	return fmt.Errorf("%w: the registrar before does not hand the record over", ledger.ErrUnauthorised)
}
