package machine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// frugal is a world in which an agency may spend 5,000 bytes a day, and all newcomers 3,000.
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

// TestNewcomersBudget: strangers make DIDs, and change them, up to a budget that they all
// share. The root agency lets others in, and those who are in go on.
func TestNewcomersBudget(t *testing.T) {
	w := frugal(t)
	inside := w.accredited(proofKey(7))
	w.now = w.now.Add(24 * time.Hour)
	var stranger *agency
	w.spend(3000, func(int) *ledger.SignedOperation {
		a, create := w.newAgency()
		if stranger == nil {
			stranger = a
		}
		return create
	})
	w.refuse(ledger.ErrBudget, w.sign(stranger.change(t), stranger.next))
	_, create := w.newAgency()
	w.accept(must(ledger.Countersign(w.founding.ID(), create, w.root.key))(t))
	w.accept(w.sign(inside.change(t), inside.next))
	w.now = w.now.Add(24 * time.Hour)
	_, create = w.newAgency()
	w.accept(create)
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
