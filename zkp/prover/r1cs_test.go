package prover_test

import (
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// dishonest solves a constraint system as somebody would who wants to break
// it: it does not stop at a broken constraint, takes what it likes for bits,
// and fills in whatever a division of zero by zero leaves open. All that counts
// is which constraints the finished assignment breaks.
type dishonest struct {
	// digits replaces the bits of a value; nil takes the honest ones.
	digits func(v *big.Int, n int) []fr.Element
	// free chooses x where the constraint is 0·x = 0; nil takes zero.
	free func(constraint int) fr.Element

	system *cs.R1CS
	wires  fr.Vector
	known  []bool
}

// solve returns the constraints that the assignment breaks.
func (d *dishonest) solve(t testing.TB, system *cs.R1CS, assignment frontend.Circuit) (broken []int) {
	t.Helper()
	w, err := frontend.NewWitness(assignment, ecc.BN254.ScalarField())
	if err != nil {
		t.Fatal(err)
	}
	values := w.Vector().(fr.Vector)
	d.system = system
	public, secret, internal := system.GetNbPublicVariables(), system.GetNbSecretVariables(), system.GetNbInternalVariables()
	d.wires = make(fr.Vector, public+secret+internal)
	d.known = make([]bool, len(d.wires))
	d.wires[0].SetOne()
	copy(d.wires[1:], values)
	for i := range len(values) + 1 {
		d.known[i] = true
	}
	all := unpack(t, system)
	next := 0
	for _, step := range all.steps {
		if step != nil {
			d.hint(t, step)
			continue
		}
		d.fill(t, &all.constraints[next], next)
		next++
	}
	for i, c := range all.constraints {
		l, r, o := d.value(c.L), d.value(c.R), d.value(c.O)
		if !l.Mul(&l, &r).Equal(&o) {
			broken = append(broken, i)
		}
	}
	return broken
}

// unpacked is a system's constraints and hints in their order. A step that is
// nil is the next constraint.
type unpacked struct {
	steps       []*constraint.HintMapping
	constraints []constraint.R1C
}

var unpackedSystems sync.Map // *cs.R1CS to *unpacked

func unpack(t testing.TB, system *cs.R1CS) *unpacked {
	t.Helper()
	if known, ok := unpackedSystems.Load(system); ok {
		return known.(*unpacked)
	}
	u := new(unpacked)
	for _, packed := range system.Instructions {
		in := packed.Unpack(&system.System)
		switch b := system.Blueprints[packed.BlueprintID].(type) {
		case constraint.BlueprintR1C:
			var c constraint.R1C
			b.DecompressR1C(&c, in)
			u.steps, u.constraints = append(u.steps, nil), append(u.constraints, c)
		case constraint.BlueprintHint:
			h := new(constraint.HintMapping)
			b.DecompressHint(h, in)
			u.steps = append(u.steps, h)
		default:
			t.Fatalf("an instruction that this solver does not know: %T", b)
		}
	}
	unpackedSystems.Store(system, u)
	return u
}

// value is the sum of the known terms.
func (d *dishonest) value(l constraint.LinearExpression) (sum fr.Element) {
	for _, term := range l {
		x := d.system.Coefficients[term.CID]
		switch {
		case term.IsConstant():
		case d.known[term.VID]:
			x.Mul(&x, &d.wires[term.VID])
		default:
			continue
		}
		sum.Add(&sum, &x)
	}
	return sum
}

// fill finds the one wire that a constraint defines, where it defines one.
func (d *dishonest) fill(t testing.TB, c *constraint.R1C, index int) {
	t.Helper()
	sides := []constraint.LinearExpression{c.L, c.R, c.O}
	at, wire, coefficient := -1, -1, fr.Element{}
	for i, side := range sides {
		for _, term := range side {
			if !term.IsConstant() && !d.known[term.VID] {
				if at >= 0 && wire != int(term.VID) {
					t.Fatal("a constraint with two unknown wires")
				}
				at, wire, coefficient = i, int(term.VID), d.system.Coefficients[term.CID]
			}
		}
	}
	if at < 0 {
		return
	}
	l, r, o := d.value(c.L), d.value(c.R), d.value(c.O)
	var x fr.Element
	if at == 2 {
		x.Mul(&l, &r).Sub(&x, &o)
	} else {
		if at == 0 {
			l, r = r, l
		}
		if l.IsZero() && o.IsZero() && d.free != nil {
			x = d.free(index) // 0·x = 0
		} else {
			x = quotient(o, l)
			x.Sub(&x, &r)
		}
	}
	x = quotient(x, coefficient)
	d.wires[wire], d.known[wire] = x, true
}

// quotient is x/y. Most divisors are one, and an inverse takes long.
func quotient(x, y fr.Element) fr.Element {
	if !y.IsOne() {
		x.Div(&x, &y)
	}
	return x
}

// hint answers the only hint of these circuits: the bits of a value.
func (d *dishonest) hint(t testing.TB, h *constraint.HintMapping) {
	t.Helper()
	if len(h.Inputs) != 1 {
		t.Fatal("a hint that is not a value's bits")
	}
	in := d.value(h.Inputs[0])
	v, n := in.BigInt(new(big.Int)), int(h.OutputRange.End-h.OutputRange.Start)
	digits := bitsOf(v, n)
	if d.digits != nil {
		digits = d.digits(v, n)
	}
	for i, digit := range digits {
		wire := int(h.OutputRange.Start) + i
		d.wires[wire], d.known[wire] = digit, true
	}
}

// bitsOf returns the n lowest bits of v, lowest first.
func bitsOf(v *big.Int, n int) []fr.Element {
	out := make([]fr.Element, n)
	for i := range out {
		out[i].SetUint64(uint64(v.Bit(i)))
	}
	return out
}

// compiled is a circuit with the names of its parts.
type compiled struct {
	system *cs.R1CS
	parts  []prover.Part
}

var (
	compileOnce sync.Once
	compiledAll map[zkp.Circuit]compiled
)

func circuit(t testing.TB, c zkp.Circuit) compiled {
	t.Helper()
	compileOnce.Do(func() {
		compiledAll = map[zkp.Circuit]compiled{}
		for _, c := range prover.Circuits() {
			s, err := prover.Compile(c)
			if err != nil {
				t.Fatal(err)
			}
			compiledAll[c] = compiled{s.R1CS(), prover.PartsOf(t, c)}
		}
	})
	return compiledAll[c]
}

// brokenParts names the parts that an assignment breaks, in the circuit's order.
func (c compiled) brokenParts(t testing.TB, assignment frontend.Circuit, d *dishonest) string {
	t.Helper()
	seen := map[string]int{}
	for _, i := range d.solve(t, c.system, assignment) {
		seen[prover.PartAt(c.parts, i)] = i
	}
	names := slices.SortedFunc(maps.Keys(seen), func(a, b string) int { return seen[a] - seen[b] })
	return strings.Join(names, ", ")
}

// wantBroken asserts which parts an assignment breaks: "" for none.
func wantBroken(t testing.TB, c zkp.Circuit, assignment frontend.Circuit, want string) {
	t.Helper()
	if got := circuit(t, c).brokenParts(t, assignment, new(dishonest)); got != want {
		t.Errorf("broken: [%s], want [%s]", got, want)
	}
}

// Groth16 does not bind a public input that stands in no constraint, and gnark
// does not complain.
func TestPublicInputsStandInConstraints(t *testing.T) {
	for _, c := range prover.Circuits() {
		system := circuit(t, c).system
		stands := map[int]bool{}
		for _, r := range unpack(t, system).constraints {
			for _, term := range slices.Concat(r.L, r.R, r.O) {
				stands[int(term.VID)] = stands[int(term.VID)] || !system.Coefficients[term.CID].IsZero()
			}
		}
		for i := 1; i < system.GetNbPublicVariables(); i++ { // 0 is the constant
			if !stands[i] {
				t.Errorf("%s: public input %s is not bound", c, system.Public[i])
			}
		}
	}
}
