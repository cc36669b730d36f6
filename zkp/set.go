package zkp

import (
	"fmt"
	"math/big"
	"slices"
	"sync"
)

// The tree of a set holds the gaps between its members: 8-ary, 2^12 leaves.
const (
	SetArity = 8
	SetDepth = 4
	// SetLimit is how many members a set has at most: one less than leaves, for
	// between n members there are n+1 gaps.
	SetLimit = 1<<(3*SetDepth) - 1
	// SetBits is the width of a member inside the circuit.
	SetBits = 248
)

// Set is a list of values that a statement asks about as a whole: is the
// attribute one of them (OneOf), or none (NoneOf). The verifier builds it from
// the list that it asked about, and so knows that it is sorted: of an unsorted
// tree anything could be proved.
type Set struct {
	members []Element
	tree    func() *tree // built when it is first needed
}

// NewSet builds the set of some values, encoded by EncodeString, EncodeDate,
// EncodeInteger or EncodeBool, in any order. ErrStatement where there is no
// value, more than SetLimit, the same one twice, or one that is no encoding.
func NewSet(values ...Element) (*Set, error) {
	if len(values) == 0 || len(values) > SetLimit {
		return nil, fmt.Errorf("%w: a set of %d values, from 1 to %d are taken", ErrStatement, len(values), SetLimit)
	}
	s := &Set{members: slices.Clone(values)}
	slices.SortFunc(s.members, compareElements)
	for i := range s.members {
		if s.members[i].IsZero() || bigOf(s.members[i]).BitLen() > SetBits {
			return nil, fmt.Errorf("%w: a set holds a value that no attribute has", ErrStatement)
		}
		if i > 0 && s.members[i].Equal(&s.members[i-1]) {
			return nil, fmt.Errorf("%w: a set holds one value twice", ErrStatement)
		}
	}
	s.tree = sync.OnceValue(s.build)
	return s, nil
}

func (s *Set) build() *tree {
	leaves := make([]Element, len(s.members)+1)
	for i := range leaves {
		from, to := s.gap(i)
		leaves[i] = Compress(4, domainSet, from, to)
	}
	t, err := newTree(SetArity, SetDepth, leaves)
	if err != nil {
		panic(err) // SetLimit members have one gap more, and that many leaves
	}
	return t
}

func compareElements(a, b Element) int { return a.Cmp(&b) }

// gap is the i-th gap: from the member before it, or zero, to the member after
// it, or 2^248.
func (s *Set) gap(i int) (from, to Element) {
	if i > 0 {
		from = s.members[i-1]
	}
	if i < len(s.members) {
		return from, s.members[i]
	}
	to.SetBigInt(new(big.Int).Lsh(big.NewInt(1), SetBits))
	return from, to
}

// Root is the root of the set's tree, a public input of the show.
// It is computed once, in tens of milliseconds for a few thousand members: who
// asks about one set again and again keeps the Set.
func (s *Set) Root() Element { return s.tree().root() }

// Members are the values in ascending order.
func (s *Set) Members() []Element { return slices.Clone(s.members) }

// Len is the number of members.
func (s *Set) Len() int { return len(s.members) }

// Contains reports whether a value is a member.
func (s *Set) Contains(v Element) bool {
	_, found := slices.BinarySearchFunc(s.members, v, compareElements)
	return found
}

// place finds the gap that begins at a value, or else the one around it.
func (s *Set) place(v Element) Gap {
	at, found := slices.BinarySearchFunc(s.members, v, compareElements)
	if found {
		at++
	}
	at = min(at, len(s.members))
	g := Gap{Path: s.tree().path(uint32(at))}
	g.From, g.To = s.gap(at)
	return g
}
