package prover

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/std/selector"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/zkp"
)

// Part is a named run of constraints: those from the end of the part before it
// up to End.
type Part struct {
	Name string
	End  int
}

// PartAt names the part that a constraint belongs to.
func PartAt(parts []Part, constraint int) string {
	return parts[sort.Search(len(parts), func(i int) bool { return constraint < parts[i].End })].Name
}

// stepper runs a circuit's definition up to one step, and notes the steps'
// names on the way.
type stepper struct {
	until int
	names []string
}

func (s *stepper) done(name string) bool {
	s.names = append(s.names, name)
	return s.until >= 0 && len(s.names) > s.until
}

// preparePrefix says what prepareCircuit.Define says, step by step.
type preparePrefix struct {
	PrepareCircuit
	steps *stepper `gnark:"-"`
}

func (c *preparePrefix) Define(api frontend.API) error {
	d, done := domainConstants(), c.steps.done
	bind(api, c.Registry, c.Revocation, c.Day, c.Commitment)
	if done("own rows") {
		return nil
	}
	attrHash := compress(api, 16, c.Attributes[:]...)
	api.AssertIsEqual(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))
	if done("commitment") {
		return nil
	}
	holder := compress(api, 4, d.pseudonym, c.Secret, c.Issuance)
	hash := compress(api, 12, d.signature, c.R.X, c.R.Y, c.Issuer.X, c.Issuer.Y,
		c.Schema, c.Region, holder, c.Issuance, c.terms(api), attrHash)
	if done("hash") {
		return nil
	}
	if c.defineSignature(api, hash) {
		return nil
	}
	if c.defineTrees(api, d) {
		return nil
	}
	assertOrdered(api, c.NotBefore, c.Day, zkp.DayBits)
	if done("not before") {
		return nil
	}
	assertOrdered(api, c.Day, c.NotAfter, zkp.DayBits)
	if done("not after") {
		return nil
	}
	assertOrdered(api, c.NotBefore, c.NotAfter, zkp.ValidityBits)
	done("not too long")
	return nil
}

func (c *preparePrefix) defineSignature(api frontend.API, hash frontend.Variable) (stop bool) {
	done := c.steps.done
	assertOnCurve(api, c.R)
	if done("R on the curve") {
		return true
	}
	assertOnCurve(api, c.Issuer)
	if done("A on the curve") {
		return true
	}
	hBits := toCanonicalBits(api, hash)[:zkp.ChallengeBits]
	if done("challenge canonical") {
		return true
	}
	sBits := toBits(api, c.S, scalarBits)
	if done("S in 251 bits") {
		return true
	}
	left := mulBase(api, sBits)
	right := add(api, mul(api, c.Issuer, hBits), c.R)
	if done("multiplications") {
		return true
	}
	api.AssertIsEqual(left.X, right.X)
	api.AssertIsEqual(left.Y, right.Y)
	return done("signature equation")
}

func (c *preparePrefix) defineTrees(api frontend.API, d domains) (stop bool) {
	done := c.steps.done
	leaf := compress(api, 8, d.registry, c.Issuer.X, c.Issuer.Y, c.Schema, c.Region, c.KeyFrom, c.KeyUntil)
	var registry, revocation [][]frontend.Variable
	for i := range c.RegistryNodes {
		registry = append(registry, c.RegistryNodes[i][:])
	}
	assertPath(api, zkp.RegistryArity, leaf, c.Registry, registry, c.RegistryIndex[:])
	if done("registry path") {
		return true
	}
	assertOrdered(api, c.KeyFrom, c.NotBefore, zkp.DayBits)
	if done("key begins") {
		return true
	}
	assertOrdered(api, c.NotBefore, c.KeyUntil, zkp.DayBits)
	if done("key ends") {
		return true
	}
	leaf = compress(api, 4, d.revocation, c.GapFrom, c.GapTo)
	for i := range c.RevocationNodes {
		revocation = append(revocation, c.RevocationNodes[i][:])
	}
	assertPath(api, zkp.RevocationArity, leaf, c.Revocation, revocation, c.RevocationIndex[:])
	if done("revocation path") {
		return true
	}
	assertOrdered(api, c.GapFrom, c.Handle, zkp.HandleBits)
	if done("gap begins") {
		return true
	}
	assertOrdered(api, api.Add(c.Handle, 1), c.GapTo, zkp.HandleBits)
	return done("gap ends")
}

// showPrefix says what showCircuit.Define says, step by step.
type showPrefix struct {
	ShowCircuit
	steps *stepper `gnark:"-"`
}

func (c *showPrefix) Define(api frontend.API) error {
	done := c.steps.done
	if c.steps.opening(api, &c.ShowCircuit) {
		return nil
	}
	api.AssertIsEqual(c.SetRoot, 0)
	if done("no set") {
		return nil
	}
	bits := make([]frontend.Variable, zkp.StatementSlots)
	for i := range bits {
		r, stop := c.steps.reading(api, &c.ShowCircuit, i)
		if stop || c.steps.answer(api, &c.ShowCircuit, i, r) {
			return nil
		}
		bits[i] = c.Answers[i].True
	}
	c.steps.accepted(api, &c.ShowCircuit, bits)
	return nil
}

