package machine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
)

// closeEpoch closes the epoch before the checkpoint's, unless it is closed. It
// skips epochs that passed without a checkpoint: nobody could have seen their
// state. It skips one of which no tree can be made, too: the epoch before it stays the
// newest, the ledger goes on, and proofs grow too old. Admission lets no such epoch come.
func (t *transition) closeEpoch(state *ledger.StateLeaf) error {
	now := ledger.EpochAt(t.now, t.options.EpochLength)
	if t.head.Size == 0 || now == 0 || ledger.EpochAt(t.head.State.Time(), t.options.EpochLength) == now {
		return nil
	}
	leaves, err := t.registryLeaves()
	if err != nil {
		return err
	}
	revoked, err := handlesUpTo(t.store, state.Height)
	if err != nil {
		return err
	}
	e := ledger.Epoch{Number: now - 1, Day: ledger.Day(t.now)}
	if e.RegistryRoot, e.RevocationRoot, err = t.zk.Roots(leaves, revoked); err != nil {
		return nil
	}
	for _, leaf := range leaves {
		if err := t.store.Put(TableRegistry, append(e.RegistryRoot[:], leaf[:]...), []byte{1}); err != nil {
			return err
		}
	}
	if err := t.store.Put(TableEpoch, u64(e.Number), u64(state.Height)); err != nil {
		return err
	}
	state.Epoch, state.Day = e.Number, e.Day
	state.RegistryRoot, state.RevocationRoot = e.RegistryRoot, e.RevocationRoot
	return t.setValue(ledger.EpochKey(e.Number), e.Bytes())
}

// registryLeaves lists who may issue what: for every accreditation to issue
// whose chain is in good standing, every schema of its type and every proof key,
// with the days on which all of them are in force.
func (t *transition) registryLeaves() ([][32]byte, error) {
	schemas, err := t.schemasByType()
	if err != nil {
		return nil, err
	}
	keys, err := t.keys(ledger.PrefixAccreditation)
	if err != nil {
		return nil, err
	}
	var leaves [][32]byte
	for _, key := range keys {
		chain, term, err := ledger.Standing(t, t.root, key)
		if errors.Is(err, ledger.ErrNotAccredited) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if chain[0].Action != ledger.ActionIssue {
			continue
		}
		if leaves, err = t.agencyLeaves(leaves, &chain[0], term, schemas[chain[0].Type]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(leaves, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(leaves), nil
}

func (t *transition) agencyLeaves(leaves [][32]byte, a *ledger.Accreditation, term ledger.Term, schemas []*ledger.Schema) ([][32]byte, error) {
	d, err := t.currentDID(a.Agency)
	if err != nil {
		return nil, err
	}
	for i := range d.Keys {
		k := &d.Keys[i]
		from, until, ok := term.Days(k)
		if k.Purpose != ledger.PurposeProof || !ok {
			continue
		}
		for _, s := range schemas {
			leaf, err := t.zk.RegistryLeaf(k.Public, s.ID, s.Version, a.Region, from, until)
			if err != nil {
				continue // none can be shown for it; admission takes no such key
			}
			leaves = append(leaves, leaf)
		}
	}
	return leaves, nil
}

func (t *transition) schemasByType() (map[string][]*ledger.Schema, error) {
	byType := map[string][]*ledger.Schema{}
	err := t.store.Scan(TableValue, []byte(ledger.PrefixSchema), func(_, value []byte) error {
		s, err := ledger.ParseSchema(value)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		byType[s.VCT] = append(byType[s.VCT], s)
		return nil
	})
	return byType, err
}

// handlesUpTo lists the handles that were revoked at this height or before,
// sorted.
func handlesUpTo(store Store, height uint64) (handles [][ledger.HandleSize]byte, err error) {
	err = store.Scan(TableRevoked, nil, func(key, value []byte) error {
		revoked, err := revokedUpTo(key, value, height)
		if revoked {
			handles = append(handles, [ledger.HandleSize]byte(key))
		}
		return err
	})
	return handles, err
}

// revokedUpTo reports whether a row of TableRevoked counts at a height.
func revokedUpTo(key, value []byte, height uint64) (bool, error) {
	at, err := readU64(value)
	if err != nil || len(key) != ledger.HandleSize {
		return false, fmt.Errorf("%w: revoked handle", ErrDamaged)
	}
	return at <= height, nil
}

// closedAt is the height of the checkpoint that closed an epoch.
func closedAt(store Store, epoch uint64) (uint64, error) {
	b, err := store.Get(TableEpoch, u64(epoch))
	if err != nil {
		return 0, err
	}
	if b == nil {
		return 0, fmt.Errorf("%w: epoch not closed", ledger.ErrAbsent)
	}
	return readU64(b)
}

// revokedLook caps how many handles RevokedAfter looks at, those of later epochs included.
const revokedLook = 1 << 16

// RevokedAfter lists some of the handles in the revocation tree of a closed epoch; see
// ledger.Ledger. Errors: ledger.ErrAbsent if the epoch was not closed, [ErrDamaged], and
// the store's own.
func RevokedAfter(store Store, epoch uint64, after []byte) (*ledger.RevokedPage, error) {
	height, err := closedAt(store, epoch)
	if err != nil {
		return nil, err
	}
	page, looked := new(ledger.RevokedPage), 0
	err = store.ScanAfter(TableRevoked, nil, after, func(key, value []byte) error {
		if looked == revokedLook {
			return errEnough
		}
		looked++
		revoked, err := revokedUpTo(key, value, height)
		if revoked {
			page.Handles = append(page.Handles, [ledger.HandleSize]byte(key))
		}
		page.Next = bytes.Clone(key)
		return err
	})
	switch {
	case errors.Is(err, errEnough):
		return page, nil
	case err != nil:
		return nil, err
	}
	page.Next = nil
	return page, nil
}

// Registry lists the leaves in the registry tree of a closed epoch, sorted.
// Errors are those of RevokedAfter.
func Registry(store Store, epoch uint64) ([][32]byte, error) {
	b, err := getValue(store, ledger.EpochKey(epoch))
	if err != nil {
		return nil, err
	}
	e, err := ledger.ParseEpoch(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var leaves [][32]byte
	err = store.Scan(TableRegistry, e.RegistryRoot[:], func(key, _ []byte) error {
		if len(key) != 64 {
			return fmt.Errorf("%w: registry leaf", ErrDamaged)
		}
		leaves = append(leaves, [32]byte(key[32:]))
		return nil
	})
	return leaves, err
}
