package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// scripted is a turn that takes the given times, and notes that it was its turn.
func scripted(name string, order *[]string, times ...time.Duration) turn {
	return func() (time.Duration, error) {
		*order = append(*order, name)
		took := times[0]
		times = times[1:]
		return took, nil
	}
}

func TestPairsTakeTurns(t *testing.T) {
	var order []string
	c := &contest{
		ours: scripted("ours", &order, 99, 1, 2, 4),
		peer: scripted("peer", &order, 1, 10, 10, 10),
	}
	for r := range 4 {
		if err := c.round(r%2 == 0, r > 0); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"ours", "peer", "peer", "ours", "ours", "peer", "peer", "ours"}; !slices.Equal(order, want) {
		t.Errorf("order %v", order)
	}
	if got := c.ratios(); !slices.Equal(got, []float64{2.5, 5, 10}) {
		t.Errorf("ratios %v: the round to warm up counts, or pairs are mixed", got)
	}
	if got := median(c.oursTook); got != 2 {
		t.Errorf("median %d", got)
	}
}

func TestWhatFailsIsNotMeasured(t *testing.T) {
	broken := errors.New("broken")
	fail := func() error { return broken }
	fine := func() error { return nil }
	for name, turn := range map[string]turn{"work": once(nil, fail), "before": once(fail, fine)} {
		if _, err := turn(); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := &contest{ours: once(nil, fine), peer: once(nil, fail)}
	if err := c.round(true, true); !errors.Is(err, broken) || len(c.oursTook) != 0 {
		t.Errorf("%v, %d times kept", err, len(c.oursTook))
	}
}

func TestWorkIsDoneAsOftenAsSaid(t *testing.T) {
	before, work := 0, 0
	turn := repeated(7, func() error { before++; return nil }, func() error { work++; return nil })
	if _, err := turn(); err != nil {
		t.Fatal(err)
	}
	if before != 1 || work != 7 {
		t.Errorf("%d before, %d times", before, work)
	}
}

func TestTableSaysWhoIsFaster(t *testing.T) {
	c := func(what string, ours, peer time.Duration) *contest {
		return &contest{what: what, ourWay: "show", peerWay: "BBS", oursTook: []time.Duration{ours}, peerTook: []time.Duration{peer}}
	}
	var b strings.Builder
	writeTimes(&b, []*contest{c("slow", 40*time.Millisecond, 10*time.Millisecond), c("fast", 2*time.Millisecond, 300*time.Millisecond)})
	writeSizes(&b, []size{{"proof", 128, 256}})
	for _, row := range []string{
		"| slow | show | BBS | 40.0 | 10.0 | 0.25 (0.25 – 0.25) | the peer, 4.00 × |",
		"| fast | show | BBS | 2.00 | 300 | 150 (150 – 150) | **ours, 150 ×** |",
		"| proof | 128 | 256 | **ours, 2.00 ×** |",
	} {
		if !strings.Contains(b.String(), row+"\n") {
			t.Errorf("no row %s in\n%s", row, &b)
		}
	}
}
