package feed

import (
	"encoding/binary"
	"fmt"

	"github.com/hufu-id/hufu/internal/limits"
)

// Handles is a file of one part. If From and To are equal, it holds all revoked
// handles of the part at that epoch. Otherwise it holds those that entered
// after From and up to To.
type Handles struct {
	From, To   uint64
	Bits, Part int
	Handles    []Handle // ascending
}

// Bytes returns the canonical encoding.
func (h *Handles) Bytes() []byte {
	b := binary.BigEndian.AppendUint64(header(letterHandles), h.From)
	b = binary.BigEndian.AppendUint64(b, h.To)
	b = binary.BigEndian.AppendUint16(append(b, byte(h.Bits)), uint16(h.Part))
	b = binary.BigEndian.AppendUint32(b, uint32(len(h.Handles)))
	return appendItems(b, h.Handles)
}

// ParseHandles reads what Bytes wrote. The error is [ErrFormat].
func ParseHandles(b []byte) (*Handles, error) {
	r := newReader(b, letterHandles, limits.FeedPart)
	h := &Handles{From: r.u64(), To: r.u64(), Bits: r.u8(), Part: r.u16()}
	h.Handles = readItems[Handle](r, r.u32())
	switch {
	case h.From > h.To:
		r.fail("epochs run backwards")
	case h.Bits > maxBits || h.Part >= 1<<h.Bits:
		r.fail("no such part")
	case len(slicePart(h.Handles, h.Bits, h.Part)) != len(h.Handles):
		r.fail("handles of another part")
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return h, nil
}

// Narrow returns the handles of a smaller part within this one.
func (h *Handles) Narrow(bits, part int) *Handles {
	return &Handles{From: h.From, To: h.To, Bits: bits, Part: part, Handles: slicePart(h.Handles, bits, part)}
}

// Registry is a file of registry leaves. If From and To are equal, it holds all
// leaves at that epoch. Otherwise it holds what changed after From and up to
// To.
type Registry struct {
	From, To       uint64
	Added, Removed [][32]byte // ascending
}

// Bytes returns the canonical encoding.
func (g *Registry) Bytes() []byte {
	b := binary.BigEndian.AppendUint64(header(letterRegistry), g.From)
	b = binary.BigEndian.AppendUint64(b, g.To)
	b = binary.BigEndian.AppendUint32(b, uint32(len(g.Added)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(g.Removed)))
	return appendItems(appendItems(b, g.Added), g.Removed)
}

// ParseRegistry reads what Bytes wrote. The error is [ErrFormat].
func ParseRegistry(b []byte) (*Registry, error) {
	r := newReader(b, letterRegistry, limits.FeedRegistry)
	g := &Registry{From: r.u64(), To: r.u64()}
	added, removed := r.u32(), r.u32()
	g.Added, g.Removed = readItems[[32]byte](r, added), readItems[[32]byte](r, removed)
	switch {
	case g.From > g.To:
		r.fail("epochs run backwards")
	case g.From == g.To && removed > 0:
		r.fail("a snapshot removes nothing")
	case len(difference(g.Removed, g.Added)) != len(g.Removed):
		r.fail("a leaf both added and removed")
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return g, nil
}

// Roots is a file of the bucket roots of an epoch.
type Roots struct {
	Epoch   uint64
	Buckets [][32]byte // 512, in the order of their handles
}

const rootsSize = len(magic) + 1 + 8 + 32*Buckets

// Bytes returns the canonical encoding.
func (r *Roots) Bytes() []byte {
	b := binary.BigEndian.AppendUint64(header(letterRoots), r.Epoch)
	return appendItems(b, r.Buckets)
}

// ParseRoots reads what Bytes wrote. The error is [ErrFormat].
func ParseRoots(b []byte) (*Roots, error) {
	if len(b) != rootsSize {
		return nil, fmt.Errorf("%w: %d bytes of bucket roots, want %d", ErrFormat, len(b), rootsSize)
	}
	r := newReader(b, letterRoots, rootsSize)
	if r.err != nil {
		return nil, r.err
	}
	out := &Roots{Epoch: r.u64(), Buckets: make([][32]byte, Buckets)}
	for i := range out.Buckets {
		out.Buckets[i] = [32]byte(r.take(32))
	}
	return out, nil
}

// Counts is a file with the proof of how many handles each bucket held at the
// first epoch of a generation. Package zkp verifies the proof.
type Counts struct {
	Epoch uint64
	Proof []byte
}

// Bytes returns the canonical encoding.
func (c *Counts) Bytes() []byte {
	return append(binary.BigEndian.AppendUint64(header(letterCounts), c.Epoch), c.Proof...)
}

// ParseCounts reads what Bytes wrote. The error is [ErrFormat].
func ParseCounts(b []byte) (*Counts, error) {
	r := newReader(b, letterCounts, limits.FeedCounts)
	c := &Counts{Epoch: r.u64()}
	c.Proof, r.rest = r.rest, nil
	if err := r.end(); err != nil {
		return nil, err
	}
	return c, nil
}
