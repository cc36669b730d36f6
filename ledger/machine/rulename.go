package machine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// name notes who bears the code and the names of an accreditation that is about
// to count. It refuses what another agency bears, and a second code for one
// agency. Names may differ from accreditor to accreditor: each vouches for its
// own, and the new one takes the place of the one before.
func (t *transition) name(a *ledger.Accreditation) error {
	if err := t.oneCode(a); err != nil {
		return err
	}
	for _, key := range a.Subject.Keys() {
		owner, err := t.Get(key)
		if err != nil && !isAbsent(err) {
			return storeError{err}
		}
		if string(owner) == a.Agency {
			continue
		}
		if owner != nil {
			bears, err := t.bears(string(owner), key)
			if err != nil {
				return err
			}
			if bears {
				return ledger.ErrTaken
			}
		}
		if err := t.setValue(key, []byte(a.Agency)); err != nil {
			return storeError{err}
		}
	}
	return nil
}

// oneCode compares with any other accreditation of the agency that lasts: they
// all have one code.
func (t *transition) oneCode(a *ledger.Accreditation) error {
	others, err := t.lasting(a.Agency)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.Key() != a.Key() && other.Subject.Code != a.Subject.Code {
			return fmt.Errorf("%w: the agency has another unified social credit code", ledger.ErrConflict)
		}
	}
	return nil
}

// bears reports whether an agency has an accreditation with the key's name or
// code that leads to the root. A suspended one keeps them, as does one that is
// yet to begin. One that was revoked, ran out, or hangs below such a one, does not.
func (t *transition) bears(did, key string) (bool, error) {
	accreditations, err := t.lasting(did)
	if err != nil {
		return false, err
	}
	for _, a := range accreditations {
		if !slices.Contains(a.Subject.Keys(), key) {
			continue
		}
		at := t.now
		if from := time.Unix(a.From, 0); from.After(at) {
			at = from
		}
		_, err := ledger.Chain(t, t.root, a.Key(), at)
		switch {
		case err == nil, errors.Is(err, ledger.ErrSuspended):
			return true, nil
		case !errors.Is(err, ledger.ErrNotAccredited):
			return false, storeError{err}
		}
	}
	return false, nil
}

// lasting lists the accreditations of an agency that were not revoked and have not
// run out.
func (t *transition) lasting(did string) (out []*ledger.Accreditation, err error) {
	err = t.store.Scan(TableValue, []byte(ledger.AccreditationPrefix(did)), func(_, value []byte) error {
		a, err := ledger.ParseAccreditation(value)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if a.State != ledger.StateRevoked && (a.Until == 0 || t.now.Unix() < a.Until) {
			out = append(out, a)
		}
		return nil
	})
	return out, wrapStore(err)
}
