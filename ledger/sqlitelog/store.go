package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger/machine"
)

// Owners of a copy of the machine's tables.
const (
	ownerLog     = "log"
	ownerWitness = "witness"
)

// store is a machine.Store within one transaction. It keeps the caller's context
// because a Store has none, and ends with the transaction.
type store struct {
	ctx   context.Context
	conn  *connection
	owner string
}

func newStore(ctx context.Context, conn *connection, owner string) *store {
	return &store{ctx, conn, owner}
}

// prepare fills the owner and table into text.
func (s *store) prepare(text string, table machine.Table) (*sql.Stmt, error) {
	return s.conn.prepare(fmt.Sprintf(text, s.owner+"_"+string(table)))
}

// Get implements machine.Store.
func (s *store) Get(table machine.Table, key []byte) ([]byte, error) {
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
func (s *store) Put(table machine.Table, key, value []byte) error {
	stmt, err := s.prepare("INSERT INTO %s (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", table)
	if err != nil {
		return err
	}
	_, err = stmt.Exec(key, value)
	return describe("write", err)
}

// Scan implements machine.Store.
func (s *store) Scan(table machine.Table, prefix []byte, yield func(key, value []byte) error) (err error) {
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
