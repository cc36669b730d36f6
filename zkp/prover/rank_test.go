package prover_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// rank is that of the left sides of all constraints, as a matrix with one column
// a wire, without the columns that skip names.
func rank(system *cs.R1CS, constraints []constraint.R1C, skip func(wire int) bool) int {
	pivots := map[int]map[int]fr.Element{}
	for _, c := range constraints {
		row := map[int]fr.Element{}
		for _, term := range c.L {
			if wire := int(term.VID); !skip(wire) {
				x := row[wire]
				row[wire] = *x.Add(&x, &system.Coefficients[term.CID])
			}
		}
		reduce(row, pivots)
	}
	return len(pivots)
}

// reduce subtracts known rows until nothing is left of a row, or a pivot of its
// own.
func reduce(row map[int]fr.Element, pivots map[int]map[int]fr.Element) {
	for {
		maps.DeleteFunc(row, func(_ int, x fr.Element) bool { return x.IsZero() })
		if len(row) == 0 {
			return
		}
		last := slices.Max(slices.Collect(maps.Keys(row)))
		by := row[last]
		known := pivots[last]
		if known == nil {
			by.Inverse(&by)
			for wire, x := range row {
				row[wire] = *x.Mul(&x, &by)
			}
			pivots[last] = row
			return
		}
		for wire, x := range known {
			y := row[wire]
			row[wire] = *y.Sub(&y, x.Mul(&x, &by))
		}
	}
}

// The column of each public input is independent of all other columns: no change
// of an input is made good by another wire or input. (Groth16 adds no rows of its
// own for this, and gnark does not either.)
func TestPublicInputsAreIndependent(t *testing.T) {
	for _, c := range prover.Circuits() {
		system := circuit(t, c).system
		constraints := unpack(t, system).constraints
		inputs := system.GetNbPublicVariables() - 1 // the first is the constant
		if inputs != c.PublicInputs() {
			t.Errorf("%s has %d public inputs", c, inputs)
		}
		all := rank(system, constraints, func(int) bool { return false })
		private := rank(system, constraints, func(wire int) bool { return wire > 0 && wire <= inputs })
		if all-private != inputs {
			t.Errorf("%s: %d of %d public inputs are independent", c, all-private, inputs)
		}
	}
}

// A wire that stands in no constraint is free, and one that stands in a single
// constraint holds nothing but that one. Those that may are listed: what a prover
// supplies to show that a number is not zero, what a table or a range reads once,
// and the squares of public inputs.
func TestNoWireIsFree(t *testing.T) {
	slots := func(names ...string) (out []string) {
		for i := range zkp.StatementSlots {
			for _, name := range names {
				out = append(out, fmt.Sprintf(name, i))
			}
		}
		return out
	}
	show := append(slots("Asked_%d_P1", "Answers_%d_Inverse", "Answers_%d_Different"), "Context")
	showSet := make([]string, len(show))
	for i, name := range show {
		showSet[i] = "Show_" + name
	}
	for c, want := range map[zkp.Circuit]struct {
		inputs  []string
		squares int
	}{
		zkp.CircuitPrepare: {[]string{"S"}, 4},
		zkp.CircuitShow:    {show, 13}, zkp.CircuitShowSet: {showSet, 13},
	} {
		system := circuit(t, c).system
		names := append(slices.Clone(system.Public), system.Secret...)
		stands := map[int]int{}
		for _, r := range unpack(t, system).constraints {
			in := map[int]bool{}
			for _, term := range slices.Concat(r.L, r.R, r.O) {
				in[int(term.VID)] = in[int(term.VID)] || !system.Coefficients[term.CID].IsZero()
			}
			for wire, really := range in {
				if really {
					stands[wire]++
				}
			}
		}
		var once []string
		squares := 0
		for wire := 1; wire < len(names)+system.GetNbInternalVariables(); wire++ {
			switch {
			case stands[wire] == 0:
				t.Errorf("%s: wire %d is free", c, wire)
			case stands[wire] == 1 && wire < len(names):
				once = append(once, names[wire])
			case stands[wire] == 1:
				squares++
			}
		}
		slices.Sort(once)
		slices.Sort(want.inputs)
		if !slices.Equal(once, want.inputs) || squares != want.squares {
			t.Errorf("%s: %v and %d results stand in one constraint, want %v and %d", c, once, squares, want.inputs, want.squares)
		}
	}
}
