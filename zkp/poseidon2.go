package zkp

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/poseidon2"
)

// fullRounds and partialRounds are the paper's figures for 128 bits on BN254
// with the fifth power as S-box. Widths 2 and 3 would default to 6 and 50
// rounds and are not used.
const fullRounds = 8

func partialRounds(width int) int {
	if width == 4 {
		return 56
	}
	return 57
}

var permutations = map[int]*poseidon2.Permutation{
	4: newPermutation(4), 8: newPermutation(8), 12: newPermutation(12), 16: newPermutation(16),
}

func newPermutation(width int) *poseidon2.Permutation {
	return poseidon2.NewPermutation(width, fullRounds, partialRounds(width))
}

// Rounds returns the full and partial rounds of Poseidon2 at one of the widths
// 4, 8, 12 and 16. Circuits must use the same numbers as Compress.
func Rounds(width int) (full, partial int) { return fullRounds, partialRounds(width) }

// Compress returns P2ₜ(x) = Perm(x)[0] + x[0] at width 4, 8, 12 or 16, with the
// input padded with zeros to the width. Each use has inputs of a fixed length.
// All uses except attribute hashes and inner tree nodes begin with a domain
// constant. Compress panics at another width or with more inputs than the
// width.
func Compress(width int, in ...Element) Element {
	p, ok := permutations[width]
	if !ok || len(in) > width {
		panic(fmt.Sprintf("zkp: no Poseidon2 of width %d for %d inputs", width, len(in)))
	}
	var state [16]fr.Element
	copy(state[:], in)
	first := state[0]
	if err := p.Permutation(state[:width]); err != nil {
		panic(err) // the width was checked above
	}
	return *first.Add(&first, &state[0])
}
