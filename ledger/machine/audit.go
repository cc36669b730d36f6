package machine

import (
	"bytes"
	"errors"
	"fmt"
	"math"
)

// Replay builds a ledger anew, in memory, from the leaves of a store's log: every
// signature is verified and every rule applied again, and every state leaf must
// be the one that the operations before it lead to. The error is a
// [*DamagedError] that names the first leaf that is not as it should be, or the
// store's own.
func (m *Machine) Replay(store Store) (*Memory, error) { return m.ReplayTo(store, math.MaxUint64) }

// ReplayTo is Replay of the first size leaves, or of all if there are fewer.
func (m *Machine) ReplayTo(store Store, size uint64) (*Memory, error) {
	memory := NewMemory()
	replica, err := NewReplica(m, memory)
	if err != nil {
		return nil, err
	}
	err = store.Scan(TableLeaf, nil, func(key, leaf []byte) error {
		if replica.Next() == size {
			return errEnough
		}
		if !bytes.Equal(key, u64(replica.Next())) {
			return damagedLeaf(replica.Next(), errors.New("missing"))
		}
		return replica.Add(leaf)
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil && replica.Pending() > 0 {
		err = damagedLeaf(replica.Next()-1, errors.New("no checkpoint follows"))
	}
	if err != nil {
		return nil, err
	}
	return memory, nil
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
