package wallet_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// proofsOnly is a ledger that hands out no sets.
type proofsOnly struct{ ledger.Ledger }

var errNoSets = errors.New("the ledger was asked for a set")

func (proofsOnly) Registry(context.Context, uint64) ([][32]byte, error) { return nil, errNoSets }
func (proofsOnly) Revoked(context.Context, uint64) ([][zkp.HandleSize]byte, error) {
	return nil, errNoSets
}

// opened is a file system that keeps what was opened.
type opened struct {
	fs.FS
	names []string
}

func (o *opened) Open(name string) (fs.File, error) {
	o.names = append(o.names, name)
	return o.FS.Open(name)
}

// parts lists the files of parts that were opened.
func (o *opened) parts() (out []string) {
	for _, name := range o.names {
		if strings.HasSuffix(name, ".handles") {
			out = append(out, path.Base(path.Dir(name)))
		}
	}
	return out
}

// withFeed is a source whose feed lies in a file system.
type withFeed struct {
	publish.Source
	files fs.FS
}

func (w withFeed) Read(ctx context.Context, name publish.Name) ([]byte, error) {
	if path, ok := strings.CutPrefix(name.String(), "feed/"); ok {
		return fs.ReadFile(w.files, path)
	}
	return w.Source.Read(ctx, name)
}

