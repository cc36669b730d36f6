package zkp

import (
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// A comb's sum is what the library's multiplications add up to, at the edges of
// every tooth and for points that are multiples of one another.
func TestCombSum(t *testing.T) {
	_, _, g, _ := bn254.Generators()
	one := big.NewInt(1)
	edge := func(bits uint) *big.Int { return new(big.Int).Lsh(one, bits) }
	scalars := []*big.Int{
		new(big.Int), one, big.NewInt(15), edge(63), edge(64), edge(127), edge(128), edge(191), edge(192), edge(253),
		new(big.Int).Sub(edge(64), one), new(big.Int).Sub(edge(192), one), new(big.Int).Sub(fr.Modulus(), one),
	}
	for _, k := range []string{"a", "b", "c", "d"} {
		e := HashToField("comb test", []byte(k))
		scalars = append(scalars, e.BigInt(new(big.Int)))
	}
	var all bn254.G1Jac
	var combs []*comb
	var elements []Element
	for i, s := range scalars {
		var p bn254.G1Affine
		p.ScalarMultiplication(&g, big.NewInt(int64(1+i%3)))
		var e Element
		e.SetBigInt(s)
		var want bn254.G1Affine
		want.ScalarMultiplication(&p, s)
		alone := combSum([]*comb{newComb(&p)}, []Element{e})
		var got bn254.G1Affine
		if got.FromJacobian(&alone); !got.Equal(&want) {
			t.Errorf("scalar %d: another point", i)
		}
		var term bn254.G1Jac
		all.AddAssign(term.FromAffine(&want))
		combs, elements = append(combs, newComb(&p)), append(elements, e)
	}
	if got := combSum(combs, elements); !got.Equal(&all) {
		t.Error("together: another point")
	}
	var infinity bn254.G1Affine
	if got := combSum([]*comb{newComb(&infinity)}, elements[14:15]); !got.Z.IsZero() {
		t.Error("a multiple of infinity is a point")
	}
}
