package machine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
)

// schema: an agency that issues or accredits for its type publishes it, once. A version
// follows the one before.
func (t *transition) schema(c change) error {
	s, err := object(c, ledger.ParseSchema)
	if err != nil {
		return err
	}
	if err := t.signedByDID(c, s.Owner); err != nil {
		return err
	}
	if err := t.mayPublish(s); err != nil {
		return err
	}
	if err := t.followsSchema(c, s); err != nil {
		return err
	}
	if err := t.setOnce(c); err != nil {
		return err
	}
	return t.roomForSchema(s)
}

// mayPublish demands that the owner of a schema issues its type, or accredits for it.
func (t *transition) mayPublish(s *ledger.Schema) error {
	may, err := t.hasFor(s.Owner, s.VCT, ledger.ActionIssue, ledger.ActionAccredit)
	if err == nil && !may {
		err = fmt.Errorf("%w: not accredited for the type of the schema", ledger.ErrUnauthorised)
	}
	return err
}

// followsSchema keeps the name of a schema with its owner. Credentials, circuits and
// policies name a schema without its owner, so its key does, too, and the first version
// belongs to the agency that publishes it first. With the root's signature another agency
// publishes the next version, and owns the name from then on: else a name would be lost
// with its owner. What was published before stays as it is.
func (t *transition) followsSchema(c change, s *ledger.Schema) error {
	if s.Version == 1 {
		return nil
	}
	before, err := current(t, ledger.SchemaKey(s.ID, s.Version-1), ledger.ParseSchema)
	switch {
	case err != nil:
		return err
	case before == nil:
		return fmt.Errorf("%w: the version of the schema before", ledger.ErrMissing)
	case before.Owner == s.Owner:
		return nil
	}
	err = t.signedByDID(c, t.root)
	if errors.Is(err, ledger.ErrUnauthorised) {
		return fmt.Errorf("%w: next version of another agency's schema", err)
	}
	return err
}

// hasFor reports whether an agency has an accreditation in force for one of the actions
// and a type, in any region.
func (t *transition) hasFor(did, typ string, actions ...string) (bool, error) {
	if did == t.root {
		return true, nil
	}
	keys, err := t.keys(ledger.AccreditationPrefix(did))
	if err != nil {
		return false, err
	}
	for _, key := range keys {
		chain, err := ledger.Chain(t, t.root, key, t.now)
		if errors.Is(err, ledger.ErrNotAccredited) {
			continue
		}
		if err != nil {
			return false, storeError{err}
		}
		if a := chain[0]; slices.Contains(actions, a.Action) && (a.Type == typ || a.Type == ledger.AnyType) {
			return true, nil
		}
	}
	return false, nil
}

// anchor: an agency makes it, once. One for a type is taken from the first agency that
// issues the type, and from no other.
func (t *transition) anchor(c change) error {
	a, err := object(c, ledger.ParseAnchor)
	if err != nil {
		return err
	}
	if err := t.signedByAgency(c, a.Agency); err != nil {
		return err
	}
	if a.Type != "" {
		if err := t.sole(a); err != nil {
			return err
		}
	}
	return t.setOnce(c)
}

func (t *transition) sole(a *ledger.Anchor) error {
	issues, err := t.hasFor(a.Agency, a.Type, ledger.ActionIssue)
	if err != nil {
		return err
	}
	if !issues {
		return fmt.Errorf("%w: not accredited to issue the type of the anchor", ledger.ErrUnauthorised)
	}
	key := ledger.SoleKey(a.Hash, a.Type)
	_, err = t.Get(key)
	switch {
	case isAbsent(err):
		return wrapStore(t.setValue(key, []byte(a.Agency)))
	case err != nil:
		return storeError{err}
	}
	return fmt.Errorf("%w: anchored for the type before", ledger.ErrConflict)
}

func (t *transition) setOnce(c change) error {
	_, err := t.Get(c.op.Key)
	switch {
	case isAbsent(err):
		return t.set(c)
	case err != nil:
		return storeError{err}
	}
	return fmt.Errorf("%w: write-once", ledger.ErrConflict)
}
