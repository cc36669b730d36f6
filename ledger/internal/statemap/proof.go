package statemap

import (
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrFormat means a malformed proof.
var ErrFormat = errors.New("statemap: malformed proof")

// bitmapSize is the length in bytes of the bitmap that leads a proof.
const bitmapSize = Depth / 8

// NewProof encodes the siblings met on the way from the root to a leaf, at
// depths 1, 2, and so on; those left out at the end are empty. Bit d of the
// bitmap, counted from the highest of its first byte, stands for the sibling met
// when leaving depth d.
func NewProof(siblings []tlog.Hash) []byte {
	p := make([]byte, bitmapSize, bitmapSize+len(siblings)*tlog.HashSize)
	for depth, sibling := range siblings {
		if sibling != (tlog.Hash{}) {
			p[depth/8] |= 1 << (7 - depth%8)
			p = append(p, sibling[:]...)
		}
	}
	return p
}

// Root returns the root of the map to which a proof leads, if at the key's index
// there is value, or nothing where value is empty. The error is [ErrFormat].
func Root(proof []byte, key string, value []byte) (tlog.Hash, error) {
	siblings, err := parse(proof)
	if err != nil {
		return tlog.Hash{}, err
	}
	index := Index(key)
	var hash tlog.Hash
	if len(value) > 0 {
		hash = Leaf(index, value)
	}
	for depth := Depth - 1; depth >= 0; depth-- {
		hash = Parent(index, depth, hash, siblings[depth])
	}
	return hash, nil
}

// parse unpacks a proof. An empty sibling written out is refused: it would be a
// second spelling.
func parse(p []byte) (out [Depth]tlog.Hash, err error) {
	if len(p) < bitmapSize {
		return out, fmt.Errorf("%w: %d bytes", ErrFormat, len(p))
	}
	count := 0
	for _, b := range p[:bitmapSize] {
		count += bits.OnesCount8(b)
	}
	rest := p[bitmapSize:]
	if len(rest) != count*tlog.HashSize {
		return out, fmt.Errorf("%w: siblings do not match the bitmap", ErrFormat)
	}
	for depth := range Depth {
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