// fed opens a citizen's wallet anew, with a feed for all public sets.
func fed(t testing.TB, c *hufutest.Country, h *hufutest.Holder, s wallet.Prover, files fs.FS) *wallet.Wallet {
	t.Helper()
	cfg := reading(c, h, s, proofsOnly{c.Log})
	cfg.Public, cfg.Sets = withFeed{c.Public, files}, nil
	w, err := wallet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func export(t testing.TB, c *hufutest.Country, dir string) {
	t.Helper()
	if _, err := feed.Export(t.Context(), c.Log, new(zkp.Accumulator), dir); err != nil {
		t.Fatal(err)
	}
}

// filesOf copies a feed into memory, for a test to bend.
func filesOf(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(os.DirFS(dir), name)
		out[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// handleOf is the handle of the credential in a wallet.
func handleOf(t *testing.T, h *hufutest.Holder) zkp.Handle {
	t.Helper()
	text, _ := endorsementOf(t, h)
	endorsement, err := zkp.ParseEndorsement(text)
	none(t, err)
	return endorsement.Handle()
}

// TestFeed: with files alone a wallet prepares, keeps up by deltas across
// restarts, and notices when its own credential is revoked.
func TestFeed(t *testing.T) {
	c, citizen, s := sketched(t)
	dir := t.TempDir()
	export(t, c, dir)
	files := &opened{FS: os.DirFS(dir)}
	made, err := fed(t, c, citizen, s, files).Prepare(t.Context(), 2)
	if err != nil || made != 2 {
		t.Fatalf("%d made, %v", made, err)
	}
	if len(files.parts()) != 1 {
		t.Errorf("read %v", files.names)
	}

	neighbour := c.Citizen(c.OtherAdult())
	none(t, c.Desk.Revoke(t.Context(), neighbour.Code))
	c.NextEpoch()
	export(t, c, dir)
	files = &opened{FS: os.DirFS(dir)}
	made, err = fed(t, c, citizen, s, files).Prepare(t.Context(), 2)
	if err != nil || made != 2 {
		t.Fatalf("next epoch: %d made, %v", made, err)
	}
	for _, name := range files.names {
		if strings.HasSuffix(name, ".handles") || strings.HasSuffix(name, ".registry") {
			if info, err := fs.Stat(files.FS, name); err != nil || info.Size() > 100 || path.Base(name) == path.Base(path.Dir(name)) {
				t.Errorf("%s is no delta", name)
			}
		}
	}
	_, err = fed(t, c, neighbour, s, files).Prepare(t.Context(), 1)
	is(t, err, zkp.ErrRevoked)

	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	c.NextEpoch()
	export(t, c, dir)
	_, err = fed(t, c, citizen, s, files).Prepare(t.Context(), 2)
	is(t, err, zkp.ErrRevoked)
	if errors.Is(err, wallet.ErrFeed) {
		t.Error("revoked, and called a fault of the feed")
	}
}

// TestFeedBehind: a feed without the newest epoch says nothing about anyone.
func TestFeedBehind(t *testing.T) {
	c, citizen, s := sketched(t)
	dir := t.TempDir()
	w := fed(t, c, citizen, s, os.DirFS(dir))
	try := func(want error) {
		t.Helper()
		_, err := w.Prepare(t.Context(), 1)
		is(t, err, wallet.ErrFeed)
		is(t, err, want)
		if errors.Is(err, zkp.ErrRevoked) || errors.Is(err, zkp.ErrEpoch) {
			t.Error("a stale feed is told as a fact")
		}
	}
	try(feed.ErrMissing)
	export(t, c, dir)
	_, err := w.Prepare(t.Context(), 1)
	none(t, err)
	c.NextEpoch()
	try(feed.ErrEpoch)
	export(t, c, dir)
	if made, err := w.Prepare(t.Context(), 1); err != nil || made != 1 {
		t.Errorf("%d made, %v", made, err)
	}
}

// TestForgedFeed: whatever is changed in a feed, nobody is told that a
// credential is revoked or that it is not, nothing is proved, and nothing of it
// is kept: with the right feed all is well again.
func TestForgedFeed(t *testing.T) {
	c, citizen, s := sketched(t)
	revoked, other := c.Citizen(c.OtherAdult()), c.Citizen(c.Child())
	dir := t.TempDir()
	export(t, c, dir)
	before := filesOf(t, dir)
	for _, h := range []*hufutest.Holder{citizen, revoked} {
		_, err := fed(t, c, h, s, before).Prepare(t.Context(), 1)
		none(t, err)
	}
	none(t, c.Desk.Revoke(t.Context(), revoked.Code))
	none(t, c.Desk.Revoke(t.Context(), other.Code))
	c.NextEpoch()
	export(t, c, dir)
	good := filesOf(t, dir)

	index, err := feed.Open(good).Index(t.Context())
	none(t, err)
	first, newest := index.Generations[0].First(), index.Newest()
	at := func(epoch uint64) string { return hex16(first) + "/" + hex16(epoch) }
	delta := hex16(first) + "/00/" + hex16(newest) + ".handles"
	set := func(files fstest.MapFS, name string, b []byte) { files[name] = &fstest.MapFile{Data: b} }
	handles := func(files fstest.MapFS, edit func([]feed.Handle) []feed.Handle) {
		h, err := feed.ParseHandles(files[delta].Data)
		none(t, err)
		h.Handles = edit(h.Handles)
		slices.SortFunc(h.Handles, func(a, b feed.Handle) int { return bytes.Compare(a[:], b[:]) })
		set(files, delta, h.Bytes())
	}
	without := func(h zkp.Handle) func([]feed.Handle) []feed.Handle {
		return func(list []feed.Handle) []feed.Handle {
			return slices.DeleteFunc(list, func(x feed.Handle) bool { return x == feed.Handle(h) })
		}
	}
	mine, theirs := handleOf(t, citizen), handleOf(t, revoked)
	for name, forge := range map[string]func(files fstest.MapFS){
		"my handle added": func(f fstest.MapFS) {
			handles(f, func(l []feed.Handle) []feed.Handle { return append(l, feed.Handle(mine)) })
		},
		"a handle left out": func(f fstest.MapFS) { handles(f, without(theirs)) },
		"all handles taken": func(f fstest.MapFS) { handles(f, func([]feed.Handle) []feed.Handle { return nil }) },
		"roots of before":   func(f fstest.MapFS) { changeRoots(t, f, at(newest)+".roots", before[at(first)+".roots"].Data) },
		"one root another":  func(f fstest.MapFS) { changeRoots(t, f, at(newest)+".roots", nil) },
		"one leaf more":     func(f fstest.MapFS) { changeLeaves(t, f, at(newest)+".registry", [32]byte{1}) },
		"a leaf no element": func(f fstest.MapFS) {
			changeLeaves(t, f, at(newest)+".registry", [32]byte(bytes.Repeat([]byte{0xff}, 32)))
		},
		"handles missing":    func(f fstest.MapFS) { delete(f, delta) },
		"roots missing":      func(f fstest.MapFS) { delete(f, at(newest)+".roots") },
		"registry missing":   func(f fstest.MapFS) { delete(f, at(newest)+".registry") },
		"handles cut":        func(f fstest.MapFS) { set(f, delta, f[delta].Data[:20]) },
		"the feed of before": func(f fstest.MapFS) { clear(f); maps.Copy(f, before) },
		"index of another":   func(f fstest.MapFS) { set(f, "index", f[delta].Data) },
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(good)
			forge(files)
			for who, h := range map[string]*hufutest.Holder{"citizen": citizen, "revoked": revoked} {
				restore := kept(t, h)
				prepared := s.prepared
				_, err := fed(t, c, h, s, files).Prepare(t.Context(), 1)
				is(t, err, wallet.ErrFeed)
				if errors.Is(err, zkp.ErrRevoked) || s.prepared != prepared {
					t.Errorf("%s: %v, %d proved", who, err, s.prepared-prepared)
				}
				restore()
			}
		})
	}
	_, err = fed(t, c, citizen, s, good).Prepare(t.Context(), 1)
	none(t, err)
	_, err = fed(t, c, revoked, s, good).Prepare(t.Context(), 1)
	is(t, err, zkp.ErrRevoked)
}

// kept remembers what a wallet keeps of its feed. The function it returns insists
// that only a registry with the ledger's root was added, and takes that back.
func kept(t *testing.T, h *hufutest.Holder) (restore func()) {
	t.Helper()
	before := records(t, h, "feed")
	if len(before) != 4 { // cover, registry, a part, roots
		t.Fatalf("%d records", len(before))
	}
	return func() {
		t.Helper()
		for i, r := range records(t, h, "feed") {
			if i == len(before) || r.ID != before[i].ID || r.ID != "registry" && r.Version != before[i].Version {
				t.Errorf("kept %s", r.ID)
			}
		}
		none(t, h.Store.Update(t.Context(), func(tx vault.Tx) error {
			for _, r := range before {
				none(t, tx.Delete("feed", r.ID))
				none(t, tx.Put("feed", r.ID, r.Value))
			}
			return nil
		}))
	}
}

func hex16(n uint64) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 16)
	for i := range out {
		out[i] = digits[n>>(60-4*i)&15]
	}
	return string(out)
}

