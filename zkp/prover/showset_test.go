package prover_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

const opIn, opNotIn = 4, 5

// sortedSet are the members that the questions below are about: neighbours of
// 1000, and the text of slot atText.
func sortedSet(t testing.TB, members ...uint64) *zkp.Set {
	t.Helper()
	values := make([]zkp.Element, len(members))
	for i, m := range members {
		values[i].SetUint64(m)
	}
	s, err := zkp.NewSet(values...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// placed puts a gap of a set beside an answer. The gap is the set's i-th: what a
// liar may choose freely.
func placed(t testing.TB, show *prover.ShowCircuit, members []uint64, i int) *prover.ShowSetCircuit {
	t.Helper()
	show.SetRoot = sortedSet(t, members...).Root()
	tree := newSetTree(members)
	c := &prover.ShowSetCircuit{Show: *show}
	c.Set.From, c.Set.To = tree.gaps[i][0], tree.gaps[i][1]
	at := i
	for level := range c.Set.Nodes {
		parent := at / zkp.SetArity
		for j := range c.Set.Nodes[level] {
			c.Set.Nodes[level][j] = tree.node(level, parent*zkp.SetArity+j)
		}
		for bit := range 3 {
			c.Set.Index[3*level+bit] = at >> bit & 1
		}
		at = parent
	}
	return c
}

// setTree is the set's tree, built here once more from the package comment.
type setTree struct {
	gaps   [][2]zkp.Element
	levels [][]zkp.Element
	empty  []zkp.Element
}

func newSetTree(members []uint64) *setTree {
	t := new(setTree)
	bound := func(v uint64) (e zkp.Element) { e.SetUint64(v); return }
	var end zkp.Element
	end.SetBigInt(new(big.Int).Lsh(big.NewInt(1), 248))
	from := bound(0)
	for _, m := range members {
		t.gaps = append(t.gaps, [2]zkp.Element{from, bound(m)})
		from = bound(m)
	}
	t.gaps = append(t.gaps, [2]zkp.Element{from, end})
	var leaves []zkp.Element
	for _, g := range t.gaps {
		leaves = append(leaves, zkp.Compress(4, zkp.Domains()["set"], g[0], g[1]))
	}
	t.levels, t.empty = [][]zkp.Element{leaves}, []zkp.Element{{}}
	for level := range zkp.SetDepth {
		var above []zkp.Element
		for i := 0; i < len(t.levels[level]); i += zkp.SetArity {
			var children [zkp.SetArity]zkp.Element
			for j := range children {
				children[j] = t.node(level, i+j)
			}
			above = append(above, zkp.Compress(zkp.SetArity, children[:]...))
		}
		t.levels = append(t.levels, above)
		var children [zkp.SetArity]zkp.Element
		for j := range children {
			children[j] = t.empty[level]
		}
		t.empty = append(t.empty, zkp.Compress(zkp.SetArity, children[:]...))
	}
	return t
}

func (t *setTree) node(level, i int) zkp.Element {
	if i < len(t.levels[level]) {
		return t.levels[level][i]
	}
	return t.empty[level]
}

func TestShowSetAnswers(t *testing.T) {
	attrs := showAttributes(t)
	with, without := []uint64{7, 1000, 2000}, []uint64{7, 999, 1001, 2000}
	for _, tc := range []struct {
		name   string
		q      asked
		set    []uint64
		gap    int
		broken string
	}{
		{"in", asked{opIn, atNumber, 0, 0}, with, 2, ""},
		{"in, by the gap before it", asked{opIn, atNumber, 0, 0}, with, 1, "in"},
		{"in, by another gap", asked{opIn, atNumber, 0, 0}, with, 3, "in"},
		{"in a set of others", asked{opIn, atNumber, 0, 0}, without, 2, "in"},
		{"in, absent", asked{opIn, atAbsent, 0, 0}, with, 2, "1 present, in"},
		{"in, absent, by the gap that begins at zero", asked{opIn, atAbsent, 0, 0}, with, 0, "1 present"},

		{"not in", asked{opNotIn, atNumber, 0, 0}, without, 2, ""},
		{"not in, by the gap before", asked{opNotIn, atNumber, 0, 0}, without, 1, "below the gap's end"},
		{"not in, by the gap after", asked{opNotIn, atNumber, 0, 0}, without, 3, "above the gap's beginning"},
		{"not in, though in, by the gap that it begins", asked{opNotIn, atNumber, 0, 0}, with, 2, "above the gap's beginning"},
		{"not in, though in, by the gap that it ends", asked{opNotIn, atNumber, 0, 0}, with, 1, "below the gap's end"},
		{"not in, a text, by the last gap", asked{opNotIn, atText, 0, 0}, without, 4, ""},
		{"not in, absent", asked{opNotIn, atAbsent, 0, 0}, without, 0, "1 present, above the gap's beginning"},

		{"eq beside a set", asked{1, atNumber, 1000, 0}, with, 0, ""},
		{"eq beside a set, false", asked{1, atNumber, 1001, 0}, with, 0, "1 eq"},
		{"none", asked{0, atNumber, 0, 0}, with, 2, "1 op can be true"},
		{"op 6", asked{6, atNumber, 0, 0}, with, 2, "1 op can be true"},
		{"op 8 is none with a bit too many", asked{8, atNumber, 0, 0}, with, 2, "1 op, 1 op can be true"},
		{"op 12 is in with a bit too many", asked{12, atNumber, 0, 0}, with, 2, "1 op"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantBroken(t, zkp.CircuitShowSet, placed(t, newShow(t, attrs, tc.q), tc.set, tc.gap), tc.broken)
		})
	}
}

// A gap that is in no tree: the members left out, back to front, or a node
// that is no leaf.
func TestShowSetPath(t *testing.T) {
	attrs := showAttributes(t)
	set := []uint64{7, 1000, 2000}
	for name, change := range map[string]func(c *prover.ShowSetCircuit){
		"a gap over a member":    func(c *prover.ShowSetCircuit) { c.Set.From, c.Set.To = 7, 2000 },
		"a gap of one's own":     func(c *prover.ShowSetCircuit) { c.Set.From, c.Set.To = 999, 1001 },
		"the place of another":   func(c *prover.ShowSetCircuit) { c.Set.Index[0] = 1 },
		"an empty place":         func(c *prover.ShowSetCircuit) { c.Set.Index[2] = 1 },
		"an empty place above":   func(c *prover.ShowSetCircuit) { c.Set.Index[3] = 1 },
		"a bit that is no bit":   func(c *prover.ShowSetCircuit) { c.Set.Index[5] = 2 },
		"a sibling":              func(c *prover.ShowSetCircuit) { c.Set.Nodes[0][7] = 1 },
		"a sibling at the top":   func(c *prover.ShowSetCircuit) { c.Set.Nodes[3][7] = 1 },
		"the root of another":    func(c *prover.ShowSetCircuit) { c.Show.SetRoot = sortedSet(t, 7, 2000).Root() },
		"no root":                func(c *prover.ShowSetCircuit) { c.Show.SetRoot = 0 },
		"the root of everything": func(c *prover.ShowSetCircuit) { c.Show.SetRoot = newSetTree(nil).empty[4] },
	} {
		c := placed(t, newShow(t, attrs, asked{opNotIn, atNumber, 0, 0}), set, 2)
		c.Set.From, c.Set.To = newSetTree(set).gaps[2][0], newSetTree(set).gaps[2][1]
		change(c)
		got := circuit(t, zkp.CircuitShowSet).brokenParts(t, c, new(dishonest))
		if !slices.Contains(strings.Split(got, ", "), "set path") {
			t.Errorf("%s: broken [%s]", name, got)
		}
	}
}

// Two predicates about the set would add up to one that neither of them is:
// 400 and 600 together are the member 1000.
func TestShowSetIsAskedOnce(t *testing.T) {
	var attrs zkp.Attributes
	attrs[0].SetUint64(400)
	attrs[1].SetUint64(600)
	c := placed(t, newShow(t, attrs, asked{opIn, 0, 0, 0}), []uint64{7, 1000}, 2)
	var inverse fr.Element
	c.Show.Asked[1] = prover.AskedPredicate{Op: opIn, Index: 1, P0: 0, P1: 0}
	c.Show.Answers[1] = prover.Answer{True: 1, Inverse: *inverse.Inverse(&attrs[1]), Different: 0}
	wantBroken(t, zkp.CircuitShowSet, c, "one set")
}

// Whatever is asked of a set, "false" is an honest answer.
func TestShowSetFalseCostsNothing(t *testing.T) {
	attrs := showAttributes(t)
	for op := range 8 {
		for _, index := range []int{atNumber, atText, atAbsent} {
			c := placed(t, newShow(t, attrs, asked{op, index, 3, 2}), []uint64{7, 1000}, 0)
			c.Show.Answers[0] = prover.Answer{True: 0, Inverse: 0, Different: 0}
			wantBroken(t, zkp.CircuitShowSet, c, "table accepts")
			c.Show.Table = 1
			wantBroken(t, zkp.CircuitShowSet, c, "")
		}
	}
}

// What zkp says of a set in the clear is what the circuit accepts, and the
// place that zkp finds in the tree is the one that proves it.
func TestShowSetAgreesWithHolds(t *testing.T) {
	f := newFixture(t)
	random := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		n := 1 + random.IntN(20)
		values := map[zkp.Element]bool{}
		for len(values) < n {
			e := zkp.EncodeDate(day(t, "1990-05-17") + zkp.Day(random.IntN(24)) - 12)
			values[e] = true
		}
		var list []zkp.Element
		for e := range values {
			list = append(list, e)
		}
		set, err := zkp.NewSet(list...)
		if err != nil {
			t.Fatal(err)
		}
		in := set.Contains(f.credential.Attributes[slotBirth])
		for _, p := range []zkp.Predicate{zkp.OneOf(slotBirth, set), zkp.NoneOf(slotBirth, set)} {
			if p.Holds(&f.credential.Attributes) != (in == (p.Op == zkp.OpIn)) {
				t.Fatal("what holds in the clear is not what the list says")
			}
			if p.Holds(&f.credential.Attributes) {
				wantBroken(t, zkp.CircuitShowSet, prover.AssignShowSet(f.setWitness(t, p)), "")
			}
		}
	}
}
