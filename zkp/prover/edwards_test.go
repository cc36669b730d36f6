package prover_test

import (
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

var curve = twistededwards.GetEdwardsCurve()

// The addition law is complete only for a square a and a non-square d.
func TestCurveIsComplete(t *testing.T) {
	if curve.A.Legendre() != 1 || curve.D.Legendre() != -1 {
		t.Fatalf("a has Legendre symbol %d, d has %d", curve.A.Legendre(), curve.D.Legendre())
	}
	var minusOne fr.Element
	one := fr.One()
	if minusOne.Neg(&one); !curve.A.Equal(&minusOne) {
		t.Error("the formulas are written for a = −1")
	}
}

// signatureCircuit takes the challenge as a value of the prover's choice, so
// that what refuses a point is the check of the point.
type signatureCircuit struct {
	R, A         prover.Point
	S, Challenge frontend.Variable
}

func (c *signatureCircuit) Define(api frontend.API) error {
	prover.AssertSigned(api, c.R, c.A, c.S, c.Challenge)
	return nil
}

// addCircuit asserts P + Q = Sum, with or without a look at Q first.
type addCircuit struct {
	P, Q, Sum prover.Point
	Guarded   bool `gnark:"-"`
}

func (c *addCircuit) Define(api frontend.API) error {
	if c.Guarded {
		prover.AssertOnCurve(api, c.Q)
	}
	sum := prover.Add(api, c.P, c.Q)
	api.AssertIsEqual(sum.X, c.Sum.X)
	api.AssertIsEqual(sum.Y, c.Sum.Y)
	return nil
}

func compile(t testing.TB, c frontend.Circuit) *cs.R1CS {
	t.Helper()
	out, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, c)
	if err != nil {
		t.Fatal(err)
	}
	return out.(*cs.R1CS)
}

func pointOf(p *twistededwards.PointAffine) prover.Point { return prover.Point{X: p.X, Y: p.Y} }

func multiple(n int64) (p twistededwards.PointAffine) {
	p.ScalarMultiplicationBase(big.NewInt(n))
	return p
}

// offCurve finds the other solution of p + q = sum: the law, solved for q, is a
// quadratic equation, and only one of its roots lies on the curve.
func offCurve(t testing.TB, p, sum *twistededwards.PointAffine) (q twistededwards.PointAffine) {
	t.Helper()
	// X(1+k·x·y) = p.x·y + p.y·x and Y(1−k·x·y) = p.y·y + p.x·x, with k = d·p.x·p.y.
	// Without the product: x·α + y·β = 2XY.
	var k, alpha, beta, gamma, u, v fr.Element
	k.Mul(&curve.D, &p.X).Mul(&k, &p.Y)
	alpha.Add(u.Mul(&sum.Y, &p.Y), v.Mul(&sum.X, &p.X))
	beta.Add(u.Mul(&sum.Y, &p.X), v.Mul(&sum.X, &p.Y))
	gamma.Mul(&sum.X, &sum.Y).Double(&gamma)
	// Put y = (γ − αx)/β into the first and collect: the roots' sum is −B/A
	// with A = −Xkα/β and B = Xkγ/β + p.x·α/β − p.y.
	var a, b, onCurve fr.Element
	a.Mul(&sum.X, &k).Mul(&a, &alpha).Div(&a, &beta).Neg(&a)
	b.Mul(&sum.X, &k).Mul(&b, &gamma).Div(&b, &beta)
	b.Add(&b, u.Mul(&p.X, &alpha).Div(&u, &beta)).Sub(&b, &p.Y)
	var difference, negative twistededwards.PointAffine
	difference.Add(sum, negative.Neg(p))
	onCurve = difference.X
	q.X.Div(&b, &a).Neg(&q.X).Sub(&q.X, &onCurve)
	q.Y.Mul(&alpha, &q.X).Neg(&q.Y).Add(&q.Y, &gamma).Div(&q.Y, &beta)
	if q.IsOnCurve() {
		t.Fatal("the second solution lies on the curve")
	}
	return q
}

