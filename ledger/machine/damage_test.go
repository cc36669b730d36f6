package machine_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// broken is a store whose n-th call fails.
type broken struct {
	machine.Store
	left int
}

var errBroken = errors.New("broken store")

func (b *broken) call() error {
	if b.left--; b.left < 0 {
		return errBroken
	}
	return nil
}

func (b *broken) Get(table machine.Table, key []byte) ([]byte, error) {
	if err := b.call(); err != nil {
		return nil, err
	}
	return b.Store.Get(table, key)
}

func (b *broken) Put(table machine.Table, key, value []byte) error {
	if err := b.call(); err != nil {
		return err
	}
	return b.Store.Put(table, key, value)
}

func (b *broken) ScanAfter(table machine.Table, prefix, after []byte, yield func(key, value []byte) error) error {
	if err := b.call(); err != nil {
		return err
	}
	return b.Store.ScanAfter(table, prefix, after, yield)
}

func (b *broken) Scan(table machine.Table, prefix []byte, yield func(key, value []byte) error) error {
	if err := b.call(); err != nil {
		return err
	}
	return b.Store.Scan(table, prefix, yield)
}

// TestBrokenStore lets every single call fail in turn: the error comes out as it
// is, and never as a refusal of the operation.
func TestBrokenStore(t *testing.T) {
	w := newWorld(t)
	a := w.accredited(proofKey(7))
	w.accept(w.sign(schemaOf(a, 1), a.key), w.sign(statusOf(a, 1), a.key))
	w.now = w.now.Add(time.Hour)
	d, _ := rotate(t, a, 0, start.Unix())
	_, create := w.newAgency(proofKey(8))
	ops := []*ledger.SignedOperation{
		create,
		w.sign(statusOf(a, 2), a.key),
		w.sign(anchorOf(a, 1), a.key),
		w.sign(&ledger.Revocation{ProofKey: proofKey(7).Public, List: listURI}, a.key),
		w.sign(w.accreditation(a, ledger.ActionVerify, beijing), w.root.key),
		w.sign(vkOf("prepare"), w.root.key),
		w.sign(w.consortium(1, 1, w.root.key), w.promised(1, w.root.key)),
		w.sign(d, a.next),
	}
	for calls := 0; ; calls++ {
		copied := machine.NewMemory()
		copyStore(t, w.store, copied)
		_, err := w.machine.Apply(&broken{copied, calls}, w.now, ops...)
		if err == nil {
			if calls < 50 {
				t.Fatalf("done after %d calls", calls)
			}
			return
		}
		var refused *ledger.RefusedError
		if !is(err, errBroken) || errors.As(err, &refused) {
			t.Fatalf("call %d: %v", calls, err)
		}
	}
}

// TestBrokenReads does the same for what reads only.
func TestBrokenReads(t *testing.T) {
	w := newWorld(t)
	w.accredited(proofKey(7))
	epoch := w.close().Number
	for name, read := range map[string]func(machine.Store) error{
		"prove": func(s machine.Store) error {
			return second(machine.Prove(s, nil, ledger.AgreementKey(0), ledger.AgreementKey(9)))
		},
		"consistency": func(s machine.Store) error { return second(machine.ProveConsistency(s, 3, 6)) },
		"registry":    func(s machine.Store) error { return second(machine.Registry(s, epoch)) },
		"revoked":     func(s machine.Store) error { return second(machine.RevokedAfter(s, epoch, nil)) },
		"audit":       w.audit,
		"hashes":      checkHashes,
	} {
		calls := 0
		for ; ; calls++ {
			err := read(&broken{w.store, calls})
			if err == nil {
				break
			}
			if !is(err, errBroken) {
				t.Fatalf("%s, call %d: %v", name, calls, err)
			}
		}
		if calls < 2 {
			t.Errorf("%s: done after %d calls", name, calls)
		}
	}
}

