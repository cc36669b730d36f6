package prover

import (
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/std/selector"

	"github.com/hufu-id/hufu/zkp"
)

// rangeBits is the width of range operands. The verifier keeps them below 2^64.
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

// answer is the prover's claim about one slot, with the helpers that make the
// claim checkable. A claim of true must be right. A claim of false needs no
// proof.
type answer struct {
	True      frontend.Variable
	Inverse   frontend.Variable // of the attribute: it is present
	Different frontend.Variable // inverse of attribute − P0: it is not equal
}

// Define states the relation.
func (c *showCircuit) Define(api frontend.API) error {
	c.assertOpening(api, domainConstants())
	// No set can be asked here; the circuit for sets is another one.
	api.AssertIsEqual(c.SetRoot, 0)
	bits := make([]frontend.Variable, zkp.StatementSlots)
	for i := range bits {
		assertAnswer(api, &c.Asked[i], &c.Answers[i], c.read(api, i))
		bits[i] = c.Answers[i].True
	}
	c.assertAccepted(api, bits)
	return nil
}

// assertOpening proves that com hides these attributes and this secret, and
// that the pseudonym belongs to the secret.
func (c *showCircuit) assertOpening(api frontend.API, d domains) {
	attrHash := compress(api, 16, c.Attributes[:]...)
	api.AssertIsEqual(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))
	api.AssertIsEqual(c.Pseudonym, compress(api, 4, d.pseudonym, c.Secret, c.Scope))
	bind(api, c.Commitment, c.Context, c.Pseudonym, c.SetRoot, c.Table)
	for i := range c.Asked {
		bind(api, c.Asked[i].Op, c.Asked[i].Index)
	}
}

// reading is one asked predicate, decoded: the attribute that its index names,
// and its operation.
type reading struct {
	value               frontend.Variable
	isEq, isNe, isRange frontend.Variable
	never               frontend.Variable // no operation, or one of the other circuit

	low, set frontend.Variable // bits 0 and 2 of the operation
}

// read decodes an asked predicate. The verifier keeps indices below 16 and
// operations below 6.
func (c *showCircuit) read(api frontend.API, i int) (r reading) {
	q := &c.Asked[i]
	r.value = selector.BinaryMux(api, toBits(api, q.Index, 4), c.Attributes[:])
	op := toBits(api, q.Op, 3)
	r.low, r.set = op[0], op[2]
	r.isRange = api.Mul(op[0], op[1])
	r.isEq, r.isNe = api.Sub(op[0], r.isRange), api.Sub(op[1], r.isRange)
	r.never = api.Add(api.Sub(1, op[0], r.isNe), op[2])
	return r
}

// assertAnswer proves that a slot that is claimed true is true of the attribute
// that it names.
func assertAnswer(api frontend.API, q *askedPredicate, a *answer, r reading) {
	api.AssertIsBoolean(a.True)
	api.AssertIsEqual(api.Mul(a.True, r.never), 0)
	// An absent attribute makes everything false.
	api.AssertIsEqual(api.Mul(a.True, api.Sub(1, api.Mul(r.value, a.Inverse))), 0)

	difference := api.Sub(r.value, q.P0)
	api.AssertIsEqual(api.Mul(api.Mul(a.True, r.isEq), difference), 0)
	apart := api.Mul(difference, a.Different)
	api.AssertIsEqual(api.Mul(api.Mul(a.True, r.isNe), api.Sub(1, apart)), 0)

	ranged := api.Mul(a.True, r.isRange)
	toBits(api, api.Mul(ranged, difference), rangeBits)
	toBits(api, api.Mul(ranged, api.Sub(q.P1, r.value)), rangeBits)
}

// assertAccepted looks the bits up in the acceptance table.
func (c *showCircuit) assertAccepted(api frontend.API, bits []frontend.Variable) {
	table := toBits(api, c.Table, 1<<zkp.StatementSlots)
	api.AssertIsEqual(selector.BinaryMux(api, bits, table), 1)
}
