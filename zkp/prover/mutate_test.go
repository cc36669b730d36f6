package prover_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// variable is one wire that an assignment fills, by the path that leads to it.
type variable struct {
	field string // name of the circuit's field
	path  string // field, with indices and names below it
	value reflect.Value
}

// variables lists every witness and public input of an assignment.
func variables(assignment frontend.Circuit) (out []variable) {
	var walk func(v reflect.Value, field, path string)
	walk = func(v reflect.Value, field, path string) {
		switch v.Kind() {
		case reflect.Interface:
			out = append(out, variable{field, path, v})
		case reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i), field, fmt.Sprintf("%s[%d]", path, i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				name := v.Type().Field(i).Name
				if field == "" {
					walk(v.Field(i), name, name)
				} else {
					walk(v.Field(i), field, path+"."+name)
				}
			}
		}
	}
	walk(reflect.ValueOf(assignment).Elem(), "", "")
	return out
}

// plusOne changes a variable by as little as can be.
func (v variable) plusOne(t testing.TB) {
	t.Helper()
	var e fr.Element
	if _, err := e.SetInterface(v.value.Interface()); err != nil {
		t.Fatal(err)
	}
	var one fr.Element
	one.SetOne()
	v.value.Set(reflect.ValueOf(*e.Add(&e, &one)))
}

// Every wire of the prepare circuit is held by the parts named here, and by
// those alone.
var prepareHeldBy = map[string]string{
	"Registry": "registry path", "Revocation": "revocation path",
	"Schema":     "signature equation, registry path",
	"Day":        "", // a day later the credential is still valid
	"Commitment": "commitment",
	"Attributes": "commitment, signature equation",
	"Secret":     "commitment, signature equation",
	"Blinding":   "commitment", "Issuance": "signature equation",
	"Region": "signature equation, registry path", "Handle": "signature equation",
	"NotBefore": "signature equation", "NotAfter": "signature equation",
	"Issuer":  "A on the curve, signature equation, registry path",
	"R":       "R on the curve, signature equation",
	"S":       "signature equation",
	"KeyFrom": "registry path", "KeyUntil": "registry path",
	"RegistryIndex": "registry path", "RegistryNodes": "registry path",
	"GapFrom": "revocation path", "GapTo": "revocation path",
	"RevocationIndex": "revocation path", "RevocationNodes": "revocation path",
}

func TestPrepareMutations(t *testing.T) {
	long.NotShort(t, "solves the circuit for each variable")
	f := newFixture(t)
	w := f.prepareWitness(t)
	c := circuit(t, zkp.CircuitPrepare)
	for i := range variables(prover.AssignPrepare(w)) {
		a := prover.AssignPrepare(w)
		v := variables(a)[i]
		v.plusOne(t)
		want, listed := prepareHeldBy[v.field]
		if got := c.brokenParts(t, a, new(dishonest)); got != want || !listed {
			t.Errorf("%s: broken [%s], want [%s]", v.path, got, want)
		}
	}
}

// The fixture asks three things: an age of slot 1, a district of slot 2, and
// another name than slot 0 has. A path with nothing after it is a wire that the
// question leaves free; public ones are still bound by the verifying key.
var showHeldBy = map[string]string{
	"Commitment": "commitment", "Context": "", "Scope": "pseudonym", "Pseudonym": "pseudonym",
	"Secret": "commitment, pseudonym", "Blinding": "commitment", "SetRoot": "no set",
	"Table": "", // one bit more, for an outcome that is not the one proved

	"Asked[0].Op": "1 op can be true", "Asked[0].Index": "1 present, 1 low, 1 high", "Asked[0].P0": "", "Asked[0].P1": "",
	"Asked[1].Op": "2 ne", "Asked[1].Index": "2 present, 2 eq", "Asked[1].P0": "2 eq", "Asked[1].P1": "",
	"Asked[2].Op": "3 low, 3 high", "Asked[2].Index": "3 present, 3 ne", "Asked[2].P0": "3 ne", "Asked[2].P1": "",
	"Asked[3].Op": "", "Asked[3].Index": "", "Asked[3].P0": "", "Asked[3].P1": "",

	"Answers[0].True": "1 true is a bit, table accepts", "Answers[0].Inverse": "1 present", "Answers[0].Different": "",
	"Answers[1].True": "2 true is a bit, table accepts", "Answers[1].Inverse": "2 present", "Answers[1].Different": "",
	"Answers[2].True": "3 true is a bit, table accepts", "Answers[2].Inverse": "3 present", "Answers[2].Different": "3 ne",
	"Answers[3].True": "4 op can be true", "Answers[3].Inverse": "", "Answers[3].Different": "",

	"Attributes[0]": "commitment, 3 present, 3 ne", "Attributes[1]": "commitment, 1 present",
	"Attributes[2]": "commitment, 2 present, 2 eq",
}

