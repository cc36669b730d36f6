package feed

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// An item is an element of a set: a handle or a leaf.
type item interface{ [HandleSize]byte | [32]byte }

func compare[T item](a, b T) int {
	for i := range len(a) {
		if c := cmp.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// ascending reports whether a set is sorted and without repetition.
func ascending[T item](set []T) bool {
	for i := range set {
		if i > 0 && compare(set[i-1], set[i]) >= 0 {
			return false
		}
	}
	return true
}

// difference returns the elements of a sorted set that are not in another.
func difference[T item](set, without []T) (out []T) {
	i := 0
	for _, x := range set {
		for i < len(without) && compare(without[i], x) < 0 {
			i++
		}
		if i == len(without) || without[i] != x {
			out = append(out, x)
		}
	}
	return out
}

// merge joins a sorted set with added elements and sorts the result.
func merge[T item](set, added []T) []T {
	out := slices.Concat(set, added)
	slices.SortFunc(out, compare[T])
	return out
}

func appendItems[T item](b []byte, set []T) []byte {
	for _, x := range set {
		for i := range len(x) {
			b = append(b, x[i])
		}
	}
	return b
}

// The letters of the files.
const (
	letterIndex    = 'i'
	letterRoots    = 'r'
	letterCounts   = 'c'
	letterRegistry = 'l'
	letterHandles  = 'h'
)

const magic = "hufufeed\x01"

func header(letter byte) []byte { return append([]byte(magic), letter) }

// A reader reads a file from the front. After the first failure it returns
// zeros.
type reader struct {
	rest []byte
	err  error
}

func newReader(b []byte, letter byte, limit int) *reader {
	r := &reader{rest: b}
	if len(b) > limit {
		r.fail("too large")
	} else if string(r.take(len(magic)+1)) != magic+string(letter) {
		r.fail("another kind of file")
	}
	return r
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrFormat, what)
	}
}

func (r *reader) take(n int) []byte {
	if r.err != nil || len(r.rest) < n {
		r.fail("cut short")
		return make([]byte, min(n, 8)) // enough for an integer, which is zero
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u8() int     { return int(r.take(1)[0]) }
func (r *reader) u16() int    { return int(binary.BigEndian.Uint16(r.take(2))) }
func (r *reader) u32() int    { return int(binary.BigEndian.Uint32(r.take(4))) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

// end returns the first failure, or ErrFormat if bytes are left.
func (r *reader) end() error {
	if len(r.rest) != 0 {
		r.fail("trailing bytes")
	}
	return r.err
}

// readItems reads n items, which must be in ascending order.
func readItems[T item](r *reader, n int) []T {
	var x T
	if r.err != nil || n > len(r.rest)/len(x) { // before anything is allocated
		r.fail("cut short")
		return nil
	}
	out := make([]T, n)
	for k := range out {
		b := r.take(len(x))
		for i := range b {
			out[k][i] = b[i]
		}
	}
	if !ascending(out) {
		r.fail("out of order")
	}
	return out
}
