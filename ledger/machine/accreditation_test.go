package machine_test

import (
	"crypto"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// state is the store as a ledger.State.
type state struct{ *machine.Memory }

func (s state) Get(key string) ([]byte, error) { return machine.Value(s.Memory, key) }

func (w *world) mayIssue(a *agency, region string) error {
	_, err := ledger.Accredited(state{w.store}, w.root.did, a.did, vct, ledger.ActionIssue, region, w.now)
	return err
}

// province may accredit others in Beijing.
func (w *world) province() (*agency, *ledger.Accreditation) {
	w.Helper()
	p := w.agency()
	a := w.accreditation(p, ledger.ActionAccredit, beijing)
	w.accept(w.sign(a, w.root.key))
	return p, a
}

// given is an accreditation to issue by an agency that is not the root.
func given(by *agency, via string, to *agency, region string) *ledger.Accreditation {
	return &ledger.Accreditation{
		Agency: to.did, Action: ledger.ActionIssue, Region: region, Type: vct,
		Accreditor: by.did, Via: via, State: ledger.StateActive, Subject: ledgertest.SubjectOf(to.did),
	}
}

func TestChain(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	a := w.agency()
	w.accept(w.sign(given(p, entitlement.Key(), a, dongche), p.key))

	chain, err := ledger.Accredited(state{w.store}, w.root.did, a.did, vct, ledger.ActionIssue, dongche, w.now)
	if err != nil || len(chain) != 2 || chain[0].Agency != a.did || chain[1].Agency != p.did {
		t.Fatal(chain, err)
	}
	if err := w.mayIssue(a, "110102"); !is(err, ledger.ErrNotAccredited) {
		t.Fatal("another district:", err)
	}
	if err := w.mayIssue(p, dongche); !is(err, ledger.ErrNotAccredited) {
		t.Fatal("accrediting is not issuing:", err)
	}

	// The chain is cut above: what hangs below it no longer counts.
	for _, c := range []struct {
		state string
		want  error
	}{
		{ledger.StateSuspended, ledger.ErrSuspended},
		{ledger.StateActive, nil},
		{ledger.StateEnded, ledger.ErrEnded},
	} {
		entitlement.State = c.state
		if c.state == ledger.StateEnded {
			entitlement.Until = w.now.Unix()
		}
		w.accept(w.sign(entitlement, w.root.key))
		if err := w.mayIssue(a, dongche); !is(err, c.want) {
			t.Fatalf("province %s: %v", c.state, err)
		}
	}
}

func TestSuspendRestoreEnd(t *testing.T) {
	w := newWorld(t)
	a := w.agency()
	accr := w.accreditation(a, ledger.ActionIssue, beijing)
	w.accept(w.sign(accr, w.root.key))
	for _, c := range []struct {
		state string
		want  error
	}{
		{ledger.StateSuspended, ledger.ErrSuspended},
		{ledger.StateActive, nil},
		{ledger.StateEnded, ledger.ErrEnded},
		{ledger.StateRevoked, ledger.ErrAccreditationRevoked}, // found out afterwards
	} {
		accr.State = c.state
		if c.state == ledger.StateEnded {
			accr.Until = w.now.Unix()
		}
		w.refuse(ledger.ErrUnauthorised, w.sign(accr, a.key))
		w.accept(w.sign(accr, w.root.key))
		if err := w.mayIssue(a, beijing); !is(err, c.want) {
			t.Fatalf("%s: %v", c.state, err)
		}
	}
	accr.State = ledger.StateSuspended
	w.refuse(ledger.ErrConflict, w.sign(accr, w.root.key)) // over: only anew
	accr.State, accr.From, accr.Until = ledger.StateActive, start.Unix(), 0
	w.accept(w.sign(accr, w.root.key))
}

func TestNotEntitled(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	a := w.agency()
	via := entitlement.Key()
	anyType := given(p, via, a, dongche)
	anyType.Type, anyType.Action = ledger.AnyType, ledger.ActionAccredit
	otherType := given(p, via, a, dongche)
	otherType.Type = "https://example.org/driver"
	issuer := w.accredited()
	for name, c := range map[string]struct {
		object *ledger.Accreditation
		signer crypto.Signer
	}{
		"another province":    {given(p, via, a, shanghai), p.key},
		"the whole country":   {given(p, via, a, "000000"), p.key},
		"another type":        {otherType, p.key},
		"any type":            {anyType, p.key},
		"by way of nothing":   {given(p, "", a, dongche), p.key},
		"by way of issuing":   {given(issuer, ledger.AccreditationKey(issuer.did, ledger.ActionIssue, beijing, vct), a, dongche), issuer.key},
		"by way of the void":  {given(a, ledger.AccreditationKey(a.did, ledger.ActionAccredit, beijing, vct), a, dongche), a.key},
		"without entitlement": {given(a, "", a, dongche), a.key},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			w.refuse(ledger.ErrUnauthorised, w.sign(c.object, c.signer))
		})
	}
	w.TB = t
	op := must(ledger.NewOperation(given(p, via, a, dongche)))(t)
	if _, err := ledger.NewOperation(given(p, ledger.AccreditationKey(a.did, ledger.ActionAccredit, beijing, vct), a, dongche)); !is(err, ledger.ErrValue) {
		t.Fatal("by way of another's accreditation:", err)
	}
	entitlement.State = ledger.StateSuspended
	w.accept(w.sign(entitlement, w.root.key))
	w.refuse(ledger.ErrUnauthorised, must(ledger.Sign(w.founding.ID(), op, p.key))(t))
}

