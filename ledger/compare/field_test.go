package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

var small = load{
	single: 2, published: 1, appenders: 4, concurrent: 8, batch: 10, batches: 2, roots: 2, verifications: 2,
}

func TestEveryContestRuns(t *testing.T) {
	ctx := t.Context()
	f, err := openField(ctx, t.TempDir(), small)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	contests := f.contests(ctx, small)
	if err := measure(ctx, contests, 1, io.Discard); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := writeTable(&b, contests, f.sizes()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != len(contests)+4 {
		t.Errorf("%d lines for %d contests:\n%s", n, len(contests), &b)
	}
	f.checkWork(t, warmUp+1)
}

// checkWork counts what both sides hold after so many rounds.
func (f *field) checkWork(t *testing.T, rounds int) {
	t.Helper()
	single, published, batch := small.single, small.published, small.batch
	for log, want := range map[*tiles]int{
		f.alone:    rounds * (single + published),
		f.gathered: rounds * 2 * small.concurrent,
		f.whole:    rounds * 2 * small.batches * batch,
	} {
		if size, err := log.reader.IntegratedSize(t.Context()); err != nil || size != uint64(want) {
			t.Errorf("%d entries in a Tessera log, not %d: %v", size, want, err)
		}
	}
	entries := rounds * (2*single + published + 2*small.concurrent + 2*small.batches*batch)
	if n := f.log.operations(t); n != entries+genesis {
		t.Errorf("%d operations in our log, not %d", n, entries+genesis)
	}
	anchors := rounds * (single + 2*batch + small.roots)
	if n := f.state.operations(t); n != anchors+genesis {
		t.Errorf("%d operations in our ledger, not %d", n, anchors+genesis)
	}
	if n := f.chain.mined(t); n != anchors {
		t.Errorf("%d transactions on the chain, not %d", n, anchors)
	}
}

// genesis is what a ledger begins with: the root's DID and the first trust
// object.
const genesis = 2

// operations counts those in the log.
func (h *hufu) operations(t *testing.T) (n int) {
	t.Helper()
	for from := uint64(0); ; {
		leaves, err := h.log.Entries(t.Context(), from)
		if errors.Is(err, ledger.ErrNotIncluded) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, leaf := range leaves {
			if !ledger.IsStateLeaf(leaf) {
				n++
			}
		}
		from += uint64(len(leaves))
	}
}