// showSetPrefix says what showSetCircuit.Define says, step by step.
type showSetPrefix struct {
	ShowSetCircuit
	steps *stepper `gnark:"-"`
}

func (c *showSetPrefix) Define(api frontend.API) error {
	show, done := &c.Show, c.steps.done
	if c.steps.opening(api, show) {
		return nil
	}
	c.Set.assertMember(api, domainConstants(), show.SetRoot)
	if done("set path") {
		return nil
	}
	bits := make([]frontend.Variable, zkp.StatementSlots)
	sum := setClaim{0, 0, 0, 0}
	for i := range bits {
		r, stop := c.steps.reading(api, show, i)
		if stop {
			return nil
		}
		claim := newSetClaim(api, &show.Answers[i], &r)
		if done(fmt.Sprintf("%d set claim", i+1)) {
			return nil
		}
		if c.steps.answer(api, show, i, r) {
			return nil
		}
		sum = sum.add(api, claim)
		bits[i] = show.Answers[i].True
	}
	api.AssertIsBoolean(sum.asked)
	if done("one set") || c.defineClaim(api, sum) {
		return nil
	}
	c.steps.accepted(api, show, bits)
	return nil
}

func (c *showSetPrefix) defineClaim(api frontend.API, sum setClaim) (stop bool) {
	done := c.steps.done
	api.AssertIsEqual(api.Mul(sum.in, api.Sub(sum.value, c.Set.From)), 0)
	if done("in") {
		return true
	}
	toBits(api, api.Mul(sum.notIn, api.Sub(sum.value, c.Set.From, 1)), zkp.SetBits)
	if done("above the gap's beginning") {
		return true
	}
	toBits(api, api.Mul(sum.notIn, api.Sub(c.Set.To, sum.value, 1)), zkp.SetBits)
	return done("below the gap's end")
}

// opening, reading, answer and accepted are the steps that both shows have.
func (s *stepper) opening(api frontend.API, c *showCircuit) (stop bool) {
	d := domainConstants()
	attrHash := compress(api, 16, c.Attributes[:]...)
	api.AssertIsEqual(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))
	if s.done("commitment") {
		return true
	}
	api.AssertIsEqual(c.Pseudonym, compress(api, 4, d.pseudonym, c.Secret, c.Scope))
	if s.done("pseudonym") {
		return true
	}
	bind(api, c.Commitment, c.Context, c.Pseudonym, c.SetRoot, c.Table)
	for i := range c.Asked {
		bind(api, c.Asked[i].Op, c.Asked[i].Index)
	}
	return s.done("own rows")
}

func (s *stepper) reading(api frontend.API, c *showCircuit, i int) (r reading, stop bool) {
	q := &c.Asked[i]
	r.value = selector.BinaryMux(api, toBits(api, q.Index, 4), c.Attributes[:])
	if s.done(fmt.Sprintf("%d index", i+1)) {
		return r, true
	}
	op := toBits(api, q.Op, 3)
	r.low, r.set = op[0], op[2]
	r.isRange = api.Mul(op[0], op[1])
	r.isEq, r.isNe = api.Sub(op[0], r.isRange), api.Sub(op[1], r.isRange)
	r.never = api.Add(api.Sub(1, op[0], r.isNe), op[2])
	return r, s.done(fmt.Sprintf("%d op", i+1))
}

func (s *stepper) answer(api frontend.API, c *showCircuit, i int, r reading) (stop bool) {
	q, a := &c.Asked[i], &c.Answers[i]
	done := func(name string) bool { return s.done(fmt.Sprintf("%d %s", i+1, name)) }
	api.AssertIsBoolean(a.True)
	if done("true is a bit") {
		return true
	}
	api.AssertIsEqual(api.Mul(a.True, r.never), 0)
	if done("op can be true") {
		return true
	}
	api.AssertIsEqual(api.Mul(a.True, api.Sub(1, api.Mul(r.value, a.Inverse))), 0)
	if done("present") {
		return true
	}
	difference := api.Sub(r.value, q.P0)
	api.AssertIsEqual(api.Mul(api.Mul(a.True, r.isEq), difference), 0)
	if done("eq") {
		return true
	}
	apart := api.Mul(difference, a.Different)
	api.AssertIsEqual(api.Mul(api.Mul(a.True, r.isNe), api.Sub(1, apart)), 0)
	if done("ne") {
		return true
	}
	ranged := api.Mul(a.True, r.isRange)
	toBits(api, api.Mul(ranged, difference), rangeBits)
	if done("low") {
		return true
	}
	toBits(api, api.Mul(ranged, api.Sub(q.P1, r.value)), rangeBits)
	return done("high")
}

func (s *stepper) accepted(api frontend.API, c *showCircuit, bits []frontend.Variable) {
	table := toBits(api, c.Table, 1<<zkp.StatementSlots)
	if s.done("table in 16 bits") {
		return
	}
	api.AssertIsEqual(selector.BinaryMux(api, bits, table), 1)
	s.done("table accepts")
}

