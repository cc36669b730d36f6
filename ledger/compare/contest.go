package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// contest is the same work done by us and by a peer.
type contest struct {
	what    string
	ourWay  string
	peerWay string
	// count is how many pieces of work one turn is.
	count int
	// prepare makes what both are given. It is not timed.
	prepare    func() error
	ours, peer func() error

	oursTook, peerTook []time.Duration
}

// round lets both do their turn, ours first where that is asked.
func (c *contest) round(oursFirst, keep bool) error {
	if c.prepare != nil {
		if err := c.prepare(); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	var took [2]time.Duration
	turns := [2]func() error{c.ours, c.peer}
	for i := range turns {
		who := i
		if !oursFirst {
			who = 1 - i
		}
		// What one leaves behind is not collected in the other's turn.
		runtime.GC()
		begin := time.Now()
		if err := turns[who](); err != nil {
			return fmt.Errorf("%s: %w", [2]string{c.ourWay, c.peerWay}[who], err)
		}
		took[who] = time.Since(begin)
	}
	if keep {
		c.oursTook, c.peerTook = append(c.oursTook, took[0]), append(c.peerTook, took[1])
	}
	return nil
}

// ratios are the peer's time over ours, one a pair, in ascending order.
func (c *contest) ratios() []float64 {
	out := make([]float64, len(c.oursTook))
	for i := range out {
		out[i] = float64(c.peerTook[i]) / float64(c.oursTook[i])
	}
	slices.Sort(out)
	return out
}

// rate is pieces of work a second.
func (c *contest) rate(took []time.Duration) float64 {
	return float64(c.count) / median(took).Seconds()
}

// median is the middle value, or the lower of the two middle ones.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
