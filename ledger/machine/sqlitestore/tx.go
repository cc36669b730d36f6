package sqlitestore

import (
	"context"
	"errors"

	"github.com/hufu-id/hufu/internal/sqlitefile"
	"github.com/hufu-id/hufu/ledger/machine"
)

// Tx is one transaction, and a machine.Store within it. It keeps its caller's
// context because a Store has none, and is for one goroutine at a time.
type Tx struct {
	ctx  context.Context
	conn *connection
	pool *connections
	// past is nil where there are no snapshots of earlier states.
	past *past
}

// Commit ends the transaction with its changes. After an error it is rolled
// back, as far as SQLite tells: after a failed fsync, what was written may be
// there nevertheless when the file is opened again.
func (s *Tx) Commit() error {
	_, err := s.conn.exec("COMMIT")
	if err != nil {
		return errors.Join(describe("commit", err), s.Rollback())
	}
	s.conn.cache.settle()
	if s.past != nil {
		s.past.committed()
	}
	if s.pool.committed != nil {
		s.pool.committed(s.conn)
	}
	s.pool.free <- s.conn
	return nil
}

// Rollback ends the transaction without its changes.
func (s *Tx) Rollback() error {
	s.conn.cache.forget()
	_, err := s.conn.exec("ROLLBACK")
	if s.past != nil {
		s.past.rolledBack()
	}
	s.pool.free <- s.conn
	if sqlitefile.HadEnded(err) {
		return nil
	}
	return describe("roll back", err)
}

// Get implements machine.Store.
func (s *Tx) Get(table machine.Table, key []byte) ([]byte, error) {
	id := rowKey{table, string(key)}
	if value, ok := s.conn.cache.get(id); ok {
		return value, nil
	}
	value, err := s.conn.get(table, key)
	if err != nil {
		return nil, err
	}
	s.conn.cache.set(id, value)
	return value, nil
}

// Put implements machine.Store.
func (s *Tx) Put(table machine.Table, key, value []byte) error {
	id := rowKey{table, string(key)}
	if done, err := s.keep(id, value); done || err != nil {
		return err
	}
	const upsert = "INSERT INTO %s (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
	if _, err := s.conn.exec(s.conn.statement(upsert, table), key, value); err != nil {
		return describe("write", err)
	}
	s.conn.cache.write(id, value)
	return nil
}

// keep keeps, for snapshots, the value that is about to be replaced. A row that is not
// there needs no reading: it is added at once, and done is true.
func (s *Tx) keep(id rowKey, value []byte) (done bool, err error) {
	if s.past == nil || s.past.kept(id) {
		return false, nil
	}
	old, known := s.conn.cache.get(id)
	if !known {
		const insert = "INSERT INTO %s (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
		added, err := s.conn.exec(s.conn.statement(insert, id.table), []byte(id.key), value)
		if err != nil {
			return false, describe("write", err)
		}
		if done = added > 0; done {
			s.conn.cache.write(id, value)
		} else if old, err = s.conn.get(id.table, []byte(id.key)); err != nil {
			return false, err
		}
	}
	s.past.keep(id, old)
	return done, nil
}

// Scan implements machine.Store.
func (s *Tx) Scan(table machine.Table, prefix []byte, yield func(key, value []byte) error) error {
	return s.ScanAfter(table, prefix, nil, yield)
}

// ScanAfter implements machine.Store.
func (s *Tx) ScanAfter(table machine.Table, prefix, after []byte, yield func(key, value []byte) error) error {
	return s.conn.scan(table, prefix, after, func(key, value []byte) error {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		return yield(key, value)
	})
}
