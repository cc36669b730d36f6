package machine_test

import (
	"crypto"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// TestNamesAreTheirOwners: whatever an agency puts on the ledger first, another puts
// its own of the same name there too.
func TestNamesAreTheirOwners(t *testing.T) {
	w := newWorld(t)
	first, second := w.accredited(), w.accredited()
	citizen := newKey(t)
	for _, a := range []*agency{first, second} {
		w.accept(w.sign(statusOf(a, 1), a.key), w.sign(anchorOf(a, 1), a.key), w.sign(ruleOf(a), a.key),
			w.sign(w.grantOf(a, citizen), a.key, citizen))
		w.accept(w.sign(trailOf(t, a, citizen), a.key, citizen))
	}
	for _, a := range []*agency{first, second} {
		for _, o := range []ledger.Object{statusOf(a, 1), anchorOf(a, 1), ruleOf(a), w.grantOf(a, citizen), trailOf(t, a, citizen)} {
			if value := must(machine.Value(w.store, o.Key()))(t); string(value) != string(o.Bytes()) {
				t.Errorf("%s is not its own", o.Kind())
			}
		}
	}
	// A record is begun in nobody's name but the registrar's.
	stolen := trailOf(t, second, citizen)
	stolen.Record[0]++
	stolen.Founder = first.did
	if _, err := ledger.NewOperation(stolen); !is(err, ledger.ErrValue) {
		t.Error(err)
	}
	// The same record under another rule would be another record.
	moved := step(trailOf(t, first, citizen), "held")
	moved.RuleOwner = second.did
	w.refuse(ledger.ErrConflict, w.sign(moved, first.key, citizen))
}

// TestAnchorForAType is taken from one agency of all that issue the type.
func TestAnchorForAType(t *testing.T) {
	w := newWorld(t)
	first, second := w.accredited(), w.accredited()
	forType := func(a *agency) *ledger.Anchor {
		anchor := anchorOf(a, 1)
		anchor.Type = vct
		return anchor
	}
	outsider := w.agency()
	other := w.accreditation(outsider, ledger.ActionVerify, beijing)
	w.accept(w.sign(other, w.root.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(forType(outsider), outsider.key))
	w.accept(w.sign(anchorOf(outsider, 1), outsider.key)) // in no type's way
	w.accept(w.sign(forType(first), first.key))
	w.refuse(ledger.ErrConflict, w.sign(forType(first), first.key))
	w.refuse(ledger.ErrConflict, w.sign(forType(second), second.key))
	if owner := must(machine.Value(w.store, ledger.SoleKey(anchorOf(first, 1).Hash, vct)))(t); string(owner) != first.did {
		t.Errorf("noted for %s", owner)
	}
	elsewhere := forType(second)
	elsewhere.Type = "https://example.org/driver"
	w.refuse(ledger.ErrUnauthorised, w.sign(elsewhere, second.key))
	driver := w.accreditation(second, ledger.ActionIssue, beijing)
	driver.Type, driver.Subject = elsewhere.Type, ledgertest.SubjectOf(second.did)
	w.accept(w.sign(driver, w.root.key))
	w.accept(w.sign(elsewhere, second.key)) // for another type
}

// TestHandover: no registrar takes a record from another alone.
func TestHandover(t *testing.T) {
	for name, c := range map[string]struct {
		// fall is what becomes of the registrar before, nil for nothing.
		fall func(w *world, old *agency)
		// old and root say who signs beside the new registrar and the holder.
		old, root bool
		want      error
	}{
		"alone":             {want: ledger.ErrUnauthorised},
		"handed over":       {old: true},
		"by the root":       {root: true, want: ledger.ErrUnauthorised},
		"from the revoked":  {fall: revoke, want: ledger.ErrUnauthorised},
		"and by the root":   {fall: revoke, root: true},
		"by the revoked":    {fall: revoke, old: true},
		"from nobody":       {fall: deactivate, want: ledger.ErrUnauthorised},
		"from nobody, root": {fall: deactivate, root: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			old, heir := w.accredited(), w.accredited()
			holder := newKey(t)
			w.accept(w.sign(ruleOf(old), old.key))
			first := trailOf(t, old, holder)
			w.accept(w.sign(first, old.key, holder))
			if c.fall != nil {
				c.fall(w, old)
			}
			next := step(first, "noted")
			next.Registrar = heir.did
			signers := []crypto.Signer{heir.key}
			if c.old {
				signers = append(signers, old.key)
			}
			if c.root {
				signers = append(signers, w.root.key)
			}
			op := w.sign(next, signers...)
			if c.want != nil {
				w.refuse(c.want, op)
				return
			}
			w.accept(op)
			if value := must(machine.Value(w.store, first.Key()))(t); string(value) != string(next.Bytes()) {
				t.Error("the record has another key by now")
			}
		})
	}
}

func revoke(w *world, a *agency) {
	lost := w.accreditation(a, ledger.ActionIssue, beijing)
	lost.State = ledger.StateRevoked
	w.accept(w.sign(lost, w.root.key))
}

func deactivate(w *world, a *agency) {
	last := a.change(w)
	last.Deactivated = true
	w.accept(w.sign(last, a.next))
}

// TestNextVersionOfASchema is its owner's, unless the root signs.
func TestNextVersionOfASchema(t *testing.T) {
	w := newWorld(t)
	a, b := w.accredited(), w.accredited()
	w.refuse(ledger.ErrMissing, w.sign(schemaOf(a, 2), a.key)) // nobody takes a later name
	w.accept(w.sign(schemaOf(a, 1), a.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(schemaOf(b, 2), b.key))
	w.refuse(ledger.ErrMissing, w.sign(schemaOf(a, 3), a.key))
	w.accept(w.sign(schemaOf(a, 2), a.key))
	w.accept(w.sign(schemaOf(b, 3), b.key, w.root.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(schemaOf(a, 4), a.key))
	w.accept(w.sign(schemaOf(b, 4), b.key))
	w.accept(w.sign(schemaOf(w.root, 5), w.root.key))
}
