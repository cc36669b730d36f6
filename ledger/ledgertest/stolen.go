package ledgertest

import (
	"errors"

	"github.com/hufu-id/hufu/ledger"
)

// stolen: what a stolen key signed is void at every engine, and the key from the safe goes
// on.
func (w *world) stolen() {
	key, safe := w.newKey(), w.newKey()
	next := w.signatureKey("sig-2", safe)
	a := w.agencyOf(key, [][32]byte{ledger.KeyHash(next.Public)})
	list := &ledger.Status{URI: listURI, Issuer: a.did, Sequence: 1 << 60, Root: numbered(1)}
	w.submit(w.sign(list, key))
	first := w.signatureKey("sig-1", key)
	first.CompromisedFrom = 1
	r := w.submit(w.sign(&ledger.DID{ID: a.did, Keys: []ledger.PublicKey{first, next}, Sequence: 1}, safe))
	v, err := w.at(r, list.Key())
	if err != nil {
		w.Fatal(err)
	}
	if _, err := v.Status(a.did, listURI); !errors.Is(err, ledger.ErrExpired) {
		w.Errorf("a stolen key's list: %v", err)
	}
	list.Sequence = 2
	v, err = w.at(w.submit(w.sign(list, safe)), list.Key())
	if err != nil {
		w.Fatal(err)
	}
	if s, err := v.Status(a.did, listURI); err != nil || s.Sequence != 2 {
		w.Errorf("the list of the key from the safe: %v", err)
	}
	w.auditor()
}
