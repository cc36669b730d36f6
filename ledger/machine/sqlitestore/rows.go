package sqlitestore

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger/machine"
)

// errChunk ends a scan that has read enough.
var errChunk = errors.New("sqlitestore: enough rows")

// statement fills the table into a text.
func (c *connection) statement(query string, table machine.Table) string {
	id := statementKey{query, table}
	filled, ok := c.statements[id]
	if !ok {
		filled = fmt.Sprintf(query, table)
		c.statements[id] = filled
	}
	return filled
}

// get reads a row, nil where there is none.
func (c *connection) get(table machine.Table, key []byte) ([]byte, error) {
	value, err := c.blob(c.statement("SELECT value FROM %s WHERE key = ?", table), key)
	return value, describe("read", err)
}

// scan reads rows with a prefix, in ascending order, from the one after a key on; nil is
// before the first. An error of yield comes back as it is.
func (c *connection) scan(table machine.Table, prefix, after []byte, yield func(key, value []byte) error) error {
	query, args := "SELECT key, value FROM %s WHERE key >= ?", []driver.Value{append([]byte{}, prefix...)}
	if after != nil && bytes.Compare(after, prefix) >= 0 {
		query, args = "SELECT key, value FROM %s WHERE key > ?", []driver.Value{after}
	}
	// Nothing comes after all keys of an empty prefix, or of one of 0xff alone.
	if end := afterPrefix(prefix); end != nil {
		query, args = query+" AND key < ?", append(args, end)
	}
	var stopped error
	err := c.query(c.statement(query+" ORDER BY key", table), args, func(row []driver.Value) error {
		key, _ := row[0].([]byte)
		value, _ := row[1].([]byte)
		stopped = yield(key, value)
		return stopped
	})
	if stopped != nil {
		return stopped
	}
	return describe("read", err)
}

// afterPrefix is the smallest key above all keys with the prefix, nil where there is
// none.
func afterPrefix(prefix []byte) []byte {
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
