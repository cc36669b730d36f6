package machine

import (
	"encoding/binary"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// Bytes of operations that the ledger takes in one day of Asia/Shanghai.
const (
	// AgencyBudget is for one agency.
	AgencyBudget = 64 << 20
	// NewcomerBudget is for all DIDs without an accreditation together: a stranger can
	// make as many DIDs as he likes, and no more than this of them in a day.
	NewcomerBudget = 1 << 20
)

// roomSpent ‖ did has, in TableRoom, u64 day ‖ u64 bytes that an agency has spent on that
// day; without a DID what newcomers have spent.
const roomSpent = "spent/"

// spend charges an operation of some bytes to the agency that signed it. The root agency
// pays nothing, because it must be able to repair, and nobody pays for what the consortium
// or a citizen decides. A new DID that the root agency has signed too is not a newcomer's.
// The error is ledger.ErrBudget.
func (t *transition) spend(c change, size int) error {
	payer, limit := t.payer, t.options.AgencyBudget
	if payer == "" || payer == t.root {
		return nil
	}
	if c.op.Kind == ledger.KindDID {
		newcomer, err := t.newcomer(c, payer)
		if err != nil {
			return err
		}
		if newcomer {
			payer, limit = "", t.options.NewcomerBudget
		}
	}
	key := []byte(roomSpent + payer)
	b, err := t.store.Get(TableRoom, key)
	if err != nil {
		return storeError{err}
	}
	day, spent := uint64(ledger.Day(t.now)), uint64(0)
	if len(b) == 16 && binary.BigEndian.Uint64(b) == day {
		spent = binary.BigEndian.Uint64(b[8:])
	} else if b != nil && len(b) != 16 {
		return storeError{fmt.Errorf("%w: spent bytes", ErrDamaged)}
	}
	if spent += uint64(size); spent > limit {
		return ledger.ErrBudget
	}
	return wrapStore(t.store.Put(TableRoom, key, append(u64(day), u64(spent)...)))
}

// newcomer reports whether a DID has no accreditation in force, and the root agency has
// not signed for it.
func (t *transition) newcomer(c change, did string) (bool, error) {
	root, err := t.agencyKeys(t.root)
	if err != nil || c.signedBy(root) {
		return false, err
	}
	_, err = t.agencyKeys(did)
	return fallen(err)
}
