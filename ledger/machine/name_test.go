package machine_test

import (
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/gb"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// bearer is who the ledger notes under a key.
func (w *world) bearer(key string) string {
	w.Helper()
	b, err := machine.Value(w.store, key)
	if err != nil && !is(err, ledger.ErrAbsent) {
		w.Fatal(err)
	}
	return string(b)
}

// library is a new agency with an accreditation, not given yet, under a name that
// all tests want.
func (w *world) library() (*agency, *ledger.Accreditation) {
	w.Helper()
	a := w.agency()
	accr := w.accreditation(a, ledger.ActionVerify, beijing)
	accr.Subject.Name = ledger.Text{English: "Dongcheng Library", Chinese: "东城区图书馆"}
	return a, accr
}

func TestNameIsNoted(t *testing.T) {
	w := newWorld(t)
	a, accr := w.library()
	w.accept(w.sign(accr, w.root.key))
	for _, key := range accr.Subject.Keys() {
		if got := w.bearer(key); got != a.did {
			t.Errorf("%s: %q", key, got)
		}
	}
}

// TestNameOfAnother: nobody gets a name in force, one that looks like it, or a
// code in force.
func TestNameOfAnother(t *testing.T) {
	w := newWorld(t)
	_, accr := w.library()
	w.accept(w.sign(accr, w.root.key))
	_, plain := w.library()
	other := w.accreditation(w.agency(), ledger.ActionVerify, beijing)
	for name, edit := range map[string]func(*ledger.Subject){
		"both names":      func(s *ledger.Subject) { s.Name = plain.Subject.Name },
		"one name":        func(s *ledger.Subject) { s.Name.Chinese = plain.Subject.Name.Chinese },
		"the wrong field": func(s *ledger.Subject) { s.Name.English = plain.Subject.Name.Chinese },
		"the code":        func(s *ledger.Subject) { s.Code = accr.Subject.Code },
		"capitals":        func(s *ledger.Subject) { s.Name.English = "DONGCHENG LIBRARY" },
		"punctuation":     func(s *ledger.Subject) { s.Name.English = "Dong-cheng Library." },
		"accents":         func(s *ledger.Subject) { s.Name.English = "Dóngchéng Library" },
		"a one for an l":  func(s *ledger.Subject) { s.Name.English = "Dongcheng 1ibrary" },
		"brackets":        func(s *ledger.Subject) { s.Name.Chinese = "东城区（图书馆）" },
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			changed := *other
			edit(&changed.Subject)
			w.refuse(ledger.ErrTaken, w.sign(&changed, w.root.key))
		})
	}
	w.TB = t
	w.accept(w.sign(other, w.root.key))
}

// TestNameIsFree: a name is kept through suspension and until it begins, and free
// once no accreditation with it can come to count.
func TestNameIsFree(t *testing.T) {
	for name, c := range map[string]struct {
		then func(w *world, a *agency, accr *ledger.Accreditation)
		free bool
	}{
		"suspended": {func(w *world, _ *agency, accr *ledger.Accreditation) {
			accr.State = ledger.StateSuspended
			w.accept(w.sign(accr, w.root.key))
		}, false},
		"ended": {func(w *world, _ *agency, accr *ledger.Accreditation) {
			accr.State, accr.Until = ledger.StateEnded, w.now.Unix()
			w.accept(w.sign(accr, w.root.key))
		}, true},
		"revoked": {func(w *world, _ *agency, accr *ledger.Accreditation) {
			accr.State = ledger.StateRevoked
			w.accept(w.sign(accr, w.root.key))
		}, true},
		"renamed": {func(w *world, a *agency, accr *ledger.Accreditation) {
			accr.Subject = w.accreditation(a, "", "").Subject
			w.accept(w.sign(accr, w.root.key))
		}, true},
		"deactivated": {func(w *world, a *agency, _ *ledger.Accreditation) {
			d := a.change(w)
			d.Deactivated = true
			w.accept(w.sign(d, a.next))
		}, true},
		"run out": {func(w *world, _ *agency, accr *ledger.Accreditation) {
			accr.Until = w.now.Unix() + 1
			w.accept(w.sign(accr, w.root.key))
			w.now = w.now.Add(time.Second)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a, accr := w.library()
			w.accept(w.sign(accr, w.root.key))
			c.then(w, a, accr)
			heir, next := w.library()
			if !c.free {
				w.refuse(ledger.ErrTaken, w.sign(next, w.root.key))
				return
			}
			w.accept(w.sign(next, w.root.key))
			if got := w.bearer(ledger.NameKey("东城区图书馆")); got != heir.did {
				t.Errorf("borne by %q", got)
			}
		})
	}
}

