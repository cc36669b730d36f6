package machine

import (
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// purpose: a regulator publishes, suspends, restores and ends it.
func (t *transition) purpose(c change) error {
	p, err := object(c, ledger.ParsePurpose)
	if err != nil {
		return err
	}
	old, err := current(t, c.op.Key, ledger.ParsePurpose)
	if err != nil {
		return err
	}
	if err := t.signedByDID(c, p.Regulator); err != nil {
		return err
	}
	if free, err := t.freePurpose(old, p); err != nil {
		return err
	} else if !free && old.Regulator != p.Regulator {
		return fmt.Errorf("%w: purpose of another regulator", ledger.ErrUnauthorised)
	}
	if _, err := t.currentDID(p.Verifier); err != nil {
		return err
	}
	if p.State == ledger.StateActive {
		if err := t.regulates(p); err != nil {
			return err
		}
	}
	return t.setSigned(c, p.Regulator)
}

// freePurpose reports whether a regulator may take the key of the purpose before: that
// has ended, or its regulator could publish it no more, or the root takes it.
func (t *transition) freePurpose(old, p *ledger.Purpose) (bool, error) {
	if old == nil || old.State == ledger.StateEnded || p.Regulator == t.root {
		return true, nil
	}
	return fallen(t.regulates(old))
}

// regulates demands that the regulator could accredit the verifier for every
// type in the purpose.
func (t *transition) regulates(p *ledger.Purpose) error {
	for _, asked := range p.Asked {
		err := t.entitled(&ledger.Accreditation{
			Agency: p.Verifier, Action: ledger.ActionVerify, Region: p.Region, Type: asked.Type,
			Accreditor: p.Regulator, Via: p.Via, State: ledger.StateActive,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// grant: a citizen's key makes it, with an agency's countersignature. Only that
// key revokes it.
func (t *transition) grant(c change) error {
	g, err := object(c, ledger.ParseGrant)
	if err != nil {
		return err
	}
	old, err := current(t, c.op.Key, ledger.ParseGrant)
	if err != nil {
		return err
	}
	if old != nil {
		return t.revokeGrant(c, old)
	}
	switch {
	case g.State != ledger.GrantActive:
		return fmt.Errorf("%w: a new grant is active", ledger.ErrConflict)
	case g.Until <= t.now.Unix():
		return fmt.Errorf("%w: the grant is over before it begins", ledger.ErrConflict)
	case !contains(c.signers, g.PublicKey):
		return fmt.Errorf("%w: the grant's own key does not sign", ledger.ErrUnauthorised)
	}
	if err := t.signedByAgency(c, g.Agency); err != nil {
		return err
	}
	return t.set(c)
}

func (t *transition) revokeGrant(c change, old *ledger.Grant) error {
	if !contains(c.signers, old.PublicKey) {
		return ledger.ErrUnauthorised
	}
	revoked := *old
	revoked.State = ledger.GrantRevoked
	if old.State == ledger.GrantRevoked || string(revoked.Bytes()) != string(c.op.Body) {
		return fmt.Errorf("%w: a grant can only be revoked", ledger.ErrConflict)
	}
	return t.set(c)
}

// audit: an agency signs it. It is in the log only.
func (t *transition) audit(c change) error {
	a, err := object(c, ledger.ParseAudit)
	if err != nil {
		return err
	}
	return t.signedByAgency(c, a.Agency)
}

// keyFile: an agency publishes it, once.
func (t *transition) keyFile(c change) error {
	k, err := object(c, ledger.ParseKeyFile)
	if err != nil {
		return err
	}
	if err := t.signedByAgency(c, k.Agency); err != nil {
		return err
	}
	return t.setOnce(c)
}

// use counts once: the person proves it, and the owner of the rule countersigns
// it. Cheap checks come first.
func (t *transition) use(c change) error {
	u, err := object(c, ledger.ParseUse)
	if err != nil {
		return err
	}
	rule, err := current(t, ledger.RuleKey(u.Owner, u.Rule, u.Version), ledger.ParseRule)
	if err != nil {
		return err
	}
	if rule == nil || rule.MaxAge == 0 {
		return fmt.Errorf("%w: no such rule for uses", ledger.ErrMissing)
	}
	if err := t.signedByAgency(c, rule.Owner); err != nil {
		return err
	}
	_, err = t.Get(c.op.Key)
	switch {
	case err == nil:
		return ledger.ErrUsed
	case !isAbsent(err):
		return storeError{err}
	}
	if err := t.proved(u, rule); err != nil {
		return err
	}
	seen := ledger.Seen{Operation: c.op.ID(), Payload: u.Payload}
	return wrapStore(t.setValue(c.op.Key, seen.Bytes()))
}

// proved checks the proofs of a use under the epoch that it names.
func (t *transition) proved(u *ledger.Use, rule *ledger.Rule) error {
	epoch, err := current(t, ledger.EpochKey(u.Epoch), ledger.ParseEpoch)
	if err != nil {
		return err
	}
	if epoch == nil {
		return fmt.Errorf("%w: epoch not closed", ledger.ErrMissing)
	}
	closed := int64(epoch.Number+1) * int64(t.options.EpochLength.Seconds())
	if t.now.Unix()-closed > int64(rule.MaxAge) {
		return fmt.Errorf("%w: epoch of the proof", ledger.ErrStale)
	}
	q := rule.Question
	nullifier, err := t.zk.CheckUse(u.Proof, rule.Owner, u.Event, u.Payload, q.Schema, q.Version, q.Statement, epoch.Number, epoch.Day,
		epoch.RegistryRoot, epoch.RevocationRoot, t.verifyingKey)
	var fault storeError
	switch {
	case errors.As(err, &fault), errors.Is(err, ledger.ErrMissing):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ledger.ErrProof, err)
	case nullifier != u.Nullifier:
		return fmt.Errorf("%w: nullifier of another person or event", ledger.ErrProof)
	}
	return nil
}

// verifyingKey returns the bytes of a circuit's active key, and whether its record says
// that it comes of a ceremony.
func (t *transition) verifyingKey(circuit string) (file []byte, ceremony bool, err error) {
	vk, err := current(t, ledger.VKKey(circuit), ledger.ParseVK)
	if err != nil {
		return nil, false, err
	}
	if vk == nil || vk.State != ledger.VKActive {
		return nil, false, fmt.Errorf("%w: no verifying key in use for the circuit", ledger.ErrMissing)
	}
	object, err := current(t, ledger.KeyFileKey(vk.KeyHash), ledger.ParseKeyFile)
	if err != nil {
		return nil, false, err
	}
	if object == nil {
		return nil, false, fmt.Errorf("%w: the verifying key's bytes", ledger.ErrMissing)
	}
	return object.File, vk.Setup == ledger.SetupCeremony, nil
}
