package zkp

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// The revocation tree holds the gaps between revoked handles: 8-ary, 2^24
// leaves. Its upper three levels choose one of 512 buckets by the handle's
// first nine bits, so that one revocation changes one bucket.
const (
	RevocationArity = 8
	RevocationDepth = 8
	// HandleBits is the width of a handle inside the circuit.
	HandleBits = 8 * HandleSize

	bucketBits  = 9
	bucketDepth = 5
	buckets     = 1 << bucketBits
)

// A Gap is one leaf of a tree of gaps: the handles From ≤ h < To, of which none
// is revoked, or two neighbours From and To of a set.
type Gap struct {
	From, To Element
	Path     Path
}

// gapLeaf returns P2₄(domain, from, to).
func gapLeaf(from, to *big.Int) Element {
	var f, t Element
	return Compress(4, domainRevocation, *f.SetBigInt(from), *t.SetBigInt(to))
}

// A Revocation is the revocation tree of one epoch, with the handles of all
// buckets or of one part. A wallet proves with it that its handle lies in a
// gap.
type Revocation struct {
	handles     [buckets][]Handle
	first, last int // the buckets whose handles are known, first ≤ b < last
	upper       *tree
}

// NewRevocation builds the tree from all revoked handles, which must be sorted
// and without repetition. Errors: ErrForm, ErrValue for too many handles in a
// bucket.
func NewRevocation(handles [][HandleSize]byte) (*Revocation, error) {
	return newRevocation(handles, new(bucketCache))
}

func newRevocation(handles [][HandleSize]byte, cache *bucketCache) (*Revocation, error) {
	r := &Revocation{last: buckets}
	if err := r.sort(handles); err != nil {
		return nil, err
	}
	roots := make([]Element, buckets)
	err := r.eachBucket(func(b int) (err error) {
		roots[b], err = cache.root(b, r.handles[b])
		return err
	})
	if err != nil {
		return nil, err
	}
	r.upper, err = upperTree(roots)
	return r, err
}

func upperTree(roots []Element) (*tree, error) {
	return newTree(RevocationArity, RevocationDepth-bucketDepth, roots)
}

// sort puts the handles into their buckets.
func (r *Revocation) sort(handles [][HandleSize]byte) error {
	for i, h := range handles {
		if i > 0 && slices.Compare(handles[i-1][:], h[:]) >= 0 {
			return fmt.Errorf("%w: revoked handles out of order", ErrForm)
		}
		b := bucketOf(h)
		if b < r.first || b >= r.last {
			return fmt.Errorf("%w: a revoked handle", ErrPart)
		}
		r.handles[b] = append(r.handles[b], h)
	}
	return nil
}

// eachBucket calls do for every bucket whose handles are known, on all cores.
func (r *Revocation) eachBucket(do func(bucket int) error) error {
	errs := make([]error, buckets)
	var next atomic.Int32
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for b := r.first + int(next.Add(1)) - 1; b < r.last; b = r.first + int(next.Add(1)) - 1 {
				errs[b] = do(b)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func bucketOf(h Handle) int { return int(h[0])<<1 | int(h[1]>>7) }

// Root returns the revocation root.
func (r *Revocation) Root() Element { return r.upper.root() }

// Gap returns the gap around a handle. Errors: ErrRevoked if the tree holds the
// handle, ErrPart if the handle's part of the tree is not known.
func (r *Revocation) Gap(h Handle) (Gap, error) {
	b := bucketOf(h)
	if b < r.first || b >= r.last {
		return Gap{}, fmt.Errorf("%w: the credential's handle", ErrPart)
	}
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

// gapBounds returns the i-th gap of a bucket. It begins after the handle before
// it, or at the beginning of the bucket.
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

// A bucketCache maps a bucket's content to its root. Goroutines may ask for
// different buckets at once.
type bucketCache struct {
	content [buckets][32]byte
	roots   [buckets]Element
}

func (c *bucketCache) root(bucket int, handles []Handle) (Element, error) {
	h := sha256.New()
	for _, x := range handles {
		h.Write(x[:])
	}
	content := [32]byte(h.Sum(nil))
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