func newPrefix(c zkp.Circuit, s *stepper) frontend.Circuit {
	switch c {
	case zkp.CircuitPrepare:
		return &preparePrefix{steps: s}
	case zkp.CircuitShow:
		return &showPrefix{steps: s}
	}
	return &showSetPrefix{steps: s}
}

func compilePrefix(t testing.TB, c zkp.Circuit, s *stepper) *cs.R1CS {
	t.Helper()
	out, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, newPrefix(c, s), frontend.IgnoreUnconstrainedInputs())
	if err != nil {
		t.Fatal(err)
	}
	return out.(*cs.R1CS)
}

var (
	splitting sync.Mutex
	split     = map[zkp.Circuit][]Part{}
)

// PartsOf splits a circuit by compiling ever longer beginnings of it, once.
func PartsOf(t testing.TB, c zkp.Circuit) []Part {
	t.Helper()
	splitting.Lock()
	defer splitting.Unlock()
	if split[c] == nil {
		split[c] = partsOf(t, c)
	}
	return split[c]
}

func partsOf(t testing.TB, c zkp.Circuit) []Part {
	t.Helper()
	whole := &stepper{until: -1}
	compilePrefix(t, c, whole)
	var parts []Part
	for i, name := range whole.names {
		parts = append(parts, Part{name, compilePrefix(t, c, &stepper{until: i}).GetNbConstraints()})
	}
	return parts
}

// The steps above are worth something only as long as they say exactly what
// the circuits say.
func TestStepsAreTheCircuits(t *testing.T) {
	for _, c := range Circuits() {
		var steps bytes.Buffer
		if _, err := compilePrefix(t, c, &stepper{until: -1}).WriteTo(&steps); err != nil {
			t.Fatal(err)
		}
		real, err := Compile(c)
		if err != nil {
			t.Fatal(err)
		}
		want, err := real.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(steps.Bytes(), want) {
			t.Errorf("%s: the steps of the test are not the circuit", c)
		}
	}
}

// cost is what one part adds to the number of constraints.
type cost struct {
	name        string
	constraints int
}

func prepareCosts() []cost {
	return []cost{
		{"own rows", 4},
		{"commitment", 820},
		{"hash", 723},
		{"R on the curve", 4},
		{"A on the curve", 4},
		{"challenge canonical", 408},
		{"S in 251 bits", 252},
		{"multiplications", 2240},
		{"signature equation", 2},
		{"registry path", 2524},
		{"key begins", 21},
		{"key ends", 21},
		{"revocation path", 3257},
		{"gap begins", 129},
		{"gap ends", 129},
		{"not before", 21},
		{"not after", 21},
		{"not too long", 17},
	}
}

func showCosts() []cost {
	costs := []cost{{"commitment", 820}, {"pseudonym", 265}, {"own rows", 13}, {"no set", 1}}
	for i := range zkp.StatementSlots {
		costs = append(costs, slotCosts(i, false)...)
	}
	return append(costs, cost{"table in 16 bits", 17}, cost{"table accepts", 16})
}

func showSetCosts() []cost {
	costs := []cost{{"commitment", 820}, {"pseudonym", 265}, {"own rows", 13}, {"set path", 1761}}
	for i := range zkp.StatementSlots {
		costs = append(costs, slotCosts(i, true)...)
	}
	return append(costs, cost{"one set", 1}, cost{"in", 2}, cost{"above the gap's beginning", 250}, cost{"below the gap's end", 250},
		cost{"table in 16 bits", 17}, cost{"table accepts", 16})
}

func slotCosts(i int, set bool) (costs []cost) {
	for _, c := range []cost{
		{"index", 20}, {"op", 5}, {"set claim", 4}, {"true is a bit", 1}, {"op can be true", 2}, {"present", 3},
		{"eq", 3}, {"ne", 4}, {"low", 67}, {"high", 66},
	} {
		if c.name != "set claim" || set {
			costs = append(costs, cost{fmt.Sprintf("%d %s", i+1, c.name), c.constraints})
		}
	}
	return costs
}

// A part that grows or shrinks is a changed relation, even where the sum stays
// the same.
func TestPartsArePinned(t *testing.T) {
	long.NotShort(t, "compiles the circuits part by part")
	pinned := map[zkp.Circuit][]cost{zkp.CircuitPrepare: prepareCosts(), zkp.CircuitShow: showCosts(), zkp.CircuitShowSet: showSetCosts()}
	for _, c := range Circuits() {
		var got []cost
		before := 0
		for _, p := range PartsOf(t, c) {
			got = append(got, cost{p.Name, p.End - before})
			t.Logf("%s: %5d  %s", c, p.End-before, p.Name)
			before = p.End
		}
		if !slices.Equal(got, pinned[c]) {
			t.Errorf("%s: parts cost\n%v, pinned\n%v", c, got, pinned[c])
		}
	}
}
