package zkp

import (
	"fmt"
	"sync"
)

// A Path leads from a leaf to the root of a tree. For each level, from the
// leaves up, it holds all children of the node on the way. Index says which of
// them the way takes.
type Path struct {
	Index    uint32      // position of the leaf, in base arity
	Children [][]Element // one full set of children for each level
}

// A tree is a k-ary Merkle tree of fixed depth. Its unused leaves are zero.
type tree struct {
	arity, depth int
	levels       [][]Element // levels[0] are the leaves in use
	empty        []Element   // the hash of an empty subtree of each height
}

func newTree(arity, depth int, leaves []Element) (*tree, error) {
	capacity := 1
	for range depth {
		capacity *= arity
	}
	if len(leaves) > capacity {
		return nil, fmt.Errorf("%w: %d leaves in a tree of %d", ErrValue, len(leaves), capacity)
	}
	t := &tree{arity: arity, depth: depth, levels: [][]Element{leaves}, empty: emptyHashes(arity, depth)}
	for height := range depth {
		below := t.levels[height]
		above := make([]Element, (len(below)+arity-1)/arity)
		for i := range above {
			above[i] = Compress(arity, t.children(height, uint32(i))...)
		}
		t.levels = append(t.levels, above)
	}
	return t, nil
}

// shapes keeps the result of emptyHashes by [2]int{arity, depth}. A revocation set
// has 512 trees of one shape, and a third of its hashes were these.
var shapes sync.Map

// emptyHashes returns the hash of an empty subtree of each height. The caller must
// not change it.
func emptyHashes(arity, depth int) []Element {
	shape := [2]int{arity, depth}
	if known, ok := shapes.Load(shape); ok {
		return known.([]Element)
	}
	empty := make([]Element, depth+1)
	for h := range depth {
		in := make([]Element, arity)
		for i := range in {
			in[i] = empty[h]
		}
		empty[h+1] = Compress(arity, in...)
	}
	shapes.Store(shape, empty)
	return empty
}

func (t *tree) node(height int, i uint32) Element {
	if int(i) < len(t.levels[height]) {
		return t.levels[height][i]
	}
	return t.empty[height]
}

func (t *tree) children(height int, parent uint32) []Element {
	out := make([]Element, t.arity)
	for j := range out {
		out[j] = t.node(height, parent*uint32(t.arity)+uint32(j))
	}
	return out
}

func (t *tree) root() Element { return t.node(t.depth, 0) }

func (t *tree) path(leaf uint32) Path {
	p := Path{Index: leaf}
	at := leaf
	for height := range t.depth {
		at /= uint32(t.arity)
		p.Children = append(p.Children, t.children(height, at))
	}
	return p
}

// Root recomputes the root from a leaf. The error is ErrForm if the leaf is not
// the child that the index names.
func (p *Path) Root(arity int, leaf Element) (Element, error) {
	at, index := leaf, p.Index
	for _, children := range p.Children {
		if len(children) != arity || !children[index%uint32(arity)].Equal(&at) {
			return Element{}, fmt.Errorf("%w: path does not hold its leaf", ErrForm)
		}
		at, index = Compress(arity, children...), index/uint32(arity)
	}
	return at, nil
}
