package machine

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

// Replay rebuilds a ledger in memory from the leaves of a store's log. It
// verifies every signature, applies every rule again, and compares every state
// leaf with the result of the operations before it. The error is a
// [*DamagedError] that names the first wrong leaf, or the store's own.
func (m *Machine) Replay(store Store) (*Memory, error) { return m.ReplayTo(store, math.MaxUint64) }

// ReplayTo is Replay of the first size leaves, or of all if there are fewer. It
// reads the next checkpoint and verifies its signatures while it applies one.
func (m *Machine) ReplayTo(store Store, size uint64) (*Memory, error) {
	memory := NewMemory()
	replica, err := NewReplica(m, memory)
	if err != nil {
		return nil, err
	}
	blocks, stop := make(chan *block, 1), make(chan struct{})
	var reading error
	go func() {
		defer close(blocks)
		reading = m.readBlocks(store, size, func(b *block) error {
			select {
			case blocks <- b:
				return nil
			case <-stop:
				return errEnough
			}
		})
	}()
	for b := range blocks {
		if err == nil {
			if err = replica.apply(b); err != nil {
				close(stop)
			}
		}
	}
	if err == nil {
		err = reading
	}
	if err != nil {
		return nil, err
	}
	return memory, nil
}

// readBlocks calls yield for one checkpoint after the other.
func (m *Machine) readBlocks(store Store, size uint64, yield func(*block) error) error {
	var first uint64
	var pending [][]byte
	err := store.Scan(TableLeaf, nil, func(key, leaf []byte) error {
		next := first + uint64(len(pending))
		if next == size {
			return errEnough
		}
		if !bytes.Equal(key, u64(next)) {
			return damagedLeaf(next, errors.New("missing"))
		}
		if !ledger.IsStateLeaf(leaf) {
			pending = append(pending, bytes.Clone(leaf))
			return nil
		}
		b := m.readBlock(first, pending, leaf)
		first, pending = next+1, nil
		return yield(b)
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil && len(pending) > 0 {
		err = damagedLeaf(first+uint64(len(pending))-1, errors.New("no checkpoint follows"))
	}
	return err
}

// Compare compares every row of a store with the result of a replay. The error
// is a [*DamagedError] that names the first row that differs, or the store's
// own.
func Compare(store Store, want *Memory) error {
	for _, table := range Tables() {
		if err := compareTable(store, want, table); err != nil {
			return err
		}
	}
	return nil
}

func compareTable(store Store, want *Memory, table Table) error {
	next := want.tables[table].Iter()
	more := next.First()
	err := store.Scan(table, nil, func(key, value []byte) error {
		if !more || string(key) < next.Key() {
			return &DamagedError{table, bytes.Clone(key), "added"}
		}
		if string(key) > next.Key() {
			return &DamagedError{table, []byte(next.Key()), "missing"}
		}
		if !bytes.Equal(value, next.Value()) {
			return &DamagedError{table, bytes.Clone(key), "changed"}
		}
		more = next.Next()
		return nil
	})
	if err == nil && more {
		err = &DamagedError{table, []byte(next.Key()), "missing"}
	}
	return err
}

// Audit replays the log of a store and compares every row. It holds the whole
// ledger in memory. The error is a [*DamagedError], or the store's own.
func (m *Machine) Audit(store Store) error {
	memory, err := m.Replay(store)
	if err != nil {
		return fmt.Errorf("machine: audit: %w", err)
	}
	return Compare(store, memory)
}

// CheckHashes recomputes the log's hashes from its leaves and compares them
// with the stored ones. This shows whether a leaf was changed, not whether it
// was right. The error is a [*DamagedError], or the store's own.
func CheckHashes(store Store) error {
	var tree hashes
	n := uint64(0)
	err := store.Scan(TableLeaf, nil, func(key, leaf []byte) error {
		if !bytes.Equal(key, u64(n)) {
			return damagedLeaf(n, errors.New("missing"))
		}
		added, err := tlog.StoredHashes(int64(n), leaf, tree)
		tree = append(tree, added...)
		n++
		return err
	})
	if err != nil {
		return err
	}
	head, err := ReadHead(store)
	if err != nil {
		return err
	}
	if head.Size != n {
		return damagedHead(fmt.Sprintf("%d leaves", n))
	}
	return tree.compare(store)
}

// hashes holds the hashes of a log, in tlog's order.
type hashes []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = h[n]
	}
	return out, nil
}

// compare compares the rows of TableHash with the hashes.
func (h hashes) compare(store Store) error {
	rest, row := h, int64(0)
	err := store.Scan(TableHash, nil, func(key, value []byte) error {
		var want []byte
		for _, hash := range rest[:min(hashesPerRow, len(rest))] {
			want = append(want, hash[:]...)
		}
		if !bytes.Equal(key, hashRow(row*hashesPerRow)) || !bytes.Equal(value, want) {
			return &DamagedError{TableHash, bytes.Clone(key), "changed"}
		}
		rest, row = rest[len(value)/tlog.HashSize:], row+1
		return nil
	})
	if err == nil && len(rest) > 0 {
		err = &DamagedError{TableHash, hashRow(row * hashesPerRow), "missing"}
	}
	return err
}
