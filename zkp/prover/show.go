package prover

import (
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/std/selector"

	"github.com/hufu-id/hufu/zkp"
)

// rangeBits is the width of range operands; the verifier keeps them below 2^64.
const rangeBits = 64

// showCircuit proves: I know what com hides; the asked statement is true of
// it; the pseudonym is mine in the asked scope; and all of it for this context.
type showCircuit struct {
	Commitment frontend.Variable                  `gnark:",public"`
	Context    frontend.Variable                  `gnark:",public"`
	Scope      frontend.Variable                  `gnark:",public"`
	Pseudonym  frontend.Variable                  `gnark:",public"`
	Asked      [zkp.StatementSlots]askedPredicate `gnark:",public"`
	SetRoot    frontend.Variable                  `gnark:",public"`
	Table      frontend.Variable                  `gnark:",public"`

	Attributes [zkp.Slots]frontend.Variable
	Secret     frontend.Variable
	Blinding   frontend.Variable
	Answers    [zkp.StatementSlots]answer
}

// askedPredicate is one slot of the public statement.
type askedPredicate struct{ Op, Index, P0, P1 frontend.Variable }

// answer is what the prover claims of one slot, with the helpers that make the
// claim checkable. A true claim must be right; a false one costs nothing.
type answer struct {
	True      frontend.Variable
	Inverse   frontend.Variable // of the attribute: it is present
	Different frontend.Variable // inverse of attribute − P0: it is not equal
}

// Define states the relation, part by part.
func (c *showCircuit) Define(api frontend.API) error {
	domains := domainConstants()
	attrHash := compress(api, 16, c.Attributes[:]...)
	api.AssertIsEqual(c.Commitment, compress(api, 4, domains.commitment, attrHash, c.Secret, c.Blinding))
	api.AssertIsEqual(c.Pseudonym, compress(api, 4, domains.pseudonym, c.Secret, c.Scope))

	// A public input that no constraint touches is not bound by Groth16 at all.
	api.Mul(c.Context, c.Context)
	// No set can be asked here; the circuit for sets is another one.
	api.AssertIsEqual(c.SetRoot, 0)

	bits := make([]frontend.Variable, zkp.StatementSlots)
	for i := range bits {
		c.assertAnswer(api, &c.Asked[i], &c.Answers[i])
		bits[i] = c.Answers[i].True
	}
	table := toBits(api, c.Table, 1<<zkp.StatementSlots)
	api.AssertIsEqual(selector.BinaryMux(api, bits, table), 1)
	return nil
}

// assertAnswer proves that a slot claimed true is true of the attribute it
// names. The verifier keeps operations below 6 and indices below 16.
func (c *showCircuit) assertAnswer(api frontend.API, q *askedPredicate, a *answer) {
	api.AssertIsBoolean(a.True)
	v := selector.BinaryMux(api, toBits(api, q.Index, 4), c.Attributes[:])

	op := toBits(api, q.Op, 3)
	isRange := api.Mul(op[0], op[1])
	isEq, isNe := api.Sub(op[0], isRange), api.Sub(op[1], isRange)
	isNone := api.Sub(1, op[0], isNe)

	// Neither an empty slot nor an operation of the set circuit can be true.
	api.AssertIsEqual(api.Mul(a.True, api.Add(isNone, op[2])), 0)
	// An absent attribute makes everything false.
	api.AssertIsEqual(api.Mul(a.True, api.Sub(1, api.Mul(v, a.Inverse))), 0)

	difference := api.Sub(v, q.P0)
	api.AssertIsEqual(api.Mul(api.Mul(a.True, isEq), difference), 0)
	apart := api.Mul(difference, a.Different)
	api.AssertIsEqual(api.Mul(api.Mul(a.True, isNe), api.Sub(1, apart)), 0)

	ranged := api.Mul(a.True, isRange)
	toBits(api, api.Mul(ranged, difference), rangeBits)
	toBits(api, api.Mul(ranged, api.Sub(q.P1, v)), rangeBits)
}
