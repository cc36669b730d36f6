package zkp

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// A wallet does not need all revoked handles of an epoch. It builds the same tree
// from the roots of all buckets (16 KB, the same for everyone) and the handles of
// the part that its own handle belongs to. The server of the parts learns the
// leading bits of the handle and nothing else. A proof of the buckets' counts
// shows beforehand how many handles each part hides among.

// NewRevocationPart builds the tree from the roots of all buckets and the
// revoked handles of one part: those whose leading bits are the number part.
// handles must be sorted and without repetition. Errors: ErrForm, and ErrPart
// if the handles do not belong to the part or do not hash to the roots of its
// buckets. It does not check that the roots together lead to the root of an
// epoch: NewPrepareWitness does, or the caller.
func NewRevocationPart(roots [][32]byte, bits, part int, handles [][HandleSize]byte) (*Revocation, error) {
	if bits < 0 || bits > bucketBits || part < 0 || part >= 1<<bits {
		return nil, fmt.Errorf("%w: no part %d of %d bits", ErrForm, part, bits)
	}
	given, err := parseRoots(roots)
	if err != nil {
		return nil, err
	}
	size := buckets >> bits
	r := &Revocation{first: part * size, last: (part + 1) * size}
	if err := r.sort(handles); err != nil {
		return nil, err
	}
	err = r.eachBucket(func(b int) error {
		t, err := bucketTree(b, r.handles[b])
		if err != nil {
			return err
		}
		if root := t.root(); !root.Equal(&given[b]) {
			return fmt.Errorf("%w: the handles of a bucket have another root", ErrPart)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.upper, err = upperTree(given)
	return r, err
}

func parseRoots(roots [][32]byte) ([]Element, error) {
	if len(roots) != buckets {
		return nil, fmt.Errorf("%w: %d bucket roots, want %d", ErrForm, len(roots), buckets)
	}
	out := make([]Element, buckets)
	for b := range roots {
		var err error
		if out[b], err = ParseElement(roots[b][:]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// BucketRoots returns the roots of all buckets, in the order of their handles.
func (r *Revocation) BucketRoots() [][32]byte {
	out := make([][32]byte, buckets)
	for b := range out {
		root := r.upper.node(0, uint32(b))
		out[b] = root.Bytes()
	}
	return out
}

// proveCounts proves for each bucket where its last gap lies, which is the
// number of its handles: u16 count ‖ the last handle, if there is one ‖ from
// the leaves up, the siblings to the left of the path. All siblings to the
// right are empty.
func (r *Revocation) proveCounts() ([]byte, error) {
	proofs := make([][]byte, buckets)
	err := r.eachBucket(func(b int) (err error) {
		proofs[b], err = proveCount(b, r.handles[b])
		return err
	})
	return slices.Concat(proofs...), err
}

func proveCount(bucket int, handles []Handle) ([]byte, error) {
	t, err := bucketTree(bucket, handles)
	if err != nil {
		return nil, err
	}
	n := len(handles)
	out := binary.BigEndian.AppendUint16(nil, uint16(n))
	if n > 0 {
		out = append(out, handles[n-1][:]...)
	}
	path := t.path(uint32(n))
	for height, children := range path.Children {
		for _, sibling := range children[:digit(n, height)] {
			b := sibling.Bytes()
			out = append(out, b[:]...)
		}
	}
	return out, nil
}

// digit returns which child of its parent the node above leaf i is.
func digit(i, height int) int { return i >> (3 * height) % RevocationArity }

// VerifyCounts returns the number of revoked handles in each bucket. It takes
// the roots of the buckets and the proof that Accumulator.ProveCounts made. The
// counts are as true as the roots: compare RootOver(roots) with the epoch's
// root. Errors: ErrForm, ErrPart.
func VerifyCounts(roots [][32]byte, proof []byte) ([]int, error) {
	given, err := parseRoots(roots)
	if err != nil {
		return nil, err
	}
	empty := emptyHashes(RevocationArity, bucketDepth)
	counts := make([]int, buckets)
	r := countReader{proof}
	for b := range counts {
		var root Element
		if counts[b], root, err = r.bucket(b, empty); err != nil {
			return nil, err
		}
		if !root.Equal(&given[b]) {
			return nil, fmt.Errorf("%w: a bucket's count", ErrPart)
		}
	}
	if len(r.rest) != 0 {
		return nil, fmt.Errorf("%w: bytes after the counts", ErrForm)
	}
	return counts, nil
}

// RootOver returns the revocation root over the roots of all buckets. The error
// is ErrForm.
func RootOver(roots [][32]byte) (Element, error) {
	given, err := parseRoots(roots)
	if err != nil {
		return Element{}, err
	}
	t, err := upperTree(given)
	if err != nil {
		return Element{}, err
	}
	return t.root(), nil
}

// A countReader reads a proof of counts.
type countReader struct{ rest []byte }

func (r *countReader) take(n int) ([]byte, error) {
	if len(r.rest) < n {
		return nil, fmt.Errorf("%w: counts cut short", ErrForm)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b, nil
}

// bucket reads one count and recomputes the bucket's root from it.
func (r *countReader) bucket(bucket int, empty []Element) (count int, root Element, err error) {
	b, err := r.take(2)
	if err != nil {
		return 0, root, err
	}
	count = int(binary.BigEndian.Uint16(b))
	if count >= 1<<(3*bucketDepth) {
		return 0, root, fmt.Errorf("%w: more handles than a bucket holds", ErrForm)
	}
	var last []Handle
	if count > 0 {
		if b, err = r.take(HandleSize); err != nil {
			return 0, root, err
		}
		last = []Handle{Handle(b)}
		if bucketOf(last[0]) != bucket {
			return 0, root, fmt.Errorf("%w: a bucket's last handle", ErrPart)
		}
	}
	root = gapLeaf(gapBounds(bucket, last, len(last)))
	for height := range bucketDepth {
		if root, err = r.climb(root, digit(count, height), empty[height]); err != nil {
			return 0, root, err
		}
	}
	return count, root, nil
}

// climb hashes a node with its siblings: those to the left, which it reads, and
// those to the right, which are empty.
func (r *countReader) climb(node Element, left int, empty Element) (Element, error) {
	var children [RevocationArity]Element
	for i := range children {
		children[i] = empty
	}
	for i := range left {
		b, err := r.take(32)
		if err != nil {
			return Element{}, err
		}
		if children[i], err = ParseElement(b); err != nil {
			return Element{}, err
		}
	}
	children[left] = node
	return Compress(RevocationArity, children[:]...), nil
}
