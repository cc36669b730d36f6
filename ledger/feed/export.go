package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
)

// A Source is a ledger that can list its sets. Every ledger.Ledger is one. It is
// smaller, because the newest proof and the sets of a wallet are enough: they must
// lead to the roots in the newest state leaf, whose signatures are not verified.
type Source interface {
	// Prove returns the newest state and values, as ledger.Reader does.
	Prove(ctx context.Context, keys ...string) (*ledger.Proof, error)
	// Registry returns the registry leaves of a closed epoch, sorted.
	Registry(ctx context.Context, epoch uint64) ([][32]byte, error)
	// Revoked returns the revoked handles of a closed epoch, sorted.
	Revoked(ctx context.Context, epoch uint64) ([]Handle, error)
}

// ZK computes what a reader needs in addition to the sets. zkp.Accumulator
// implements it.
type ZK interface {
	// Roots returns the roots over both sets.
	Roots(leaves [][32]byte, revoked []Handle) (registry, revocation [32]byte, err error)
	// BucketRoots returns the 512 roots that lead to the revocation root.
	BucketRoots(revoked []Handle) ([][32]byte, error)
	// ProveCounts proves how many handles each bucket holds.
	ProveCounts(revoked []Handle) ([]byte, error)
}

// Exported describes a feed after an export.
type Exported struct {
	Epoch   uint64
	Bits    int
	Revoked int
	// Changed is false if the feed already held the newest epoch.
	Changed bool
}

// Export brings the feed in a directory up to the ledger's newest closed epoch.
// It makes the directory if needed. Readers can read meanwhile: every file
// appears whole, and the index last. Run it after each epoch; it skips epochs
// between two runs. The next run completes an interrupted one. Errors:
// [ErrNoEpoch], [ErrSource], [ErrBusy], [ErrFormat] if the directory holds
// something else than a feed, and those of the ledger and the file system.
func Export(ctx context.Context, source Source, zk ZK, dir string) (*Exported, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockName))
	if ok, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	} else if !ok {
		return nil, ErrBusy
	}
	defer lock.Unlock()
	index, err := Open(os.DirFS(dir)).Index(ctx)
	if errors.Is(err, ErrMissing) {
		index, err = new(Index), nil
	}
	if err != nil {
		return nil, err
	}
	now, err := read(ctx, source, zk)
	if err != nil {
		return nil, err
	}
	e := &export{ctx: ctx, dir: dir, zk: zk, index: index, now: now, dirs: map[string]bool{}}
	return e.run(source)
}

// state holds the sets of a ledger's newest closed epoch.
type state struct {
	epoch   uint64
	leaves  [][32]byte
	handles []Handle
}

// read reads the newest epoch and compares its sets with its roots.
func read(ctx context.Context, source Source, zk ZK) (*state, error) {
	proof, err := source.Prove(ctx)
	if err != nil {
		return nil, err
	}
	leaf, err := ledger.ParseStateLeaf(proof.StateLeaf)
	if err != nil {
		return nil, err
	}
	if leaf.Day == 0 {
		return nil, ErrNoEpoch
	}
	s := &state{epoch: leaf.Epoch}
	if s.leaves, err = source.Registry(ctx, s.epoch); err != nil {
		return nil, err
	}
	if s.handles, err = source.Revoked(ctx, s.epoch); err != nil {
		return nil, err
	}
	registry, revocation, err := zk.Roots(s.leaves, s.handles)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSource, err)
	}
	if registry != leaf.RegistryRoot || revocation != leaf.RevocationRoot {
		return nil, fmt.Errorf("%w: other roots at epoch %d", ErrSource, s.epoch)
	}
	return s, nil
}

// export is one run of Export.
type export struct {
	ctx   context.Context
	dir   string
	zk    ZK
	index *Index
	now   *state
	dirs  map[string]bool // in which this run wrote
}

func (e *export) run(source Source) (*Exported, error) {
	bits := Bits(countBuckets(e.now.handles))
	if n := len(e.index.Generations); n > 0 {
		g := e.index.newest()
		bits = max(bits, g.Bits)
		if g.last() == e.now.epoch {
			return e.done(false), nil
		}
		if g.last() > e.now.epoch {
			return nil, fmt.Errorf("%w: the feed is ahead", ErrSource)
		}
		if err := e.extend(source, g); err != nil {
			return nil, err
		}
	}
	if e.needsSnapshot(bits) {
		if err := e.begin(bits); err != nil {
			return nil, err
		}
	}
	// What the index names must be there before it, whatever fails when.
	if err := e.sync(); err != nil {
		return nil, err
	}
	if err := e.write(indexName, e.index.Bytes(), limits.FeedIndex); err != nil {
		return nil, err
	}
	if err := e.sync(); err != nil {
		return nil, err
	}
	return e.done(true), e.prune()
}

