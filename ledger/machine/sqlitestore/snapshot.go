package sqlitestore

import (
	"context"
	"sync/atomic"

	"github.com/hufu-id/hufu/ledger/machine"
)

// chunk is how many rows of a Scan are read at a time, and chunkBytes about how many
// bytes.
const (
	chunk      = 256
	chunkBytes = 1 << 20
)

// Snapshot is a machine.Store of one unchanging state, until it is rolled back. Many
// goroutines may read it at once.
//
// It holds no transaction of SQLite: each Get, and each few rows of a Scan, is one
// statement. What commits have replaced since comes from memory. Where that grows above
// 64 MiB, the oldest snapshots end, and reads return machine.ErrGone.
type Snapshot struct {
	pool  *connections
	past  *past
	state uint64
	ended atomic.Bool
}

// Snapshot returns a snapshot of the newest state. One process writes the database as
// long as there are snapshots: what another writes shows in them. The error is
// [ErrReadOnly], machine.ErrGone or the system's own.
func (d *DB) Snapshot(ctx context.Context) (*Snapshot, error) { return d.snapshot(ctx, d.read) }

// OwnSnapshot returns a snapshot that reads over connections of its own, for the engine:
// other readers never keep it waiting. Otherwise it is as Snapshot.
func (d *DB) OwnSnapshot(ctx context.Context) (*Snapshot, error) { return d.snapshot(ctx, d.own) }

func (d *DB) snapshot(ctx context.Context, pool *connections) (*Snapshot, error) {
	if d.write == nil {
		return nil, ErrReadOnly
	}
	if err := d.record(ctx); err != nil {
		return nil, err
	}
	state, err := d.past.pin()
	if err != nil {
		return nil, err
	}
	return &Snapshot{pool: pool, past: d.past, state: state}, nil
}

// record has each transaction from now on keep what it replaces.
func (d *DB) record(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return describe("begin", err)
	}
	if d.recording.Load() {
		return nil
	}
	conn, err := d.write.take(ctx) // the one under way keeps nothing
	if err != nil {
		return err
	}
	d.recording.Store(true)
	d.write.free <- conn
	return nil
}

// Rollback ends the snapshot. Reads then return machine.ErrGone.
func (s *Snapshot) Rollback() error {
	if !s.ended.Swap(true) {
		s.past.unpin(s.state)
	}
	return nil
}

// Get implements machine.Store.
func (s *Snapshot) Get(table machine.Table, key []byte) ([]byte, error) {
	conn, err := s.pool.take(context.Background())
	if err != nil {
		return nil, err
	}
	value, err := conn.get(table, key)
	s.pool.free <- conn
	if err != nil {
		return nil, err
	}
	if value, err = s.past.at(s.state, rowKey{table, string(key)}, value); s.ended.Load() {
		return nil, machine.ErrGone
	}
	return value, err
}

// Put implements machine.Store: it returns [ErrReadOnly].
func (s *Snapshot) Put(machine.Table, []byte, []byte) error { return ErrReadOnly }

// Scan implements machine.Store.
func (s *Snapshot) Scan(table machine.Table, prefix []byte, yield func(key, value []byte) error) error {
	return s.ScanAfter(table, prefix, nil, yield)
}

// ScanAfter implements machine.Store. While yield runs, no connection is in use.
func (s *Snapshot) ScanAfter(table machine.Table, prefix, after []byte, yield func(key, value []byte) error) error {
	for {
		rows, last, err := s.some(table, prefix, after)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := yield([]byte(r.key), r.value); err != nil {
				return err
			}
		}
		if last == nil {
			return nil
		}
		after = last
	}
}

// some reads the next rows of a scan, and the key that the next ones come after; nil at
// the end.
func (s *Snapshot) some(table machine.Table, prefix, after []byte) (rows []row, last []byte, err error) {
	conn, err := s.pool.take(context.Background())
	if err != nil {
		return nil, nil, err
	}
	size := 0
	err = conn.scan(table, prefix, after, func(key, value []byte) error {
		rows = append(rows, row{string(key), value})
		if size += len(key) + len(value); len(rows) == chunk || size >= chunkBytes {
			last = key
			return errChunk
		}
		return nil
	})
	s.pool.free <- conn
	if err != nil && err != errChunk {
		return nil, nil, err
	}
	var from *string
	if after != nil {
		text := string(after)
		from = &text
	}
	if rows, err = s.past.merge(s.state, table, string(prefix), from, rows, last != nil); s.ended.Load() {
		return nil, nil, machine.ErrGone
	}
	return rows, last, err
}