// A point off the curve can add up to any sum. Only the check of the curve
// equation keeps it out.
func TestAddNeedsPointsOnTheCurve(t *testing.T) {
	p, sum := multiple(5), multiple(77)
	q := offCurve(t, &p, &sum)
	a := &addCircuit{P: pointOf(&p), Q: pointOf(&q), Sum: pointOf(&sum)}
	if broken := new(dishonest).solve(t, compile(t, &addCircuit{}), a); len(broken) != 0 {
		t.Errorf("without the guard: broken %v, so this test shows nothing", broken)
	}
	guarded := compile(t, &addCircuit{Guarded: true})
	if broken := new(dishonest).solve(t, guarded, a); len(broken) != 1 || broken[0] != 3 {
		t.Errorf("with the guard: broken %v, want the curve equation alone", broken)
	}
}

func TestSignatureRefusesROffTheCurve(t *testing.T) {
	key, h, s := multiple(9), big.NewInt(1234567), big.NewInt(7654321)
	var p, sum twistededwards.PointAffine
	p.ScalarMultiplication(&key, h)
	sum.ScalarMultiplicationBase(s)
	system := compile(t, &signatureCircuit{})
	good := sum
	var minus twistededwards.PointAffine
	good.Add(&sum, minus.Neg(&p))
	a := &signatureCircuit{R: pointOf(&good), A: pointOf(&key), S: s, Challenge: h}
	if broken := new(dishonest).solve(t, system, a); len(broken) != 0 {
		t.Fatalf("a good signature breaks %v", broken)
	}
	bad := offCurve(t, &p, &sum)
	a.R = pointOf(&bad)
	// The first four constraints are the curve equation of R.
	if broken := new(dishonest).solve(t, system, a); len(broken) != 1 || broken[0] != 3 {
		t.Errorf("R off the curve breaks %v, want constraint 3 alone", broken)
	}
}

// At R = (0, 0) gnark's own EdDSA divides zero by zero. Here R meets one
// addition, whose denominators are 1 at (0, 0): nothing is left to choose, and
// the curve equation fails as well.
func TestSignatureRefusesRAtZero(t *testing.T) {
	key := multiple(9)
	free := 0
	d := &dishonest{free: func(int) fr.Element { free++; return fr.One() }}
	a := &signatureCircuit{R: prover.Point{X: 0, Y: 0}, A: pointOf(&key), S: 5, Challenge: 6}
	broken := d.solve(t, compile(t, &signatureCircuit{}), a)
	if free != 0 {
		t.Errorf("%d divisions of zero by zero", free)
	}
	if len(broken) != 3 || broken[0] != 3 {
		t.Errorf("broken %v, want the curve equation of R and both coordinates", broken)
	}
}

// mulCircuit multiplies a point by bits.
type mulCircuit struct {
	P, Product prover.Point
	Bits       [fr.Bits]frontend.Variable
	Guarded    bool `gnark:"-"`
}

func (c *mulCircuit) Define(api frontend.API) error {
	if c.Guarded {
		prover.AssertOnCurve(api, c.P)
	}
	product := prover.Mul(api, c.P, c.Bits[:])
	api.AssertIsEqual(product.X, c.Product.X)
	api.AssertIsEqual(product.Y, c.Product.Y)
	return nil
}

// At A = (0, 0) doubling divides zero by zero, and whoever solves the circuit
// chooses x of the result. With x² = −1 the next doublings lead to (0, −1) and
// to the neutral (0, 1): [h]A vanishes from the equation, and [S]G = R is easy
// to satisfy without any key.
func TestMulNeedsAPointOnTheCurve(t *testing.T) {
	a := &mulCircuit{P: prover.Point{X: 0, Y: 0}, Product: prover.Point{X: 0, Y: 1}}
	h, _ := new(big.Int).SetString("1f5e3c0a9b8d7264f0e1d2c3b4a5968778695a4b3c2d1e0f0123456789abcdf0", 16)
	for i := range a.Bits {
		a.Bits[i] = h.Bit(i)
	}
	var root fr.Element
	root.Sqrt(&curve.A) // a = −1
	free := 0
	evil := func() *dishonest {
		free = 0
		return &dishonest{free: func(int) fr.Element { free++; return root }}
	}
	if broken := evil().solve(t, compile(t, &mulCircuit{}), a); len(broken) != 0 || free == 0 {
		t.Errorf("without the guard: broken %v after %d choices, so this test shows nothing", broken, free)
	}
	broken := evil().solve(t, compile(t, &mulCircuit{Guarded: true}), a)
	if len(broken) != 1 || broken[0] != 3 {
		t.Errorf("with the guard: broken %v, want the curve equation alone", broken)
	}
}

