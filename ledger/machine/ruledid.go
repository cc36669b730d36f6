package machine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/ledger"
)

// did creates a DID, signed by one of its own keys and by an agency, or changes one, signed by a
// key that the last change committed to.
func (t *transition) did(c change) error {
	if c.op.Key == ledger.DIDKey("") {
		return t.createDID(c)
	}
	id := strings.TrimPrefix(c.op.Key, ledger.PrefixDID)
	next, err := ledger.ParseDID(id, c.op.Body)
	if err != nil {
		return err
	}
	if id == "" || next.Key() != c.op.Key {
		return fmt.Errorf("%w: operation under another's key", ledger.ErrKey)
	}
	old, err := t.currentDID(id)
	if err != nil {
		return err
	}
	if err := checkRotation(old, next, c); err != nil {
		return err
	}
	if err := t.checkKeys(next); err != nil {
		return err
	}
	if err := t.claimProofKeys(next); err != nil {
		return err
	}
	if err := t.set(c); err != nil {
		return err
	}
	if err := t.noteSigners(next); err != nil {
		return err
	}
	t.payer = id
	if err := t.roomForKeys(old, next); err != nil {
		return err
	}
	return t.voidSigned(old, next)
}

func (t *transition) createDID(c change) error {
	d, err := ledger.ParseDID("", c.op.Body)
	if err != nil {
		return err
	}
	if d.Sequence != 0 || d.Deactivated {
		return fmt.Errorf("%w: a new DID has sequence 0", ledger.ErrConflict)
	}
	if d.ID, err = ledger.DIDOf(c.op); err != nil {
		return err
	}
	if !c.signedBy(d.SigningKeys(t.now)) {
		return ledger.ErrUnauthorised
	}
	if err := t.checkKeys(d); err != nil {
		return err
	}
	payer := t.root // which the ledger is founded with
	if d.ID != t.root {
		if payer, err = t.sponsor(c, d.ID); err != nil {
			return err
		}
		if payer == "" {
			return ledger.ErrNotAdmitted
		}
	}
	if err := t.claimProofKeys(d); err != nil {
		return err
	}
	if err := t.noteSigners(d); err != nil {
		return err
	}
	t.payer = payer
	return wrapStore(t.setValue(d.Key(), c.op.Body))
}

// checkRotation compares a DID with its next version.
func checkRotation(old, next *ledger.DID, c change) error {
	if old.Deactivated || next.Sequence != old.Sequence+1 {
		return fmt.Errorf("%w: deactivated, or not the next in sequence", ledger.ErrConflict)
	}
	if !slices.ContainsFunc(c.signers, func(key []byte) bool { return slices.Contains(old.Next, ledger.KeyHash(key)) }) {
		return ledger.ErrUnauthorised
	}
	for _, key := range c.signers {
		// A key that was shown once no longer resists an attacker who can break
		// public keys.
		if slices.Contains(next.Next, ledger.KeyHash(key)) {
			return fmt.Errorf("%w: commits to the key that signed", ledger.ErrConflict)
		}
	}
	if len(next.Keys) < len(old.Keys) {
		return fmt.Errorf("%w: a key was deleted", ledger.ErrConflict)
	}
	for i, k := range old.Keys {
		if !narrows(k, next.Keys[i]) {
			return fmt.Errorf("%w: a key was deleted, changed or reopened", ledger.ErrConflict)
		}
	}
	return nil
}

// narrows reports whether b equals a, except for ends that were set or brought
// forward.
func narrows(a, b ledger.PublicKey) bool {
	return a.ID == b.ID && a.Purpose == b.Purpose && bytes.Equal(a.Public, b.Public) && a.From == b.From &&
		notLater(a.Until, b.Until) && notLater(a.CompromisedFrom, b.CompromisedFrom)
}

// notLater compares ends; 0 means never.
func notLater(a, b int64) bool { return a == b || b != 0 && (a == 0 || b < a) }

// checkKeys demands that every key is valid for its purpose.
func (t *transition) checkKeys(d *ledger.DID) error {
	for _, k := range d.Keys {
		if k.Purpose == ledger.PurposeProof {
			if err := t.zk.CheckProofKey(k.Public); err != nil {
				return fmt.Errorf("%w: proof key: %w", ledger.ErrValue, err)
			}
			continue
		}
		if _, err := t.options.Suites.ParseKey(k.Public); err != nil {
			return err
		}
	}
	return nil
}

// claimProofKeys records the DID as owner of its proof keys. It refuses a proof
// key of another DID.
func (t *transition) claimProofKeys(d *ledger.DID) error {
	for _, k := range d.Keys {
		if k.Purpose != ledger.PurposeProof {
			continue
		}
		key := ledger.ProofKeyKey(k.Public)
		owner, err := t.Get(key)
		switch {
		case isAbsent(err):
			err = t.setValue(key, []byte(d.ID))
		case err == nil && string(owner) != d.ID:
			return fmt.Errorf("%w: proof key of another DID", ledger.ErrConflict)
		}
		if err != nil {
			return storeError{err}
		}
	}
	return nil
}
