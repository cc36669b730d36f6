// Package statemap hashes the ledger's state map: a sparse Merkle map of 256
// levels from keys to values. Package ledger verifies proofs with it, package
// machine keeps the map.
//
// # Format
//
//	index   SHA-256(key), walked from its highest bit, 0 to the left
//	leaf    SHA-256(0x00 ‖ index ‖ SHA-256(value)), at level 256
//	node    SHA-256(0x01 ‖ left ‖ right)
//	empty   32 zero bytes, at every level
//	proof   bitmap of 32 bytes ‖ the siblings that are not empty
//
// A subtree with a single leaf is not shortened: it is hashed through all its
// levels.
//
// For example: the proof of the only key in a map is 32 zero bytes, for every
// sibling is empty.
//
// Not checked: whether a key is well-formed, and whether a root is signed.
package statemap

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// Depth is the number of levels.
const Depth = 256

// Index returns where a key's leaf is: the SHA-256 of the key.
func Index(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// Bit returns the bit of index that chooses the side at a depth below [Depth]: 0
// is left.
func Bit(index [32]byte, depth int) byte { return index[depth/8] >> (7 - depth%8) & 1 }

// Leaf returns the hash of an occupied leaf.
func Leaf(index [32]byte, value []byte) tlog.Hash {
	v := sha256.Sum256(value)
	b := make([]byte, 1, 65)
	b = append(b, index[:]...)
	return sha256.Sum256(append(b, v[:]...))
}

// Node returns the hash of an inner node, from those of its children.
func Node(left, right tlog.Hash) tlog.Hash {
	if left == (tlog.Hash{}) && right == (tlog.Hash{}) {
		return tlog.Hash{}
	}
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}

// Parent returns the hash of the node at depth, from its child on the way of
// index and the child's sibling.
func Parent(index [32]byte, depth int, child, sibling tlog.Hash) tlog.Hash {
	if Bit(index, depth) == 0 {
		return Node(child, sibling)
	}
	return Node(sibling, child)
}

// Subtree returns the hash, at depth, of the subtree whose one occupied leaf is
// the given one.
func Subtree(index [32]byte, leaf tlog.Hash, depth int) tlog.Hash {
	return Climb(index, leaf, Depth, depth)
}

// Climb is [Subtree] from a hash that was computed before: node is that of the
// subtree at depth from, on the way of index.
func Climb(index [32]byte, node tlog.Hash, from, depth int) tlog.Hash {
	for d := from - 1; d >= depth; d-- {
		node = Parent(index, d, node, tlog.Hash{})
	}
	return node
}
