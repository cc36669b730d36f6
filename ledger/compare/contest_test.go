package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPairsTakeTurns(t *testing.T) {
	var order []string
	note := func(name string) func() error {
		return func() error { order = append(order, name); return nil }
	}
	c := &contest{prepare: note("prepare"), ours: note("ours"), peer: note("peer")}
	for r := range 3 {
		if err := c.round(r%2 == 0, r > 0); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"prepare", "ours", "peer", "prepare", "peer", "ours", "prepare", "ours", "peer"}
	if !slices.Equal(order, want) {
		t.Errorf("order %v", order)
	}
	if len(c.oursTook) != 2 || len(c.peerTook) != 2 {
		t.Errorf("%d and %d times kept: the round to warm up counts", len(c.oursTook), len(c.peerTook))
	}
}

func TestRatiosAreOfPairs(t *testing.T) {
	c := &contest{count: 10, oursTook: []time.Duration{4, 2, 1}, peerTook: []time.Duration{8, 20, 5}}
	if got := c.ratios(); !slices.Equal(got, []float64{2, 5, 10}) {
		t.Errorf("ratios %v", got)
	}
	if got := c.rate([]time.Duration{time.Second, 3 * time.Second, 2 * time.Second}); got != 5 {
		t.Errorf("rate %v", got)
	}
}

func TestWhatFailsIsNotMeasured(t *testing.T) {
	broken := errors.New("broken")
	fail := func() error { return broken }
	fine := func() error { return nil }
	for name, c := range map[string]*contest{
		"prepare": {prepare: fail, ours: fine, peer: fine},
		"ours":    {ours: fail, peer: fine},
		"peer":    {ours: fine, peer: fail},
	} {
		if err := c.round(true, true); !errors.Is(err, broken) || len(c.oursTook) != 0 {
			t.Errorf("%s: %v, %d times kept", name, err, len(c.oursTook))
		}
	}
}

func TestTableIsAligned(t *testing.T) {
	var b strings.Builder
	contests := []*contest{
		{what: "slow", ourWay: "Submit", peerWay: "Tessera", count: 10,
			oursTook: []time.Duration{time.Second}, peerTook: []time.Duration{time.Second / 4}},
		{what: "fast", ourWay: "Submit", peerWay: "Ethereum", count: 10,
			oursTook: []time.Duration{time.Second / 100}, peerTook: []time.Duration{time.Second}},
	}
	if err := writeTable(&b, contests, []size{{"proof", "ours", "theirs", 100, 250}}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		"slow  Submit  Tessera   10.0       40.0       0.25         0.25   0.25",
		"fast  Submit  Ethereum  1000       10.0       100          100    100",
		"proof  ours  theirs  100          250          2.50",
	} {
		if !strings.Contains(b.String(), row+"\n") {
			t.Errorf("no row %s in\n%s", row, &b)
		}
	}
}
