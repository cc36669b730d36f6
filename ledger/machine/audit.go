package machine

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// Replay builds a ledger anew, in memory, from the leaves of a store's log: every
// signature is verified and every rule applied again, and every state leaf must
// be the one that the operations before it lead to. The error is a
// [*DamagedError] that names the first leaf that is not as it should be, or the
// store's own.
func (m *Machine) Replay(store Store) (*Memory, error) {
	r := &replay{machine: m, memory: NewMemory()}
	if err := store.Scan(TableLeaf, nil, r.leaf); err != nil {
		return nil, err
	}
	if len(r.pending) > 0 {
		return nil, damagedLeaf(r.next-1, errors.New("no checkpoint follows"))
	}
	return r.memory, nil
}

// replay is a replay under way.
type replay struct {
	machine *Machine
	memory  *Memory
	// next is the index of the next leaf.
	next uint64
	// pending are the operations since the last state leaf.
	pending []*ledger.SignedOperation
}

func (r *replay) leaf(key, leaf []byte) error {
	if !bytes.Equal(key, u64(r.next)) {
		return damagedLeaf(r.next, errors.New("missing"))
	}
	r.next++
	if ledger.IsStateLeaf(leaf) {
		return r.checkpoint(leaf)
	}
	op, err := ledger.ParseSignedOperation(leaf)
	if err != nil {
		return damagedLeaf(r.next-1, err)
	}
	r.pending = append(r.pending, op)
	return nil
}

func (r *replay) checkpoint(leaf []byte) error {
	state, err := ledger.ParseStateLeaf(leaf)
	if err != nil {
		return damagedLeaf(r.next-1, err)
	}
	first := r.next - 1 - uint64(len(r.pending))
	commit, err := r.machine.Apply(r.memory, state.Time(), r.pending...)
	var refused *ledger.RefusedError
	if errors.As(err, &refused) {
		return damagedLeaf(first+uint64(refused.Index), refused.Reason)
	}
	if err != nil {
		return damagedLeaf(r.next-1, err)
	}
	if commit.Head.State != *state || commit.Head.Size != r.next {
		return damagedLeaf(r.next-1, errors.New("operations lead to another state"))
	}
	r.pending = nil
	return nil
}

func damagedLeaf(index uint64, err error) error {
	return &DamagedError{Table: TableLeaf, Key: u64(index), Problem: err.Error()}
}

// Compare holds every row of a store against what a replay led to. The error is
// a [*DamagedError] that names the first row that differs, or the store's own.
func Compare(store Store, want *Memory) error {
	for _, table := range Tables() {
		if err := compareTable(store, want, table); err != nil {
			return err
		}
	}
	return nil
}

func compareTable(store Store, want *Memory, table Table) error {
	keys := want.keys(table)
	err := store.Scan(table, nil, func(key, value []byte) error {
		if len(keys) == 0 || string(key) < keys[0] {
			return &DamagedError{table, bytes.Clone(key), "added"}
		}
		if string(key) > keys[0] {
			return &DamagedError{table, []byte(keys[0]), "missing"}
		}
		if !bytes.Equal(value, want.rows[table][keys[0]]) {
			return &DamagedError{table, bytes.Clone(key), "changed"}
		}
		keys = keys[1:]
		return nil
	})
	if err == nil && len(keys) > 0 {
		err = &DamagedError{table, []byte(keys[0]), "missing"}
	}
	return err
}

// Audit replays the log of a store and compares every row. The error is a
// [*DamagedError] or the store's own. It holds the whole ledger in memory.
func (m *Machine) Audit(store Store) error {
	memory, err := m.Replay(store)
	if err != nil {
		return fmt.Errorf("machine: audit: %w", err)
	}
	return Compare(store, memory)
}
