package machine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/ledger"
)

// Accreditations, purposes and status lists last, and give power while they last. So the
// machine notes who signed the value that stands, in TableSigned:
//
//	"key/" did "/" key hash object key → u64 ledger time in ms, 0x00 once another value stands
//	"object/" object key               → did ‖ key hashes, 0x00 for none
//
// Once a DID says from when on another party may have had a key, what that key alone
// signed from then on, by the ledger's time, is void: an accreditation is revoked, a
// purpose ended, and a status list has no content until its issuer signs it anew. The
// list before is not put back, since it would take back what was revoked since. What hangs
// below a void accreditation falls with it. The same key on another's DID voids nothing.
//
// Schemas, rules, anchors and verifying keys' bytes are written once and stay. An anchor
// tells time alone, which who reads it compares with CompromisedFrom. The next version of a
// schema or a rule takes the place of a false one. A revocation stays, too: it concerns
// credentials of a proof key, which are signed anew after a theft.
const (
	signedBy  = "key/"
	signersOf = "object/"
)

// none marks a row that holds nothing any more.
var none = []byte{0}

func signedRow(did string, keyHash []byte, object string) []byte {
	return slices.Concat([]byte(signedBy+did+"/"), keyHash, []byte(object))
}

// setSigned is set for what lasts: it notes which keys of the DID signed.
func (t *transition) setSigned(c change, did string) error {
	if err := t.set(c); err != nil {
		return err
	}
	if err := t.forgetSigners(c.op.Key); err != nil {
		return err
	}
	d, err := t.currentDID(did)
	if err != nil {
		return err
	}
	signers := []byte(did)
	for _, key := range d.SigningKeys(t.now) {
		if !contains(c.signers, key) {
			continue
		}
		hash := ledger.KeyHash(key)
		signers = append(signers, hash[:]...)
		at := u64(uint64(t.now.UnixMilli()))
		if err := t.store.Put(TableSigned, signedRow(did, hash[:], c.op.Key), at); err != nil {
			return storeError{err}
		}
	}
	return wrapStore(t.store.Put(TableSigned, []byte(signersOf+c.op.Key), signers))
}

// signers returns who signed the value of an object that stands.
func (t *transition) signers(object string) (did string, hashes [][]byte, err error) {
	b, err := t.store.Get(TableSigned, []byte(signersOf+object))
	if err != nil || b == nil || bytes.Equal(b, none) {
		return "", nil, wrapStore(err)
	}
	size := len(t.root) // every DID has the same length
	if len(b) < size || (len(b)-size)%32 != 0 {
		return "", nil, storeError{fmt.Errorf("%w: who signed an object", ErrDamaged)}
	}
	return string(b[:size]), slices.Collect(slices.Chunk(b[size:], 32)), nil
}

func (t *transition) forgetSigners(object string) error {
	did, hashes, err := t.signers(object)
	if err != nil || did == "" {
		return err
	}
	for _, hash := range hashes {
		if err := t.store.Put(TableSigned, signedRow(did, hash, object), none); err != nil {
			return storeError{err}
		}
	}
	return wrapStore(t.store.Put(TableSigned, []byte(signersOf+object), none))
}

// voidSigned ends what keys signed that a DID has just called compromised, or compromised
// from an earlier time on.
func (t *transition) voidSigned(old, next *ledger.DID) error {
	for i := range old.Keys {
		key := &next.Keys[i]
		if key.Purpose != ledger.PurposeSignature || key.CompromisedFrom == old.Keys[i].CompromisedFrom {
			continue
		}
		objects, err := t.signedSince(next.ID, key)
		if err != nil {
			return err
		}
		for _, object := range objects {
			other, err := t.otherSigner(next, object)
			if err != nil {
				return err
			}
			if other {
				continue
			}
			if err := t.void(object, key.CompromisedFrom); err != nil {
				return err
			}
		}
	}
	return nil
}

// stolen reports whether another party may have had the key at a time of the ledger.
func stolen(key *ledger.PublicKey, milli uint64) bool {
	return key.Compromised() && int64(milli/1000) >= key.CompromisedFrom
}

// signedSince lists what stands of what a key signed since it was stolen. It takes as long
// as the key signed objects.
func (t *transition) signedSince(did string, key *ledger.PublicKey) (objects []string, err error) {
	hash := ledger.KeyHash(key.Public)
	prefix := signedRow(did, hash[:], "")
	err = t.store.Scan(TableSigned, prefix, func(row, value []byte) error {
		if bytes.Equal(value, none) {
			return nil
		}
		at, err := readU64(value)
		if err == nil && stolen(key, at) {
			objects = append(objects, string(row[len(prefix):]))
		}
		return err
	})
	return objects, wrapStore(err)
}

// otherSigner reports whether another key of the DID signed an object too, which nobody
// else had then.
func (t *transition) otherSigner(d *ledger.DID, object string) (bool, error) {
	_, hashes, err := t.signers(object)
	if err != nil {
		return false, err
	}
	for i := range d.Keys {
		key := &d.Keys[i]
		hash := ledger.KeyHash(key.Public)
		if !contains(hashes, hash[:]) {
			continue
		}
		value, err := t.store.Get(TableSigned, signedRow(d.ID, hash[:], object))
		if err != nil {
			return false, storeError{err}
		}
		at, err := readU64(value)
		if err != nil {
			return false, storeError{err}
		}
		if !stolen(key, at) {
			return true, nil
		}
	}
	return false, nil
}

// void ends an object that somebody else may have signed since a time.
func (t *transition) void(object string, since int64) error {
	if err := t.forgetSigners(object); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(object, ledger.PrefixAccreditation):
		return t.voidAccreditation(object)
	case strings.HasPrefix(object, ledger.PrefixPurpose):
		p, err := current(t, object, ledger.ParsePurpose)
		if err != nil {
			return err
		}
		p.State = ledger.StateEnded
		return t.setVoid(object, p.Bytes())
	}
	s, err := current(t, object, ledger.ParseStatus)
	if err != nil {
		return err
	}
	// Nothing has the root of zeros, and its time is over, so that no reader takes a list
	// for it. Every sequence is after 0, whatever the thief had left.
	return t.setVoid(object, (&ledger.Status{URI: s.URI, Issuer: s.Issuer, ValidUntil: since}).Bytes())
}

func (t *transition) voidAccreditation(object string) error {
	old, err := current(t, object, ledger.ParseAccreditation)
	if err != nil {
		return err
	}
	revoked := *old
	revoked.State = ledger.StateRevoked
	if err := t.setVoid(object, revoked.Bytes()); err != nil {
		return err
	}
	return t.roomForAccreditation(old, &revoked)
}

// setVoid changes an object by the operation that says which key is compromised.
func (t *transition) setVoid(object string, value []byte) error {
	if err := t.setValue(object, value); err != nil {
		return storeError{err}
	}
	return t.changed(object)
}
