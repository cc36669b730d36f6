package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/internal/sqlitefile"
	"github.com/hufu-id/hufu/ledger/machine"
)

// Tx is one transaction, and a machine.Store within it. It keeps its caller's
// context because a Store has none, and is for one goroutine at a time.
type Tx struct {
	ctx  context.Context
	conn *connection
	pool *connections
}

// Commit ends the transaction with its changes. After an error it is rolled
// back, as far as SQLite tells: after a failed fsync, what was written may be
// there nevertheless when the file is opened again.
func (s *Tx) Commit() error {
	err := describe("commit", s.conn.exec("COMMIT"))
	if err != nil {
		return errors.Join(err, s.Rollback())
	}
	s.conn.cache.settle()
	s.pool.free <- s.conn
	return nil
}

// Rollback ends the transaction without its changes.
func (s *Tx) Rollback() error {
	s.conn.cache.forget()
	err := s.conn.exec("ROLLBACK")
	s.pool.free <- s.conn
	if sqlitefile.HadEnded(err) {
		return nil
	}
	return describe("roll back", err)
}

// statement fills the table into text.
func (s *Tx) statement(query string, table machine.Table) string {
	id := statementKey{query, table}
	filled, ok := s.conn.statements[id]
	if !ok {
		filled = fmt.Sprintf(query, table)
		s.conn.statements[id] = filled
	}
	return filled
}

// Get implements machine.Store.
func (s *Tx) Get(table machine.Table, key []byte) ([]byte, error) {
	id := cacheKey{table, string(key)}
	if value, ok := s.conn.cache.get(id); ok {
		return value, nil
	}
	value, err := s.conn.blob(s.statement("SELECT value FROM %s WHERE key = ?", table), key)
	if err != nil {
		return nil, describe("read", err)
	}
	s.conn.cache.set(id, value)
	return value, nil
}

// Put implements machine.Store.
func (s *Tx) Put(table machine.Table, key, value []byte) error {
	const upsert = "INSERT INTO %s (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
	if err := s.conn.exec(s.statement(upsert, table), key, value); err != nil {
		return describe("write", err)
	}
	s.conn.cache.write(cacheKey{table, string(key)}, value)
	return nil
}

// Scan implements machine.Store.
func (s *Tx) Scan(table machine.Table, prefix []byte, yield func(key, value []byte) error) error {
	// Nothing comes after all keys of an empty prefix, or of one of 0xff alone.
	query, args := "SELECT key, value FROM %s WHERE key >= ? ORDER BY key", []driver.Value{append([]byte{}, prefix...)}
	if end := after(prefix); end != nil {
		query, args = "SELECT key, value FROM %s WHERE key >= ? AND key < ? ORDER BY key", append(args, end)
	}
	var stopped error
	err := s.conn.query(s.statement(query, table), args, func(row []driver.Value) error {
		key, _ := row[0].([]byte)
		value, _ := row[1].([]byte)
		if stopped = s.ctx.Err(); stopped == nil {
			stopped = yield(key, value)
		}
		return stopped
	})
	if stopped != nil {
		return stopped
	}
	return describe("read", err)
}

// after is the smallest key above all keys with the prefix, nil where there is
// none.
func after(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for len(end) > 0 && end[len(end)-1] == 0xff {
		end = end[:len(end)-1]
	}
	if len(end) == 0 {
		return nil
	}
	end[len(end)-1]++
	return end
}
