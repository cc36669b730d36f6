package feed_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gofrs/flock"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
)

// TestBits: every part holds at least 2^16, or there are no parts.
func TestBits(t *testing.T) {
	even := func(each int) []int {
		counts := make([]int, feed.Buckets)
		for i := range counts {
			counts[i] = each
		}
		return counts
	}
	lopsided := even(1000)
	lopsided[511] = 0
	for _, c := range []struct {
		name   string
		counts []int
		want   int
	}{
		{"none revoked", even(0), 0},
		{"130,560 revoked", even(255), 0},
		{"131,072 revoked", even(256), 1},
		{"a million", even(1953), 3},
		{"one less than four bits need", append(even(2048)[1:], 2047), 3},
		{"four bits", even(2048), 4},
		{"one part one bucket short", lopsided, 2},
		{"all that the tree holds", even(1<<15 - 1), 7},
		{"all in one half", append(make([]int, 256), even(2000)[256:]...), 0},
	} {
		if got := feed.Bits(c.counts); got != c.want {
			t.Errorf("%s: %d bits, want %d", c.name, got, c.want)
		}
	}
}

// TestFollow: whatever a reader had before, it ends with the ledger's sets.
func TestFollow(t *testing.T) {
	c, dir := newCountry(), filepath.Join(t.TempDir(), "feed")
	random := rand.New(rand.NewPCG(1, 2))
	c.accredit(20)
	c.revoke(100)
	always := &phone{handle: feed.Handle{0x12}}
	var phones []*phone
	w := &watched{FS: os.DirFS(dir)}
	for round := range 530 { // more than two generations
		c.revoke(random.IntN(3))
		if round%7 == 0 {
			c.accredit(2)
			c.now.leaves = slices.Delete(c.now.leaves, 3, 4)
		}
		c.close(uint64(random.IntN(3) / 2))
		if e := export(t, c, dir); !e.Changed || e.Epoch != c.newest || e.Revoked != len(c.now.revoked) {
			t.Fatalf("round %d: %+v at epoch %d", round, e, c.newest)
		}
		if round%40 == 0 {
			phones = append(phones, &phone{handle: feed.Handle{byte(round), byte(round)}})
		}
		none(t, always.read(t, feed.Open(w), c.newest))
		always.agrees(t, c, c.newest)
		f := feed.Open(os.DirFS(dir))
		for i, p := range phones {
			if random.IntN(5+20*i) == 0 {
				none(t, p.read(t, f, c.newest))
				p.agrees(t, c, c.newest)
			}
		}
		deltasOnly(t, w, round == 0)
	}
	x, err := feed.Open(os.DirFS(dir)).Index(t.Context())
	none(t, err)
	if len(x.Generations) != 2 || len(x.Generations[0].Epochs) != 257 {
		t.Fatalf("index: %d generations", len(x.Generations))
	}
	// Any epoch of the index can be read, forwards and backwards.
	for _, epoch := range []uint64{x.Generations[0].First(), x.Generations[0].Epochs[100], x.Generations[1].First(), x.Newest(), x.Generations[0].Epochs[7]} {
		none(t, always.read(t, feed.Open(os.DirFS(dir)), epoch))
		always.agrees(t, c, epoch)
	}
	if n := len(tree(t, dir)); n != 1+3*(257+len(x.Generations[1].Epochs)) {
		t.Errorf("%d files: older generations are still there", n)
	}
	if e := export(t, c, dir); e.Changed {
		t.Error("a second export of one epoch changed something")
	}
}

// deltasOnly: who has the epoch before reads one delta of each kind, even where
// a new generation begins.
func deltasOnly(t *testing.T, w *watched, first bool) {
	t.Helper()
	names := w.opened()
	if len(names) != 2 {
		t.Fatalf("read %v", names)
	}
	for _, name := range names {
		if info, err := fs.Stat(w.FS, name); err != nil || !first && info.Size() > 200 {
			t.Fatalf("%s is no delta: %d bytes, %v", name, info.Size(), err)
		}
	}
	w.opened()
}

