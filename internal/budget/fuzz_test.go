package budget_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/internal/budget"
)

// FuzzEveryParser: no parser panics or takes more than its budget, whatever the bytes.
// What a format means is for the fuzz target of its own package.
func FuzzEveryParser(f *testing.F) {
	all := doors(f)
	names := slices.Sorted(maps.Keys(all))
	for i, name := range names {
		for _, seed := range all[name].Seeds {
			if len(seed) < 64<<10 {
				f.Add(uint16(i), seed)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i uint16, b []byte) {
		name := names[int(i)%len(names)]
		d := all[name]
		size := min(len(b), d.Cap)
		if n := budget.Bytes(func() { _ = d.Parse(b) }); n > d.Most(size) {
			if n = budget.Bytes(func() { _ = d.Parse(b) }); n > d.Most(size) { // twice: a collection may have been counted
				t.Errorf("%s: %d bytes were allocated for %d, %d may be", name, n, len(b), d.Most(size))
			}
		}
	})
}
