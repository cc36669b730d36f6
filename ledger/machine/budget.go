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
	// NewcomerBudget is for the changes of all DIDs without an accreditation together:
	// those that were admitted and not accredited yet, and those that have fallen.
	NewcomerBudget = 1 << 20
)

// roomSpent ‖ did has, in TableRoom, u64 day ‖ u64 bytes that an agency has spent on that
// day; without a DID what newcomers have spent.
const roomSpent = "spent/"

// spend charges an operation of some bytes to the agency that signed it. The root agency
// pays nothing, because it must be able to repair, and nobody pays for what the consortium
// or a citizen decides. An agency that countersigns for a DID pays for it. The error is
// ledger.ErrBudget.
func (t *transition) spend(c change, size int) error {
	payer, limit := t.payer, t.options.AgencyBudget
	if payer == "" {
		return nil
	}
	if c.op.Kind == ledger.KindDID && c.op.Key == ledger.DIDKey(payer) {
		var err error
		if payer, err = t.payerOfChange(c, payer); err != nil {
			return err
		}
	}
	if payer == t.root {
		return nil
	}
	if payer == "" {
		limit = t.options.NewcomerBudget
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

// payerOfChange returns who pays for the change of a DID: the DID while it has an
// accreditation in force, else the agency that countersigned, else, as "", all newcomers
// together.
func (t *transition) payerOfChange(c change, did string) (string, error) {
	_, err := t.agencyKeys(did)
	without, err := fallen(err)
	if err != nil || !without {
		return did, err
	}
	return t.sponsor(c, did)
}
