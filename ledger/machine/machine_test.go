package machine_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/internal/statemap"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

func TestReplayIsIdempotent(t *testing.T) {
	w := newWorld(t)
	op := w.sign(anchorOf(w.root, 1), w.root.key)
	first := w.accept(op)
	before := dump(t, w.store)
	again := w.accept(op)
	if again.Changed || !bytes.Equal(before, dump(t, w.store)) {
		t.Fatal("a replayed operation changed something")
	}
	want := first.Results[0].Receipts[0]
	want.Replayed = true
	if again.Results[0].Receipts[0] != want || again.Head != first.Head {
		t.Fatalf("got %+v, want %+v", again.Results[0].Receipts[0], want)
	}
	twice := w.accept(w.sign(anchorOf(w.root, 2), w.root.key), op)
	if twice.Results[0].Receipts[0].Replayed || !twice.Results[0].Receipts[1].Replayed || twice.Head.Size != first.Head.Size+2 {
		t.Fatalf("%+v", twice)
	}
}

func TestBatchIsAtomic(t *testing.T) {
	w := newWorld(t)
	w.refuse(ledger.ErrUnauthorised, w.sign(anchorOf(w.root, 1), w.root.key), w.sign(anchorOf(w.root, 2), newKey(t)))
}

func TestClockBackwards(t *testing.T) {
	w := newWorld(t)
	w.accept()
	w.now = w.now.Add(-time.Millisecond)
	if _, err := w.machine.Apply(w.store, w.now); !is(err, machine.ErrClock) {
		t.Fatal("heartbeat:", err)
	}
	if _, err := w.machine.Apply(w.store, w.now, w.sign(anchorOf(w.root, 1), w.root.key)); !is(err, machine.ErrClock) {
		t.Fatal("operation:", err)
	}
	if _, err := w.machine.Apply(machine.NewMemory(), time.Unix(-1, 0)); !is(err, machine.ErrClock) {
		t.Fatal("before 1970:", err)
	}
}

