package ledger_test

import (
	"bytes"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// TestCountersign: signatures gather on one operation, one after the other or at once.
func TestCountersign(t *testing.T) {
	a, b, c := newKey(t), newKey(t), newKey(t)
	op := must(ledger.Unsigned(anchorOf(1)))(t)
	op = must(ledger.ParseSignedOperation(op.Bytes()))(t) // travels as a file
	one := must(ledger.Countersign(ledgerID, op, a))(t)
	chain := must(ledger.Countersign(ledgerID, must(ledger.Countersign(ledgerID, one, c))(t), b))(t)
	merged := must(ledger.Merge(one, op, must(ledger.Countersign(ledgerID, op, b, c))(t), one))(t)
	for name, signed := range map[string]*ledger.SignedOperation{"one after the other": chain, "at once": merged} {
		if keys, err := signed.Verify(ledgerID, ledger.DefaultSuites()); err != nil || len(keys) != 3 {
			t.Error(name, len(keys), err)
		}
		if signed.Operation.ID() != op.Operation.ID() {
			t.Error(name, "another operation")
		}
	}
	if len(op.Signatures) != 0 || len(one.Signatures) != 1 {
		t.Error("an operation that was countersigned has changed")
	}
	if _, err := ledger.Countersign(ledgerID, one, a); !is(err, ledger.ErrFormat) {
		t.Error("one signer twice:", err)
	}
	bad := must(ledger.ParseSignedOperation(one.Bytes()))(t)
	bad.Signatures[0].Signature[5] ^= 1
	if _, err := ledger.Countersign(ledgerID, bad, b); !is(err, ledger.ErrSignature) {
		t.Error("behind a bad signature:", err)
	}
	if _, err := ledger.Merge(one, must(ledger.Unsigned(anchorOf(1)))(t)); !is(err, ledger.ErrFormat) {
		t.Error("another operation:", err)
	}
	if _, err := ledger.Merge(); !is(err, ledger.ErrFormat) {
		t.Error("nothing:", err)
	}
	ops := []*ledger.Operation{must(ledger.NewOperation(anchorOf(1)))(t), must(ledger.NewOperation(anchorOf(2)))(t)}
	batch := must(ledger.SignBatch(ledgerID, ops, a))(t)
	if _, err := ledger.Countersign(ledgerID, batch[0], b); !is(err, ledger.ErrFormat) {
		t.Error("of a batch:", err)
	}
	if _, err := ledger.Merge(batch[0]); !is(err, ledger.ErrFormat) {
		t.Error("of a batch:", err)
	}
	if _, err := ledger.Unsigned(&ledger.Anchor{}); !is(err, ledger.ErrValue) {
		t.Error(err)
	}
}

// TestNomination: an agency proves its key, and takes the place that it has.
func TestNomination(t *testing.T) {
	key, next := newKey(t), newKey(t)
	d := must(ledger.NewDecider(key.Public(), next.Public()))(t)
	n := must(ledger.Nominate(ledger.Nomination{Origin: origin, Ledger: ledgerID, Decider: ledger.Decider{Next: d.Next}}, key))(t)
	if n.Decider.Next != d.Next || !bytes.Equal(n.Decider.Key, d.Key) || n.Ledger != ledgerID {
		t.Error("another say")
	}
	agreed := &ledger.Agreement{Threshold: 1}
	if err := agreed.Seat(ledger.ID{9}, n); !is(err, ledger.ErrConflict) {
		t.Error("for another ledger:", err)
	}
	if err := agreed.Seat(ledgerID, n); err != nil || len(agreed.Deciders) != 1 {
		t.Fatal(err)
	}
	later := must(ledger.Nominate(ledger.Nomination{
		Origin: origin, Ledger: ledgerID, Decider: ledger.Decider{Next: [32]byte{7}}, Replaces: d.Next,
	}, newKey(t)))(t)
	if err := agreed.Seat(ledgerID, later); err != nil || len(agreed.Deciders) != 1 || agreed.Deciders[0].Next != [32]byte{7} {
		t.Error("not in the place that it has:", err)
	}
	if err := agreed.Seat(ledgerID, later); !is(err, ledger.ErrConflict) {
		t.Error("replaces what nobody has:", err)
	}
	if err := agreed.Unseat(d.Name()); !is(err, ledger.ErrMissing) {
		t.Error(err)
	}
	if err := agreed.Unseat(later.Decider.Name()[:7]); !is(err, ledger.ErrMissing) {
		t.Error("by seven digits:", err)
	}
	if err := agreed.Unseat(later.Decider.Name()[:8]); err != nil || len(agreed.Deciders) != 0 {
		t.Error(err)
	}
	for name, change := range map[string]func(*ledger.Nomination){
		"another's key":  func(n *ledger.Nomination) { n.Decider.Key = later.Decider.Key },
		"next key":       func(n *ledger.Nomination) { n.Decider.Next[0] ^= 1 },
		"place":          func(n *ledger.Nomination) { n.Replaces = [32]byte{1} },
		"origin":         func(n *ledger.Nomination) { n.Origin = "elsewhere.example" },
		"ledger":         func(n *ledger.Nomination) { n.Ledger[0] ^= 1 },
		"to be founded":  func(n *ledger.Nomination) { n.Ledger = ledger.ID{} },
		"proof too long": func(n *ledger.Nomination) { n.Proof = append(bytes.Clone(n.Proof), 0) },
	} {
		altered := *n
		change(&altered)
		if _, err := ledger.ParseNomination(altered.Bytes()); !is(err, ledger.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ledger.Nominate(ledger.Nomination{Origin: origin}, key); !is(err, ledger.ErrValue) {
		t.Error("no next key:", err)
	}
	for _, origin := range []string{"", "a b", "\xff"} {
		unfit := ledger.Nomination{Origin: origin, Decider: d}
		if _, err := ledger.Nominate(unfit, key); !is(err, ledger.ErrKey) {
			t.Errorf("origin %q: %v", origin, err)
		}
		if _, err := ledger.ParseNomination(unfit.Bytes()); err == nil {
			t.Errorf("origin %q was read", origin)
		}
	}
	if _, err := ledger.ParseNomination(make([]byte, 1<<13)); !is(err, ledger.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := ledger.ParseNomination([]byte("{}{}")); !is(err, ledger.ErrFormat) {
		t.Error(err)
	}
}

func FuzzNomination(f *testing.F) {
	key := newKey(f)
	n := must(ledger.Nominate(ledger.Nomination{Origin: origin, Ledger: ledgerID, Decider: ledger.Decider{Next: [32]byte{7}}}, key))(f)
	f.Add(n.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ledger.ParseNomination(b)
		if err != nil {
			return
		}
		if again, err := ledger.ParseNomination(n.Bytes()); err != nil || !bytes.Equal(again.Bytes(), n.Bytes()) {
			t.Error("read back as another:", err)
		}
	})
}
