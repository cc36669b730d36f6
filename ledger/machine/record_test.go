package machine_test

import (
	"crypto"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

func TestTrail(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	seller, buyer := newKey(t), newKey(t)
	first := trailOf(t, a, seller)
	w.refuse(ledger.ErrMissing, w.sign(first, a.key, seller)) // no rule yet
	w.accept(w.sign(ruleOf(a), a.key))

	outside := *first
	outside.Region = shanghai
	w.refuse(ledger.ErrUnauthorised, w.sign(&outside, a.key, seller))
	w.refuse(ledger.ErrUnauthorised, w.sign(first, seller))
	w.refuse(ledger.ErrUnauthorised, w.sign(first, a.key))
	early := *first
	early.Sequence, early.Previous = 1, [32]byte{1}
	w.refuse(ledger.ErrMissing, w.sign(&early, a.key, seller))
	closed := *first
	closed.State = "closed"
	w.refuse(ledger.ErrConflict, w.sign(&closed, a.key, seller))
	w.accept(w.sign(first, a.key, seller))

	again := *first
	again.Commitment[0]++
	w.refuse(ledger.ErrConflict, w.sign(&again, a.key, seller))
	sold := step(first, "held")
	sold.Holder = marshal(t, buyer)
	for _, signers := range [][]crypto.Signer{{a.key, seller}, {a.key, buyer}, {seller, buyer}} {
		w.refuse(ledger.ErrUnauthorised, w.sign(sold, signers...))
	}
	for name, alter := range map[string]func(*ledger.Trail){
		"sequence":         func(n *ledger.Trail) { n.Sequence++ },
		"previous":         func(n *ledger.Trail) { n.Previous[0] ^= 1 },
		"region":           func(n *ledger.Trail) { n.Region = beijing },
		"rule":             func(n *ledger.Trail) { n.Version = 2 },
		"commitment again": func(n *ledger.Trail) { n.Commitment = first.Commitment },
		"unknown step":     func(n *ledger.Trail) { n.State = "gone" },
	} {
		t.Run(name, func(t *testing.T) {
			bad := *sold
			alter(&bad)
			w.refuse(ledger.ErrConflict, w.sign(&bad, a.key, seller, buyer))
		})
	}
	w.accept(w.sign(sold, a.key, seller, buyer))

	// Steps that do not ask for the next holder or the registrar change neither.
	noted := step(sold, "noted")
	noted.Holder = marshal(t, seller)
	w.refuse(ledger.ErrUnauthorised, w.sign(noted, a.key, seller))
	ended := step(sold, "closed")
	ended.Registrar = w.root.did
	w.refuse(ledger.ErrUnauthorised, w.sign(ended, buyer))
	ended.Registrar = a.did
	w.refuse(ledger.ErrUnauthorised, w.sign(ended, seller))
	w.accept(w.sign(ended, buyer))
	w.refuse(ledger.ErrConflict, w.sign(step(ended, "held"), a.key, buyer, seller)) // claimed once
}

// TestTrailWithoutHolder begins a record that nobody holds, and one whose holder
// could never sign.
func TestTrailWithoutHolder(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	rule := ruleOf(a)
	rule.Transitions[0].Signers = ledger.SignerRegistrar
	w.accept(w.sign(rule, a.key))
	trail := trailOf(t, a, a.key)
	trail.Holder = []byte{9, 9}
	w.refuse(ledger.ErrSuite, w.sign(trail, a.key))
	trail.Holder = nil
	w.accept(w.sign(trail, a.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(step(trail, "closed"), a.key))
}

func TestPurpose(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	p := w.purposeOf(a)
	missing := *p
	missing.Verifier = "did:hufu:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	w.refuse(ledger.ErrMissing, w.sign(&missing, w.root.key))
	own := *p
	own.Regulator = a.did
	w.refuse(ledger.ErrUnauthorised, w.sign(&own, a.key))
	w.accept(w.sign(p, w.root.key))

	regulator, via := w.province()
	taken := *p
	taken.Regulator, taken.Via = regulator.did, via.Key()
	w.refuse(ledger.ErrUnauthorised, w.sign(&taken, regulator.key))
	p.State = ledger.StateEnded
	w.accept(w.sign(p, w.root.key))
	w.accept(w.sign(&taken, regulator.key))
	wide := taken
	wide.Region = "000000"
	w.refuse(ledger.ErrUnauthorised, w.sign(&wide, regulator.key))
	foreign := taken
	foreign.Asked = []ledger.Asked{{Type: "https://example.org/other", Claims: []string{"x"}}, taken.Asked[0]}
	w.refuse(ledger.ErrUnauthorised, w.sign(&foreign, regulator.key))
}

func TestGrant(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	citizen := newKey(t)
	g := w.grantOf(a, citizen)
	w.refuse(ledger.ErrUnauthorised, w.sign(g, a.key))
	w.refuse(ledger.ErrUnauthorised, w.sign(g, citizen))
	over := *g
	over.Until = w.now.Unix()
	w.refuse(ledger.ErrConflict, w.sign(&over, citizen, a.key))
	born := *g
	born.State = ledger.GrantRevoked
	w.refuse(ledger.ErrConflict, w.sign(&born, citizen, a.key))
	w.accept(w.sign(g, citizen, a.key))

	longer := *g
	longer.Until++
	w.refuse(ledger.ErrConflict, w.sign(&longer, citizen, a.key))
	revoked := *g
	revoked.State = ledger.GrantRevoked
	w.refuse(ledger.ErrUnauthorised, w.sign(&revoked, a.key))
	w.accept(w.sign(&revoked, citizen))
	w.refuse(ledger.ErrConflict, w.sign(g, citizen, a.key))
	w.refuse(ledger.ErrConflict, w.sign(&revoked, citizen))
}

func TestAuditLeavesNoValue(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	entry := &ledger.Audit{Agency: a.did, Hash: [32]byte{7}}
	before := w.accept(w.sign(anchorOf(a, 1), a.key)).Head
	commit := w.accept(w.sign(entry, a.key))
	if commit.Head.State.StateRoot != before.State.StateRoot || commit.Head.Size != before.Size+2 {
		t.Error("an audit entry changed the state map, or not the log")
	}
}

func TestUse(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	e := w.counting(a)
	w.accept(w.sign(useOf(a, e, 1), a.key))
	w.refuse(ledger.ErrUsed, w.sign(useOf(a, e, 1), a.key))
	w.accept(w.sign(useOf(a, e, 2), a.key))
	// Twice in one batch.
	w.refuse(ledger.ErrUsed, w.sign(useOf(a, e, 3), a.key), w.sign(useOf(a, e, 3), a.key))
	for name, c := range map[string]struct {
		alter func(*ledger.Use)
		want  error
	}{
		"event":     {func(u *ledger.Use) { u.Event = "other" }, ledger.ErrProof},
		"payload":   {func(u *ledger.Use) { u.Payload[0]++ }, ledger.ErrProof},
		"proof":     {func(u *ledger.Use) { u.Proof[63] ^= 1 }, ledger.ErrProof},
		"nullifier": {func(u *ledger.Use) { u.Nullifier[0] ^= 1 }, ledger.ErrProof},
		"epoch":     {func(u *ledger.Use) { u.Epoch++ }, ledger.ErrMissing},
		"rule":      {func(u *ledger.Use) { u.Version++ }, ledger.ErrMissing},
	} {
		t.Run(name, func(t *testing.T) {
			u := useOf(a, e, 4)
			c.alter(u)
			w.refuse(c.want, w.sign(u, a.key))
		})
	}
	// The question is the rule's, not the use's.
	for _, q := range []ledger.Question{
		{Schema: "driver", Version: 1, Statement: [32]byte{18}}, {Schema: "resident", Version: 2, Statement: [32]byte{18}},
		{Schema: "resident", Version: 1, Statement: [32]byte{21}},
	} {
		other := useOf(a, e, 4)
		other.Proof = proofOf(a, e, other, 4, q)
		w.refuse(ledger.ErrProof, w.sign(other, a.key))
	}
	u := useOf(a, e, 4)
	seen := must(ledger.ParseSeen(must(machine.Value(w.store, useOf(a, e, 1).Key()))(t)))(t)
	if seen.Payload != useOf(a, e, 1).Payload {
		t.Error("another payload was noted")
	}
	w.now = time.Unix(int64(e.Number+1)*3600, 0).Add(7200 * time.Second)
	w.accept(w.sign(u, a.key)) // the last second
	w.now = w.now.Add(time.Second)
	w.refuse(ledger.ErrStale, w.sign(useOf(a, e, 5), a.key))
}

// TestUseNeeds takes away, one at a time, what a use rests on.
func TestUseNeeds(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	e := w.counting(a)
	plain := ruleOf(a)
	plain.ID, plain.MaxAge, plain.Question = "plain", 0, ledger.Question{}
	w.accept(w.sign(plain, a.key))
	u := useOf(a, e, 1)
	u.Rule = "plain"
	w.refuse(ledger.ErrMissing, w.sign(u, a.key))
	vk := must(ledger.ParseVK(must(machine.Value(w.store, ledger.VKKey("use")))(t)))(t)
	vk.State = ledger.VKRetired
	w.accept(w.sign(vk, w.root.key))
	w.refuse(ledger.ErrMissing, w.sign(useOf(a, e, 1), a.key))
}

// TestUseUnderAKeyOfOneParty: the record of the key decides, not the key alone.
func TestUseUnderAKeyOfOneParty(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	e := w.countingWith(a, &ledger.VK{Circuit: "use", Setup: ledger.SetupSingleParty, State: ledger.VKActive})
	w.refuse(ledger.ErrProof, w.sign(useOf(a, e, 1), a.key))
}

func TestUseNeedsTheKeyFile(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	w.accept(w.sign(ruleOf(a), a.key), w.sign(vkOf("use"), w.root.key))
	w.now = w.now.Add(time.Hour)
	commit := w.accept()
	e := must(ledger.ParseEpoch(must(machine.Value(w.store, ledger.EpochKey(commit.Head.State.Epoch)))(t)))(t)
	w.refuse(ledger.ErrMissing, w.sign(useOf(a, e, 1), a.key))
}

func TestRulesAndKeyFilesOnce(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	rule := ruleOf(a)
	file := &ledger.KeyFile{File: []byte{1}, Agency: a.did}
	w.accept(w.sign(rule, a.key), w.sign(file, a.key))
	rule.MaxAge++
	w.refuse(ledger.ErrConflict, w.sign(rule, a.key))
	w.refuse(ledger.ErrConflict, w.sign(file, a.key))
}

// TestSubmissionsAreApart: a refused submission takes nothing of the others with
// it, and leaves no gap in the log.
func TestSubmissionsAreApart(t *testing.T) {
	w := newWorld(t)
	good, bad, last := w.sign(anchorOf(w.root, 1), w.root.key), w.sign(anchorOf(w.root, 2), newKey(t)), w.sign(anchorOf(w.root, 3), w.root.key)
	before := must(machine.ReadHead(w.store))(t)
	commit := must(w.machine.ApplyEach(w.store, w.now, []*ledger.SignedOperation{good}, []*ledger.SignedOperation{last, bad}, []*ledger.SignedOperation{last}))(t)
	r := commit.Results
	if r[0].Err != nil || !is(r[1].Err, ledger.ErrUnauthorised) || r[1].Receipts != nil || r[2].Err != nil {
		t.Fatalf("%+v", r)
	}
	if r[0].Receipts[0].Index != before.Size || r[2].Receipts[0].Index != before.Size+1 || commit.Head.Size != before.Size+3 {
		t.Errorf("%+v, size %d after %d", r, commit.Head.Size, before.Size)
	}
	if err := w.audit(w.store); err != nil {
		t.Error(err)
	}
	none := must(w.machine.ApplyEach(w.store, w.now, []*ledger.SignedOperation{bad}))(t)
	if none.Changed || none.Head.Size != commit.Head.Size {
		t.Error("a refused submission made a checkpoint")
	}
}