// split is a country whose feed began whole and is now divided in two.
func split(t testing.TB) (c *country, dir string, before uint64) {
	t.Helper()
	c, dir = newCountry(), t.TempDir()
	c.accredit(3)
	c.revoke(120_000)
	c.close(0)
	if e := export(t, c, dir); e.Bits != 0 {
		t.Fatalf("%d bits", e.Bits)
	}
	before = c.newest
	c.revoke(20_000)
	c.close(0)
	if e := export(t, c, dir); e.Bits != 1 {
		t.Fatalf("%d bits", e.Bits)
	}
	return c, dir, before
}

// TestNamesTellThePartAndNoMore: two readers whose handles begin with the same
// bits read the same files, at every epoch.
func TestNamesTellThePartAndNoMore(t *testing.T) {
	c, dir, _ := split(t)
	c.revoke(5)
	c.close(0)
	export(t, c, dir)
	reads := func(h feed.Handle) []string {
		w := &watched{FS: os.DirFS(dir)}
		p := &phone{handle: h}
		none(t, p.read(t, feed.Open(w), c.newest))
		p.agrees(t, c, c.newest)
		return w.opened()
	}
	first := reads(feed.Handle{0x80})
	for _, h := range []feed.Handle{{0x80, 1}, {0xff, 0xff}, {0xc0, 0, 1}} {
		if got := reads(h); !slices.Equal(got, first) {
			t.Errorf("%x reads %v, another of this part %v", h, got, first)
		}
	}
	if slices.Equal(reads(feed.Handle{0x7f}), first) {
		t.Error("both parts have the same names")
	}
}

// TestNarrowing: who has everything keeps its part of it, without a snapshot.
func TestNarrowing(t *testing.T) {
	c, dir, before := split(t)
	w := &watched{FS: os.DirFS(dir)}
	f := feed.Open(w)
	p := &phone{handle: feed.Handle{0x80}}
	none(t, p.read(t, f, before))
	if p.agrees(t, c, before); p.handles.Bits != 0 {
		t.Fatalf("%d bits", p.handles.Bits)
	}
	w.opened()
	c.revoke(7)
	c.close(0)
	export(t, c, dir)
	none(t, p.read(t, f, c.newest))
	if p.agrees(t, c, c.newest); p.handles.Bits != 1 {
		t.Errorf("%d bits", p.handles.Bits)
	}
	if names := w.opened(); len(names) != 4 {
		t.Errorf("read %v, want two deltas of handles and two of leaves", names)
	}
	// What is of another part is of no use.
	other := &phone{handle: feed.Handle{0x01}, handles: p.handles, registry: p.registry}
	none(t, other.read(t, f, c.newest))
	other.agrees(t, c, c.newest)
}

func TestCountsAndRoots(t *testing.T) {
	c, dir, before := split(t)
	f := feed.Open(os.DirFS(dir))
	x, err := f.Index(t.Context())
	none(t, err)
	g := x.Generation(c.newest)
	proof, err := f.Counts(t.Context(), g)
	none(t, err)
	want, _ := hashZK{}.ProveCounts(c.now.revoked)
	if !bytes.Equal(proof, want) || g.First() != c.newest || g.Bits != 1 {
		t.Errorf("counts %q of generation %d", proof, g.First())
	}
	if _, err := f.Counts(t.Context(), x.Generation(before)); err == nil {
		t.Error("counts of a generation without parts")
	}
	for _, epoch := range []uint64{before, c.newest} {
		roots, err := f.Roots(t.Context(), x.Generation(epoch), epoch)
		none(t, err)
		if want, _ := (hashZK{}).BucketRoots(c.epochs[epoch].revoked); !slices.Equal(roots, want) {
			t.Errorf("other roots at epoch %d", epoch)
		}
	}
}

