package main

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
)

// recorded is what the worker's "semaphore inputs" gave: made by
// @semaphore-protocol/identity and proof 4.14.3.
func recorded(t testing.TB) *semaphoreInputs {
	t.Helper()
	b, err := os.ReadFile("testdata/semaphore.json")
	if err != nil {
		t.Fatal(err)
	}
	in := new(semaphoreInputs)
	if err := json.Unmarshal(b, in); err != nil {
		t.Fatal(err)
	}
	return in
}

// solver compiles a circuit and says whether values satisfy it.
func solver(t *testing.T, circuit frontend.Circuit) func(frontend.Circuit) error {
	t.Helper()
	system, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, circuit)
	if err != nil {
		t.Fatal(err)
	}
	return func(values frontend.Circuit) error {
		full, err := frontend.NewWitness(values, ecc.BN254.ScalarField())
		if err != nil {
			t.Fatal(err)
		}
		return system.IsSolved(full)
	}
}

// constraints of the relation in gnark; the published artifact has 6,431.
const constraints = 6766

type hashCircuit struct {
	A, B frontend.Variable
	Out  frontend.Variable `gnark:",public"`
}

func (c *hashCircuit) Define(api frontend.API) error {
	api.AssertIsEqual(c.Out, hash(api, c.A, c.B))
	return nil
}

// The vector is circomlib's own, from its test of poseidon with inputs 1 and 2.
func TestHashIsCircomlibs(t *testing.T) {
	const out = "7853200120776062878684798364095072458815029376092732009249414926327459813530"
	solved := solver(t, new(hashCircuit))
	for _, c := range []struct {
		out  string
		good bool
	}{{out, true}, {out[:len(out)-1] + "1", false}} {
		err := solved(&hashCircuit{A: 1, B: 2, Out: c.out})
		if (err == nil) != c.good {
			t.Errorf("output %s: %v", c.out, err)
		}
	}
}

// clearHash is hash outside a circuit.
func clearHash(a, b *big.Int) *big.Int {
	state := [poseidonWidth]*big.Int{new(big.Int), a, b}
	for r := range poseidonRounds {
		for i := range state {
			state[i] = new(big.Int).Add(state[i], poseidon.constants[r][i])
			if i == 0 || r < poseidonFull/2 || r >= poseidonFull/2+poseidonPartial {
				state[i].Exp(state[i], big.NewInt(5), fr.Modulus())
			}
		}
		old := state
		for i, row := range poseidon.matrix {
			state[i] = new(big.Int)
			for j := range row {
				state[i].Add(state[i], new(big.Int).Mul(row[j], old[j]))
			}
			state[i].Mod(state[i], fr.Modulus())
		}
	}
	return state[0]
}

func TestRelationIsSemaphores(t *testing.T) {
	check := solver(t, new(relation))
	solved := func(change func(*relation)) error {
		r, err := recorded(t).assign()
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		return check(r)
	}
	if err := solved(func(*relation) {}); err != nil {
		t.Fatal(err)
	}
	number := func(v frontend.Variable) *big.Int {
		n, _ := new(big.Int).SetString(v.(string), 10)
		return n
	}
	if n := clearHash(number(recorded(t).Public[3]), number(recorded(t).Secret)).String(); n != recorded(t).Public[1] {
		t.Fatalf("nullifier %s in the clear", n)
	}
	for name, change := range map[string]func(*relation){
		"root":      func(r *relation) { r.Root = 1 },
		"nullifier": func(r *relation) { r.Nullifier = 1 },
		"scope":     func(r *relation) { r.Scope = 1 },
		"secret":    func(r *relation) { r.Secret = 1 },
		// The same public key and a second nullifier in one scope.
		"secret too large": func(r *relation) {
			secret := number(r.Secret)
			r.Secret = secret.Add(secret, &babyJubjub.Order)
			r.Nullifier = clearHash(number(r.Scope), secret)
		},
		"length":           func(r *relation) { r.Length = depth - 1 },
		"length too large": func(r *relation) { r.Length = depth + 1 },
		"index":            func(r *relation) { r.Index = r.Index.(int) ^ 1 },
		"index too large":  func(r *relation) { r.Index = r.Index.(int) + 1<<depth },
		"sibling":          func(r *relation) { r.Siblings[depth-1] = 1 },
	} {
		if solved(change) == nil {
			t.Errorf("another %s satisfies the relation", name)
		}
	}
}

func TestSemaphoreVerifies(t *testing.T) {
	s, err := newSemaphore(recorded(t))
	if err != nil {
		t.Fatal(err)
	}
	if n := s.system.GetNbConstraints(); n != constraints {
		t.Errorf("%d constraints: the table's comparison says %d", n, constraints)
	}
	if err := s.prove(); err != nil {
		t.Fatal(err)
	}
	if err := s.verify(); err != nil {
		t.Fatal(err)
	}
	// An input that no constraint names would not be bound, and gnark would say
	// nothing.
	for name, change := range map[string]func(*relation){
		"root":      func(r *relation) { r.Root = 1 },
		"nullifier": func(r *relation) { r.Nullifier = 1 },
		"message":   func(r *relation) { r.Message = 1 },
		"scope":     func(r *relation) { r.Scope = 1 },
	} {
		statement := *s.assignment
		change(&statement)
		if s.verifyAs(&statement, s.proof) == nil {
			t.Errorf("another %s is accepted", name)
		}
	}
	for i := range s.proof {
		changed := append([]byte(nil), s.proof...)
		changed[i] ^= 1
		if s.verifyAs(s.assignment, changed) == nil {
			t.Errorf("byte %d may be changed", i)
		}
	}
	if s.verifyAs(s.assignment, append(s.proof, 0)) == nil {
		t.Error("a byte after the proof is accepted")
	}
}