// changeRoots puts other bucket roots under a name: those of another file, or
// with one bucket changed.
func changeRoots(t *testing.T, files fstest.MapFS, name string, from []byte) {
	t.Helper()
	r, err := feed.ParseRoots(files[name].Data)
	none(t, err)
	if from != nil {
		other, err := feed.ParseRoots(from)
		none(t, err)
		r.Buckets = other.Buckets
	} else {
		r.Buckets[77] = [32]byte{31: 5}
	}
	files[name] = &fstest.MapFile{Data: r.Bytes()}
}

func changeLeaves(t *testing.T, files fstest.MapFS, name string, leaf [32]byte) {
	t.Helper()
	g, err := feed.ParseRegistry(files[name].Data)
	none(t, err)
	g.Added = append(g.Added, leaf)
	files[name] = &fstest.MapFile{Data: g.Bytes()}
}

// crowded is the accumulator of a country in which many are revoked already: it
// adds them to whatever the ledger says.
type crowded struct {
	zkp.Accumulator
	many []feed.Handle
}

func crowd(n int) *crowded {
	random := rand.NewChaCha8([32]byte{3})
	z := &crowded{many: make([]feed.Handle, n)}
	for i := range z.many {
		_, _ = random.Read(z.many[i][:])
	}
	slices.SortFunc(z.many, func(a, b feed.Handle) int { return bytes.Compare(a[:], b[:]) })
	return z
}

func (z *crowded) all(revoked []feed.Handle) []feed.Handle {
	out := slices.Concat(z.many, revoked)
	slices.SortFunc(out, func(a, b feed.Handle) int { return bytes.Compare(a[:], b[:]) })
	return out
}

func (z *crowded) Roots(leaves [][32]byte, revoked []feed.Handle) (registry, revocation [32]byte, err error) {
	return z.Accumulator.Roots(leaves, z.all(revoked))
}

// source hands out the sets that belong to these roots.
type source struct {
	ledger.Ledger
	z *crowded
}

func (s source) Revoked(ctx context.Context, epoch uint64) ([]feed.Handle, error) {
	revoked, err := s.Ledger.Revoked(ctx, epoch)
	return s.z.all(revoked), err
}

