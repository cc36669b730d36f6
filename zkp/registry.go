package zkp

import (
	"fmt"
	"slices"
)

// The registry tree holds who may issue what: 4-ary, 2^16 leaves.
const (
	RegistryArity = 4
	RegistryDepth = 8

	registryCapacity = 1 << (2 * RegistryDepth)
)

// A RegistryEntry is one proof key that is accredited for one schema and
// region. From and Until bound the days on which a credential may begin.
type RegistryEntry struct {
	Key         PublicKey
	Schema      Element
	Region      string
	From, Until Day
}

// Leaf returns P2₈(domain, x, y, schema, region, from, until).
func (e RegistryEntry) Leaf() Element {
	x, y := e.Key.Coordinates()
	return Compress(8, domainRegistry, x, y, e.Schema, RegionElement(e.Region),
		small(uint64(e.From)), small(uint64(e.Until)))
}

// A Registry is the tree of accredited proof keys of one epoch.
type Registry struct{ tree *tree }

// NewRegistry builds the tree from its leaves, which must be sorted and without
// repetition. Errors: ErrForm, ErrValue for too many leaves.
func NewRegistry(leaves [][32]byte) (*Registry, error) {
	if !slices.IsSortedFunc(leaves, compare32) {
		return nil, fmt.Errorf("%w: registry leaves out of order", ErrForm)
	}
	in := make([]Element, len(leaves))
	for i, b := range leaves {
		if i > 0 && leaves[i-1] == b {
			return nil, fmt.Errorf("%w: a registry leaf twice", ErrForm)
		}
		var err error
		if in[i], err = ParseElement(b[:]); err != nil {
			return nil, err
		}
	}
	t, err := newTree(RegistryArity, RegistryDepth, in)
	if err != nil {
		return nil, err
	}
	return &Registry{t}, nil
}

func compare32(a, b [32]byte) int { return slices.Compare(a[:], b[:]) }

// Root returns the registry root.
func (r *Registry) Root() Element { return r.tree.root() }

// Path returns the path of an entry. The error is ErrNotRegistered if it is
// absent.
func (r *Registry) Path(e RegistryEntry) (Path, error) {
	leaf := e.Leaf()
	for i := range r.tree.levels[0] {
		if r.tree.levels[0][i].Equal(&leaf) {
			return r.tree.path(uint32(i)), nil
		}
	}
	return Path{}, ErrNotRegistered
}
