package main

import (
	"crypto/sha256"
	"testing"
)

// The tree of three leaves as RFC 9162 draws it.
func TestRootIsOfAllHashes(t *testing.T) {
	leaf := func(b byte) []byte {
		hash := [32]byte{b}
		sum := sha256.Sum256(append([]byte{0}, hash[:]...))
		return sum[:]
	}
	node := func(left, right []byte) []byte {
		sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
		return sum[:]
	}
	root, err := rootOf([][32]byte{{1}, {2}, {3}})
	if err != nil {
		t.Fatal(err)
	}
	if want := node(node(leaf(1), leaf(2)), leaf(3)); root != [32]byte(want) {
		t.Errorf("root %x, not %x", root, want)
	}
}
