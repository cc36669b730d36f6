package prover

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/std/selector"

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
	attrHash := compress(api, 16, c.Attributes[:]...)
	api.AssertIsEqual(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))
	if done("commitment") {
		return nil
	}
	holder := compress(api, 4, d.pseudonym, c.Secret, c.Issuance)
	credHash := compress(api, 12, d.credential, zkp.SuiteID, c.Schema, c.Region, holder,
		c.NotBefore, c.NotAfter, c.Handle, attrHash)
	challenge := compress(api, 8, d.signature, c.R.X, c.R.Y, c.Issuer.X, c.Issuer.Y, credHash)
	if done("credential hash") {
		return nil
	}
	if c.defineSignature(api, challenge) {
		return nil
	}
	if c.defineTrees(api, d) {
		return nil
	}
	assertOrdered(api, c.NotBefore, c.Day, dayBits)
	if done("not before") {
		return nil
	}
	assertOrdered(api, c.Day, c.NotAfter, dayBits)
	done("not after")
	return nil
}

func (c *preparePrefix) defineSignature(api frontend.API, challenge frontend.Variable) (stop bool) {
	done := c.steps.done
	assertOnCurve(api, c.R)
	if done("R on the curve") {
		return true
	}
	assertOnCurve(api, c.Issuer)
	if done("A on the curve") {
		return true
	}
	sBits := toBits(api, c.S, scalarBits)
	if done("S in 251 bits") {
		return true
	}
	assertBitsAtMost(api, sBits, new(big.Int).Sub(&edwards.Order, big.NewInt(1)))
	if done("S below the order") {
		return true
	}
	hBits := toBits(api, challenge, fr.Bits)
	assertBitsAtMost(api, hBits, new(big.Int).Sub(fr.Modulus(), big.NewInt(1)))
	if done("challenge canonical") {
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
	assertOrdered(api, c.KeyFrom, c.NotBefore, dayBits)
	if done("key begins") {
		return true
	}
	assertOrdered(api, c.NotBefore, c.KeyUntil, dayBits)
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
	d, done := domainConstants(), c.steps.done
	attrHash := compress(api, 16, c.Attributes[:]...)
	api.AssertIsEqual(c.Commitment, compress(api, 4, d.commitment, attrHash, c.Secret, c.Blinding))
	if done("commitment") {
		return nil
	}
	api.AssertIsEqual(c.Pseudonym, compress(api, 4, d.pseudonym, c.Secret, c.Scope))
	if done("pseudonym") {
		return nil
	}
	api.Mul(c.Context, c.Context)
	if done("context") {
		return nil
	}
	api.AssertIsEqual(c.SetRoot, 0)
	if done("no set") {
		return nil
	}
	bits := make([]frontend.Variable, zkp.StatementSlots)
	for i := range bits {
		if c.defineAnswer(api, i) {
			return nil
		}
		bits[i] = c.Answers[i].True
	}
	table := toBits(api, c.Table, 1<<zkp.StatementSlots)
	if done("table in 16 bits") {
		return nil
	}
	api.AssertIsEqual(selector.BinaryMux(api, bits, table), 1)
	done("table accepts")
	return nil
}

func (c *showPrefix) defineAnswer(api frontend.API, i int) (stop bool) {
	q, a := &c.Asked[i], &c.Answers[i]
	done := func(name string) bool { return c.steps.done(fmt.Sprintf("%d %s", i+1, name)) }
	api.AssertIsBoolean(a.True)
	if done("true is a bit") {
		return true
	}
	v := selector.BinaryMux(api, toBits(api, q.Index, 4), c.Attributes[:])
	if done("index") {
		return true
	}
	op := toBits(api, q.Op, 3)
	isRange := api.Mul(op[0], op[1])
	isEq, isNe := api.Sub(op[0], isRange), api.Sub(op[1], isRange)
	isNone := api.Sub(1, op[0], isNe)
	if done("op") {
		return true
	}
	api.AssertIsEqual(api.Mul(a.True, api.Add(isNone, op[2])), 0)
	if done("op can be true") {
		return true
	}
	api.AssertIsEqual(api.Mul(a.True, api.Sub(1, api.Mul(v, a.Inverse))), 0)
	if done("present") {
		return true
	}
	difference := api.Sub(v, q.P0)
	api.AssertIsEqual(api.Mul(api.Mul(a.True, isEq), difference), 0)
	if done("eq") {
		return true
	}
	apart := api.Mul(difference, a.Different)
	api.AssertIsEqual(api.Mul(api.Mul(a.True, isNe), api.Sub(1, apart)), 0)
	if done("ne") {
		return true
	}
	ranged := api.Mul(a.True, isRange)
	toBits(api, api.Mul(ranged, difference), rangeBits)
	if done("low") {
		return true
	}
	toBits(api, api.Mul(ranged, api.Sub(q.P1, v)), rangeBits)
	return done("high")
}

func newPrefix(c zkp.Circuit, s *stepper) frontend.Circuit {
	if c == zkp.CircuitPrepare {
		return &preparePrefix{steps: s}
	}
	return &showPrefix{steps: s}
}

func compilePrefix(t testing.TB, c zkp.Circuit, s *stepper) *cs.R1CS {
	t.Helper()
	out, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, newPrefix(c, s), frontend.IgnoreUnconstrainedInputs())
	if err != nil {
		t.Fatal(err)
	}
	return out.(*cs.R1CS)
}

// PartsOf splits a circuit by compiling ever longer beginnings of it.
func PartsOf(t testing.TB, c zkp.Circuit) []Part {
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
		{"commitment", 820},
		{"credential hash", 1086},
		{"R on the curve", 4},
		{"A on the curve", 4},
		{"S in 251 bits", 252},
		{"S below the order", 174},
		{"challenge canonical", 661},
		{"multiplications", 3626},
		{"signature equation", 2},
		{"registry path", 2524},
		{"key begins", 33},
		{"key ends", 33},
		{"revocation path", 3257},
		{"gap begins", 97},
		{"gap ends", 97},
		{"not before", 33},
		{"not after", 33},
	}
}

func showCosts() []cost {
	costs := []cost{{"commitment", 820}, {"pseudonym", 265}, {"context", 1}, {"no set", 1}}
	for i := range zkp.StatementSlots {
		for _, c := range []cost{
			{"true is a bit", 1}, {"index", 20}, {"op", 5}, {"op can be true", 2}, {"present", 3},
			{"eq", 3}, {"ne", 4}, {"low", 67}, {"high", 66},
		} {
			costs = append(costs, cost{fmt.Sprintf("%d %s", i+1, c.name), c.constraints})
		}
	}
	return append(costs, cost{"table in 16 bits", 17}, cost{"table accepts", 16})
}

// A part that grows or shrinks is a changed relation, even where the sum stays
// the same.
func TestPartsArePinned(t *testing.T) {
	pinned := map[zkp.Circuit][]cost{zkp.CircuitPrepare: prepareCosts(), zkp.CircuitShow: showCosts()}
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
