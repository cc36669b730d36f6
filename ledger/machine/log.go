package machine

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

// Head is where a ledger stands: its size and last state leaf.
type Head struct {
	// Size counts the leaves of the log; 0 before the first checkpoint.
	Size uint64
	// Root is the root of the log; not set by ReadHead.
	Root tlog.Hash
	// State is the last leaf.
	State ledger.StateLeaf
}

// headKey is the one key of TableHead.
var headKey = []byte("head")

// ReadHead returns where the store stands, the zero Head where it is empty. It
// leaves out the root: see RootAt.
func ReadHead(store Store) (Head, error) {
	b, err := store.Get(TableHead, headKey)
	if err != nil || b == nil {
		return Head{}, err
	}
	if len(b) != 8+ledger.StateLeafSize {
		return Head{}, fmt.Errorf("%w: head of %d bytes", ErrDamaged, len(b))
	}
	size, err := readU64(b[:8])
	if err != nil {
		return Head{}, err
	}
	state, err := ledger.ParseStateLeaf(b[8:])
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return Head{Size: size, State: *state}, nil
}

// RootAt is the root of the log's first size leaves.
func RootAt(store Store, size uint64) (tlog.Hash, error) {
	return tlog.TreeHash(int64(size), hashReader(store))
}

// hashReader reads the log's stored hashes.
func hashReader(store Store) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			b, err := store.Get(TableHash, u64(uint64(index)))
			if err != nil {
				return nil, err
			}
			if len(b) != tlog.HashSize {
				return nil, fmt.Errorf("%w: hash %d of the log", ErrDamaged, index)
			}
			copy(hashes[i][:], b)
		}
		return hashes, nil
	})
}

// appendLeaf adds a leaf as number size.
func appendLeaf(store Store, size uint64, leaf []byte) error {
	hashes, err := tlog.StoredHashes(int64(size), leaf, hashReader(store))
	if err != nil {
		return err
	}
	first := tlog.StoredHashIndex(0, int64(size))
	for i, hash := range hashes {
		if err := store.Put(TableHash, u64(uint64(first)+uint64(i)), hash[:]); err != nil {
			return err
		}
	}
	return store.Put(TableLeaf, u64(size), leaf)
}
