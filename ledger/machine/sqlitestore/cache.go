package sqlitestore

import (
	"bytes"

	"github.com/hufu-id/hufu/ledger/machine"
)

// maxCached caps how many rows a writer keeps, some 40 MB, and maxScratch how many a
// scratch store does.
const (
	maxCached  = 1 << 18
	maxScratch = 1 << 13
)

// cache keeps rows that the one writer has read or written, until someone else
// writes to the file. What a transaction wrote counts once it is committed. A nil
// cache keeps nothing.
type cache struct {
	rows map[rowKey][]byte
	// most caps how many there are.
	most int
	// written are keys that the transaction under way has written.
	written []rowKey
	// version is SQLite's data_version, which changes with another's commit.
	version int64
}

// rowKey names a row.
type rowKey struct {
	table machine.Table
	key   string
}

// row is one of a table that is known.
type row struct {
	key   string
	value []byte
}

func newCache(most int) *cache { return &cache{rows: map[rowKey][]byte{}, most: most} }

// checkCache empties the cache where another connection has committed since.
func (c *connection) checkCache() error {
	row, err := c.first("PRAGMA data_version")
	if err != nil {
		return describe("begin", err)
	}
	version, _ := row[0].(int64)
	if version != c.cache.version {
		clear(c.cache.rows)
	}
	c.cache.version = version
	return nil
}

// get returns a copy of a row; nil is a row that is not there.
func (c *cache) get(id rowKey) (value []byte, ok bool) {
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
func (c *cache) set(id rowKey, value []byte) {
	if !c.keeps(id.table) {
		return
	}
	c.put(id, value)
}

func (c *cache) write(id rowKey, value []byte) {
	if !c.keeps(id.table) {
		return
	}
	c.put(id, value)
	c.written = append(c.written, id)
}

// put begins anew where there is no more room: what is not kept is read again.
func (c *cache) put(id rowKey, value []byte) {
	if len(c.rows) >= c.most {
		clear(c.rows)
		c.written = c.written[:0]
	}
	c.rows[id] = bytes.Clone(value)
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