func TestAccreditationKeepsItsGiver(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	a := w.agency()
	w.accept(w.sign(given(p, entitlement.Key(), a, dongche), p.key))
	other, entitled := w.province()
	w.refuse(ledger.ErrConflict, w.sign(given(other, entitled.Key(), a, dongche), other.key))
	moved := given(p, entitlement.Key(), a, dongche)
	moved.From = 1
	w.refuse(ledger.ErrConflict, w.sign(moved, p.key))
	born := w.accreditation(a, ledger.ActionVerify, dongche)
	born.State = ledger.StateSuspended
	w.refuse(ledger.ErrConflict, w.sign(born, w.root.key))
	nobody := &agency{did: w.root.did[:len(w.root.did)-1] + "a"}
	if nobody.did != w.root.did {
		w.refuse(ledger.ErrMissing, w.sign(w.accreditation(nobody, ledger.ActionIssue, beijing), w.root.key))
	}
}

// TestChainIsCapped builds the longest chain and one link more.
func TestChainIsCapped(t *testing.T) {
	w := newWorld(t)
	by, last := w.province()
	for range ledger.MaxChain - 1 {
		next := w.agency()
		a := given(by, last.Key(), next, beijing)
		a.Action = ledger.ActionAccredit
		w.accept(w.sign(a, by.key))
		by, last = next, a
	}
	w.refuse(ledger.ErrChain, w.sign(given(by, last.Key(), w.agency(), beijing), by.key))
}

func TestPeriodOfAccreditation(t *testing.T) {
	w := newWorld(t)
	a := w.agency()
	accr := w.accreditation(a, ledger.ActionIssue, beijing)
	accr.From, accr.Until = start.Unix()+10, start.Unix()+20
	w.accept(w.sign(accr, w.root.key))
	for seconds, want := range map[int]error{9: ledger.ErrNotInForce, 10: nil, 19: nil, 20: ledger.ErrNotInForce} {
		w.now = start.Add(time.Duration(seconds) * time.Second)
		if err := w.mayIssue(a, beijing); !is(err, want) {
			t.Errorf("after %d s: %v", seconds, err)
		}
	}
}

func TestDeactivatedCutsTheChain(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	a := w.agency()
	w.accept(w.sign(given(p, entitlement.Key(), a, dongche), p.key))
	d := p.change(t)
	d.Deactivated = true
	w.accept(w.sign(d, p.next))
	if err := w.mayIssue(a, dongche); !is(err, ledger.ErrDeactivated) {
		t.Fatal(err)
	}
}