// without copies a store and leaves out one row.
func without(t testing.TB, from machine.Store, table machine.Table, key []byte) *machine.Memory {
	to := machine.NewMemory()
	for _, x := range machine.Tables() {
		err := from.Scan(x, nil, func(k, v []byte) error {
			if x == table && bytes.Equal(k, key) {
				return nil
			}
			return to.Put(x, k, v)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func index(n byte) []byte { return []byte{7: n} }

func TestReplayNamesTheLeaf(t *testing.T) {
	w := newWorld(t) // leaves: did, trust, state
	w.accept(w.sign(anchorOf(w.root, 1), w.root.key))
	altered := func(n byte, alter func([]byte)) *machine.Memory {
		copied := without(t, w.store, machine.TableLeaf, index(n))
		leaf := must(w.store.Get(machine.TableLeaf, index(n)))(t)
		alter(leaf)
		if err := copied.Put(machine.TableLeaf, index(n), leaf); err != nil {
			t.Fatal(err)
		}
		return copied
	}
	shorter := without(t, w.store, machine.TableHead, nil)
	head := must(w.store.Get(machine.TableHead, []byte("head")))(t)
	head[7]--
	if err := shorter.Put(machine.TableHead, []byte("head"), head); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		store   machine.Store
		leaf    byte
		problem string
	}{
		"gap":               {without(t, w.store, machine.TableLeaf, index(2)), 2, "missing"},
		"no last state":     {without(t, w.store, machine.TableLeaf, index(4)), 4, "missing"},
		"size of no state":  {shorter, 3, "no checkpoint follows"},
		"state root":        {altered(4, func(b []byte) { b[30] ^= 1 }), 4, "operations lead to another state"},
		"height":            {altered(4, func(b []byte) { b[19] ^= 1 }), 4, "operations lead to another state"},
		"cut state leaf":    {altered(4, func(b []byte) { b[12] ^= 0x80; b[20] = 0x80 }), 4, ""},
		"time backwards":    {altered(4, func(b []byte) { b[22] = 0 }), 4, machine.ErrClock.Error()},
		"signature":         {altered(3, func(b []byte) { b[len(b)-1] ^= 1 }), 3, ledger.ErrSignature.Error()},
		"second of a batch": {altered(1, func(b []byte) { b[len(b)-1] ^= 1 }), 1, ledger.ErrSignature.Error()},
		"not an operation":  {altered(3, func(b []byte) { b[0] = 0 }), 3, ""},
	} {
		var damaged *machine.DamagedError
		err := w.audit(c.store)
		if !errors.As(err, &damaged) || damaged.Table != machine.TableLeaf || !bytes.Equal(damaged.Key, index(c.leaf)) {
			t.Errorf("%s: %v", name, err)
		} else if c.problem != "" && damaged.Problem != c.problem {
			t.Errorf("%s: %s", name, damaged.Problem)
		}
	}
}

func TestCompareNamesTheRow(t *testing.T) {
	w := newWorld(t)
	want := w.store
	key := []byte(ledger.DIDKey(w.root.did))
	more := without(t, w.store, machine.TableValue, nil)
	if err := more.Put(machine.TableValue, []byte("aaa"), []byte{1}); err != nil {
		t.Fatal(err)
	}
	other := without(t, w.store, machine.TableValue, nil)
	if err := other.Put(machine.TableValue, key, []byte{1}); err != nil {
		t.Fatal(err)
	}
	for problem, c := range map[string]struct {
		store *machine.Memory
		key   []byte
	}{
		"missing": {without(t, w.store, machine.TableValue, key), key},
		"added":   {more, []byte("aaa")},
		"changed": {other, key},
	} {
		var damaged *machine.DamagedError
		err := machine.Compare(c.store, want)
		if !errors.As(err, &damaged) || damaged.Problem != problem || !bytes.Equal(damaged.Key, c.key) {
			t.Errorf("%s: %v", problem, err)
		}
	}
}

// TestDamagedRows: rows of a wrong length, or values that are no objects, are
// nobody's fault but the store's.
func TestDamagedRows(t *testing.T) {
	for name, c := range map[string]struct {
		table machine.Table
		key   func(w *world, op *ledger.SignedOperation) []byte
	}{
		"head":          {machine.TableHead, func(*world, *ledger.SignedOperation) []byte { return []byte("head") }},
		"hash":          {machine.TableHash, func(*world, *ledger.SignedOperation) []byte { return index(0) }},
		"node":          {machine.TableNode, func(*world, *ledger.SignedOperation) []byte { return []byte{0, 0} }},
		"handle":        {machine.TableRevoked, func(*world, *ledger.SignedOperation) []byte { return []byte{1} }},
		"height":        {machine.TableRevoked, func(*world, *ledger.SignedOperation) []byte { return make([]byte, 12) }},
		"did":           {machine.TableValue, func(w *world, _ *ledger.SignedOperation) []byte { return []byte(ledger.DIDKey(w.root.did)) }},
		"schema":        {machine.TableValue, func(*world, *ledger.SignedOperation) []byte { return []byte(ledger.SchemaKey("x", 1)) }},
		"accreditation": {machine.TableValue, func(*world, *ledger.SignedOperation) []byte { return []byte(ledger.PrefixAccreditation + "x") }},
		"operation": {machine.TableOperation, func(_ *world, op *ledger.SignedOperation) []byte {
			id := op.Operation.ID()
			return id[:]
		}},
	} {
		w := newWorld(t)
		w.accept(w.sign(anchorOf(w.root, 2), w.root.key), w.sign(anchorOf(w.root, 3), w.root.key), w.sign(anchorOf(w.root, 4), w.root.key))
		w.now = w.now.Add(time.Hour)
		op := w.sign(anchorOf(w.root, 1), w.root.key)
		if err := w.store.Put(c.table, c.key(w, op), []byte{1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		_, err := w.machine.Apply(w.store, w.now, op)
		var refused *ledger.RefusedError
		if errors.As(err, &refused) || !is(err, machine.ErrDamaged) && !is(err, ledger.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDamagedSets(t *testing.T) {
	w := newWorld(t)
	e := w.close()
	if err := w.store.Put(machine.TableRegistry, append(e.RegistryRoot[:], 1), []byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Registry(w.store, e.Number); !is(err, machine.ErrDamaged) {
		t.Error("registry leaf:", err)
	}
	if err := w.store.Put(machine.TableEpoch, index(9), []byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := machine.RevokedAfter(w.store, 9, nil); !is(err, machine.ErrDamaged) {
		t.Error("height of an epoch:", err)
	}
	if err := w.store.Put(machine.TableValue, []byte(ledger.EpochKey(9)), []byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Registry(w.store, 9); !is(err, machine.ErrDamaged) {
		t.Error("epoch:", err)
	}
}

// TestDamagedAccreditation: what cannot be read is not the same as none.
func TestDamagedAccreditation(t *testing.T) {
	w := newWorld(t)
	a := w.agency()
	if err := w.store.Put(machine.TableValue, []byte(ledger.AccreditationPrefix(a.did)+"x"), []byte{1}); err != nil {
		t.Fatal(err)
	}
	_, err := w.machine.Apply(w.store, w.now, w.sign(anchorOf(a, 1), a.key))
	var refused *ledger.RefusedError
	if !is(err, ledger.ErrFormat) || errors.As(err, &refused) {
		t.Fatal(err)
	}
}

// brokenZK cannot close an epoch.
type brokenZK struct{ ledgertest.ZK }

func (brokenZK) Roots([][32]byte, [][ledger.HandleSize]byte) (a, b [32]byte, err error) {
	return a, b, errBroken
}

type leaflessZK struct{ ledgertest.ZK }

func (leaflessZK) RegistryLeaf([]byte, string, uint32, string, uint32, uint32) (l [32]byte, err error) {
	return l, errBroken
}

// Trees that cannot be made cost an epoch, a leaf that cannot be made costs itself: the
// ledger goes on.
func TestEpochThatCannotClose(t *testing.T) {
	w := newWorld(t)
	a := w.accredited(proofKey(7))
	w.accept(w.sign(schemaOf(a, 1), a.key))
	before := w.close()
	sound := w.machine
	w.machine = w.with(brokenZK{})
	w.now = w.now.Add(time.Hour)
	state := w.accept(w.sign(anchorOf(a, 1), a.key)).Head.State
	if state.Epoch != before.Number || state.RegistryRoot != before.RegistryRoot {
		t.Errorf("epoch %d, want still %d", state.Epoch, before.Number)
	}
	if _, err := machine.Value(w.store, ledger.EpochKey(before.Number+1)); !is(err, ledger.ErrAbsent) {
		t.Errorf("an epoch without trees: %v", err)
	}
	w.machine = w.with(leaflessZK{})
	if got := must(machine.Registry(w.store, w.close().Number))(t); len(got) != 0 {
		t.Errorf("%d leaves", len(got))
	}
	w.machine = sound
	if got := must(machine.Registry(w.store, w.close().Number))(t); len(got) != 1 {
		t.Errorf("%d leaves", len(got))
	}
}

func TestEmptyStore(t *testing.T) {
	if _, err := machine.Prove(machine.NewMemory(), nil); !is(err, machine.ErrDamaged) {
		t.Error(err)
	}
	if _, err := machine.Value(machine.NewMemory(), "a b"); !is(err, ledger.ErrKey) {
		t.Error(err)
	}
}

// TestDamagedHashRow: a row of hashes that is longer than the log is not written on.
func TestDamagedHashRow(t *testing.T) {
	w := newWorld(t)
	row := must(w.store.Get(machine.TableHash, index(0)))(t)
	if err := w.store.Put(machine.TableHash, index(0), append(row, make([]byte, 32)...)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.machine.Apply(w.store, w.now, w.sign(anchorOf(w.root, 1), w.root.key)); !is(err, machine.ErrDamaged) {
		t.Error(err)
	}
}

// TestCheckHashes: rows that are missing, more, or others.
func TestCheckHashes(t *testing.T) {
	w := newWorld(t)
	for n := range byte(20) {
		w.accept(w.sign(anchorOf(w.root, n), w.root.key))
	}
	if err := checkHashes(w.store); err != nil {
		t.Fatal(err)
	}
	head := must(w.store.Get(machine.TableHead, []byte("head")))(t)
	for _, off := range []byte{1, 2} {
		other := without(t, w.store, machine.TableHead, nil)
		head[7] += off // one more, then three
		if err := other.Put(machine.TableHead, []byte("head"), head); err != nil {
			t.Fatal(err)
		}
		if err := checkHashes(other); !is(err, machine.ErrDamaged) {
			t.Error("another size:", err)
		}
	}
	for name, c := range map[string]struct {
		table machine.Table
		last  uint64
	}{"a row of hashes": {machine.TableHash, 0}, "a leaf": {machine.TableLeaf, 0}} {
		err := w.store.Scan(c.table, nil, func(key, _ []byte) error {
			c.last = binary.BigEndian.Uint64(key)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := checkHashes(without(t, w.store, c.table, index(byte(c.last)))); !is(err, machine.ErrDamaged) {
			t.Errorf("without the last of %s: %v", name, err)
		}
		more := without(t, w.store, c.table, nil)
		if err := more.Put(c.table, index(byte(c.last+1)), make([]byte, 32)); err != nil {
			t.Fatal(err)
		}
		if err := checkHashes(more); !is(err, machine.ErrDamaged) {
			t.Errorf("more than the last of %s: %v", name, err)
		}
	}
}
