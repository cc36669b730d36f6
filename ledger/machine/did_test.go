package machine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

func is(err, target error) bool { return errors.Is(err, target) }

// rotate moves an agency to its next key; the old one is closed or not.
func rotate(t testing.TB, a *agency, until, compromised int64) (*ledger.DID, *agency) {
	next := newKey(t)
	d := a.change(t)
	d.Keys[0].Until, d.Keys[0].CompromisedFrom = until, compromised
	d.Keys = append(d.Keys, ledger.PublicKey{ID: "sig-2", Purpose: ledger.PurposeSignature, Public: marshal(t, a.next)})
	d.Next = [][32]byte{ledger.KeyHash(marshal(t, next))}
	return d, &agency{did: a.did, key: a.next, next: next, object: d}
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	d, b := rotate(t, a, start.Unix()+1, 0)
	w.accept(w.sign(d, a.next))
	w.accept(w.sign(anchorOf(a, 1), a.key)) // in force for one more second
	w.now = w.now.Add(time.Second)
	w.refuse(ledger.ErrUnauthorised, w.sign(anchorOf(a, 2), a.key))
	w.accept(w.sign(anchorOf(a, 3), b.key))
}

// TestRecovery: the signing key is lost and stolen. The key from the safe takes
// the DID back, and the thief cannot.
func TestRecovery(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	thief := newKey(t)
	stolen := a.change(t)
	stolen.Keys = append(stolen.Keys, ledger.PublicKey{ID: "sig-2", Purpose: ledger.PurposeSignature, Public: marshal(t, thief)})
	w.refuse(ledger.ErrUnauthorised, w.sign(stolen, a.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(stolen, thief))

	d, b := rotate(t, a, 0, start.Unix()-60)
	w.accept(w.sign(d, a.next))
	w.refuse(ledger.ErrUnauthorised, w.sign(anchorOf(a, 1), a.key))
	w.accept(w.sign(anchorOf(a, 1), b.key))
	last := b.change(t)
	w.refuse(ledger.ErrUnauthorised, w.sign(last, a.next)) // was used up
	w.accept(w.sign(last, b.next))
	final := b.change(t)
	final.Sequence++
	w.refuse(ledger.ErrUnauthorised, w.sign(final, b.next)) // committed to nothing
}

func TestKeysAreNeverDeleted(t *testing.T) {
	w := newWorld(t)
	a := w.agency(proofKey(7))
	d, b := rotate(t, a, start.Unix()+100, start.Unix()+50)
	w.accept(w.sign(d, a.next))
	for name, alter := range map[string]func(*ledger.DID){
		"deleted":            func(d *ledger.DID) { d.Keys = d.Keys[:2] },
		"swapped":            func(d *ledger.DID) { d.Keys[0], d.Keys[1] = d.Keys[1], d.Keys[0] },
		"other public key":   func(d *ledger.DID) { d.Keys[1] = proofKey(8) },
		"renamed":            func(d *ledger.DID) { d.Keys[1].ID = "zk-9" },
		"purpose":            func(d *ledger.DID) { d.Keys[1].Purpose = ledger.PurposeSignature },
		"begins earlier":     func(d *ledger.DID) { d.Keys[0].From = 5 },
		"reopened":           func(d *ledger.DID) { d.Keys[0].Until = 0 },
		"put off":            func(d *ledger.DID) { d.Keys[0].Until++ },
		"no longer stolen":   func(d *ledger.DID) { d.Keys[0].CompromisedFrom = 0 },
		"stolen later":       func(d *ledger.DID) { d.Keys[0].CompromisedFrom++ },
		"skips a number":     func(d *ledger.DID) { d.Sequence++ },
		"number stays":       func(d *ledger.DID) { d.Sequence-- },
		"commits to old key": func(d *ledger.DID) { d.Next = [][32]byte{ledger.KeyHash(marshal(t, b.next))} },
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			next := b.change(t)
			alter(next)
			w.refuse(ledger.ErrConflict, w.sign(next, b.next))
		})
	}
	w.TB = t
	next := b.change(t)
	next.Keys[0].Until--
	next.Keys[0].CompromisedFrom--
	next.Keys[1].Until = start.Unix()
	w.accept(w.sign(next, b.next))
}

func TestDeactivated(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	d := a.change(t)
	d.Deactivated = true
	w.accept(w.sign(d, a.next))
	w.refuse(ledger.ErrUnauthorised, w.sign(anchorOf(a, 1), a.key))
	again := *d
	again.Sequence++
	again.Deactivated = false
	w.refuse(ledger.ErrConflict, w.sign(&again, a.next))
}

func TestProofKeyHasOneOwner(t *testing.T) {
	w := newWorld(t)
	a := w.agency(proofKey(7))
	if owner := must(machine.Value(w.store, ledger.ProofKeyKey(proofKey(7).Public)))(t); string(owner) != a.did {
		t.Fatalf("owner %s", owner)
	}
	if _, err := machine.Value(w.store, ledger.ProofKeyKey(marshal(t, a.key))); !is(err, ledger.ErrAbsent) {
		t.Fatal("a signature key has an owner:", err)
	}
	_, create := w.newAgency(proofKey(7))
	w.refuse(ledger.ErrConflict, create)
	b := w.agency()
	d := b.change(t)
	d.Keys = append(d.Keys, proofKey(7))
	w.refuse(ledger.ErrConflict, w.sign(d, b.next))
}

func TestKeysAreOfTheirPurpose(t *testing.T) {
	w := newWorld(t)
	_, create := w.newAgency(proofKey(0))
	w.refuse(ledger.ErrValue, create)
	_, create = w.newAgency(ledger.PublicKey{ID: "sig-2", Purpose: ledger.PurposeSignature, Public: []byte{9, 1}})
	w.refuse(ledger.ErrSuite, create)
	b := w.agency()
	d := b.change(t)
	d.Keys = append(d.Keys, proofKey(0))
	w.refuse(ledger.ErrValue, w.sign(d, b.next))
}

func TestChangeOfNoDID(t *testing.T) {
	w := newWorld(t)
	a, _ := w.newAgency()
	w.refuse(ledger.ErrMissing, w.sign(a.change(t), a.next))
}
