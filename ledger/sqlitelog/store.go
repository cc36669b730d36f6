package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/ledger/machine"
)

// Owners of a copy of the machine's tables.
const (
	ownerLog     = "log"
	ownerWitness = "witness"
)

// Tx is one transaction, and a machine.Store within it. It keeps its caller's
// context because a Store has none, and is for one goroutine at a time.
type Tx struct {
	ctx   context.Context
	conn  *connection
	owner string
	pool  *connections
}

// of is the same transaction over the tables of another owner.
func (s *Tx) of(owner string) *Tx { return &Tx{ctx: s.ctx, conn: s.conn, owner: owner} }

// Commit ends the transaction with its changes. After an error it is rolled
// back, as far as SQLite tells: after a failed fsync, what was written may be
// there nevertheless when the file is opened again.
func (s *Tx) Commit() error {
	err := describe("commit", s.conn.exec("COMMIT"))
	if err != nil {
		return errors.Join(err, s.Rollback())
	}
	s.pool.free <- s.conn
	return nil
}

// Rollback ends the transaction without its changes.
func (s *Tx) Rollback() error {
	err := s.conn.exec("ROLLBACK")
	s.pool.free <- s.conn
	// Some failures end the transaction by themselves.
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrError {
		return nil
	}
	return describe("roll back", err)
}

// prepare fills the owner and table into text.
func (s *Tx) prepare(text string, table machine.Table) (*sql.Stmt, error) {
	return s.conn.prepare(fmt.Sprintf(text, s.owner+"_"+string(table)))
}

// Get implements machine.Store.
func (s *Tx) Get(table machine.Table, key []byte) ([]byte, error) {
	stmt, err := s.prepare("SELECT value FROM %s WHERE key = ?", table)
	if err != nil {
		return nil, err
	}
	var value []byte
	err = stmt.QueryRow(key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, describe("read", err)
}

// Put implements machine.Store.
func (s *Tx) Put(table machine.Table, key, value []byte) error {
	stmt, err := s.prepare("INSERT INTO %s (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", table)
	if err != nil {
		return err
	}
	_, err = stmt.Exec(key, value)
	return describe("write", err)
}

// Scan implements machine.Store.
func (s *Tx) Scan(table machine.Table, prefix []byte, yield func(key, value []byte) error) (err error) {
	// Nothing comes after all keys of an empty prefix, or of one of 0xff alone.
	text, args := "SELECT key, value FROM %s WHERE key >= ? ORDER BY key", []any{append([]byte{}, prefix...)}
	if end := after(prefix); end != nil {
		text, args = "SELECT key, value FROM %s WHERE key >= ? AND key < ? ORDER BY key", append(args, end)
	}
	stmt, err := s.prepare(text, table)
	if err != nil {
		return err
	}
	rows, err := stmt.Query(args...)
	if err != nil {
		return describe("read", err)
	}
	defer func() { err = errors.Join(err, describe("read", rows.Close())) }()
	for rows.Next() {
		if err := s.ctx.Err(); err != nil {
			return describe("read", err)
		}
		var key, value sql.RawBytes
		if err := rows.Scan(&key, &value); err != nil {
			return describe("read", err)
		}
		if err := yield(key, value); err != nil {
			return err
		}
	}
	return describe("read", rows.Err())
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
