package main

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	curve "github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/std/algebra/native/twistededwards"
)

// scalarBits is the length of the order of Baby Jubjub's prime subgroup.
const scalarBits = 251

var babyJubjub = curve.GetEdwardsCurve()

// toSemaphore turns an x of gnark's −x² + y² = 1 + d·x²·y² into one of Semaphore's
// 168700·x² + y² = 1 + 168696·x²·y²: the same curve with x scaled. Both base points
// have the same y, so the scale is the quotient of their x; Semaphore's is Base8 of
// EIP-2494.
var toSemaphore = func() *big.Int {
	var x fr.Element
	if _, err := x.SetString("5299619240641551281634865583518297030282874472190772894086521144482721001553"); err != nil {
		panic(err)
	}
	x.Div(&x, &babyJubjub.Base.X)
	return integer(x)
}()

// publicKey is [Σ bᵢ2ⁱ]B in Semaphore's coordinates, from windows of two bits
// over constant tables. Only points of the curve are added, so the addition is
// complete.
func publicKey(api frontend.API, c twistededwards.Curve, b []frontend.Variable) (x, y frontend.Variable) {
	base := babyJubjub.Base
	var sum twistededwards.Point
	for i := 0; i < len(b); i += 2 {
		high := frontend.Variable(0)
		if i+1 < len(b) {
			high = b[i+1]
		}
		term := window(api, b[i], high, &base)
		if i == 0 {
			sum = term
		} else {
			sum = c.Add(sum, term)
		}
		base.Double(&base)
		base.Double(&base)
	}
	return api.Mul(sum.X, toSemaphore), sum.Y
}

// window picks one of 0·p, p, 2·p and 3·p. With constant points each coordinate
// is linear in low, high and their product.
func window(api frontend.API, low, high frontend.Variable, p *curve.PointAffine) twistededwards.Point {
	var twice, thrice curve.PointAffine
	twice.Double(p)
	thrice.Add(&twice, p)
	both := api.Mul(low, high)
	pick := func(zero, one, two, three fr.Element) frontend.Variable {
		three.Add(&three, &zero).Sub(&three, &one).Sub(&three, &two)
		one.Sub(&one, &zero)
		two.Sub(&two, &zero)
		return api.Add(integer(zero), api.Mul(low, integer(one)), api.Mul(high, integer(two)), api.Mul(both, integer(three)))
	}
	return twistededwards.Point{
		X: pick(fr.NewElement(0), p.X, twice.X, thrice.X),
		Y: pick(fr.One(), p.Y, twice.Y, thrice.Y),
	}
}

func integer(e fr.Element) *big.Int { return e.BigInt(new(big.Int)) }
