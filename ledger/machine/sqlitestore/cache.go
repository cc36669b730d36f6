package sqlitestore

import (
	"bytes"

	"github.com/hufu-id/hufu/ledger/machine"
)

// maxCached bounds how many rows are kept: some 40 MB.
const maxCached = 1 << 18

// cache keeps rows that the one writer has read or written, until someone else
// writes to the file. What a transaction wrote counts once it is committed. A nil
// cache keeps nothing.
type cache struct {
	rows map[cacheKey][]byte
	// written are keys that the transaction under way has written.
	written []cacheKey
	// version is SQLite's data_version, which changes with another's commit.
	version int64
}

type cacheKey struct {
	table machine.Table
	key   string
}

func newCache() *cache { return &cache{rows: map[cacheKey][]byte{}} }

// checkCache empties the cache where another connection has committed since.
func (c *connection) checkCache() error {
	row, err := c.first("PRAGMA data_version")
	if err != nil {
		return describe("begin", err)
	}
	version, _ := row[0].(int64)
	if version != c.cache.version || len(c.cache.rows) > maxCached {
		clear(c.cache.rows)
	}
	c.cache.version = version
	return nil
}

// get returns a copy of a row; nil is a row that is not there.
func (c *cache) get(id cacheKey) (value []byte, ok bool) {
	if c == nil {
		return nil, false
	}
	value, ok = c.rows[id]
	return bytes.Clone(value), ok
}

// keeps reports whether rows of the table are worth their room: leaves and
// operations are read once, if ever.
func (c *cache) keeps(table machine.Table) bool {
	return c != nil && table != machine.TableLeaf && table != machine.TableOperation
}

// set keeps what was read.
func (c *cache) set(id cacheKey, value []byte) {
	if !c.keeps(id.table) {
		return
	}
	c.rows[id] = bytes.Clone(value)
}

func (c *cache) write(id cacheKey, value []byte) {
	if !c.keeps(id.table) {
		return
	}
	c.rows[id] = bytes.Clone(value)
	c.written = append(c.written, id)
}

// settle ends a transaction that was committed.
func (c *cache) settle() {
	if c != nil {
		c.written = c.written[:0]
	}
}

// forget ends one that was not.
func (c *cache) forget() {
	if c == nil {
		return
	}
	for _, id := range c.written {
		delete(c.rows, id)
	}
	c.written = c.written[:0]
}
