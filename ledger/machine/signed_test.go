package machine_test

import (
	"bytes"
	"context"
	"math"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// stolenSince has an agency say from when on another may have had its key.
func (w *world) stolenSince(a *agency, since time.Time) *agency {
	w.Helper()
	d, next := rotate(w, a, 0, since.Unix())
	w.accept(w.sign(d, a.next))
	return next
}

func (w *world) pass(d time.Duration) time.Time {
	w.now = w.now.Add(d)
	return w.now
}

func read[T any](w *world, key string, parse func([]byte) (*T, error)) *T {
	w.Helper()
	return must(parse(must(machine.Value(w.store, key))(w)))(w)
}

func (w *world) audited() {
	w.Helper()
	if err := w.audit(w.store); err != nil {
		w.Error(err)
	}
}

// TestStolenAccreditation: what a thief gave falls, with all that hangs below it. What the
// key gave before the theft stands, and the new key gives anew.
func TestStolenAccreditation(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	before, rogue, middle, below := w.agency(), w.agency(), w.agency(), w.agency()
	w.accept(w.sign(given(p, entitlement.Key(), before, dongche), p.key))
	theft := w.pass(time.Minute)
	bad := given(p, entitlement.Key(), rogue, dongche)
	via := given(p, entitlement.Key(), middle, dongche)
	via.Action = ledger.ActionAccredit
	w.accept(w.sign(bad, p.key), w.sign(via, p.key), w.sign(given(middle, via.Key(), below, dongche), middle.key))
	w.pass(time.Minute)
	next := w.stolenSince(p, theft)
	for a, want := range map[*agency]error{before: nil, rogue: ledger.ErrAccreditationRevoked, below: ledger.ErrAccreditationRevoked} {
		if err := w.mayIssue(a, dongche); !is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	reader := machine.NewReader(func(_ context.Context, read func(machine.Store, []byte) error) error {
		return read(w.store, nil)
	})
	head := must(machine.ReadHead(w.store))(t)
	changes := must(reader.History(t.Context(), bad.Key(), 0))(t)
	if len(changes) != 2 || changes[1].Index != head.Size-2 {
		t.Errorf("changes %v of a log of %d", changes, head.Size)
	}
	w.accept(w.sign(bad, next.key)) // no theft after all
	if err := w.mayIssue(rogue, dongche); err != nil {
		t.Error(err)
	}
	w.audited()
}

// TestStolenPurpose: what a counter may ask on a thief's word is over.
func TestStolenPurpose(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	early, late := w.purposeOf(a), w.purposeOf(a)
	late.ID = "tax"
	w.accept(w.sign(early, w.root.key))
	theft := w.pass(time.Minute)
	w.accept(w.sign(late, w.root.key))
	next := w.stolenSince(w.root, theft)
	if p := read(w, early.Key(), ledger.ParsePurpose); p.State != ledger.StateActive {
		t.Error("of before the theft:", p.State)
	}
	if p := read(w, late.Key(), ledger.ParsePurpose); p.State != ledger.StateEnded {
		t.Error("of the thief:", p.State)
	}
	w.accept(w.sign(late, next.key))
	w.audited()
}

// TestStolenStatusList has no content, and is not what it was before. The issuer goes on
// after its own last sequence, whatever the thief had left of them.
func TestStolenStatusList(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	other := statusOf(a, 9)
	other.URI += "0"
	w.accept(w.sign(statusOf(a, 5), a.key), w.sign(other, a.key))
	theft := w.pass(time.Minute)
	w.accept(w.sign(statusOf(a, math.MaxUint64), a.key))
	next := w.stolenSince(a, theft)
	s := read(w, statusOf(a, 1).Key(), ledger.ParseStatus)
	if s.Root != ([32]byte{}) || s.ValidUntil == 0 || w.now.Unix() < s.ValidUntil || s.Issuer != a.did {
		t.Errorf("%+v", s)
	}
	if s := read(w, other.Key(), ledger.ParseStatus); s.Sequence != 9 {
		t.Errorf("a list of before the theft: %+v", s)
	}
	w.accept(w.sign(statusOf(a, 6), next.key))
	w.audited()
}

// TestStolenFromEarlier: the theft turns out to be older than was thought.
func TestStolenFromEarlier(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	w.accept(w.sign(statusOf(a, 1), a.key))
	next := w.stolenSince(a, w.pass(time.Minute))
	if s := read(w, statusOf(a, 1).Key(), ledger.ParseStatus); s.Sequence != 1 {
		t.Fatalf("%+v", s)
	}
	earlier, _ := rotate(t, next, 0, start.Unix())
	earlier.Keys[2].ID = "sig-3"
	w.accept(w.sign(earlier, next.next))
	if s := read(w, statusOf(a, 1).Key(), ledger.ParseStatus); s.Sequence != 0 {
		t.Errorf("%+v", s)
	}
}

// TestNotOnlyTheThief: what another key of the DID signed too, or signed since, stands,
// until that key is stolen as well. What another agency signed since stands.
func TestNotOnlyTheThief(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	d, b := rotate(t, a, 0, 0) // two keys in force
	w.accept(w.sign(d, a.next))
	both, since := statusOf(a, 1), statusOf(a, 1)
	since.URI += "0"
	w.accept(w.sign(both, a.key, b.key), w.sign(since, a.key))
	again := *since
	again.Sequence++
	w.accept(w.sign(&again, b.key))
	first := b.change(t)
	first.Keys[0].CompromisedFrom = start.Unix()
	third := newKey(t)
	first.Keys = append(first.Keys, ledger.PublicKey{ID: "sig-3", Purpose: ledger.PurposeSignature, Public: marshal(t, b.next)})
	first.Next = [][32]byte{ledger.KeyHash(marshal(t, third))}
	w.accept(w.sign(first, b.next))
	for _, s := range []*ledger.Status{both, &again} {
		if now := read(w, s.Key(), ledger.ParseStatus); *now != *s {
			t.Errorf("%+v", now)
		}
	}
	second := (&agency{did: a.did, object: first}).change(t)
	second.Keys[1].CompromisedFrom = start.Unix()
	w.accept(w.sign(second, third))
	for _, s := range []*ledger.Status{both, &again} {
		if now := read(w, s.Key(), ledger.ParseStatus); now.Sequence != 0 {
			t.Errorf("%+v", now)
		}
	}
	w.audited()
}

// TestTakenFromTheThief: an accreditation that the root has taken since is the root's.
func TestTakenFromTheThief(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	a := w.agency()
	w.accept(w.sign(given(p, entitlement.Key(), a, dongche), p.key))
	w.accept(w.sign(w.accreditation(a, ledger.ActionIssue, dongche), w.root.key))
	w.stolenSince(p, start)
	if err := w.mayIssue(a, dongche); err != nil {
		t.Error(err)
	}
}

// TestKeyOnAStrangersDID: a stranger who lists another's key and calls it stolen ends
// nothing.
func TestKeyOnAStrangersDID(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	w.accept(w.sign(statusOf(a, 1), a.key))
	stranger := w.agency(ledger.PublicKey{ID: "sig-9", Purpose: ledger.PurposeSignature, Public: marshal(t, a.key)})
	d := stranger.change(t)
	d.Keys[1].CompromisedFrom = 1
	w.accept(w.sign(d, stranger.next))
	if s := read(w, statusOf(a, 1).Key(), ledger.ParseStatus); s.Sequence != 1 {
		t.Errorf("%+v", s)
	}
}

// TestStolenRoot: the key of the root is stolen, which accredits itself and its like. The
// key from the safe puts everything right, and another machine replays it.
func TestStolenRoot(t *testing.T) {
	w := newWorld(t)
	honest := w.accredited(proofKey(7))
	w.accept(w.sign(schemaOf(w.root, 1), w.root.key))
	theft := w.pass(time.Hour)
	w.accept()
	thief := w.agency(proofKey(8))
	rogue := w.accreditation(thief, ledger.ActionAccredit, "000000")
	rogue.Type = ledger.AnyType
	helper := w.agency(proofKey(9))
	hung := given(thief, rogue.Key(), helper, beijing)
	ended := w.accreditation(honest, ledger.ActionIssue, beijing)
	ended.State = ledger.StateSuspended
	w.accept(w.sign(rogue, w.root.key), w.sign(hung, thief.key), w.sign(ended, w.root.key))
	w.pass(time.Hour)
	w.accept()
	next := w.stolenSince(w.root, theft)
	for a, want := range map[*agency]error{helper: ledger.ErrAccreditationRevoked, honest: ledger.ErrAccreditationRevoked} {
		if err := w.mayIssue(a, beijing); !is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	w.refuse(ledger.ErrUnauthorised, w.sign(rogue, w.root.key))
	w.accept(w.sign(w.accreditation(honest, ledger.ActionIssue, beijing), next.key))
	if err := w.mayIssue(honest, beijing); err != nil {
		t.Error(err)
	}
	w.pass(time.Hour)
	state := w.accept().Head.State
	if leaves := must(machine.Registry(w.store, state.Epoch))(t); len(leaves) != 1 {
		t.Errorf("%d leaves", len(leaves))
	}
	w.audited()
	replayed := machine.NewMemory()
	err := w.with(ledgertest.ZK{}).Audit(t.Context(), machine.ReadsOf(w.store), replayed, nil)
	if err != nil || !bytes.Equal(dump(t, w.store), dump(t, replayed)) {
		t.Error("a replay ends elsewhere")
	}
}
