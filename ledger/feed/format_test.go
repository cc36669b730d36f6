package feed_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger/feed"
)

// door is one format: a valid file, and its parser.
type door struct {
	valid []byte
	parse func([]byte) ([]byte, error)
}

func parser[T interface{ Bytes() []byte }](parse func([]byte) (T, error)) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		x, err := parse(b)
		if err != nil {
			return nil, err
		}
		return x.Bytes(), nil
	}
}

func roots() *feed.Roots {
	r := &feed.Roots{Epoch: 7, Buckets: make([][32]byte, feed.Buckets)}
	for i := range r.Buckets {
		r.Buckets[i] = [32]byte{byte(i), byte(i >> 8)}
	}
	return r
}

func doors() map[string]door {
	return map[string]door{
		"index": {(&feed.Index{Generations: []feed.Generation{{Bits: 0, Epochs: []uint64{1, 2, 9}}, {Bits: 3, Epochs: []uint64{9, 10}}}}).Bytes(),
			parser(feed.ParseIndex)},
		"handles": {(&feed.Handles{From: 5, To: 6, Bits: 2, Part: 3, Handles: []feed.Handle{{0xc0}, {0xc1}, {0xff}}}).Bytes(),
			parser(feed.ParseHandles)},
		"handles snapshot": {(&feed.Handles{From: 6, To: 6, Handles: []feed.Handle{{0}, {0xff}}}).Bytes(), parser(feed.ParseHandles)},
		"registry": {(&feed.Registry{From: 5, To: 6, Added: [][32]byte{{1}, {3}}, Removed: [][32]byte{{2}}}).Bytes(),
			parser(feed.ParseRegistry)},
		"registry snapshot": {(&feed.Registry{From: 6, To: 6, Added: [][32]byte{{1}, {3}}}).Bytes(), parser(feed.ParseRegistry)},
		"roots":             {roots().Bytes(), parser(feed.ParseRoots)},
		"counts":            {(&feed.Counts{Epoch: 7, Proof: []byte("proof")}).Bytes(), parser(feed.ParseCounts)},
	}
}

func TestFormats(t *testing.T) {
	for name, d := range doors() {
		again, err := d.parse(d.valid)
		if err != nil || !bytes.Equal(again, d.valid) {
			t.Errorf("%s: %v", name, err)
		}
		for n := range len(d.valid) {
			if name == "counts" && n >= 18 { // the proof's end is for package zkp
				break
			}
			if _, err := d.parse(d.valid[:n]); !errors.Is(err, feed.ErrFormat) {
				t.Errorf("%s cut to %d bytes: %v", name, n, err)
			}
		}
		if _, err := d.parse(append(bytes.Clone(d.valid), 0)); name != "counts" && !errors.Is(err, feed.ErrFormat) {
			t.Errorf("%s with a byte more: %v", name, err)
		}
		for other, o := range doors() {
			if other[0] != name[0] || other[:2] != name[:2] {
				if _, err := o.parse(d.valid); !errors.Is(err, feed.ErrFormat) {
					t.Errorf("%s as %s: %v", name, other, err)
				}
			}
		}
		for _, i := range []int{0, 7, 8, 9} {
			bent := bytes.Clone(d.valid)
			bent[i] ^= 1
			if _, err := d.parse(bent); !errors.Is(err, feed.ErrFormat) {
				t.Errorf("%s with another byte %d: %v", name, i, err)
			}
		}
	}
}