// TestReadRefuses: a file under the name of another, one that is missing, one
// that is too large.
func TestReadRefuses(t *testing.T) {
	c, dir := newCountry(), t.TempDir()
	c.accredit(4)
	c.revoke(50)
	for range 3 {
		c.revoke(5)
		c.close(0)
		export(t, c, dir)
	}
	name := func(epoch uint64, kind string) string {
		first := string(hex(c.newest - 2))
		switch kind {
		case "handles":
			return first + "/00/" + hex(epoch) + ".handles"
		case "index":
			return "index"
		}
		return first + "/" + hex(epoch) + "." + kind
	}
	for _, kind := range []string{"handles", "registry", "roots", "index"} {
		for what, bend := range map[string]func(files fstest.MapFS, name string) error{
			"missing": func(files fstest.MapFS, name string) error { delete(files, name); return feed.ErrMissing },
			"of another epoch": func(files fstest.MapFS, at string) error {
				if kind != "index" {
					files[at] = files[name(c.newest-1, kind)]
				} else {
					files[at] = files[name(c.newest, "roots")]
				}
				return feed.ErrFormat
			},
			"too large": func(files fstest.MapFS, name string) error {
				files[name] = &fstest.MapFile{Data: append(bytes.Clone(files[name].Data), make([]byte, limits.FeedPart)...)}
				return feed.ErrFormat
			},
		} {
			files := fstest.MapFS{}
			for _, n := range tree(t, dir) {
				b, err := os.ReadFile(filepath.Join(dir, n))
				none(t, err)
				files[n] = &fstest.MapFile{Data: b}
			}
			want := bend(files, name(c.newest, kind))
			f := feed.Open(files)
			x, err := f.Index(t.Context())
			if kind != "index" {
				none(t, err)
				_, err = f.Roots(t.Context(), x.Generation(c.newest), c.newest)
				if kind != "roots" {
					none(t, err)
					err = new(phone).read(t, f, c.newest)
				}
			}
			t.Run(kind+" "+what, func(t *testing.T) { is(t, err, want) })
		}
	}
	f := feed.Open(os.DirFS(dir))
	is(t, new(phone).read(t, f, c.newest+1), feed.ErrEpoch)
	x, err := f.Index(t.Context())
	none(t, err)
	_, err = f.Registry(t.Context(), x, nil, c.newest+1)
	is(t, err, feed.ErrEpoch)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Index(cancelled)
	is(t, err, context.Canceled)
}

// TestEnteredTwice: a delta that repeats what is there is no delta.
func TestEnteredTwice(t *testing.T) {
	c, dir := newCountry(), t.TempDir()
	c.revoke(5)
	c.close(0)
	export(t, c, dir)
	c.revoke(1)
	c.close(0)
	export(t, c, dir)
	name := filepath.Join(dir, hex(c.newest-1), "00", hex(c.newest)+".handles")
	twice := &feed.Handles{From: c.newest - 1, To: c.newest, Handles: c.now.revoked}
	none(t, os.WriteFile(name, twice.Bytes(), 0o644))
	is(t, new(phone).read(t, feed.Open(os.DirFS(dir)), c.newest), feed.ErrFormat)
}

func hex(epoch uint64) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, b := range binary.BigEndian.AppendUint64(nil, epoch) {
		out.WriteByte(digits[b>>4])
		out.WriteByte(digits[b&15])
	}
	return out.String()
}

func TestExportRefuses(t *testing.T) {
	dir := t.TempDir()
	run := func(c *country) error {
		_, err := feed.Export(t.Context(), c, hashZK{}, dir)
		return err
	}
	c := newCountry()
	is(t, run(c), feed.ErrNoEpoch)
	c.revoke(10)
	c.accredit(2)
	c.close(0)
	none(t, run(c))
	before := contents(t, dir)

	t.Run("sets that do not lead to the roots", func(t *testing.T) {
		for _, kind := range []string{"leaves", "revoked"} {
			_, err := feed.Export(t.Context(), liar{c, kind}, hashZK{}, t.TempDir())
			is(t, err, feed.ErrSource)
		}
	})
	t.Run("a ledger that takes a revocation back", func(t *testing.T) {
		later := *c
		later.now.revoked = later.now.revoked[1:]
		later.epochs = map[uint64]sets{c.newest: c.epochs[c.newest]}
		later.close(0)
		is(t, run(&later), feed.ErrSource)
	})
	t.Run("a ledger that is behind", func(t *testing.T) {
		earlier := newCountry()
		earlier.newest -= 10
		earlier.close(0)
		is(t, run(earlier), feed.ErrSource)
	})
	t.Run("another ledger", func(t *testing.T) {
		other := newCountry()
		other.close(5)
		is(t, run(other), ledger.ErrAbsent)
	})
	t.Run("an export under way", func(t *testing.T) {
		lock := flock.New(filepath.Join(dir, ".lock"))
		if ok, err := lock.TryLock(); !ok || err != nil {
			t.Fatal(err)
		}
		is(t, run(c), feed.ErrBusy)
		none(t, lock.Unlock())
	})
	if after := contents(t, dir); after != before {
		t.Error("a refused export changed the feed")
	}
	t.Run("no feed", func(t *testing.T) {
		none(t, os.WriteFile(filepath.Join(dir, "index"), []byte("something else"), 0o644))
		is(t, run(c), feed.ErrFormat)
	})
}

