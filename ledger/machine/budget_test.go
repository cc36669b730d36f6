package machine_test

import (
	"crypto"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// frugal is a world in which an agency may spend 5,000 bytes a day, and all DIDs without an accreditation 3,000.
func frugal(t *testing.T) *world {
	w := newWorld(t)
	var err error
	w.machine, err = machine.New(ledgertest.ZK{}, w.founding, machine.Options{AgencyBudget: 5000, NewcomerBudget: 3000})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// spend submits what make makes until the ledger refuses, and returns how many it took.
func (w *world) spend(limit int, make func(n int) *ledger.SignedOperation) int {
	w.Helper()
	for n := range 100 {
		op := make(n)
		if _, err := w.machine.Apply(w.store, w.now, op); err != nil {
			w.refuse(ledger.ErrBudget, op)
			if size := len(op.Bytes()); n*size > limit || (n+2)*size <= limit {
				w.Errorf("%d operations of %d bytes, of %d", n, size, limit)
			}
			return n
		}
	}
	w.Fatal("no end")
	return 0
}

// TestNewcomer: a DID enters with the signature of an agency that is on the ledger, and by
// no other way. The newcomer's own signature stays necessary.
func TestNewcomer(t *testing.T) {
	w := newWorld(t)
	office := w.accredited(proofKey(7))
	other, create := w.newcomer([]crypto.Signer{office.key})
	w.accept(create)
	for name, admit := range map[string][]crypto.Signer{
		"nobody": nil, "a stranger": {newKey(t)}, "who has no accreditation": {other.key}, "a key in the safe": {office.next},
	} {
		_, create := w.newcomer(admit)
		t.Log(name)
		w.refuse(ledger.ErrNotAdmitted, create)
	}
	w.refuse(ledger.ErrUnauthorised, w.sign(newAgency(t).object, office.key))
	_, create = w.newcomer([]crypto.Signer{other.key, office.key})
	w.accept(create)
	ended := office.change(t)
	key := newKey(t)
	ended.Keys[0].Until = w.now.Unix() + 1
	ended.Keys = append(ended.Keys, ledger.PublicKey{ID: "sig-2", Purpose: ledger.PurposeSignature, Public: marshal(t, key)})
	w.accept(w.sign(ended, office.next))
	w.now = w.now.Add(time.Minute)
	_, create = w.newcomer([]crypto.Signer{office.key})
	w.refuse(ledger.ErrNotAdmitted, create)
	_, create = w.newcomer([]crypto.Signer{key})
	w.accept(create)
	w.audited()
}

// TestNewcomerOfAnotherKey: who lists an agency's key as his own, later, does not take its
// place.
func TestNewcomerOfAnotherKey(t *testing.T) {
	w := newWorld(t)
	office := w.accredited(proofKey(7))
	thief := newAgency(t)
	thief.object.Keys = append(thief.object.Keys, ledger.PublicKey{ID: "sig-2", Purpose: ledger.PurposeSignature, Public: marshal(t, office.key)})
	w.accept(w.sign(thief.object, thief.key, w.root.key))
	_, create := w.newcomer([]crypto.Signer{office.key})
	w.accept(create)
}

// TestNewcomersBudget: those without an accreditation share a budget for their changes, and
// who countersigns pays for it: an agency from its own, the root nothing.
func TestNewcomersBudget(t *testing.T) {
	w := frugal(t)
	inside := w.accredited(proofKey(7))
	var waiting []*agency
	for range 20 {
		waiting = append(waiting, w.agency())
	}
	w.now = w.now.Add(24 * time.Hour)
	took := w.spend(3000, func(n int) *ledger.SignedOperation { return w.sign(waiting[n].change(t), waiting[n].next) })
	late := waiting[took]
	w.accept(w.sign(late.change(t), late.next, inside.key))
	w.accept(w.sign(waiting[took+1].change(t), waiting[took+1].next, w.root.key))
	w.accept(w.sign(inside.change(t), inside.next))
	left := waiting[took+2]
	w.refuse(ledger.ErrBudget, w.sign(left.change(t), left.next))
	w.now = w.now.Add(24 * time.Hour)
	w.accept(w.sign(left.change(t), left.next))
}

// TestSponsorsBudget: the bytes of newcomers count in the budget of the agency that admits
// them, and of no other.
func TestSponsorsBudget(t *testing.T) {
	w := frugal(t)
	a, b := w.accredited(proofKey(7)), w.accredited(proofKey(8))
	w.now = w.now.Add(24 * time.Hour)
	admitted := func(by *agency) func(int) *ledger.SignedOperation {
		return func(int) *ledger.SignedOperation {
			_, create := w.newcomer([]crypto.Signer{by.key})
			return create
		}
	}
	w.spend(5000, admitted(a))
	w.refuse(ledger.ErrBudget, w.sign(&ledger.Audit{Agency: a.did}, a.key))
	w.accept(admitted(b)(0))
	for range 50 {
		w.accept(admitted(w.root)(0))
	}
}

// TestAgencyBudget: an agency spends its own bytes, and no other's. What it spends is
// counted before it is applied, too. The root agency always goes on.
func TestAgencyBudget(t *testing.T) {
	w := frugal(t)
	a, b := w.accredited(proofKey(7)), w.accredited(proofKey(8))
	w.now = w.now.Add(24 * time.Hour)
	audit := func(a *agency) func(int) *ledger.SignedOperation {
		return func(int) *ledger.SignedOperation { return w.sign(&ledger.Audit{Agency: a.did}, a.key) }
	}
	w.spend(5000, audit(a))
	admission := w.machine.NewAdmission(w.store)
	if err := admission.Admit(w.now, audit(a)(0)); !errors.Is(err, ledger.ErrBudget) {
		t.Error("admitted:", err)
	}
	w.accept(audit(b)(0))
	for range 50 {
		w.accept(audit(w.root)(0))
	}
	w.now = w.now.Add(24 * time.Hour)
	w.spend(5000, audit(a))
	w.audited()
}
