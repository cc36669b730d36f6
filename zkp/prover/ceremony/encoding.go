package ceremony

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"
)

// Sizes of compressed points, and of the proof that a contribution was known:
// one point of each group.
const (
	sizeG1    = 32
	sizeG2    = 64
	sizeProof = sizeG1 + sizeG2
)

// A shape is the layout that a file must have before gnark reads it. gnark's
// readers allocate what lengths in the file claim, and accept uncompressed
// points, which shift all that follows.
type shape struct {
	// constants holds the bytes that a file has at fixed places.
	constants map[int][]byte
	points    []pointRun
	size      int
}

// A pointRun is a sequence of points.
type pointRun struct{ at, count, size int }

func (s *shape) constant(b []byte) {
	s.constants[s.size] = b
	s.size += len(b)
}

func (s *shape) run(count, size int) {
	s.points = append(s.points, pointRun{s.size, count, size})
	s.size += count * size
}

func (s *shape) proof() {
	s.run(1, sizeG1)
	s.run(1, sizeG2)
}

func (s *shape) challenge() {
	s.constant([]byte{sha256.Size})
	s.size += sha256.Size
}

// phase1Shape returns the shape for n powers of τ: three proofs, n, [β]₂, the
// powers of τ except the first in both groups, and β and α times the powers.
func phase1Shape(n int) *shape {
	s := &shape{constants: map[int][]byte{}}
	for range 3 {
		s.proof()
	}
	s.constant(binary.BigEndian.AppendUint64(nil, uint64(n)))
	s.run(1, sizeG2)
	s.run(2*n-2, sizeG1)
	s.run(n-1, sizeG2)
	s.run(2*n, sizeG1)
	s.challenge()
	return s
}

// phase2Shape returns the shape for a system of domain n with this number of
// private wires: no commitments, [δ]₁, the wires' points, n−1 quotients, [δ]₂
// and the proof.
func phase2Shape(n, private int) *shape {
	s := &shape{constants: map[int][]byte{}}
	s.constant([]byte{0, 0})
	s.run(1, sizeG1)
	s.constant(binary.BigEndian.AppendUint32(nil, uint32(private)))
	s.run(private, sizeG1)
	s.constant(binary.BigEndian.AppendUint32(nil, uint32(n-1)))
	s.run(n-1, sizeG1)
	s.run(1, sizeG2)
	s.proof()
	s.challenge()
	return s
}

// check returns ErrForm if b does not have the shape.
func (s *shape) check(b []byte) error {
	if len(b) != s.size {
		return fmt.Errorf("%w: %d bytes, must be %d", ErrForm, len(b), s.size)
	}
	for at, want := range s.constants {
		if !bytes.Equal(b[at:at+len(want)], want) {
			return fmt.Errorf("%w: another size inside", ErrForm)
		}
	}
	for _, r := range s.points {
		for i := range r.count {
			if b[r.at+i*r.size]&0xc0 == 0 { // the mark of an uncompressed point
				return fmt.Errorf("%w: a point is not compressed", ErrForm)
			}
		}
	}
	return nil
}

// challengeOf returns the hash of the contribution that b claims to be built
// on.
func challengeOf(b []byte) Hash { return Hash(b[len(b)-sha256.Size:]) }

func parsePhase1(b []byte, n int) (*mpcsetup.Phase1, error) {
	p := new(mpcsetup.Phase1)
	return p, parse(b, phase1Shape(n), p)
}

func parsePhase2(b []byte, s *shape) (*mpcsetup.Phase2, error) {
	p := new(mpcsetup.Phase2)
	return p, parse(b, s, p)
}

// parse makes gnark check every point for its subgroup, and refuses bytes that
// do not encode to themselves. Today gnark accepts no other spelling; the
// second check keeps it so.
func parse(b []byte, s *shape, p interface {
	io.ReaderFrom
	io.WriterTo
}) error {
	if err := s.check(b); err != nil {
		return err
	}
	if _, err := p.ReadFrom(bytes.NewReader(b)); err != nil {
		return fmt.Errorf("%w: a point is not one of the group", ErrForm)
	}
	if again, err := bytesOf(p); err != nil || !bytes.Equal(again, b) {
		return fmt.Errorf("%w: another spelling", ErrForm)
	}
	return nil
}

func bytesOf(w io.WriterTo) ([]byte, error) {
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("ceremony: encoding: %w", err)
	}
	return b.Bytes(), nil
}