// liar hands out sets that are not those of the roots.
type liar struct {
	*country
	kind string
}

func (l liar) Registry(ctx context.Context, epoch uint64) ([][32]byte, error) {
	leaves, err := l.country.Registry(ctx, epoch)
	if l.kind == "leaves" {
		leaves = leaves[1:]
	}
	return leaves, err
}

func (l liar) Revoked(ctx context.Context, epoch uint64) ([]feed.Handle, error) {
	handles, err := l.country.Revoked(ctx, epoch)
	if l.kind == "revoked" {
		handles = handles[1:]
	}
	return handles, err
}

// contents is all that a feed holds, as one text.
func contents(t testing.TB, dir string) string {
	t.Helper()
	var out strings.Builder
	for _, name := range tree(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		none(t, err)
		out.WriteString(name + "\x00" + string(b) + "\x00")
	}
	return out.String()
}

// stopping is a context that ends after so many looks at it.
type stopping struct {
	context.Context
	left int
}

func (s *stopping) Err() error {
	if s.left--; s.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestInterruptedAnywhere: wherever an export ends, readers read on, and the
// next one makes good.
func TestInterruptedAnywhere(t *testing.T) {
	for _, generation := range []bool{false, true} {
		c, dir, before := newCountry(), t.TempDir(), uint64(0)
		c.accredit(2)
		if generation {
			c, dir, _ = split(t)
		} else {
			c.revoke(9)
			c.close(0)
			export(t, c, dir)
		}
		f := feed.Open(os.DirFS(dir))
		for stop := range 12 {
			before = c.newest
			c.revoke(3)
			c.close(0)
			_, err := feed.Export(&stopping{t.Context(), stop}, c, hashZK{}, dir)
			p := &phone{handle: feed.Handle{0x99}}
			if err != nil {
				is(t, err, context.Canceled)
				none(t, p.read(t, f, before))
				p.agrees(t, c, before)
			} else if stop < 4 {
				t.Fatalf("an export of %d looks", stop)
			}
			export(t, c, dir)
			none(t, p.read(t, f, c.newest))
			p.agrees(t, c, c.newest)
		}
	}
}

// TestReadersReadOn: while exports go on, a reader meets nothing unfinished.
func TestReadersReadOn(t *testing.T) {
	c, dir := newCountry(), t.TempDir()
	c.accredit(2)
	c.revoke(5)
	c.close(0)
	export(t, c, dir)
	ended := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		f := feed.Open(os.DirFS(dir))
		for {
			select {
			case <-ended:
				return
			default:
			}
			x, err := f.Index(context.Background())
			if err == nil {
				_, err = f.Handles(context.Background(), x, nil, feed.Handle{}, x.Newest())
			}
			if err == nil {
				_, err = f.Registry(context.Background(), x, nil, x.Newest())
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	for range 100 {
		c.revoke(2)
		c.close(0)
		export(t, c, dir)
	}
	close(ended)
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

// TestPruneTouchesOnlyItsOwn: the directory may hold other files.
func TestPruneTouchesOnlyItsOwn(t *testing.T) {
	c, dir := newCountry(), t.TempDir()
	c.close(0)
	for _, name := range []string{"README", ".new-left-behind", "0123456789abcdef"} {
		none(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644))
	}
	export(t, c, dir)
	names := strings.Join(tree(t, dir), " ")
	if !strings.Contains(names, "README") || strings.Contains(names, "left-behind") || strings.Contains(names, "0123456789abcdef") {
		t.Errorf("after pruning: %s", names)
	}
}