// And so the whole signature check refuses A = (0, 0), by the curve equation.
func TestSignatureRefusesKeyAtZero(t *testing.T) {
	r := multiple(3)
	a := &signatureCircuit{R: pointOf(&r), A: prover.Point{X: 0, Y: 0}, S: 5, Challenge: 6}
	broken := new(dishonest).solve(t, compile(t, &signatureCircuit{}), a)
	if len(broken) == 0 || broken[0] != 7 {
		t.Errorf("broken %v, want the curve equation of A first", broken)
	}
}

// A point of order two added to R, or to A, is another signature.
func TestSignatureRefusesSmallSubgroups(t *testing.T) {
	var two, minus twistededwards.PointAffine
	two.Y.SetOne()
	two.Y.Neg(&two.Y)
	if !two.IsOnCurve() {
		t.Fatal("(0, −1) is not on the curve")
	}
	key, h, s := multiple(9), big.NewInt(1235), big.NewInt(99)
	var p, sum, r twistededwards.PointAffine
	p.ScalarMultiplication(&key, h)
	sum.ScalarMultiplicationBase(s)
	r.Add(&sum, minus.Neg(&p))
	system := compile(t, &signatureCircuit{})
	for name, a := range map[string]*signatureCircuit{
		"R":              {R: pointOf(r.Add(&r, &two)), A: pointOf(&key), S: s, Challenge: h},
		"R of order two": {R: pointOf(&two), A: pointOf(&key), S: s, Challenge: h},
		"A of order two": {R: pointOf(&r), A: pointOf(&two), S: s, Challenge: h},
	} {
		broken := new(dishonest).solve(t, system, a)
		last := system.GetNbConstraints() - 2 // the two coordinates of the equation
		if len(broken) == 0 || broken[0] < last {
			t.Errorf("%s: broken %v, want the equation alone", name, broken)
		}
	}
}

// Points that differ from the wanted sum in the sign of one coordinate lie on
// the curve too: each coordinate of the equation has a constraint of its own.
func TestSignatureComparesBothCoordinates(t *testing.T) {
	key, h, s := multiple(9), big.NewInt(1235), big.NewInt(99)
	var p, sum, minus twistededwards.PointAffine
	p.ScalarMultiplication(&key, h)
	sum.ScalarMultiplicationBase(s)
	system := compile(t, &signatureCircuit{})
	last := system.GetNbConstraints() - 2
	mirrored := map[int]twistededwards.PointAffine{last: sum, last + 1: sum}
	for constraint, want := range mirrored {
		if constraint == last {
			want.X.Neg(&want.X)
		} else {
			want.Y.Neg(&want.Y)
		}
		var r twistededwards.PointAffine
		r.Add(&want, minus.Neg(&p))
		a := &signatureCircuit{R: pointOf(&r), A: pointOf(&key), S: s, Challenge: h}
		if broken := new(dishonest).solve(t, system, a); len(broken) != 1 || broken[0] != constraint {
			t.Errorf("broken %v, want constraint %d alone", broken, constraint)
		}
	}
}

// A signature made for h + r, which is the same field element as h, satisfies
// the equation in the bits of h + r. What refuses it is that those bits do not
// spell an integer below the field's size.
func TestSignatureRefusesTheOtherSpelling(t *testing.T) {
	secret, nonce, h := big.NewInt(9), big.NewInt(5), big.NewInt(1235)
	other := new(big.Int).Add(h, fr.Modulus())
	low := new(big.Int).And(other, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), zkp.ChallengeBits), big.NewInt(1)))
	s := new(big.Int).Mul(low, secret)
	s.Add(s, nonce).Mod(s, &curve.Order)
	key, r := multiple(9), multiple(5)
	system := compile(t, &signatureCircuit{})
	a := &signatureCircuit{R: pointOf(&r), A: pointOf(&key), S: s, Challenge: h}
	d := &dishonest{digits: func(v *big.Int, n int) []fr.Element {
		if v.Cmp(h) == 0 && n == fr.Bits {
			return bitsOf(other, n)
		}
		return bitsOf(v, n)
	}}
	// The comparison with the field's size ends before the multiplications begin.
	broken := d.solve(t, system, a)
	if end := system.GetNbConstraints() - 2; len(broken) != 1 || broken[0] >= end {
		t.Errorf("broken %v, want the comparison with the field's size alone", broken)
	}
}
