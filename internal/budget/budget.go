// Package budget holds parsers of untrusted bytes to what they may take. Only tests
// import it.
//
// A budget is a number of bytes that a parser may allocate for each byte of its cap,
// whatever the input says. Allocations are counted, never the clock.
package budget

import (
	"runtime"
	"testing"
)

const (
	// base is what any parser may take of an input of any size.
	base = 128 << 10
	// tokens is what limits.JSONTokens may take, however long the input is.
	tokens = 12 << 20
)

// Door is one parser of bytes from outside.
type Door struct {
	// Cap is the size in bytes above which nothing is read.
	Cap int
	// Factor is how many bytes it may allocate for each byte of Cap.
	Factor uint64
	// Tokens says that it reads JSON whose cap is far above limits.JSONTokens.
	Tokens bool
	// Parse reads one input; what it returns is not asked for.
	Parse func([]byte) error
	// Form says how the seeds are written.
	Form Form
	// Seeds are inputs that it accepts. [Inflate] blows up every part of them.
	Seeds [][]byte
}

// Check runs the inputs that [Inflate] makes of the seeds, of at most size bytes, and some
// that resemble no seed. It reports the allocation of the dearest.
func (d Door) Check(t *testing.T, size int) {
	t.Helper()
	size = min(size, d.Cap)
	loose := d.Tokens // what is dearest is not among the inputs
	for i, seed := range d.Seeds {
		var err error
		loose = loose || len(seed) > size
		_ = d.Parse(seed) // what is made once is not counted
		if n := Bytes(func() { err = d.Parse(seed) }); err != nil || n > d.Most(len(seed))+base {
			t.Fatalf("seed %d: %d bytes were allocated (%v)", i, n, err)
		}
	}
	most := d.Most(size)
	var dearest uint64
	var by string
	tried := 0
	measure := func(name string, input []byte, most uint64) {
		tried++
		n := Bytes(func() { _ = d.Parse(input) })
		if n > most { // a collection, or another goroutine, may have been counted
			n = min(n, Bytes(func() { _ = d.Parse(input) }))
		}
		if n > dearest {
			dearest, by = n, name
		}
		if n > most {
			t.Errorf("input %s, %d bytes: %d bytes were allocated, %d may be", name, len(input), n, most)
		}
	}
	for _, seed := range d.Seeds {
		for name, input := range Inflate(d.Form, seed, size) {
			measure(name, input, most)
		}
	}
	if tried == 0 {
		t.Errorf("only %d inputs", tried)
	}
	t.Logf("%d inputs of %d bytes: at most %d bytes, %.1f for each, by %s", tried, size, dearest, float64(dearest)/float64(size), by)
	if dearest <= most/8 && dearest > base && !loose {
		t.Errorf("the budget is %d, the dearest input takes %d: tighten it", most, dearest)
	}
	// Above the cap nothing is read.
	over := make([]byte, d.Cap+1)
	for i := range over {
		over[i] = '0'
	}
	if err := d.Parse(over); err == nil {
		t.Errorf("%d bytes are accepted, the cap is %d", len(over), d.Cap)
	}
	measure("more than the cap", over, 2*uint64(len(over))+base) // one copy, for parsers of a string
}

// Most is how many bytes it may allocate for an input of a size.
func (d Door) Most(size int) uint64 {
	if d.Tokens {
		return d.Factor*uint64(size) + base + tokens
	}
	return d.Factor*uint64(size) + base
}

// Bytes is how many bytes f allocates.
func Bytes(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
