package web

import (
	"context"
	"sync"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/explorer"
)

// maxPoints bounds the points of the curve.
const maxPoints = 64

// growth caches when the log had which size. A cached point never changes.
type growth struct {
	mu    sync.Mutex
	known map[uint64]point
}

// A point says that the log had Size leaves at Time.
type point struct {
	Size uint64
	Time time.Time
}

// chart reads the points of a log up to a head. They are drawn, not proved.
func (g *growth) chart(ctx context.Context, source explorer.Source, head *ledger.Head) ([]point, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	points, err := g.upTo(ctx, source, head.Size)
	return append(points, point{head.Size, head.State.Time()}), err
}

// upTo uses a power of two as the step, so that cached points stay useful as
// the log grows.
func (g *growth) upTo(ctx context.Context, source explorer.Source, size uint64) ([]point, error) {
	step := uint64(1)
	for size/step >= maxPoints {
		step *= 2
	}
	known := map[uint64]point{}
	var points []point
	for at := uint64(0); at < size; at += step {
		p, ok := g.known[at]
		if !ok {
			var err error
			if p, err = after(ctx, source, at); err != nil {
				return nil, err
			}
		}
		known[at] = p
		if n := len(points); (n == 0 || points[n-1].Size < p.Size) && p.Size < size {
			points = append(points, p)
		}
	}
	g.known = known
	return points, nil
}

// after returns the first checkpoint whose state leaf comes at or after an
// index.
func after(ctx context.Context, source explorer.Source, index uint64) (point, error) {
	for at := index; ; {
		leaves, err := source.Entries(ctx, at)
		if err != nil {
			return point{}, err
		}
		for i, leaf := range leaves {
			if ledger.IsStateLeaf(leaf) {
				state, err := ledger.ParseStateLeaf(leaf)
				if err != nil {
					return point{}, err
				}
				return point{at + uint64(i) + 1, state.Time()}, nil
			}
		}
		at += uint64(max(len(leaves), 1))
	}
}