func TestShowMutations(t *testing.T) {
	f := newFixture(t)
	w := f.showWitness(t)
	c := circuit(t, zkp.CircuitShow)
	for i := range variables(prover.AssignShow(w)) {
		a := prover.AssignShow(w)
		v := variables(a)[i]
		v.plusOne(t)
		want, listed := showHeldBy[v.path]
		if v.field == "Attributes" && !listed {
			want, listed = "commitment", true
		}
		if got := c.brokenParts(t, a, new(dishonest)); got != want || !listed {
			t.Errorf("%s: broken [%s], want [%s]", v.path, got, want)
		}
	}
}

// The fixture asks a district of slot 2 to be in a set, and a name of slot 0
// not to be "李四".
func (f *fixture) setWitness(t testing.TB, predicates ...zkp.Predicate) *zkp.ShowWitness {
	t.Helper()
	all, err := zkp.All(predicates...)
	if err != nil {
		t.Fatal(err)
	}
	req := f.request(t)
	req.Questions[0].Statements[0] = all
	return &f.answer(t, req).Parts[0].Shows[0]
}

var showSetHeldBy = map[string]string{
	"Commitment": "commitment", "Context": "", "Scope": "pseudonym", "Pseudonym": "pseudonym",
	"Secret": "commitment, pseudonym", "Blinding": "commitment", "SetRoot": "set path", "Table": "",

	// In (4) becomes notin (5), of a value that begins the gap.
	"Asked[0].Op": "above the gap's beginning", "Asked[0].Index": "1 present, in", "Asked[0].P0": "", "Asked[0].P1": "",
	"Asked[1].Op": "2 low, 2 high", "Asked[1].Index": "2 present, 2 ne", "Asked[1].P0": "2 ne", "Asked[1].P1": "",
	"Asked[2].Op": "", "Asked[2].Index": "", "Asked[2].P0": "", "Asked[2].P1": "",
	"Asked[3].Op": "", "Asked[3].Index": "", "Asked[3].P0": "", "Asked[3].P1": "",

	"Answers[0].True": "1 true is a bit, in, table accepts", "Answers[0].Inverse": "1 present", "Answers[0].Different": "",
	"Answers[1].True": "2 true is a bit, table accepts", "Answers[1].Inverse": "2 present", "Answers[1].Different": "2 ne",
	"Answers[2].True": "3 op can be true", "Answers[2].Inverse": "", "Answers[2].Different": "",
	"Answers[3].True": "4 op can be true", "Answers[3].Inverse": "", "Answers[3].Different": "",

	"Attributes[0]": "commitment, 2 present, 2 ne", "Attributes[2]": "commitment, 1 present, in",
	"From": "set path, in", "To": "set path",
}

func TestShowSetMutations(t *testing.T) {
	f := newFixture(t)
	w := f.setWitness(t, zkp.OneOf(slotDistrict, districts(t)), zkp.NotEqual(slotName, text(t, "李四")))
	c := circuit(t, zkp.CircuitShowSet)
	for i := range variables(prover.AssignShowSet(w)) {
		a := prover.AssignShowSet(w)
		v := variables(a)[i]
		v.plusOne(t)
		name := strings.TrimPrefix(strings.TrimPrefix(v.path, "Show."), "Set.")
		want, listed := showSetHeldBy[name]
		switch {
		case strings.HasPrefix(name, "Attributes") && !listed:
			want, listed = "commitment", true
		case strings.HasPrefix(name, "Index"), strings.HasPrefix(name, "Nodes"):
			want, listed = "set path", true
		}
		if got := c.brokenParts(t, a, new(dishonest)); got != want || !listed {
			t.Errorf("%s: broken [%s], want [%s]", v.path, got, want)
		}
	}
}
