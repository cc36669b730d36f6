package main

import (
	"cmp"
	"runtime"
	"slices"
	"time"
)

// verifications is how many verifications are timed together, for one alone is
// short.
const verifications = 10

// turn does something once and says how long it took.
type turn func() (time.Duration, error)

// contest is the same work done by us and by a peer.
type contest struct {
	what       string
	ourWay     string
	peerWay    string
	ours, peer turn

	oursTook, peerTook []time.Duration
}

// once is a turn of Go code. What must happen before is not timed. Afterwards
// the garbage is collected, so that this process is quiet in the peer's turn.
func once(before, work func() error) turn { return repeated(1, before, work) }

func repeated(times int, before, work func() error) turn {
	return func() (time.Duration, error) {
		if before != nil {
			if err := before(); err != nil {
				return 0, err
			}
			runtime.GC()
		}
		begin := time.Now()
		for range times {
			if err := work(); err != nil {
				return 0, err
			}
		}
		took := time.Since(begin) / time.Duration(times)
		runtime.GC()
		return took, nil
	}
}

// round lets both do their turn, ours first where that is asked.
func (c *contest) round(oursFirst, keep bool) error {
	var took [2]time.Duration
	turns := [2]turn{c.ours, c.peer}
	for i := range turns {
		who := i
		if !oursFirst {
			who = 1 - i
		}
		var err error
		if took[who], err = turns[who](); err != nil {
			return err
		}
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

// median is the middle value, or the lower of the two middle ones.
func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
