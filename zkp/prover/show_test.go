package prover_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// What slot 1 of a question asks and claims; the other slots ask nothing.
type asked struct {
	op, index int
	p0, p1    any // as the circuit takes them, out of range or not
}

// Attributes of these tests by index: a number, a text and an absence.
const (
	atNumber = iota
	atText
	atAbsent
	atBig // just below 2^64
)

func showAttributes(t testing.TB) (attrs zkp.Attributes) {
	t.Helper()
	attrs[atNumber].SetUint64(1000)
	attrs[atText] = text(t, "朝阳区")
	attrs[atBig].SetUint64(1<<63 - 1)
	return attrs
}

// newShow fills the circuit with the answer "true" to one question, and with
// the helpers that serve a liar best.
func newShow(t testing.TB, attrs zkp.Attributes, q asked) *prover.ShowCircuit {
	t.Helper()
	secret, blinding, scope := newSecret("show"), zkp.HashToField("r"), zkp.HashToField("s")
	a := &prover.ShowCircuit{
		Commitment: secret.Commit(&attrs, blinding), Context: 5, Scope: scope, Pseudonym: secret.Pseudonym(scope),
		SetRoot: 0, Table: 0xaaaa, // accepted where slot 1 is true
		Secret: secret.Element(), Blinding: blinding,
	}
	for i := range a.Attributes {
		a.Attributes[i] = attrs[i]
	}
	for i := range a.Asked {
		a.Asked[i] = prover.AskedPredicate{Op: 0, Index: 0, P0: 0, P1: 0}
		a.Answers[i] = prover.Answer{True: 0, Inverse: 0, Different: 0}
	}
	v := attrs[q.index%zkp.Slots]
	var p0, inverse, different fr.Element
	if _, err := p0.SetInterface(q.p0); err != nil {
		t.Fatal(err)
	}
	different.Sub(&v, &p0)
	different.Inverse(&different)
	a.Asked[0] = prover.AskedPredicate{Op: q.op, Index: q.index, P0: q.p0, P1: q.p1}
	a.Answers[0] = prover.Answer{True: 1, Inverse: *inverse.Inverse(&v), Different: different}
	return a
}

func TestShowAnswers(t *testing.T) {
	attrs := showAttributes(t)
	minus := func(n int64) *big.Int { return new(big.Int).Sub(fr.Modulus(), big.NewInt(n)) }
	two64 := new(big.Int).Lsh(big.NewInt(1), 64)
	const none, eq, ne, between, in, notIn = 0, 1, 2, 3, 4, 5
	for _, tc := range []struct {
		name   string
		q      asked
		broken string
	}{
		{"eq", asked{eq, atNumber, 1000, 0}, ""},
		{"eq another", asked{eq, atNumber, 1001, 0}, "1 eq"},
		{"eq of a text", asked{eq, atText, attrs[atText], 0}, ""},
		{"eq with the value of another slot", asked{eq, atText, 1000, 0}, "1 eq"},
		{"eq absent", asked{eq, atAbsent, 0, 0}, "1 present"},
		{"eq absent, with a value", asked{eq, atAbsent, 7, 0}, "1 present, 1 eq"},

		{"ne", asked{ne, atNumber, 1001, 0}, ""},
		{"ne itself", asked{ne, atNumber, 1000, 0}, "1 ne"},
		{"ne absent", asked{ne, atAbsent, 7, 0}, "1 present"},
		{"ne absent, nothing", asked{ne, atAbsent, 0, 0}, "1 present, 1 ne"},

		{"range", asked{between, atNumber, 1, 2000}, ""},
		{"range at both ends", asked{between, atNumber, 1000, 1000}, ""},
		{"range above", asked{between, atNumber, 1001, 2000}, "1 low"},
		{"range below", asked{between, atNumber, 1, 999}, "1 high"},
		{"range back to front", asked{between, atNumber, 2000, 1}, "1 low, 1 high"},
		{"range of absence", asked{between, atAbsent, 0, 2000}, "1 present"},
		{"range of a text", asked{between, atText, 0, 2000}, "1 low, 1 high"},
		{"range of everything, of a text", asked{between, atText, 0, minus(1)}, "1 low, 1 high"},
		{"range of the largest number", asked{between, atBig, 1<<63 - 1, 1 << 62}, "1 high"},
		{"range with a negative end", asked{between, atNumber, 1, minus(1)}, "1 high"},
		{"range with a negative beginning", asked{between, atText, minus(5), two64}, "1 low, 1 high"},

		{"none", asked{none, atNumber, 0, 0}, "1 op can be true"},
		{"in", asked{in, atNumber, 1000, 0}, "1 op can be true"},
		{"not in", asked{notIn, atNumber, 1000, 0}, "1 op can be true"},
		{"op 6", asked{6, atNumber, 0, 0}, "1 op can be true"},
		{"op 7", asked{7, atNumber, 0, 2000}, "1 op can be true"},
		{"op 8 is none with a bit too many", asked{8, atNumber, 0, 0}, "1 op, 1 op can be true"},
		{"op 9 is eq with a bit too many", asked{9, atNumber, 1000, 0}, "1 op"},
		{"index 16 is 0 with a bit too many", asked{eq, 16, 1000, 0}, "1 index"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantBroken(t, zkp.CircuitShow, newShow(t, attrs, tc.q), tc.broken)
		})
	}
}

