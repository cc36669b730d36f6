package machine

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// CheckHashes recomputes the log's hashes from its leaves and compares them with the
// stored ones. This shows whether a leaf was changed, not whether it was right. It reads
// in short steps, as an [Auditor] does, and then runs last over the newest state and its
// head. The error is a [*DamagedError], that of ctx or of last, or the store's own.
func CheckHashes(ctx context.Context, log Reads, last func(Store, Head) error) error {
	c := new(hashCheck)
	for done := false; !done; {
		err := log(ctx, func(store Store) error {
			head, err := ReadHead(store)
			if err != nil {
				return err
			}
			if c.next < head.Size {
				return c.some(ctx, store, head.Size)
			}
			done = true
			if err := c.end(store, head); err != nil {
				return err
			}
			return last(store, head)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// hashCheck is a check under way.
type hashCheck struct {
	// next is the index of the next leaf.
	next uint64
	// edge holds the last hash of each level of the tree: what a further leaf needs.
	edge [64]tlog.Hash
	// rows counts full rows of TableHash, and row is the one that is not full.
	rows uint64
	row  []byte
}

// ReadHashes implements tlog.HashReader.
func (c *hashCheck) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, _ := tlog.SplitStoredHashIndex(index)
		out[i] = c.edge[level]
	}
	return out, nil
}

// some takes some leaves.
func (c *hashCheck) some(ctx context.Context, store Store, size uint64) error {
	leaves, err := readLeaves(ctx, ReadsOf(store), c.next, size)
	if err != nil {
		return err
	}
	for _, leaf := range leaves {
		added, err := tlog.StoredHashes(int64(c.next), leaf, c)
		if err != nil {
			return err
		}
		c.next++
		for level, hash := range added {
			c.edge[level] = hash
			c.row = append(c.row, hash[:]...)
			if len(c.row) < hashesPerRow*tlog.HashSize {
				continue
			}
			if err := c.compare(store); err != nil {
				return err
			}
			c.rows, c.row = c.rows+1, c.row[:0]
		}
	}
	return nil
}

func (c *hashCheck) compare(store Store) error {
	key := u64(c.rows)
	value, err := store.Get(TableHash, key)
	switch {
	case err != nil:
		return err
	case value == nil:
		return &DamagedError{TableHash, key, "missing"}
	case !bytes.Equal(value, c.row):
		return &DamagedError{TableHash, key, "changed"}
	}
	return nil
}

// end compares the row that is not full, and insists that nothing comes after.
func (c *hashCheck) end(store Store, head Head) error {
	if head.Size != c.next {
		return damagedHead(fmt.Sprintf("%d leaves", c.next))
	}
	rows := c.rows
	if len(c.row) > 0 {
		if err := c.compare(store); err != nil {
			return err
		}
		rows++
	}
	for table, n := range map[Table]uint64{TableLeaf: c.next, TableHash: rows} {
		var after []byte
		if n > 0 {
			after = u64(n - 1)
		}
		err := store.ScanAfter(table, nil, after, func(key, _ []byte) error {
			return &DamagedError{table, bytes.Clone(key), "added"}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
