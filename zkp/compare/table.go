package main

import (
	"fmt"
	"io"
	"time"
)

// size is how many bytes travel, as we and as a peer write them.
type size struct {
	what       string
	ours, peer int
}

func writeTimes(w io.Writer, contests []*contest) {
	fmt.Fprint(w, "| what | ours | peer | ours, ms | peer, ms | peer ÷ ours, median (all pairs) | faster |\n|---|---|---|---|---|---|---|\n")
	for _, c := range contests {
		ratios := c.ratios()
		middle := median(ratios)
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s (%s – %s) | %s |\n", c.what, c.ourWay, c.peerWay,
			milliseconds(median(c.oursTook)), milliseconds(median(c.peerTook)),
			figure(middle), figure(ratios[0]), figure(ratios[len(ratios)-1]), better(middle))
	}
}

func writeSizes(w io.Writer, sizes []size) {
	fmt.Fprint(w, "| bytes | ours | peer | smaller |\n|---|---|---|---|\n")
	for _, s := range sizes {
		fmt.Fprintf(w, "| %s | %d | %d | %s |\n", s.what, s.ours, s.peer, better(float64(s.peer)/float64(s.ours)))
	}
}

// better says in words which way a ratio of peer to ours points.
func better(ratio float64) string {
	if ratio < 1 {
		return "the peer, " + figure(1/ratio) + " ×"
	}
	return "**ours, " + figure(ratio) + " ×**"
}

func milliseconds(d time.Duration) string { return figure(float64(d) / float64(time.Millisecond)) }

// figure writes as many decimals as mean something.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
