package prover

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/std/math/bits"
	"github.com/consensys/gnark/std/permutation/poseidon2"
	"github.com/consensys/gnark/std/selector"

	"github.com/hufu-id/hufu/zkp"
)

// compress is zkp.Compress inside a circuit.
func compress(api frontend.API, width int, in ...frontend.Variable) frontend.Variable {
	full, partial := zkp.Rounds(width)
	p, err := poseidon2.NewPoseidon2FromParameters(api, width, full, partial)
	if err != nil {
		panic(err) // a width that the package does not define: a broken build
	}
	state := make([]frontend.Variable, width)
	for i := range state {
		state[i] = 0
	}
	copy(state, in)
	if err := p.Permutation(state); err != nil {
		panic(err)
	}
	return api.Add(state[0], in[0])
}

// toBits writes v in n bits and constrains each to be a bit, which proves v <
// 2^n. For n below the field's size v has only one such form.
func toBits(api frontend.API, v frontend.Variable, n int) []frontend.Variable {
	return bits.ToBinary(api, v, bits.WithNbDigits(n))
}

// toCanonicalBits writes v in as many bits as the field has, as the integer
// below the field's size. Every other form of v is refused.
func toCanonicalBits(api frontend.API, v frontend.Variable) []frontend.Variable {
	b := bits.ToBinary(api, v, bits.WithNbDigits(fr.Bits), bits.OmitModulusCheck()) // checked here instead
	assertBitsAtMost(api, b, new(big.Int).Sub(fr.Modulus(), big.NewInt(1)))
	return b
}

// assertBitsAtMost proves that the little-endian bits form a number of at most
// the bound. Without it a field element has two forms in 254 bits.
func assertBitsAtMost(api frontend.API, b []frontend.Variable, bound *big.Int) {
	// equal is 1 as long as every higher bit where the bound has 1 is 1. A run
	// of zeros in the bound below such bits must be zeros. The sum of all
	// breaches is far below the field's size, so it is zero only if each is.
	equal, breaches := frontend.Variable(1), frontend.Variable(0)
	for i := len(b) - 1; i >= 0; {
		if bound.Bit(i) == 1 {
			equal = api.Mul(equal, b[i])
			i--
			continue
		}
		run := frontend.Variable(0)
		for ; i >= 0 && bound.Bit(i) == 0; i-- {
			run = api.Add(run, b[i])
		}
		breaches = api.Add(breaches, api.Mul(equal, run))
	}
	api.AssertIsEqual(breaches, 0)
}

// bind gives each public input a row in which nothing else stands. Its column is
// then independent of all others, so that no change of it can be made good by
// another wire. The inputs that have such a column anyway need no row; a test
// computes the rank.
func bind(api frontend.API, inputs ...frontend.Variable) {
	for _, x := range inputs {
		api.Mul(x, x)
	}
}

// assertOrdered proves low ≤ high by writing the difference in n bits.
func assertOrdered(api frontend.API, low, high frontend.Variable, n int) {
	toBits(api, api.Sub(high, low), n)
}

// assertPath proves that leaf lies under root at the place that the index bits
// name. children holds for each level the node and all its siblings. index
// holds log₂(arity) bits for each level.
func assertPath(api frontend.API, arity int, leaf, root frontend.Variable, children [][]frontend.Variable, index []frontend.Variable) {
	width := len(index) / len(children)
	at := leaf
	for level, nodes := range children {
		at = climb(api, arity, at, nodes, index[level*width:(level+1)*width])
	}
	api.AssertIsEqual(at, root)
}

// climb leads from a node to its parent. The multiplexer asserts that the
// digits of the index are bits.
func climb(api frontend.API, arity int, at frontend.Variable, nodes, index []frontend.Variable) frontend.Variable {
	api.AssertIsEqual(selector.BinaryMux(api, index, nodes), at)
	return compress(api, arity, nodes...)
}

func constant(e zkp.Element) *big.Int { return e.BigInt(new(big.Int)) }
