package machine

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

// A Head is the end of a ledger: its size and last state leaf.
type Head struct {
	// Size counts the leaves of the log; 0 before the first checkpoint.
	Size uint64
	// Root is the root of the log. ReadHead does not set it.
	Root tlog.Hash
	// State is the last leaf.
	State ledger.StateLeaf
}

// headKey is the only key of TableHead.
var headKey = []byte("head")

// ReadHead returns the head of the store, the zero Head if the store is empty.
// It omits the root: see RootAt. Errors: [ErrDamaged], and the store's own.
func ReadHead(store Store) (Head, error) {
	b, err := store.Get(TableHead, headKey)
	if err != nil || b == nil {
		return Head{}, err
	}
	if len(b) != 8+ledger.StateLeafSize {
		return Head{}, damagedHead(fmt.Sprintf("%d bytes", len(b)))
	}
	size, err := readU64(b[:8])
	if err != nil {
		return Head{}, err
	}
	state, err := ledger.ParseStateLeaf(b[8:])
	if err != nil {
		return Head{}, damagedHead(err.Error())
	}
	return Head{Size: size, State: *state}, nil
}

func damagedHead(problem string) error { return &DamagedError{TableHead, headKey, problem} }

// RootAt returns the root of the log's first size leaves.
func RootAt(store Store, size uint64) (tlog.Hash, error) {
	return tlog.TreeHash(int64(size), hashReader(store))
}

// hashesPerRow is the number of hashes, in tlog's order, in a row of TableHash.
// With 16 there are few rows, and a single leaf writes little more than a page.
const hashesPerRow = 16

// hashReader reads the stored hashes of the log.
func hashReader(store Store) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			row, err := store.Get(TableHash, hashRow(index))
			if err != nil {
				return nil, err
			}
			at := int(index%hashesPerRow) * tlog.HashSize
			if len(row) < at+tlog.HashSize {
				return nil, damagedHash(index)
			}
			copy(hashes[i][:], row[at:])
		}
		return hashes, nil
	})
}

func hashRow(index int64) []byte { return u64(uint64(index / hashesPerRow)) }

func damagedHash(index int64) error {
	return fmt.Errorf("%w: hash %d of the log", ErrDamaged, index)
}

// appendLeaf appends a leaf with the index size.
func appendLeaf(store Store, size uint64, leaf []byte) error {
	hashes, err := tlog.StoredHashes(int64(size), leaf, hashReader(store))
	if err != nil {
		return err
	}
	for i, hash := range hashes {
		if err := appendHash(store, tlog.StoredHashIndex(0, int64(size))+int64(i), hash); err != nil {
			return err
		}
	}
	return store.Put(TableLeaf, u64(size), leaf)
}

func appendHash(store Store, index int64, hash tlog.Hash) error {
	var row []byte
	if index%hashesPerRow > 0 {
		var err error
		if row, err = store.Get(TableHash, hashRow(index)); err != nil {
			return err
		}
	}
	if len(row) != int(index%hashesPerRow)*tlog.HashSize {
		return damagedHash(index)
	}
	return store.Put(TableHash, hashRow(index), append(row, hash[:]...))
}
