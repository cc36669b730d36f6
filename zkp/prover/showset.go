package prover

import (
	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/zkp"
)

// showSetCircuit is the show that can also ask whether one attribute is in a
// set or not.
type showSetCircuit struct {
	Show showCircuit
	Set  setPlace
}

// setPlace is the place of the asked attribute in the set: two neighbours From
// and To of the sorted list, and the path from their leaf to the root.
type setPlace struct {
	From, To frontend.Variable
	Index    [3 * zkp.SetDepth]frontend.Variable
	Nodes    [zkp.SetDepth][zkp.SetArity]frontend.Variable
}

// Define states the relation.
func (c *showSetCircuit) Define(api frontend.API) error {
	d := domainConstants()
	c.Show.assertOpening(api, d)
	c.Set.assertMember(api, d, c.Show.SetRoot)

	bits := make([]frontend.Variable, zkp.StatementSlots)
	sum := setClaim{0, 0, 0, 0}
	for i := range bits {
		a, r := &c.Show.Answers[i], c.Show.read(api, i)
		claim := newSetClaim(api, a, &r)
		assertAnswer(api, &c.Show.Asked[i], a, r)
		sum = sum.add(api, claim)
		bits[i] = a.True
	}
	// One predicate at most asks about the set: the sums below are its own.
	api.AssertIsBoolean(sum.asked)
	c.Set.assertClaim(api, sum)
	c.Show.assertAccepted(api, bits)
	return nil
}

// setClaim is what one slot claims about the set. All of it is zero if the slot
// does not ask about the set, or claims nothing.
type setClaim struct {
	asked     frontend.Variable // the operation is in or notin, claimed or not
	in, notIn frontend.Variable // claimed true
	value     frontend.Variable // the attribute, if claimed true
}

// newSetClaim reads in (4) and notin (5) in addition to the operations of the
// plain show, and corrects the reading for them: neither counts as never, and
// notin does not count as eq.
func newSetClaim(api frontend.API, a *answer, r *reading) setClaim {
	notIn := api.Mul(r.low, r.set)
	in := api.Sub(r.set, notIn)
	r.isEq = api.Sub(r.isEq, notIn)
	r.never = api.Sub(r.never, r.set, in)
	c := setClaim{asked: r.set, in: api.Mul(a.True, in), notIn: api.Mul(a.True, notIn)}
	c.value = api.Mul(api.Add(c.in, c.notIn), r.value)
	return c
}

func (c setClaim) add(api frontend.API, o setClaim) setClaim {
	return setClaim{api.Add(c.asked, o.asked), api.Add(c.in, o.in), api.Add(c.notIn, o.notIn), api.Add(c.value, o.value)}
}

// assertMember proves that From and To are neighbours in the asked set.
func (s *setPlace) assertMember(api frontend.API, d domains, root frontend.Variable) {
	leaf := compress(api, 4, d.set, s.From, s.To)
	nodes := make([][]frontend.Variable, len(s.Nodes))
	for i := range nodes {
		nodes[i] = s.Nodes[i][:]
	}
	assertPath(api, zkp.SetArity, leaf, root, nodes, s.Index[:])
}

// assertClaim proves that the claimed value begins the gap, or lies strictly
// inside it. The bounds are at most 2^248, so the differences cannot wrap
// around the field.
func (s *setPlace) assertClaim(api frontend.API, c setClaim) {
	api.AssertIsEqual(api.Mul(c.in, api.Sub(c.value, s.From)), 0)
	toBits(api, api.Mul(c.notIn, api.Sub(c.value, s.From, 1)), zkp.SetBits)
	toBits(api, api.Mul(c.notIn, api.Sub(s.To, c.value, 1)), zkp.SetBits)
}