func TestConfig(t *testing.T) {
	founding := newWorld(t).founding
	nobody, nothing := founding, founding
	nobody.RootDID, nothing.First = "did:web:example.org", [32]byte{}
	for name, err := range map[string]error{
		"no zk":      second(machine.New(nil, founding, machine.Options{})),
		"no root":    second(machine.New(ledgertest.ZK{}, nobody, machine.Options{})),
		"no first":   second(machine.New(ledgertest.ZK{}, nothing, machine.Options{})),
		"half a day": second(machine.New(ledgertest.ZK{}, founding, machine.Options{EpochLength: 1500 * time.Millisecond})),
		"negative":   second(machine.New(ledgertest.ZK{}, founding, machine.Options{EpochLength: -time.Hour})),
	} {
		if !is(err, machine.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestMapProofs holds every proof, of presence and absence, against the root
// while the map grows.
func TestMapProofs(t *testing.T) {
	w := newWorld(t)
	var keys []string
	for n := range 60 {
		commit := w.accept(w.sign(anchorOf(w.root, byte(n)), w.root.key))
		keys = append(keys, anchorOf(w.root, byte(n)).Key())
		absent := fmt.Sprintf("absent/%d", n)
		proof := must(machine.Prove(w.store, nil, append([]string{absent}, keys...)...))(t)
		for _, e := range proof.Entries {
			if (len(e.Value) == 0) != (e.Key == absent) {
				t.Fatal("wrong value under", e.Key)
			}
			if root := must(statemap.Root(e.Proof, e.Key, e.Value))(t); root != commit.Head.State.StateRoot {
				t.Fatalf("%d entries: proof of %s leads elsewhere", n, e.Key)
			}
		}
	}
}

// TestOrderDoesNotMatter: the root depends on what is in the map, not on how it
// came there.
func TestOrderDoesNotMatter(t *testing.T) {
	w := newWorld(t)
	other := machine.NewMemory()
	ops := []*ledger.SignedOperation{}
	for n := range 40 {
		ops = append(ops, w.sign(anchorOf(w.root, byte(n)), w.root.key))
	}
	if _, err := w.store.Get(machine.TableHead, []byte("head")); err != nil {
		t.Fatal(err)
	}
	copyStore(t, w.store, other)
	forth := w.accept(ops...)
	for i := len(ops) - 1; i > 0; i-- {
		must(w.machine.Apply(other, w.now, ops[i]))(t)
	}
	back := must(w.machine.Apply(other, w.now, ops[0]))(t)
	if forth.Head.State.StateRoot != back.Head.State.StateRoot {
		t.Fatal("two roots of one map")
	}
}

func copyStore(t testing.TB, from, to machine.Store) {
	for _, table := range machine.Tables() {
		if err := from.Scan(table, nil, func(k, v []byte) error { return to.Put(table, k, v) }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConsistencyProofSizes(t *testing.T) {
	w := newWorld(t)
	w.accept(w.sign(anchorOf(w.root, 1), w.root.key))
	for _, c := range [][2]uint64{{0, 3}, {4, 3}, {3, 99}} {
		if _, err := machine.ProveConsistency(w.store, c[0], c[1]); !is(err, ledger.ErrNotIncluded) {
			t.Errorf("%v: %v", c, err)
		}
	}
	must(machine.ProveConsistency(w.store, 3, 5))(t)
}

func TestAudit(t *testing.T) {
	w := newWorld(t)
	a := w.accredited(proofKey(7))
	w.accept(w.sign(schemaOf(a, 1), a.key), w.sign(statusOf(a, 1), a.key))
	w.accept(w.sign(&ledger.Revocation{ProofKey: proofKey(7).Public, List: listURI}, a.key))
	w.now = w.now.Add(time.Hour)
	w.accept()
	if err := w.audit(w.store); err != nil {
		t.Fatal(err)
	}
	for _, table := range machine.Tables() {
		var keys, values [][]byte
		err := w.store.Scan(table, nil, func(k, v []byte) error {
			keys, values = append(keys, k), append(values, bytes.Clone(v))
			return nil
		})
		if err != nil || len(keys) == 0 {
			t.Fatalf("%s: %d rows, %v", table, len(keys), err)
		}
		for i := range keys {
			copied := machine.NewMemory()
			copyStore(t, w.store, copied)
			values[i][len(values[i])-1] ^= 1
			if err := copied.Put(table, keys[i], values[i]); err != nil {
				t.Fatal(err)
			}
			if err := w.audit(copied); !is(err, machine.ErrDamaged) {
				t.Errorf("%s %x: %v", table, keys[i], err)
			}
		}
		copied := machine.NewMemory()
		copyStore(t, w.store, copied)
		copied.Put(table, append(bytes.Clone(keys[0]), 1), values[0])
		if err := w.audit(copied); !is(err, machine.ErrDamaged) {
			t.Errorf("%s, a row more: %v", table, err)
		}
	}
}

// TestWhatABatchRemembers: who is an agency is asked once, until it changes.
func TestWhatABatchRemembers(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	suspended := w.accreditation(a, ledger.ActionIssue, beijing)
	suspended.State = ledger.StateSuspended
	w.refuse(ledger.ErrUnauthorised, w.sign(anchorOf(a, 1), a.key), w.sign(suspended, w.root.key), w.sign(anchorOf(a, 2), a.key))
	ended := a.change(t)
	ended.Keys[0].Until = w.now.Unix()
	w.refuse(ledger.ErrUnauthorised, w.sign(anchorOf(a, 1), a.key), w.sign(ended, a.next), w.sign(anchorOf(a, 2), a.key))

	// What a refused submission changed is forgotten with it.
	stranger := w.agency()
	commit := must(w.machine.ApplyEach(w.store, w.now,
		[]*ledger.SignedOperation{w.sign(w.accreditation(stranger, ledger.ActionVerify, beijing), w.root.key), w.sign(anchorOf(stranger, 3), stranger.key), w.sign(anchorOf(stranger, 4), a.key)},
		[]*ledger.SignedOperation{w.sign(anchorOf(stranger, 5), stranger.key)},
	))(t)
	for i, r := range commit.Results {
		if !is(r.Err, ledger.ErrUnauthorised) {
			t.Errorf("submission %d: %v", i, r.Err)
		}
	}
}

func TestBatchSignedTogether(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	var ops []*ledger.Operation
	for n := range 9 {
		ops = append(ops, must(ledger.NewOperation(anchorOf(a, byte(n))))(t))
	}
	w.accept(must(ledger.SignBatch(w.founding.ID(), ops, a.key))(t)...)
	if err := w.audit(w.store); err != nil {
		t.Error(err)
	}
}
