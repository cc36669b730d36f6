package feed

import (
	"encoding/binary"
	"slices"
)

// Sizes that the revocation tree of package zkp has.
const (
	HandleSize = 16
	// Buckets is the number of buckets of the tree. The first nine bits of a
	// handle choose one.
	Buckets    = 1 << bucketBits
	bucketBits = 9

	// MinPart is the least number of revoked handles in a part, unless there is
	// only one part.
	MinPart = 1 << 16
	// maxBits: four buckets, and no fewer, can hold MinPart.
	maxBits = 7
)

// A Handle is a revocation handle.
type Handle = [HandleSize]byte

// Part returns the number of the part that a handle belongs to: its first bits.
func Part(h Handle, bits int) int { return int(binary.BigEndian.Uint16(h[:])) >> (16 - bits) }

// Bits returns how many bits divide the revoked handles into parts: the largest
// number for which every part holds at least MinPart handles, or 0. counts
// holds the number of handles in each of the 512 buckets.
func Bits(counts []int) int {
	for bits := maxBits; bits > 0; bits-- {
		if smallest(counts, bits) >= MinPart {
			return bits
		}
	}
	return 0
}

// smallest returns the size of the smallest part.
func smallest(counts []int, bits int) int {
	least := int(^uint(0) >> 1)
	for part := range slices.Chunk(counts, Buckets>>bits) {
		sum := 0
		for _, n := range part {
			sum += n
		}
		least = min(least, sum)
	}
	return least
}

// countBuckets counts handles by bucket.
func countBuckets(handles []Handle) []int {
	counts := make([]int, Buckets)
	for _, h := range handles {
		counts[Part(h, bucketBits)]++
	}
	return counts
}

// slicePart returns the handles of one part of a sorted list.
func slicePart(sorted []Handle, bits, part int) []Handle {
	at := func(part int) int {
		i, _ := slices.BinarySearchFunc(sorted, part, func(h Handle, part int) int { return Part(h, bits) - part })
		return i
	}
	return sorted[at(part):at(part+1)]
}