// Whatever is asked, "false" is an honest answer, and a table that accepts it
// is all that it needs.
func TestShowFalseCostsNothing(t *testing.T) {
	attrs := showAttributes(t)
	for op := range 8 {
		for _, index := range []int{atNumber, atText, atAbsent} {
			a := newShow(t, attrs, asked{op, index, 3, 2})
			a.Answers[0] = prover.Answer{True: 0, Inverse: 0, Different: 0}
			wantBroken(t, zkp.CircuitShow, a, "table accepts")
			a.Table = 1
			wantBroken(t, zkp.CircuitShow, a, "")
		}
	}
}

// The table is read by the four bits, first slot lowest, and has 16 bits.
func TestShowTable(t *testing.T) {
	attrs := showAttributes(t)
	for outcome := range 16 {
		a := newShow(t, attrs, asked{1, atNumber, 1000, 0})
		for i := range a.Asked {
			a.Asked[i], a.Answers[i] = a.Asked[0], a.Answers[0]
			a.Answers[i].True = outcome >> i & 1
		}
		a.Table = 1 << outcome
		wantBroken(t, zkp.CircuitShow, a, "")
		a.Table = 0xffff &^ (1 << outcome)
		wantBroken(t, zkp.CircuitShow, a, "table accepts")
		a.Table = 1<<outcome | 1<<16
		wantBroken(t, zkp.CircuitShow, a, "table in 16 bits")
	}
}

// Twice true and half true multiply to what the table takes for "both".
func TestShowBitsAreBits(t *testing.T) {
	a := newShow(t, showAttributes(t), asked{1, atNumber, 1000, 0})
	a.Asked[1], a.Answers[1] = a.Asked[0], a.Answers[0]
	a.Table = 0x8888 // both of slots 1 and 2
	wantBroken(t, zkp.CircuitShow, a, "")
	var half fr.Element
	half.SetUint64(2)
	a.Answers[0].True, a.Answers[1].True = 2, *half.Inverse(&half)
	wantBroken(t, zkp.CircuitShow, a, "1 true is a bit, 2 true is a bit")
}

// An index whose digits are not bits reads a mixture of attributes: here
// −1·1 + 1·2 spells index 1, and reads what no slot holds.
func TestShowIndexDigitsAreBits(t *testing.T) {
	attrs := showAttributes(t)
	var mixed, first, second fr.Element
	one := fr.One()
	// a₀ + b₀(a₁−a₀) at b₀ = −1, then the same of a₂, a₃, at b₁ = 1.
	first.Sub(&attrs[3], &attrs[2])
	mixed.Sub(&attrs[2], &first)
	a := newShow(t, attrs, asked{1, atText, mixed, 0})
	a.Answers[0].Inverse = *second.Inverse(&mixed)
	var minus fr.Element
	minus.Neg(&one)
	d := &dishonest{digits: func(v *big.Int, n int) []fr.Element {
		if n == 4 && v.IsUint64() && v.Uint64() == atText {
			return []fr.Element{minus, one, {}, {}}
		}
		return bitsOf(v, n)
	}}
	if got := circuit(t, zkp.CircuitShow).brokenParts(t, a, d); got != "1 index" {
		t.Errorf("broken [%s]", got)
	}
}

// A number of 64 digits of which one is the whole number, and no bit, would lie in
// every range.
func TestRangeDigitsAreBits(t *testing.T) {
	d := &dishonest{digits: func(v *big.Int, n int) []fr.Element {
		if v.BitLen() <= n {
			return bitsOf(v, n)
		}
		out := make([]fr.Element, n)
		out[0].SetBigInt(v)
		return out
	}}
	a := newShow(t, showAttributes(t), asked{3, atNumber, 1001, 2000}) // it is 1000
	if got := circuit(t, zkp.CircuitShow).brokenParts(t, a, d); got != "1 low" {
		t.Errorf("broken [%s]", got)
	}
}

// What zkp says of a statement in the clear is what the circuit accepts.
func TestShowAgreesWithHolds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	attrs := showAttributes(t)
	values := []zkp.Element{attrs[atNumber], attrs[atText], attrs[atBig], text(t, "别的")}
	for range 200 {
		p := zkp.Predicate{Op: zkp.Op(1 + random.IntN(3)), Slot: uint8(random.IntN(4))}
		q := asked{op: int(p.Op), index: int(p.Slot)}
		if p.Op == zkp.OpRange {
			bounds := []uint64{1 + uint64(random.IntN(1002)), 1 + uint64(random.IntN(1002))}
			slices.Sort(bounds)
			p.Low, p.High = bounds[0], bounds[1]
			q.p0, q.p1 = p.Low, p.High
		} else {
			p.Value = values[random.IntN(len(values))]
			q.p0, q.p1 = p.Value, 0
		}
		got := circuit(t, zkp.CircuitShow).brokenParts(t, newShow(t, attrs, q), new(dishonest))
		if p.Holds(&attrs) != (got == "") {
			t.Fatalf("op %d of slot %d: in the clear %v, broken [%s]", p.Op, p.Slot, p.Holds(&attrs), got)
		}
	}
}
