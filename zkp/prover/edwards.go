package prover

import (
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/zkp"
)

// point is an affine point of −x² + y² = 1 + d·x²y². Here −1 is a square and d
// is not, so that the addition law is complete: between points of the curve no
// denominator is zero. Every point that enters must first be shown to lie on
// the curve. Off the curve a division 0/0 can occur, and the prover could
// choose its result.
type point struct{ X, Y frontend.Variable }

var edwards = twistededwards.GetEdwardsCurve()

// scalarBits is the length of the order of the prime subgroup.
const scalarBits = 251

func assertOnCurve(api frontend.API, p point) {
	xx, yy := api.Mul(p.X, p.X), api.Mul(p.Y, p.Y)
	api.AssertIsEqual(api.Sub(yy, xx), api.Add(1, api.Mul(api.Mul(xx, yy), constant(edwards.D))))
}

// add is the complete addition law. Both points lie on the curve.
func add(api frontend.API, p, q point) point {
	u := api.Mul(api.Add(p.X, p.Y), api.Add(q.X, q.Y))
	a, b := api.Mul(p.X, q.Y), api.Mul(p.Y, q.X)
	t := api.Mul(api.Mul(a, b), constant(edwards.D))
	cross := api.Add(a, b)
	// (x₁+y₁)(x₂+y₂) − x₁y₂ − y₁x₂ = y₁y₂ + x₁x₂, the numerator of y for a = −1.
	return point{
		X: api.DivUnchecked(cross, api.Add(1, t)),
		Y: api.DivUnchecked(api.Sub(u, cross), api.Sub(1, t)),
	}
}

// double takes its denominators from the curve equation. They are never zero on
// the curve.
func double(api frontend.API, p point) point {
	xy := api.Mul(p.X, p.Y)
	xx, yy := api.Mul(p.X, p.X), api.Mul(p.Y, p.Y)
	diff := api.Sub(yy, xx)
	return point{
		X: api.DivUnchecked(api.Mul(xy, 2), diff),
		Y: api.DivUnchecked(api.Add(xx, yy), api.Sub(2, diff)),
	}
}

// mulBase returns [Σ bᵢ2ⁱ]G from windows of three bits over constant tables.
func mulBase(api frontend.API, b []frontend.Variable) point {
	base := edwards.Base
	var sum point
	for i := 0; i < len(b); i += 3 {
		window := append([]frontend.Variable(nil), b[i:min(i+3, len(b))]...)
		for len(window) < 3 {
			window = append(window, 0)
		}
		term := lookup(api, window, multiples(&base))
		if i == 0 {
			sum = term
		} else {
			sum = add(api, sum, term)
		}
		for range 3 {
			base.Double(&base)
		}
	}
	return sum
}

// multiples returns the points 0·p … 7·p.
func multiples(p *twistededwards.PointAffine) (out [8]twistededwards.PointAffine) {
	out[0].Y.SetOne()
	for i := 1; i < len(out); i++ {
		out[i].Add(&out[i-1], p)
	}
	return out
}

// lookup picks one of eight constant points. As a polynomial in the three bits
// each coordinate is a sum of the same four products.
func lookup(api frontend.API, b []frontend.Variable, table [8]twistededwards.PointAffine) point {
	b01, b02, b12 := api.Mul(b[0], b[1]), api.Mul(b[0], b[2]), api.Mul(b[1], b[2])
	terms := [8]frontend.Variable{1, b[0], b[1], b01, b[2], b02, b12, api.Mul(b01, b[2])}
	coordinate := func(get func(*twistededwards.PointAffine) *fr.Element) frontend.Variable {
		// Möbius transform: the coefficient of a product is the alternating
		// sum over its subsets.
		var c [8]fr.Element
		for i := range c {
			c[i] = *get(&table[i])
		}
		for bit := 1; bit < 8; bit <<= 1 {
			for i := range c {
				if i&bit != 0 {
					c[i].Sub(&c[i], &c[i^bit])
				}
			}
		}
		sum := frontend.Variable(0)
		for i := range c {
			sum = api.Add(sum, api.Mul(terms[i], constant(c[i])))
		}
		return sum
	}
	return point{
		X: coordinate(func(p *twistededwards.PointAffine) *fr.Element { return &p.X }),
		Y: coordinate(func(p *twistededwards.PointAffine) *fr.Element { return &p.Y }),
	}
}

// mul returns [Σ bᵢ2ⁱ]P by windows of two bits. P lies on the curve, and the
// number of bits is even.
func mul(api frontend.API, p point, b []frontend.Variable) point {
	twice := double(api, p)
	table := [4]point{{0, 1}, p, twice, add(api, twice, p)}
	top := len(b) - 2
	sum := choose(api, b[top], b[top+1], table)
	for i := top - 2; i >= 0; i -= 2 {
		sum = double(api, double(api, sum))
		sum = add(api, sum, choose(api, b[i], b[i+1], table))
	}
	return sum
}

func choose(api frontend.API, b0, b1 frontend.Variable, t [4]point) point {
	return point{
		X: api.Lookup2(b0, b1, t[0].X, t[1].X, t[2].X, t[3].X),
		Y: api.Lookup2(b0, b1, t[0].Y, t[1].Y, t[2].Y, t[3].Y),
	}
}

// assertSignature proves [S]G = [h]A + R for the low bits h of the canonical
// integer of the hash. It first shows that R is on the curve: at R = (0, 0) the
// addition would divide zero by zero, and a forged credential would pass. S may
// exceed the order: who knows a signature then knows two spellings of it, and
// nobody ever sees either.
func assertSignature(api frontend.API, r, a point, s, hash frontend.Variable) {
	assertOnCurve(api, r)
	assertOnCurve(api, a)
	hBits := toCanonicalBits(api, hash)[:zkp.ChallengeBits]

	left := mulBase(api, toBits(api, s, scalarBits))
	right := add(api, mul(api, a, hBits), r)
	api.AssertIsEqual(left.X, right.X)
	api.AssertIsEqual(left.Y, right.Y)
}