// TestDividedFeed: where enough are revoked, a wallet reads its part alone, and
// not before it has seen that every part is large enough.
func TestDividedFeed(t *testing.T) {
	long.NotShort(t, "140,000 revocations")
	z := crowd(140_000)
	c, s := hufutest.New(t, hufutest.Options{ZK: z}), new(sketch)
	c.UseSketch(s)
	citizen, revoked := c.Citizen(c.Adult()), c.Citizen(c.OtherAdult())
	c.NextEpoch()
	dir := t.TempDir()
	run := func() {
		t.Helper()
		e, err := feed.Export(t.Context(), source{c.Log, z}, &z.Accumulator, dir)
		if err != nil || e.Bits != 1 {
			t.Fatalf("%+v, %v", e, err)
		}
	}
	run()
	files := &opened{FS: os.DirFS(dir)}
	_, err := fed(t, c, citizen, s, files).Prepare(t.Context(), 1)
	none(t, err)
	mine := "0" + string('0'+handleOf(t, citizen)[0]>>7)
	if got := files.parts(); len(got) != 1 || got[0] != mine {
		t.Errorf("read the parts %v, want %s", got, mine)
	}
	counts := slices.IndexFunc(files.names, func(name string) bool { return path.Base(name) == "counts" })
	part := slices.IndexFunc(files.names, func(name string) bool { return strings.HasSuffix(name, ".handles") })
	if counts < 0 || counts > part {
		t.Errorf("named its part before it knew the counts: %v", files.names)
	}

	none(t, c.Desk.Revoke(t.Context(), revoked.Code))
	c.NextEpoch()
	run()
	files = &opened{FS: os.DirFS(dir)}
	_, err = fed(t, c, citizen, s, files).Prepare(t.Context(), 1)
	none(t, err)
	for _, name := range files.names {
		if info, err := fs.Stat(files.FS, name); err != nil || info.Size() > 17<<10 {
			t.Errorf("read %s again", name)
		}
	}
	_, err = fed(t, c, revoked, s, files).Prepare(t.Context(), 1)
	is(t, err, zkp.ErrRevoked)
}

// TestCrowd: a feed that is divided before enough are revoked learns nothing: no
// part of it is asked for, whatever it says of its counts.
func TestCrowd(t *testing.T) {
	c, citizen, s := sketched(t)
	dir := t.TempDir()
	export(t, c, dir)
	good := filesOf(t, dir)
	index, err := feed.Open(good).Index(t.Context())
	none(t, err)
	epoch := index.Newest()
	g := &index.Generations[0]
	g.Bits = 1
	divide := func(counts []byte) fstest.MapFS {
		files := maps.Clone(good)
		files["index"] = &fstest.MapFile{Data: index.Bytes()}
		for part := range 2 {
			h := &feed.Handles{From: epoch, To: epoch, Bits: 1, Part: part}
			files[hex16(epoch)+"/0"+string(rune('0'+part))+"/"+hex16(epoch)+".handles"] = &fstest.MapFile{Data: h.Bytes()}
		}
		if counts != nil {
			files[hex16(epoch)+"/counts"] = &fstest.MapFile{Data: (&feed.Counts{Epoch: epoch, Proof: counts}).Bytes()}
		}
		return files
	}
	honest, err := new(zkp.Accumulator).ProveCounts(nil)
	none(t, err)
	raised, err := new(zkp.Accumulator).ProveCounts(crowd(600).many)
	none(t, err)
	for name, c2 := range map[string]struct {
		counts []byte
		want   error
	}{
		"honest counts":      {honest, wallet.ErrCrowd},
		"counts of another":  {raised, wallet.ErrFeed},
		"no counts":          {nil, wallet.ErrFeed},
		"counts of no shape": {[]byte("many"), wallet.ErrFeed},
	} {
		files := &opened{FS: divide(c2.counts)}
		_, err := fed(t, c, citizen, s, files).Prepare(t.Context(), 1)
		if !errors.Is(err, c2.want) || s.prepared != 0 {
			t.Errorf("%s: %v", name, err)
		}
		if len(files.parts()) != 0 {
			t.Errorf("%s: asked for part %v", name, files.parts())
		}
	}
	if _, err := fed(t, c, citizen, s, good).Prepare(t.Context(), 1); err != nil {
		t.Error(err)
	}
}
