package zkp

import "github.com/consensys/gnark-crypto/ecc/bn254"

// A comb cuts a scalar of 256 bits into teeth of equal length. For each column
// it adds the precomputed point that the bits of the column choose. All inputs
// of a key share the doublings between two columns.
const (
	combTeeth   = 4
	combColumns = 256 / combTeeth
)

// comb holds Σ bₜ·2^(64t)·P for each choice of the four bits b. The first entry
// is the point at infinity.
type comb [1 << combTeeth]bn254.G1Affine

func newComb(p *bn254.G1Affine) *comb {
	var points [1 << combTeeth]bn254.G1Jac
	var tooth bn254.G1Jac
	tooth.FromAffine(p)
	for bit := 1; bit < len(points); bit <<= 1 {
		for i := range bit {
			points[bit|i] = points[i]
			points[bit|i].AddAssign(&tooth)
		}
		for range combColumns {
			tooth.DoubleAssign()
		}
	}
	return (*comb)(bn254.BatchJacobianToAffineG1(points[:]))
}

// combSum returns Σ scalarᵢ·Pᵢ over the points that the combs were made of. It
// is not constant time: a verifier's inputs are public.
func combSum(combs []*comb, scalars []Element) (sum bn254.G1Jac) {
	words := make([][4]uint64, len(scalars)) // least significant first
	for i := range scalars {
		words[i] = scalars[i].Bits()
	}
	for column := combColumns - 1; column >= 0; column-- {
		sum.DoubleAssign()
		for i, w := range words {
			choice := w[0]>>column&1 | w[1]>>column&1<<1 | w[2]>>column&1<<2 | w[3]>>column&1<<3
			if choice != 0 {
				sum.AddMixed(&combs[i][choice])
			}
		}
	}
	return sum
}
