package statemap_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// content is a small map, keyed by index.
type content map[[32]byte][]byte

// root is the definition: every level hashed, nothing remembered.
func (c content) root(depth int) tlog.Hash {
	if len(c) == 0 {
		return tlog.Hash{}
	}
	if depth == statemap.Depth {
		for index, value := range c {
			return statemap.Leaf(index, value)
		}
	}
	left, right := c.split(depth)
	return statemap.Node(left.root(depth+1), right.root(depth+1))
}

func (c content) split(depth int) (left, right content) {
	sides := [2]content{{}, {}}
	for index, value := range c {
		sides[statemap.Bit(index, depth)][index] = value
	}
	return sides[0], sides[1]
}

func (c content) prove(key string) []byte {
	var siblings []tlog.Hash
	for depth := range statemap.Depth {
		left, right := c.split(depth)
		if statemap.Bit(statemap.Index(key), depth) == 0 {
			c, siblings = left, append(siblings, right.root(depth+1))
		} else {
			c, siblings = right, append(siblings, left.root(depth+1))
		}
	}
	return statemap.NewProof(siblings)
}

func twenty() content {
	c := content{}
	for n := range 20 {
		c[statemap.Index(fmt.Sprint("key ", n))] = fmt.Append(nil, "value ", n)
	}
	return c
}

func TestProofs(t *testing.T) {
	c := twenty()
	for n := range 25 {
		key := fmt.Sprint("key ", n)
		proof := c.prove(key)
		value := c[statemap.Index(key)]
		if root, err := statemap.Root(proof, key, value); err != nil || root != c.root(0) {
			t.Errorf("%s: %v", key, err)
		}
		if root, err := statemap.Root(proof, key, []byte("another")); err != nil || root == c.root(0) {
			t.Errorf("%s: another value is proved: %v", key, err)
		}
		if root, err := statemap.Root(proof, key, nil); err != nil || (root == c.root(0)) != (value == nil) {
			t.Errorf("%s: absence of %q: %v", key, value, err)
		}
	}
}

// TestFormat spells the hashes out.
func TestFormat(t *testing.T) {
	index, value := sha256.Sum256([]byte("key")), sha256.Sum256([]byte("value"))
	leaf := statemap.Leaf(statemap.Index("key"), []byte("value"))
	if leaf != sha256.Sum256(slices.Concat([]byte{0}, index[:], value[:])) {
		t.Error("leaf")
	}
	if statemap.Node(leaf, tlog.Hash{}) != sha256.Sum256(slices.Concat([]byte{1}, leaf[:], make([]byte, 32))) {
		t.Error("node")
	}
	if statemap.Node(tlog.Hash{}, tlog.Hash{}) != (tlog.Hash{}) {
		t.Error("empty node")
	}
	if proof := (content{index: []byte("value")}).prove("key"); !slices.Equal(proof, make([]byte, 32)) {
		t.Errorf("proof in a map of one: %x", proof)
	}
}

func TestClimb(t *testing.T) {
	index := statemap.Index("key")
	leaf := statemap.Leaf(index, []byte("value"))
	only := content{index: []byte("value")}
	for _, depth := range []int{0, 1, 47, 48, 255, 256} {
		want := only.root(depth)
		if statemap.Subtree(index, leaf, depth) != want {
			t.Errorf("subtree at %d", depth)
		}
		if depth <= 48 && statemap.Climb(index, only.root(48), 48, depth) != want {
			t.Errorf("climbed from 48 to %d", depth)
		}
	}
}

func TestMalformedProofs(t *testing.T) {
	good := twenty().prove("key 1")
	empty := append(slices.Clone(good), make([]byte, 32)...)
	empty[31] |= 1
	for name, proof := range map[string][]byte{
		"nothing":          nil,
		"half a bitmap":    good[:31],
		"sibling missing":  good[:len(good)-32],
		"half a sibling":   good[:len(good)-1],
		"one sibling more": append(slices.Clone(good), good[32:64]...),
		"empty sibling":    empty,
	} {
		if _, err := statemap.Root(proof, "key 1", nil); !errors.Is(err, statemap.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzRoot: no other proof leads to the root that the right one leads to.
func FuzzRoot(f *testing.F) {
	c := twenty()
	want, there, absent := c.root(0), c.prove("key 1"), c.prove("absent")
	f.Add(there)
	f.Add(absent)
	f.Fuzz(func(t *testing.T, proof []byte) {
		for key, right := range map[string][]byte{"key 1": there, "absent": absent} {
			root, err := statemap.Root(proof, key, c[statemap.Index(key)])
			if err == nil && root == want && !slices.Equal(proof, right) {
				t.Fatalf("another proof of %q: %x", key, proof)
			}
		}
	})
}
