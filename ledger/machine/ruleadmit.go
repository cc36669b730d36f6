package machine

import "github.com/hufu-id/hufu/ledger"

// roomSigner ‖ key hash has, in TableRoom, the DID that listed a signature key first. A DID
// that lists another's key afterwards changes nothing: the row leads to whoever's key it is.
const roomSigner = "signer/"

// noteSigners records whose the signature keys of a DID are.
func (t *transition) noteSigners(d *ledger.DID) error {
	for _, k := range d.Keys {
		if k.Purpose != ledger.PurposeSignature {
			continue
		}
		hash := ledger.KeyHash(k.Public)
		row := append([]byte(roomSigner), hash[:]...)
		b, err := t.store.Get(TableRoom, row)
		if err == nil && b == nil {
			err = t.store.Put(TableRoom, row, []byte(d.ID))
		}
		if err != nil {
			return storeError{err}
		}
	}
	return nil
}

// A new DID enters the ledger with the signature of an agency that is on it, so that no
// stranger fills it. The agency answers for the bytes.

// sponsor returns the agency that countersigned an operation on a DID: the first, in the
// order of the keys, that has an accreditation in force. It is empty where none did. The
// DID itself is none.
func (t *transition) sponsor(c change, did string) (string, error) {
	for _, key := range c.signers {
		hash := ledger.KeyHash(key)
		b, err := t.store.Get(TableRoom, append([]byte(roomSigner), hash[:]...))
		if err != nil {
			return "", storeError{err}
		}
		agency := string(b)
		if agency == "" || agency == did {
			continue
		}
		keys, err := t.agencyKeys(agency)
		if err == nil && contains(keys, key) {
			return agency, nil
		}
		if _, err := fallen(err); err != nil {
			return "", err
		}
	}
	return "", nil
}
