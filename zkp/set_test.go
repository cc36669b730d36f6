package zkp_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/hufu-id/hufu/zkp"
)

func TestSet(t *testing.T) {
	values := []zkp.Element{number(7), number(3), number(5)}
	s := newSet(t, values...)
	if s.Len() != 3 || s.Members()[0] != number(3) || s.Members()[2] != number(7) {
		t.Errorf("members %v", s.Members())
	}
	if again := newSet(t, values[2], values[0], values[1]); again.Root() != s.Root() {
		t.Error("the order of the list changes the root")
	}
	if values[0] != number(7) {
		t.Error("the caller's list was sorted")
	}
	for v := range uint64(9) {
		if got, want := s.Contains(number(v)), v == 3 || v == 5 || v == 7; got != want {
			t.Errorf("%d: %v", v, got)
		}
	}
	seen := map[zkp.Element]bool{s.Root(): true}
	for _, other := range [][]zkp.Element{{number(3)}, {number(3), number(5)}, {number(3), number(5), number(8)}, {number(3), number(5), number(7), number(9)}} {
		root := newSet(t, other...).Root()
		if seen[root] {
			t.Error("two sets with one root")
		}
		seen[root] = true
	}
}

func TestNewSetRefuses(t *testing.T) {
	var wide zkp.Element
	wide.SetBigInt(new(big.Int).Lsh(big.NewInt(1), zkp.SetBits))
	for name, values := range map[string][]zkp.Element{
		"empty": nil, "absence": {number(1), {}}, "twice": {number(2), number(1), number(2)}, "wider than an encoding": {wide},
		"too many": many(zkp.SetLimit + 1),
	} {
		if _, err := zkp.NewSet(values...); !errors.Is(err, zkp.ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := newSet(t, many(zkp.SetLimit)...); s.Len() != zkp.SetLimit {
		t.Errorf("%d members", s.Len())
	}
	var most zkp.Element
	most.SetBigInt(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), zkp.SetBits), big.NewInt(1)))
	newSet(t, most)
}

func many(n int) []zkp.Element {
	out := make([]zkp.Element, n)
	for i := range out {
		out[i] = number(uint64(i) + 1)
	}
	return out
}

func TestSplit(t *testing.T) {
	set := newSet(t, number(1))
	eq, in := zkp.Equal(1, number(5)), zkp.OneOf(2, set)
	for name, tc := range map[string]struct {
		predicates []zkp.Predicate
		shows      []int // predicates in each
		circuits   []zkp.Circuit
	}{
		"one":           {[]zkp.Predicate{eq}, []int{1}, []zkp.Circuit{zkp.CircuitShow}},
		"four":          {[]zkp.Predicate{eq, eq, eq, eq}, []int{4}, []zkp.Circuit{zkp.CircuitShow}},
		"five":          {[]zkp.Predicate{eq, eq, eq, eq, eq}, []int{4, 1}, []zkp.Circuit{zkp.CircuitShow, zkp.CircuitShow}},
		"two sets":      {[]zkp.Predicate{eq, in, in, eq, eq, eq}, []int{4, 2}, []zkp.Circuit{zkp.CircuitShowSet, zkp.CircuitShowSet}},
		"a set at last": {[]zkp.Predicate{eq, eq, eq, eq, in}, []int{4, 1}, []zkp.Circuit{zkp.CircuitShow, zkp.CircuitShowSet}},
	} {
		got, err := zkp.Split(tc.predicates...)
		if err != nil || len(got) != len(tc.shows) {
			t.Errorf("%s: %d shows, %v", name, len(got), err)
			continue
		}
		for i := range got {
			asked := 0
			for _, p := range got[i].Predicates {
				if p.Op != zkp.OpNone {
					asked++
				}
			}
			if asked != tc.shows[i] || got[i].Circuit() != tc.circuits[i] {
				t.Errorf("%s: show %d asks %d with %s", name, i+1, asked, got[i].Circuit())
			}
		}
	}
	for name, predicates := range map[string][]zkp.Predicate{
		"nothing": nil, "five sets": {in, in, in, in, in}, "seventeen": make([]zkp.Predicate, 17), "one that cannot be asked": {eq, zkp.Equal(16, number(1))},
	} {
		if _, err := zkp.Split(predicates...); !errors.Is(err, zkp.ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkNewSet(b *testing.B) {
	values := many(zkp.SetLimit)
	for b.Loop() {
		if s, err := zkp.NewSet(values...); err != nil || s.Root() == (zkp.Element{}) {
			b.Fatal(err)
		}
	}
}
