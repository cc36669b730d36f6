package zkp

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"
	"sync"
)

// The revocation tree holds the gaps between revoked handles: 8-ary, 2^24
// leaves. Its upper three levels choose one of 512 buckets by the handle's
// first nine bits, so that one revocation changes one bucket only.
const (
	RevocationArity = 8
	RevocationDepth = 8
	// HandleBits is the width of a handle inside the circuit.
	HandleBits = 96

	bucketBits  = 9
	bucketDepth = 5
	buckets     = 1 << bucketBits
)

// Gap is a run of handles [From, To) of which none is revoked.
type Gap struct {
	From, To Element
	Path     Path
}

// leaf is P2₄(domain, from, to).
func gapLeaf(from, to *big.Int) Element {
	var f, t Element
	return Compress(4, domainRevocation, *f.SetBigInt(from), *t.SetBigInt(to))
}

// Revocation is the tree of one epoch, with what a wallet needs to prove that
// its handle lies in a gap.
type Revocation struct {
	handles [buckets][]Handle
	upper   *tree
}

// NewRevocation builds the tree from the revoked handles, sorted and without
// repetition.
func NewRevocation(handles [][HandleSize]byte) (*Revocation, error) {
	return newRevocation(handles, nil)
}

func newRevocation(handles [][HandleSize]byte, cache *bucketCache) (*Revocation, error) {
	r := new(Revocation)
	for i, h := range handles {
		if i > 0 && slices.Compare(handles[i-1][:], h[:]) >= 0 {
			return nil, fmt.Errorf("%w: revoked handles out of order", ErrForm)
		}
		b := bucketOf(h)
		r.handles[b] = append(r.handles[b], h)
	}
	roots := make([]Element, buckets)
	for b := range roots {
		var err error
		if roots[b], err = cache.root(b, r.handles[b]); err != nil {
			return nil, err
		}
	}
	var err error
	r.upper, err = newTree(RevocationArity, RevocationDepth-bucketDepth, roots)
	return r, err
}

func bucketOf(h Handle) int { return int(h[0])<<1 | int(h[1]>>7) }

// Root returns the revocation root.
func (r *Revocation) Root() Element { return r.upper.root() }

// Gap finds the gap around a handle; ErrRevoked where the handle is in the tree.
func (r *Revocation) Gap(h Handle) (Gap, error) {
	b := bucketOf(h)
	at, found := slices.BinarySearchFunc(r.handles[b], h, func(a, b Handle) int { return slices.Compare(a[:], b[:]) })
	if found {
		return Gap{}, ErrRevoked
	}
	t, err := bucketTree(b, r.handles[b])
	if err != nil {
		return Gap{}, err
	}
	from, to := gapBounds(b, r.handles[b], at)
	var g Gap
	g.From.SetBigInt(from)
	g.To.SetBigInt(to)
	g.Path = t.path(uint32(at))
	above := r.upper.path(uint32(b))
	g.Path.Children = append(g.Path.Children, above.Children...)
	g.Path.Index += uint32(b) << (3 * bucketDepth)
	return g, nil
}

// gapBounds returns the i-th gap of a bucket: it begins after the handle
// before it, or where the bucket begins.
func gapBounds(bucket int, handles []Handle, i int) (from, to *big.Int) {
	one := big.NewInt(1)
	start := func(b int) *big.Int { return new(big.Int).Lsh(big.NewInt(int64(b)), HandleBits-bucketBits) }
	from, to = start(bucket), start(bucket+1)
	if i > 0 {
		from.SetBytes(handles[i-1][:])
		from.Add(from, one)
	}
	if i < len(handles) {
		to.SetBytes(handles[i][:])
	}
	return from, to
}

func bucketTree(bucket int, handles []Handle) (*tree, error) {
	leaves := make([]Element, len(handles)+1)
	for i := range leaves {
		leaves[i] = gapLeaf(gapBounds(bucket, handles, i))
	}
	return newTree(RevocationArity, bucketDepth, leaves)
}

// bucketCache remembers a bucket's root by the bucket's content.
type bucketCache struct {
	mu      sync.Mutex
	content [buckets][32]byte
	roots   [buckets]Element
}

func (c *bucketCache) root(bucket int, handles []Handle) (Element, error) {
	if c == nil {
		t, err := bucketTree(bucket, handles)
		if err != nil {
			return Element{}, err
		}
		return t.root(), nil
	}
	h := sha256.New()
	for _, x := range handles {
		h.Write(x[:])
	}
	content := [32]byte(h.Sum(nil))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.content[bucket] == content {
		return c.roots[bucket], nil
	}
	t, err := bucketTree(bucket, handles)
	if err != nil {
		return Element{}, err
	}
	c.content[bucket], c.roots[bucket] = content, t.root()
	return c.roots[bucket], nil
}
