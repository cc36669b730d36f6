package machine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/btree"
	"golang.org/x/mod/sumdb/tlog"
)

// A Table names one sorted map from bytes to bytes.
type Table string

// The tables of a ledger. Integers in keys and values are big-endian.
const (
	// TableLeaf: u64 index → a leaf of the log.
	TableLeaf Table = "leaf"
	// TableHash: u64 n → hashes number 16n to at most 16n+15 of the log, in the
	// order of x/mod/sumdb/tlog.
	TableHash Table = "hash"
	// TableHead: "head" → u64 size of the log ‖ last state leaf.
	TableHead Table = "head"
	// TableOperation: operation id → u64 index of its leaf ‖ u64 height.
	TableOperation Table = "operation"
	// TableValue: key of the state map → value.
	TableValue Table = "value"
	// TableNode: u16 depth ‖ path → node of the state map; see node.go.
	TableNode Table = "node"
	// TableRevoked: handle → u64 height of the checkpoint that revoked it.
	TableRevoked Table = "revoked"
	// TableRegistry: registry root ‖ leaf → 0x01.
	TableRegistry Table = "registry"
	// TableHistory: index of a key in the state map ‖ u64 index of a leaf that
	// changed its value → 0x01.
	TableHistory Table = "history"
	// TableEpoch: u64 epoch → u64 height of the checkpoint that closed it.
	TableEpoch Table = "epoch"
	// TableRoom: what the registry tree may come to hold, and what was spent today; see
	// room.go and budget.go.
	TableRoom Table = "room"
	// TableSigned: which keys signed what lasts; see rulesigned.go.
	TableSigned Table = "signed"
)

// Tables lists all tables.
func Tables() []Table {
	return []Table{TableLeaf, TableHash, TableHead, TableOperation, TableValue, TableNode, TableRevoked, TableRegistry, TableHistory, TableEpoch, TableRoom, TableSigned}
}

// A Store keeps a ledger, as seen from within one transaction. The machine
// writes only when it has accepted a whole batch. The engine commits, or rolls
// back if the machine returns an error.
type Store interface {
	// Get returns the value under key, nil if there is none.
	Get(table Table, key []byte) ([]byte, error)
	// Put sets the value under key. The value is not empty.
	Put(table Table, key, value []byte) error
	// Scan calls yield for every key with the prefix, in ascending order. It
	// stops at the first error and returns it. yield must not use the store.
	Scan(table Table, prefix []byte, yield func(key, value []byte) error) error
	// ScanAfter is Scan from the key after a given one on; nil is before the first.
	ScanAfter(table Table, prefix, after []byte, yield func(key, value []byte) error) error
}

// Memory is a Store in memory. Many goroutines may read while none writes.
type Memory struct{ tables map[Table]*rows }

// rows holds the rows of one table, in the order of their keys.
type rows = btree.Map[string, []byte]

// NewMemory returns an empty store.
func NewMemory() *Memory {
	m := &Memory{map[Table]*rows{}}
	for _, table := range Tables() {
		m.tables[table] = new(rows)
	}
	return m
}

// Get implements Store.
func (m *Memory) Get(table Table, key []byte) ([]byte, error) {
	value, _ := m.tables[table].Get(string(key))
	return slices.Clone(value), nil
}

// Put implements Store.
func (m *Memory) Put(table Table, key, value []byte) error {
	m.tables[table].Set(string(key), slices.Clone(value))
	return nil
}

// Scan implements Store.
func (m *Memory) Scan(table Table, prefix []byte, yield func(key, value []byte) error) (err error) {
	return m.ScanAfter(table, prefix, nil, yield)
}

// ScanAfter implements Store.
func (m *Memory) ScanAfter(table Table, prefix, after []byte, yield func(key, value []byte) error) (err error) {
	m.tables[table].Ascend(max(string(prefix), string(after)), func(key string, value []byte) bool {
		if after != nil && key <= string(after) {
			return true
		}
		if !strings.HasPrefix(key, string(prefix)) {
			return false
		}
		err = yield([]byte(key), value)
		return err == nil
	})
	return err
}

// batch holds writes back until all operations are accepted. A refused batch
// leaves nothing behind. Leaves of the state map wait for the checkpoint, which sets all of
// them at once.
type batch struct {
	base   Store
	writes *Memory
	leaves map[[32]byte]tlog.Hash // by index
}

func newBatch(base Store) *batch { return &batch{base, NewMemory(), map[[32]byte]tlog.Hash{}} }

// changedLeaves lists the leaves that wait, in the order of their indexes.
func (b *batch) changedLeaves() []leaf {
	leaves := make([]leaf, 0, len(b.leaves))
	for index, hash := range b.leaves {
		leaves = append(leaves, leaf{index, hash})
	}
	slices.SortFunc(leaves, func(x, y leaf) int { return bytes.Compare(x.index[:], y.index[:]) })
	return leaves
}

func (b *batch) Get(table Table, key []byte) ([]byte, error) {
	if value, ok := b.writes.tables[table].Get(string(key)); ok {
		return slices.Clone(value), nil
	}
	return b.base.Get(table, key)
}

func (b *batch) Put(table Table, key, value []byte) error { return b.writes.Put(table, key, value) }

type row struct{ key, value []byte }

func (b *batch) Scan(table Table, prefix []byte, yield func(key, value []byte) error) error {
	return b.ScanAfter(table, prefix, nil, yield)
}

func (b *batch) ScanAfter(table Table, prefix, after []byte, yield func(key, value []byte) error) error {
	var rows []row
	add := func(key, value []byte) error {
		rows = append(rows, row{slices.Clone(key), slices.Clone(value)})
		return nil
	}
	err := b.base.ScanAfter(table, prefix, after, func(key, value []byte) error {
		if _, ok := b.writes.tables[table].Get(string(key)); ok {
			return nil
		}
		return add(key, value)
	})
	if err != nil {
		return err
	}
	if err := b.writes.ScanAfter(table, prefix, after, add); err != nil {
		return err
	}
	slices.SortFunc(rows, func(x, y row) int { return bytes.Compare(x.key, y.key) })
	for _, r := range rows {
		if err := yield(r.key, r.value); err != nil {
			return err
		}
	}
	return nil
}

// join passes the writes on to the batch below.
func (b *batch) join(base *batch) {
	maps.Copy(base.leaves, b.leaves)
	for table, rows := range b.writes.tables {
		rows.Scan(func(key string, value []byte) bool {
			base.writes.tables[table].Set(key, value)
			return true
		})
	}
}

// flush writes in ascending order, which suits a B-tree best.
func (b *batch) flush() error {
	for _, table := range Tables() {
		err := b.writes.Scan(table, nil, func(key, value []byte) error { return b.base.Put(table, key, value) })
		if err != nil {
			return err
		}
	}
	return nil
}

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// readU64 reads a value that this package wrote. Another length means a damaged
// store.
func readU64(b []byte) (uint64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: %d bytes where an integer belongs", ErrDamaged, len(b))
	}
	return binary.BigEndian.Uint64(b), nil
}
