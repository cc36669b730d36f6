package machine

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// A node of the state map is stored if two or more leaves are below it, or if a
// single leaf is below it but not below its parent. Everything further down
// follows from that one leaf and is hashed when needed: a million keys need
// about three million rows, not 256 million.
//
// A row is the node's hash. If a single leaf is below the node, that leaf's
// index ‖ its hash ‖ the hash of its subtree at midDepth follow.
type node struct {
	hash tlog.Hash
	// single is set if exactly one leaf is below the node.
	single bool
	index  [32]byte
	leaf   tlog.Hash
	// mid caches the hash at depth 48, so that a rehash takes at most 48 steps.
	mid tlog.Hash
}

const (
	branchSize = tlog.HashSize
	singleSize = 4 * tlog.HashSize
	// midDepth is deeper than two leaves share a path, unless somebody searched
	// long for such leaves. Then a rehash takes as many steps as without mid.
	midDepth = 48
)

// nodeKey returns the depth and as many bits of the index.
func nodeKey(index [32]byte, depth int) []byte {
	key := binary.BigEndian.AppendUint16(nil, uint16(depth))
	key = append(key, index[:(depth+7)/8]...)
	if depth%8 != 0 {
		key[len(key)-1] &= 0xff << (8 - depth%8)
	}
	return key
}

// sibling returns the index of the path that differs only at depth.
func sibling(index [32]byte, depth int) [32]byte {
	index[depth/8] ^= 1 << (7 - depth%8)
	return index
}

// readNode returns the zero node if nothing is below it.
func readNode(store Store, index [32]byte, depth int) (node, error) {
	b, err := store.Get(TableNode, nodeKey(index, depth))
	if err != nil || b == nil {
		return node{}, err
	}
	var n node
	copy(n.hash[:], b)
	switch len(b) {
	case branchSize:
	case singleSize:
		n.single = true
		copy(n.index[:], b[32:])
		copy(n.leaf[:], b[64:])
		copy(n.mid[:], b[96:])
	default:
		return node{}, fmt.Errorf("%w: map node of %d bytes", ErrDamaged, len(b))
	}
	return n, nil
}

func writeNode(store Store, index [32]byte, depth int, n node) error {
	b := n.hash[:]
	if n.single {
		b = slices.Concat(b, n.index[:], n.leaf[:], n.mid[:])
	}
	return store.Put(TableNode, nodeKey(index, depth), b)
}

func singleNode(index [32]byte, leaf tlog.Hash, depth int) node {
	n := node{single: true, index: index, leaf: leaf, mid: statemap.Subtree(index, leaf, midDepth)}
	return n.at(depth)
}

// at returns the same single leaf as a node at another depth.
func (n node) at(depth int) node {
	n.hash = n.subtree(depth)
	return n
}

// subtree returns the hash at depth of the subtree with the single leaf.
func (n node) subtree(depth int) tlog.Hash {
	if depth > midDepth {
		return statemap.Subtree(n.index, n.leaf, depth)
	}
	return statemap.Climb(n.index, n.mid, midDepth, depth)
}

// A leaf is one of the state map.
type leaf struct {
	index [32]byte
	hash  tlog.Hash
}

// setLeaves puts leaves, sorted by their indexes and each once, into the state map, and
// returns its root.
func setLeaves(store Store, leaves []leaf) (tlog.Hash, error) {
	if len(leaves) == 0 {
		return stateRoot(store)
	}
	return setBelow(store, leaves, 0)
}

// setBelow puts leaves below the node at depth on their common path, and returns the
// node's new hash. Each node above two leaves is hashed once.
func setBelow(store Store, leaves []leaf, depth int) (tlog.Hash, error) {
	n, err := readNode(store, leaves[0].index, depth)
	if err != nil {
		return tlog.Hash{}, err
	}
	if n.hash == (tlog.Hash{}) || n.single {
		return setAlone(store, n, leaves, depth)
	}
	cut := partsAt(leaves, depth)
	var below [2]tlog.Hash
	for side, part := range [2][]leaf{leaves[:cut], leaves[cut:]} {
		if len(part) > 0 {
			below[side], err = setBelow(store, part, depth+1)
		} else {
			var other node
			other, err = readNode(store, sibling(leaves[0].index, depth), depth+1)
			below[side] = other.hash
		}
		if err != nil {
			return tlog.Hash{}, err
		}
	}
	branch := node{hash: statemap.Node(below[0], below[1])}
	return branch.hash, writeNode(store, leaves[0].index, depth, branch)
}

// setAlone is setBelow for a node with one leaf below it, or none: all that is below it
// comes of leaves, and of old.
func setAlone(store Store, old node, leaves []leaf, depth int) (tlog.Hash, error) {
	if len(leaves) == 1 && (!old.single || old.index == leaves[0].index) {
		n := singleNode(leaves[0].index, leaves[0].hash, depth)
		return n.hash, writeNode(store, n.index, depth, n)
	}
	if len(leaves) == 0 {
		n := old.at(depth)
		return n.hash, writeNode(store, n.index, depth, n)
	}
	cut := partsAt(leaves, depth)
	var below [2]tlog.Hash
	for side, part := range [2][]leaf{leaves[:cut], leaves[cut:]} {
		kept := node{}
		if old.single && int(statemap.Bit(old.index, depth)) == side {
			kept = old
		}
		if len(part) == 0 && !kept.single {
			continue
		}
		var err error
		if below[side], err = setAlone(store, kept, part, depth+1); err != nil {
			return tlog.Hash{}, err
		}
	}
	branch := node{hash: statemap.Node(below[0], below[1])}
	return branch.hash, writeNode(store, leaves[0].index, depth, branch)
}

// partsAt is how many of the leaves go to the left below a node at depth.
func partsAt(leaves []leaf, depth int) int {
	return sort.Search(len(leaves), func(i int) bool { return statemap.Bit(leaves[i].index, depth) == 1 })
}

// stateRoot returns the root of the state map.
func stateRoot(store Store) (tlog.Hash, error) {
	n, err := readNode(store, [32]byte{}, 0)
	return n.hash, err
}

// proveKey collects the siblings on the path to a key's leaf, present or
// absent.
func proveKey(store Store, key string) ([]byte, error) {
	index := statemap.Index(key)
	var siblings []tlog.Hash
	for depth := 0; depth < statemap.Depth; depth++ {
		n, err := readNode(store, index, depth)
		if err != nil {
			return nil, err
		}
		if n.single && n.index != index {
			siblings = append(siblings, besideSingle(n, index, depth)...)
		}
		if n.single || n.hash == (tlog.Hash{}) {
			break
		}
		other, err := readNode(store, sibling(index, depth), depth+1)
		if err != nil {
			return nil, err
		}
		siblings = append(siblings, other.hash)
	}
	return statemap.NewProof(siblings), nil
}

// besideSingle lists the siblings below depth for an index whose neighbour is a
// single leaf: only that leaf's subtree where the two part.
func besideSingle(n node, index [32]byte, depth int) []tlog.Hash {
	var siblings []tlog.Hash
	for statemap.Bit(n.index, depth) == statemap.Bit(index, depth) {
		siblings = append(siblings, tlog.Hash{})
		depth++
	}
	return append(siblings, n.subtree(depth+1))
}
