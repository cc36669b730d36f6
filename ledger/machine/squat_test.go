package machine_test

import (
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// TestSquattedAccreditation: an agency takes the key under which another would be
// accredited. While it may accredit, only the root takes the key from it. Once it may not,
// any agency that may accredit takes it.
func TestSquattedAccreditation(t *testing.T) {
	for name, fall := range map[string]func(w *world, squatter *agency, entitlement *ledger.Accreditation){
		"revoked": func(w *world, _ *agency, entitlement *ledger.Accreditation) {
			entitlement.State = ledger.StateRevoked
			w.accept(w.sign(entitlement, w.root.key))
		},
		"suspended": func(w *world, _ *agency, entitlement *ledger.Accreditation) {
			entitlement.State = ledger.StateSuspended
			w.accept(w.sign(entitlement, w.root.key))
		},
		"over": func(w *world, _ *agency, entitlement *ledger.Accreditation) {
			entitlement.State, entitlement.Until = ledger.StateEnded, w.now.Unix()
			w.accept(w.sign(entitlement, w.root.key))
		},
		"deactivated": func(w *world, squatter *agency, _ *ledger.Accreditation) {
			last := squatter.change(w)
			last.Deactivated = true
			w.accept(w.sign(last, squatter.next))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			squatter, entitlement := w.province()
			honest, entitled := w.province()
			victim := w.agency()
			w.accept(w.sign(given(squatter, entitlement.Key(), victim, dongche), squatter.key))
			good := given(honest, entitled.Key(), victim, dongche)
			w.refuse(ledger.ErrConflict, w.sign(good, honest.key)) // the squatter may accredit too
			fall(w, squatter, entitlement)
			ended := *good
			ended.State = ledger.StateSuspended
			w.refuse(ledger.ErrConflict, w.sign(&ended, honest.key)) // nobody suspends another's
			w.accept(w.sign(good, honest.key))
			if err := w.mayIssue(victim, dongche); err != nil {
				t.Error(err)
			}
			want := ledger.ErrConflict
			if name == "deactivated" {
				want = ledger.ErrUnauthorised
			}
			w.refuse(want, w.sign(given(squatter, entitlement.Key(), victim, dongche), squatter.key))
		})
	}
}

// TestRootTakesAnyAccreditation that another gave, to end it or to give it itself.
func TestRootTakesAnyAccreditation(t *testing.T) {
	w := newWorld(t)
	squatter, entitlement := w.province()
	victim := w.agency()
	w.accept(w.sign(given(squatter, entitlement.Key(), victim, dongche), squatter.key))
	own := w.accreditation(victim, ledger.ActionIssue, dongche)
	w.accept(w.sign(own, w.root.key))
	w.refuse(ledger.ErrConflict, w.sign(given(squatter, entitlement.Key(), victim, dongche), squatter.key))
	own.State = ledger.StateRevoked
	w.accept(w.sign(own, w.root.key))
	if err := w.mayIssue(victim, dongche); !is(err, ledger.ErrAccreditationRevoked) {
		t.Error(err)
	}
}

// TestSquattedPurpose: the same for what a counter may ask.
func TestSquattedPurpose(t *testing.T) {
	w := newWorld(t)
	squatter, entitlement := w.province()
	honest, entitled := w.province()
	victim := w.agency()
	by := func(a *agency, via *ledger.Accreditation) *ledger.Purpose {
		p := *w.purposeOf(victim)
		p.Regulator, p.Via = a.did, via.Key()
		return &p
	}
	w.accept(w.sign(by(squatter, entitlement), squatter.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(by(honest, entitled), honest.key))
	entitlement.State = ledger.StateRevoked
	w.accept(w.sign(entitlement, w.root.key))
	w.accept(w.sign(by(honest, entitled), honest.key))
	w.accept(w.sign(w.purposeOf(victim), w.root.key)) // the root, from one that may
	w.refuse(ledger.ErrUnauthorised, w.sign(by(honest, entitled), honest.key))
}
