package ledger

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// MapDepth is the number of levels of the state map.
const MapDepth = 256

// bitmapSize is the length of the bitmap that leads a MapProof.
const bitmapSize = MapDepth / 8

// MapIndex is where a key's leaf is in the state map: the SHA-256 of the key,
// walked from its highest bit, 0 to the left.
func MapIndex(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// MapBit returns the bit of index that chooses the side at a depth below
// MapDepth.
func MapBit(index [32]byte, depth int) byte { return index[depth/8] >> (7 - depth%8) & 1 }

// MapLeaf is the hash of an occupied leaf: SHA-256 of 0x00, the index and the
// SHA-256 of the value.
func MapLeaf(index [32]byte, value []byte) tlog.Hash {
	v := sha256.Sum256(value)
	b := make([]byte, 1, 65)
	b = append(b, index[:]...)
	return sha256.Sum256(append(b, v[:]...))
}

// MapNode is the hash of an inner node: SHA-256 of 0x01 and both children. A
// subtree without an occupied leaf is 32 zero bytes at every level. A subtree
// with a single one is not shortened: it is hashed through all its levels.
func MapNode(left, right tlog.Hash) tlog.Hash {
	if left == (tlog.Hash{}) && right == (tlog.Hash{}) {
		return tlog.Hash{}
	}
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}

// MapProof proves what the state map holds at one index. Its encoding is a
// bitmap of 32 bytes, then the siblings that are not empty, 32 bytes each: bit
// d, counted from the highest of the first byte, stands for the sibling met
// when leaving depth d towards the leaf. Siblings come from the root down.
type MapProof []byte

// NewMapProof makes a proof from the siblings of depths 0, 1, and so on; those
// left out at the end are empty.
func NewMapProof(siblings []tlog.Hash) MapProof {
	p := make(MapProof, bitmapSize, bitmapSize+len(siblings)*tlog.HashSize)
	for depth, sibling := range siblings {
		if sibling != (tlog.Hash{}) {
			p[depth/8] |= 1 << (7 - depth%8)
			p = append(p, sibling[:]...)
		}
	}
	return p
}

// Root returns the root of the map to which the proof leads, if at the key's
// index there is value, or nothing where value is empty. The error is
// [ErrFormat].
func (p MapProof) Root(key string, value []byte) (tlog.Hash, error) {
	siblings, err := p.siblings()
	if err != nil {
		return tlog.Hash{}, err
	}
	index := MapIndex(key)
	var hash tlog.Hash
	if len(value) > 0 {
		hash = MapLeaf(index, value)
	}
	for depth := MapDepth - 1; depth >= 0; depth-- {
		hash = mapParent(index, depth, hash, siblings[depth])
	}
	return hash, nil
}

// siblings unpacks the proof. An empty sibling written out is refused: it would
// be a second spelling.
func (p MapProof) siblings() (out [MapDepth]tlog.Hash, err error) {
	if len(p) < bitmapSize {
		return out, fmt.Errorf("%w: map proof of %d bytes", ErrFormat, len(p))
	}
	count := 0
	for _, b := range p[:bitmapSize] {
		count += bits.OnesCount8(b)
	}
	rest := p[bitmapSize:]
	if len(rest) != count*tlog.HashSize {
		return out, fmt.Errorf("%w: map proof does not match its bitmap", ErrFormat)
	}
	for depth := range MapDepth {
		if p[depth/8]>>(7-depth%8)&1 == 0 {
			continue
		}
		copy(out[depth][:], rest)
		rest = rest[tlog.HashSize:]
		if out[depth] == (tlog.Hash{}) {
			return out, fmt.Errorf("%w: empty sibling written out", ErrFormat)
		}
	}
	return out, nil
}

// mapParent hashes a node at depth+1 with its sibling.
func mapParent(index [32]byte, depth int, node, sibling tlog.Hash) tlog.Hash {
	if MapBit(index, depth) == 0 {
		return MapNode(node, sibling)
	}
	return MapNode(sibling, node)
}

// MapClimb is MapSubtree from a hash that was computed before: node is that of the
// subtree at depth from, on the way of index.
func MapClimb(index [32]byte, node tlog.Hash, from, depth int) tlog.Hash {
	for d := from - 1; d >= depth; d-- {
		node = mapParent(index, d, node, tlog.Hash{})
	}
	return node
}

// MapSubtree is the hash, at depth, of the subtree whose one occupied leaf is
// the given one.
func MapSubtree(index [32]byte, leaf tlog.Hash, depth int) tlog.Hash {
	return MapClimb(index, leaf, MapDepth, depth)
}