func TestFormatsRefuse(t *testing.T) {
	type file interface{ Bytes() []byte }
	generations := func(g ...feed.Generation) file { return &feed.Index{Generations: g} }
	long := make([]uint64, 258)
	for i := range long {
		long[i] = uint64(i)
	}
	for name, c := range map[string]struct {
		file  file
		parse func([]byte) ([]byte, error)
	}{
		"no generation":            {generations(), parser(feed.ParseIndex)},
		"three generations":        {generations(feed.Generation{0, []uint64{1}}, feed.Generation{0, []uint64{1}}, feed.Generation{0, []uint64{1}}), parser(feed.ParseIndex)},
		"generation of no epoch":   {generations(feed.Generation{0, nil}), parser(feed.ParseIndex)},
		"generation of 258 epochs": {generations(feed.Generation{0, long}), parser(feed.ParseIndex)},
		"eight bits":               {generations(feed.Generation{8, []uint64{1}}), parser(feed.ParseIndex)},
		"epochs backwards":         {generations(feed.Generation{0, []uint64{2, 1}}), parser(feed.ParseIndex)},
		"an epoch twice":           {generations(feed.Generation{0, []uint64{2, 2}}), parser(feed.ParseIndex)},
		"a gap":                    {generations(feed.Generation{0, []uint64{1, 2}}, feed.Generation{0, []uint64{3}}), parser(feed.ParseIndex)},
		"coarser than before":      {generations(feed.Generation{3, []uint64{1, 2}}, feed.Generation{2, []uint64{2}}), parser(feed.ParseIndex)},

		"handles backwards in time": {&feed.Handles{From: 2, To: 1}, parser(feed.ParseHandles)},
		"handles of eight bits":     {&feed.Handles{Bits: 8}, parser(feed.ParseHandles)},
		"handles of part 4 of 4":    {&feed.Handles{Bits: 2, Part: 4}, parser(feed.ParseHandles)},
		"handles of another part":   {&feed.Handles{Bits: 2, Part: 1, Handles: []feed.Handle{{0x80}}}, parser(feed.ParseHandles)},
		"handles out of order":      {&feed.Handles{Handles: []feed.Handle{{2}, {1}}}, parser(feed.ParseHandles)},
		"a handle twice":            {&feed.Handles{Handles: []feed.Handle{{2}, {2}}}, parser(feed.ParseHandles)},

		"registry backwards in time": {&feed.Registry{From: 2, To: 1}, parser(feed.ParseRegistry)},
		"leaves out of order":        {&feed.Registry{Added: [][32]byte{{2}, {1}}}, parser(feed.ParseRegistry)},
		"removed out of order":       {&feed.Registry{To: 1, Removed: [][32]byte{{2}, {1}}}, parser(feed.ParseRegistry)},
		"a leaf twice":               {&feed.Registry{Added: [][32]byte{{2}, {2}}}, parser(feed.ParseRegistry)},
		"added and removed":          {&feed.Registry{To: 1, Added: [][32]byte{{2}}, Removed: [][32]byte{{1}, {2}}}, parser(feed.ParseRegistry)},
		"a snapshot that removes":    {&feed.Registry{Removed: [][32]byte{{1}}}, parser(feed.ParseRegistry)},

		"511 roots":        {&feed.Roots{Buckets: make([][32]byte, 511)}, parser(feed.ParseRoots)},
		"513 roots":        {&feed.Roots{Buckets: make([][32]byte, 513)}, parser(feed.ParseRoots)},
		"counts too large": {&feed.Counts{Proof: make([]byte, limits.FeedCounts)}, parser(feed.ParseCounts)},
		"leaves too large": {&feed.Registry{Added: ascendingLeaves(limits.FeedRegistry / 32)}, parser(feed.ParseRegistry)},
	} {
		if _, err := c.parse(c.file.Bytes()); !errors.Is(err, feed.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := feed.ParseHandles(make([]byte, limits.FeedPart+1)); !errors.Is(err, feed.ErrFormat) {
		t.Errorf("handles too large: %v", err)
	}
}

func ascendingLeaves(n int) [][32]byte {
	out := make([][32]byte, n)
	for i := range out {
		out[i] = [32]byte{byte(i >> 16), byte(i >> 8), byte(i)}
	}
	return out
}

// TestLies: a file that says it holds more than it does makes nobody allocate.
func TestLies(t *testing.T) {
	for _, name := range []string{"handles", "registry"} {
		d := doors()[name]
		lie := bytes.Clone(d.valid)
		at := 10 + 16
		if name == "handles" {
			at += 3
		}
		for i := range 4 {
			lie[at+i] = 0xff
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := d.parse(lie)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, feed.ErrFormat) || after.TotalAlloc-before.TotalAlloc > 1<<20 {
			t.Errorf("%s: %v, %d bytes allocated", name, err, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

func TestSeeds(t *testing.T) {
	if n := len(doors()); n < 5 {
		t.Fatalf("%d seeds", n)
	}
}

// fuzz asserts that whatever a parser accepts has one spelling.
func fuzz(f *testing.F, name string) {
	for _, d := range doors() {
		f.Add(d.valid)
		f.Add(d.valid[:len(d.valid)-1])
	}
	parse := doors()[name].parse
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := parse(b)
		switch {
		case err != nil && !errors.Is(err, feed.ErrFormat):
			t.Errorf("refused as %v", err)
		case err == nil && !bytes.Equal(again, b):
			t.Error("accepted another spelling")
		}
	})
}

func FuzzParseIndex(f *testing.F)    { fuzz(f, "index") }
func FuzzParseHandles(f *testing.F)  { fuzz(f, "handles") }
func FuzzParseRegistry(f *testing.F) { fuzz(f, "registry") }
func FuzzParseRoots(f *testing.F)    { fuzz(f, "roots") }
func FuzzParseCounts(f *testing.F)   { fuzz(f, "counts") }
