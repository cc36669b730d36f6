package feed_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
)

// hashZK stands in for zero knowledge: roots are plain SHA-256 over the sets.
type hashZK struct{}

func (hashZK) Roots(leaves [][32]byte, revoked []feed.Handle) (registry, revocation [32]byte, err error) {
	h := sha256.New()
	for _, leaf := range leaves {
		h.Write(leaf[:])
	}
	h.Sum(registry[:0])
	h = sha256.New()
	for _, handle := range revoked {
		h.Write(handle[:])
	}
	h.Sum(revocation[:0])
	return registry, revocation, nil
}

func (z hashZK) BucketRoots(revoked []feed.Handle) ([][32]byte, error) {
	roots := make([][32]byte, feed.Buckets)
	for b := range roots {
		_, roots[b], _ = z.Roots(nil, part(revoked, 9, b))
	}
	return roots, nil
}

func (hashZK) ProveCounts(revoked []feed.Handle) ([]byte, error) {
	return binary.BigEndian.AppendUint32([]byte("counts of "), uint32(len(revoked))), nil
}

// part picks the handles of a part, the slow way.
func part(handles []feed.Handle, bits, number int) (out []feed.Handle) {
	for _, h := range handles {
		if int(binary.BigEndian.Uint16(h[:]))>>(16-bits) == number {
			out = append(out, h)
		}
	}
	return out
}

// sets are those of one epoch.
type sets struct {
	leaves  [][32]byte
	revoked []feed.Handle
}

// country is a ledger of which only the epochs are told.
type country struct {
	random *rand.ChaCha8
	epochs map[uint64]sets
	newest uint64
	now    sets
	closed bool
}

func newCountry() *country {
	return &country{random: rand.NewChaCha8([32]byte{1}), epochs: map[uint64]sets{}, newest: 495_000}
}

func (c *country) revoke(n int) {
	for range n {
		var h feed.Handle
		_, _ = c.random.Read(h[:])
		c.now.revoked = append(c.now.revoked, h)
	}
	slices.SortFunc(c.now.revoked, func(a, b feed.Handle) int { return slices.Compare(a[:], b[:]) })
}

func (c *country) accredit(n int) {
	for range n {
		var leaf [32]byte
		_, _ = c.random.Read(leaf[:])
		c.now.leaves = append(c.now.leaves, leaf)
	}
	slices.SortFunc(c.now.leaves, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
}

// close ends an epoch, and skips some as an idle ledger does.
func (c *country) close(skip uint64) {
	c.newest += 1 + skip
	c.closed = true
	c.epochs[c.newest] = sets{slices.Clone(c.now.leaves), slices.Clone(c.now.revoked)}
}

func (c *country) Prove(context.Context, ...string) (*ledger.Proof, error) {
	leaf := new(ledger.StateLeaf)
	if c.closed {
		leaf.Epoch, leaf.Day = c.newest, 46_000
		s := c.epochs[c.newest]
		leaf.RegistryRoot, leaf.RevocationRoot, _ = hashZK{}.Roots(s.leaves, s.revoked)
	}
	return &ledger.Proof{StateLeaf: leaf.Bytes()}, nil
}

func (c *country) Registry(_ context.Context, epoch uint64) ([][32]byte, error) {
	s, ok := c.epochs[epoch]
	if !ok {
		return nil, ledger.ErrAbsent
	}
	return s.leaves, nil
}

func (c *country) Revoked(_ context.Context, epoch uint64) ([]feed.Handle, error) {
	s, ok := c.epochs[epoch]
	if !ok {
		return nil, ledger.ErrAbsent
	}
	return s.revoked, nil
}

func export(t testing.TB, c *country, dir string) *feed.Exported {
	t.Helper()
	e, err := feed.Export(t.Context(), c, hashZK{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want: %v", err, want)
	}
}

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watched is a file system that keeps what was opened.
type watched struct {
	fs.FS
	mu    sync.Mutex
	names []string
}

func (w *watched) Open(name string) (fs.File, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names = append(w.names, name)
	return w.FS.Open(name)
}

// opened returns the names opened since the last call, without the index.
func (w *watched) opened() []string {
	out := slices.DeleteFunc(w.names, func(name string) bool { return name == "index" })
	w.names = nil
	return out
}

// phone is what reads a feed for one handle.
type phone struct {
	handle   feed.Handle
	handles  *feed.Handles
	registry *feed.Registry
}

// read brings a phone to an epoch.
func (p *phone) read(t testing.TB, f *feed.Feed, epoch uint64) error {
	t.Helper()
	x, err := f.Index(t.Context())
	none(t, err)
	handles, err := f.Handles(t.Context(), x, p.handles, p.handle, epoch)
	if err != nil {
		return err
	}
	registry, err := f.Registry(t.Context(), x, p.registry, epoch)
	if err != nil {
		return err
	}
	p.handles, p.registry = handles, registry
	return nil
}

// agrees holds what a phone has against the ledger.
func (p *phone) agrees(t testing.TB, c *country, epoch uint64) {
	t.Helper()
	s := c.epochs[epoch]
	if p.handles.From != epoch || p.handles.To != epoch || p.handles.Part != feed.Part(p.handle, p.handles.Bits) {
		t.Fatalf("epoch %d: handles of epochs %d to %d, part %d", epoch, p.handles.From, p.handles.To, p.handles.Part)
	}
	if want := part(s.revoked, p.handles.Bits, p.handles.Part); !slices.Equal(p.handles.Handles, want) {
		t.Fatalf("epoch %d: %d handles, the ledger has %d in this part", epoch, len(p.handles.Handles), len(want))
	}
	if !slices.Equal(p.registry.Added, s.leaves) {
		t.Fatalf("epoch %d: %d leaves, the ledger has %d", epoch, len(p.registry.Added), len(s.leaves))
	}
}

// tree lists all files of a directory.
func tree(t testing.TB, dir string) (out []string) {
	t.Helper()
	none(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(name, ".lock") {
			out = append(out, name)
		}
		return err
	}))
	return out
}
