package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

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

// setLeaf puts a leaf below the node at depth and returns the node's new hash.
func setLeaf(store Store, index [32]byte, leaf tlog.Hash, depth int) (tlog.Hash, error) {
	n, err := readNode(store, index, depth)
	if err != nil {
		return tlog.Hash{}, err
	}
	if n.hash == (tlog.Hash{}) || n.single && n.index == index {
		n = singleNode(index, leaf, depth)
		return n.hash, writeNode(store, index, depth, n)
	}
	if n.single {
		return splitSingle(store, n, index, leaf, depth)
	}
	below, err := setLeaf(store, index, leaf, depth+1)
	if err != nil {
		return tlog.Hash{}, err
	}
	other, err := readNode(store, sibling(index, depth), depth+1)
	if err != nil {
		return tlog.Hash{}, err
	}
	branch := node{hash: statemap.Parent(index, depth, below, other.hash)}
	return branch.hash, writeNode(store, index, depth, branch)
}

// splitSingle makes room for a second leaf below a node at depth that had one.
// Both move down to where their paths part.
func splitSingle(store Store, old node, index [32]byte, leaf tlog.Hash, depth int) (tlog.Hash, error) {
	apart := depth
	for statemap.Bit(old.index, apart) == statemap.Bit(index, apart) {
		apart++
	}
	below, added := old.at(apart+1), singleNode(index, leaf, apart+1)
	if err := errors.Join(writeNode(store, old.index, apart+1, below), writeNode(store, index, apart+1, added)); err != nil {
		return tlog.Hash{}, err
	}
	hash, other := added.hash, below.hash
	for d := apart; d >= depth; d-- {
		hash, other = statemap.Parent(index, d, hash, other), tlog.Hash{}
		if err := writeNode(store, index, d, node{hash: hash}); err != nil {
			return tlog.Hash{}, err
		}
	}
	return hash, nil
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
