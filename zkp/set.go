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
	// SetLimit is the greatest number of members of a set: one less than
	// leaves, because n members have n+1 gaps around them.
	SetLimit = 1<<(3*SetDepth) - 1
	// SetBits is the width of a member inside the circuit.
	SetBits = 248
)

// A Set is a list of values that a statement asks about as a whole: the
// attribute is one of them (OneOf), or none of them (NoneOf). The verifier
// builds the set from its own list, and so knows that the tree is sorted: with
// an unsorted tree a holder could prove anything.
type Set struct {
	members []Element
	tree    func() *tree // built when it is first needed
}

// NewSet builds a set from values in any order, encoded by EncodeString,
// EncodeDate, EncodeInteger or EncodeBool. The error is ErrStatement for no
// value, more than SetLimit, a repeated value, or a value that is not an
// encoding.
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

// gap returns the i-th gap: from the member before it, or zero, to the member
// after it, or 2^248.
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

// Root returns the root of the set's tree, a public input of the show. The
// first call takes tens of milliseconds for a few thousand members: keep a Set
// that is asked about again.
func (s *Set) Root() Element { return s.tree().root() }

// Members returns the values in ascending order.
func (s *Set) Members() []Element { return slices.Clone(s.members) }

// Len returns the number of members.
func (s *Set) Len() int { return len(s.members) }

// Contains reports whether a value is a member.
func (s *Set) Contains(v Element) bool {
	_, found := slices.BinarySearchFunc(s.members, v, compareElements)
	return found
}

// place returns the gap that begins at a value, or else the gap around it.
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
