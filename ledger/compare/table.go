package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// size is how many bytes travel, as we and as a peer write them.
type size struct {
	what, ourWay, peerWay string
	ours, peer            int
}

// writeTable writes rates and sizes. Every ratio above one is for us.
func writeTable(w io.Writer, contests []*contest, sizes []size) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tours\tpeer\tours, 1/s\tpeer, 1/s\tours ÷ peer\tleast\tlargest")
	for _, c := range contests {
		ratios := c.ratios()
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.what, c.ourWay, c.peerWay,
			figure(c.rate(c.oursTook)), figure(c.rate(c.peerTook)),
			figure(median(ratios)), figure(ratios[0]), figure(ratios[len(ratios)-1]))
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "what\tours\tpeer\tours, bytes\tpeer, bytes\tpeer ÷ ours")
	for _, s := range sizes {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\n", s.what, s.ourWay, s.peerWay,
			s.ours, s.peer, figure(float64(s.peer)/float64(s.ours)))
	}
	return t.Flush()
}

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
