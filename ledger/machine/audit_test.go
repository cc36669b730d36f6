package machine_test

import (
	"context"
	"testing"

	"github.com/hufu-id/hufu/ledger/machine"
)

// TestAuditOfALogThatGoesBack: a log that becomes shorter while it is audited is damaged.
func TestAuditOfALogThatGoesBack(t *testing.T) {
	w := newWorld(t)
	older := machine.NewMemory()
	copyStore(t, w.store, older)
	w.accept(w.sign(anchorOf(w.root, 1), w.root.key))
	calls := 0
	log := func(_ context.Context, read func(machine.Store) error) error {
		if calls++; calls > 6 {
			return read(older)
		}
		return read(w.store)
	}
	err := w.machine.Audit(t.Context(), log, machine.NewMemory(), nil)
	if !is(err, machine.ErrDamaged) || calls < 7 {
		t.Error(calls, err)
	}
}

// TestReaderEnds: nothing is read for a reader who has gone.
func TestReaderEnds(t *testing.T) {
	w := newWorld(t)
	reader := machine.NewReader(func(_ context.Context, read func(machine.Store, []byte) error) error { return read(w.store, nil) })
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := reader.Keys(ctx, "", ""); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := reader.Keys(ctx, "", ""); !is(err, context.Canceled) {
		t.Error("keys:", err)
	}
	if _, err := reader.Prove(ctx, "did/x"); !is(err, context.Canceled) {
		t.Error("proof:", err)
	}
}

// TestKeysAfter: the list goes on after a key, and ends with the prefix.
func TestKeysAfter(t *testing.T) {
	w := newWorld(t)
	reader := machine.NewReader(func(_ context.Context, read func(machine.Store, []byte) error) error { return read(w.store, nil) })
	all := must(reader.Keys(t.Context(), "", ""))(t)
	for i, key := range all {
		if rest := must(reader.Keys(t.Context(), "", key))(t); len(rest) != len(all)-i-1 {
			t.Errorf("after %s: %v", key, rest)
		}
		if one := must(reader.Keys(t.Context(), key, ""))(t); len(one) != 1 || one[0] != key {
			t.Errorf("below %s: %v", key, one)
		}
	}
	if len(all) < 2 {
		t.Error(all)
	}
}