func TestNameBeforeItBegins(t *testing.T) {
	w := newWorld(t)
	_, accr := w.library()
	accr.From = w.now.Add(time.Hour).Unix()
	w.accept(w.sign(accr, w.root.key))
	_, next := w.library()
	w.refuse(ledger.ErrTaken, w.sign(next, w.root.key))
}

// TestSquatter: whose accreditor is no longer entitled keeps no name, and who was
// suspended or ended does not get it back from its heir.
func TestSquatter(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	squatter := w.agency()
	_, wanted := w.library()
	taken := given(p, entitlement.Key(), squatter, dongche)
	taken.Subject.Name = wanted.Subject.Name
	w.accept(w.sign(taken, p.key))
	w.refuse(ledger.ErrTaken, w.sign(wanted, w.root.key))
	entitlement.State, entitlement.Until = ledger.StateEnded, w.now.Unix()
	w.accept(w.sign(entitlement, w.root.key))
	w.accept(w.sign(wanted, w.root.key))

	again := w.accreditation(squatter, ledger.ActionVerify, beijing)
	again.Subject = taken.Subject
	w.refuse(ledger.ErrTaken, w.sign(again, w.root.key))
}

// TestOneCode: another accreditor cannot make the same DID another organisation;
// its only accreditor can put a code right.
func TestOneCode(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	a, accr := w.library()
	w.accept(w.sign(accr, w.root.key))
	second := given(p, entitlement.Key(), a, dongche)
	second.Subject.Code = gb.USCC("12110101MB9999999")
	w.refuse(ledger.ErrConflict, w.sign(second, p.key))
	accr.Subject.Code = second.Subject.Code
	w.accept(w.sign(accr, w.root.key))
	second.Subject.Name = ledger.Text{English: "Library of Dongcheng", Chinese: "北京市东城区图书馆"}
	w.accept(w.sign(second, p.key))
}

// TestNameStaysWhileSuspended: who an agency is changes only where the rules of
// names are asked.
func TestNameStaysWhileSuspended(t *testing.T) {
	w := newWorld(t)
	_, accr := w.library()
	w.accept(w.sign(accr, w.root.key))
	accr.State, accr.Subject.Contact = ledger.StateSuspended, "010-5550 9999"
	w.refuse(ledger.ErrConflict, w.sign(accr, w.root.key))
}

// TestRootDescribesItself, and its name is nobody else's.
func TestRootDescribesItself(t *testing.T) {
	w := newWorld(t)
	_, accr := w.library()
	self := w.accreditation(w.root, ledger.ActionAccredit, "000000")
	self.Type, self.Subject.Name = ledger.AnyType, accr.Subject.Name
	if self.Key() != ledger.RootKey(w.root.did) {
		t.Fatal(self.Key())
	}
	w.accept(w.sign(self, w.root.key))
	w.refuse(ledger.ErrTaken, w.sign(accr, w.root.key))
}

// TestCodeIsFree: what ended or ran out binds an agency to no code.
func TestCodeIsFree(t *testing.T) {
	for name, end := range map[string]func(w *world, accr *ledger.Accreditation){
		"ended":   func(w *world, accr *ledger.Accreditation) { accr.State, accr.Until = ledger.StateEnded, w.now.Unix()+1 },
		"revoked": func(_ *world, accr *ledger.Accreditation) { accr.State = ledger.StateRevoked },
		"run out": func(w *world, accr *ledger.Accreditation) { accr.Until = w.now.Unix() + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a, accr := w.library()
			w.accept(w.sign(accr, w.root.key))
			end(w, accr)
			w.accept(w.sign(accr, w.root.key))
			w.now = w.now.Add(time.Second)
			next := w.accreditation(a, ledger.ActionIssue, beijing)
			next.Subject.Code = gb.USCC("12110101MB9999999")
			w.accept(w.sign(next, w.root.key))
		})
	}
}