func (e *export) done(changed bool) *Exported {
	return &Exported{Epoch: e.now.epoch, Bits: e.index.newest().Bits, Revoked: len(e.now.handles), Changed: changed}
}

// extend adds a delta to a generation.
func (e *export) extend(source Source, g *Generation) error {
	from, to := g.last(), e.now.epoch
	leaves, err := source.Registry(e.ctx, from)
	if err != nil {
		return err
	}
	handles, err := source.Revoked(e.ctx, from)
	if err != nil {
		return err
	}
	if len(difference(handles, e.now.handles)) > 0 {
		return fmt.Errorf("%w: a revoked handle is gone", ErrSource)
	}
	registry := &Registry{From: from, To: to, Added: difference(e.now.leaves, leaves), Removed: difference(leaves, e.now.leaves)}
	if err := e.files(g, from, registry, difference(e.now.handles, handles)); err != nil {
		return err
	}
	g.Epochs = append(g.Epochs, to)
	return nil
}

func (e *export) needsSnapshot(bits int) bool {
	if len(e.index.Generations) == 0 {
		return true
	}
	g := e.index.newest()
	return g.Bits != bits || len(g.Epochs) == maxEpochs
}

// begin starts a generation with a snapshot.
func (e *export) begin(bits int) error {
	g := Generation{Bits: bits, Epochs: []uint64{e.now.epoch}}
	if err := e.files(&g, e.now.epoch, &Registry{From: e.now.epoch, To: e.now.epoch, Added: e.now.leaves}, e.now.handles); err != nil {
		return err
	}
	if bits > 0 {
		proof, err := e.zk.ProveCounts(e.now.handles)
		if err != nil {
			return err
		}
		if err := e.write(g.countsName(), (&Counts{e.now.epoch, proof}).Bytes(), limits.FeedCounts); err != nil {
			return err
		}
	}
	all := append(e.index.Generations, g)
	e.index.Generations = all[max(0, len(all)-maxGenerations):]
	return nil
}

// files writes the files of one epoch of a generation.
func (e *export) files(g *Generation, from uint64, registry *Registry, handles []Handle) error {
	to := e.now.epoch
	roots, err := e.zk.BucketRoots(e.now.handles)
	if err != nil {
		return err
	}
	if err := e.write(g.rootsName(to), (&Roots{to, roots}).Bytes(), rootsSize); err != nil {
		return err
	}
	if err := e.write(g.registryName(to), registry.Bytes(), limits.FeedRegistry); err != nil {
		return err
	}
	for part := range 1 << g.Bits {
		file := &Handles{From: from, To: to, Bits: g.Bits, Part: part, Handles: slicePart(handles, g.Bits, part)}
		if err := e.write(g.partName(part, to), file.Bytes(), limits.FeedPart); err != nil {
			return err
		}
	}
	return nil
}

const (
	lockName   = ".lock"
	tempPrefix = ".new-"
)

// write makes a file appear whole or not at all. Its name is durable after
// sync.
func (e *export) write(name string, b []byte, limit int) error {
	if len(b) > limit {
		return fmt.Errorf("%w: a file of %d bytes, no reader takes more than %d", ErrSource, len(b), limit)
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	path := filepath.Join(e.dir, filepath.FromSlash(name))
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, b) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	f, err := os.CreateTemp(e.dir, tempPrefix+"*")
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	e.dirs[filepath.Dir(path)], e.dirs[e.dir] = true, true
	return nil
}

// sync makes the names of the written files durable.
func (e *export) sync() error {
	for dir := range e.dirs {
		d, err := os.Open(dir)
		if err != nil {
			return fmt.Errorf("feed: %w", err)
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return fmt.Errorf("feed: %w", err)
		}
	}
	clear(e.dirs)
	return nil
}

// prune deletes generations that the index no longer names, and files that an
// interrupted export left behind.
func (e *export) prune() error {
	keep := []string{indexName, lockName}
	for i := range e.index.Generations {
		keep = append(keep, epochName(e.index.Generations[i].First()))
	}
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	for _, entry := range entries {
		if slices.Contains(keep, entry.Name()) || !ours(entry.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(e.dir, entry.Name())); err != nil {
			return fmt.Errorf("feed: %w", err)
		}
	}
	return nil
}

// ours reports whether an export makes files with this name. Nothing else in
// the directory is touched.
func ours(name string) bool {
	generation := len(name) == 16 && strings.Trim(name, "0123456789abcdef") == ""
	return generation || strings.HasPrefix(name, tempPrefix)
}
