package feed

import (
	"encoding/binary"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
)

const (
	// maxEpochs bounds a generation: a snapshot and 256 deltas.
	maxEpochs = 257
	// maxGenerations is the number of generations that an index names.
	maxGenerations = 2
)

// A Generation is a snapshot and the deltas that follow it.
type Generation struct {
	// Bits is the number of bits that divide the revoked handles into parts.
	Bits int
	// Epochs lists the epochs that can be read: the snapshot's, then each
	// delta's.
	Epochs []uint64
}

// First returns the epoch of the snapshot. The generation's name is this epoch.
func (g *Generation) First() uint64 { return g.Epochs[0] }

func (g *Generation) last() uint64 { return g.Epochs[len(g.Epochs)-1] }

// An Index lists what a feed holds.
type Index struct {
	// Generations are in ascending order. Each begins where the one before
	// ends.
	Generations []Generation
}

// Newest returns the newest epoch that the feed holds.
func (x *Index) Newest() uint64 { return x.newest().last() }

func (x *Index) newest() *Generation { return &x.Generations[len(x.Generations)-1] }

// Generation returns the newest generation that holds an epoch, or nil.
func (x *Index) Generation(epoch uint64) *Generation {
	for i := len(x.Generations) - 1; i >= 0; i-- {
		if slices.Contains(x.Generations[i].Epochs, epoch) {
			return &x.Generations[i]
		}
	}
	return nil
}

// Bytes returns the canonical encoding.
func (x *Index) Bytes() []byte {
	b := append(header(letterIndex), byte(len(x.Generations)))
	for _, g := range x.Generations {
		b = binary.BigEndian.AppendUint16(append(b, byte(g.Bits)), uint16(len(g.Epochs)))
		for _, epoch := range g.Epochs {
			b = binary.BigEndian.AppendUint64(b, epoch)
		}
	}
	return b
}

// ParseIndex reads what Bytes wrote. The error is [ErrFormat].
func ParseIndex(b []byte) (*Index, error) {
	r := newReader(b, letterIndex, limits.FeedIndex)
	n := r.u8()
	if n == 0 || n > maxGenerations {
		r.fail("number of generations")
		return nil, r.err
	}
	x := new(Index)
	for range n {
		x.read(r)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return x, nil
}

// read reads one generation of an index.
func (x *Index) read(r *reader) {
	g := Generation{Bits: r.u8()}
	n := r.u16()
	if n == 0 || n > maxEpochs || g.Bits > maxBits {
		r.fail("generation out of range")
		return
	}
	for range n {
		g.Epochs = append(g.Epochs, r.u64())
	}
	for i := 1; i < n; i++ {
		if g.Epochs[i-1] >= g.Epochs[i] {
			r.fail("epochs out of order")
		}
	}
	// No handle ever leaves the tree, so that parts only ever get finer.
	if len(x.Generations) > 0 && (x.newest().last() != g.First() || x.newest().Bits > g.Bits) {
		r.fail("generation does not follow the one before")
	}
	x.Generations = append(x.Generations, g)
}

// step is one file on the way to an epoch; from equals to for a snapshot.
type step struct {
	generation *Generation
	from, to   uint64
}

// way lists the files that lead to the target from the epoch that a reader has,
// if some is true: deltas if the feed goes back far enough, otherwise a
// snapshot first. It returns nil if the feed does not hold the target.
func (x *Index) way(have uint64, some bool, target uint64) (steps []step, snapshot bool) {
	last := x.Generation(target)
	if last == nil {
		return nil, false
	}
	snapshot = !some || have > target || x.Generation(have) == nil
	if snapshot {
		have = last.First()
		steps = append(steps, step{last, have, have})
	}
	for i := range x.Generations {
		g := &x.Generations[i]
		for _, epoch := range g.Epochs[1:] {
			if epoch > have && epoch <= target {
				steps = append(steps, step{g, have, epoch})
				have = epoch
			}
		}
	}
	return steps, snapshot
}
