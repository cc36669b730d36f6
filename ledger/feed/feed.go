package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
)

// A Feed reads the files that Export writes. It keeps no state between calls
// and is safe for concurrent use. Errors of its methods: [ErrFormat],
// [ErrMissing], [ErrEpoch], and those of ctx and the file system.
type Feed struct {
	// file reads a file; it may stop after limit bytes and one more.
	file func(ctx context.Context, name string, limit int64) ([]byte, error)
}

// Open returns a reader of a feed's directory.
func Open(fsys fs.FS) *Feed {
	return &Feed{func(_ context.Context, name string, limit int64) ([]byte, error) {
		file, err := fsys.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		// One byte above the limit is enough for the parser to refuse.
		return io.ReadAll(io.LimitReader(file, limit+1))
	}}
}

// OpenFunc returns a reader of files that read fetches by the names of the format.
// read caps what it reads. Its error wraps fs.ErrNotExist where there is no file.
func OpenFunc(read func(ctx context.Context, name string) ([]byte, error)) *Feed {
	return &Feed{func(ctx context.Context, name string, _ int64) ([]byte, error) { return read(ctx, name) }}
}

const indexName = "index"

func epochName(epoch uint64) string { return fmt.Sprintf("%016x", epoch) }

func (g *Generation) name(epoch uint64, suffix string) string {
	return epochName(g.First()) + "/" + epochName(epoch) + suffix
}

func (g *Generation) rootsName(epoch uint64) string    { return g.name(epoch, ".roots") }
func (g *Generation) registryName(epoch uint64) string { return g.name(epoch, ".registry") }
func (g *Generation) countsName() string               { return epochName(g.First()) + "/counts" }

func (g *Generation) partName(part int, epoch uint64) string {
	return fmt.Sprintf("%s/%02x/%s.handles", epochName(g.First()), part, epochName(epoch))
}

func (f *Feed) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := f.file(ctx, name, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	return b, nil
}

// Index reads which generations and epochs the feed holds now.
func (f *Feed) Index(ctx context.Context) (*Index, error) {
	b, err := f.read(ctx, indexName, limits.FeedIndex)
	if err != nil {
		return nil, err
	}
	return ParseIndex(b)
}

// Roots reads the 512 bucket roots of an epoch.
func (f *Feed) Roots(ctx context.Context, g *Generation, epoch uint64) ([][32]byte, error) {
	b, err := f.read(ctx, g.rootsName(epoch), int64(rootsSize))
	if err != nil {
		return nil, err
	}
	r, err := ParseRoots(b)
	if err != nil {
		return nil, err
	}
	if r.Epoch != epoch {
		return nil, fmt.Errorf("%w: roots of another epoch", ErrFormat)
	}
	return r.Buckets, nil
}

// Counts reads the proof of how many handles the buckets held at the first
// epoch of a generation.
func (f *Feed) Counts(ctx context.Context, g *Generation) ([]byte, error) {
	b, err := f.read(ctx, g.countsName(), limits.FeedCounts)
	if err != nil {
		return nil, err
	}
	c, err := ParseCounts(b)
	if err != nil {
		return nil, err
	}
	if c.Epoch != g.First() {
		return nil, fmt.Errorf("%w: counts of another epoch", ErrFormat)
	}
	return c.Proof, nil
}

// Registry brings the registry leaves up to an epoch. have holds the leaves
// that the reader already has, or is nil. The result is a snapshot. The error
// is ErrEpoch if the feed does not hold the epoch.
func (f *Feed) Registry(ctx context.Context, x *Index, have *Registry, epoch uint64) (*Registry, error) {
	if have == nil {
		have = new(Registry)
	}
	steps, snapshot := x.way(have.To, len(have.Added) > 0, epoch)
	if steps == nil && x.Generation(epoch) == nil {
		return nil, ErrEpoch
	}
	leaves := have.Added
	if snapshot {
		leaves = nil
	}
	for _, s := range steps {
		b, err := f.read(ctx, s.generation.registryName(s.to), limits.FeedRegistry)
		if err != nil {
			return nil, err
		}
		file, err := ParseRegistry(b)
		if err != nil {
			return nil, err
		}
		if file.From != s.from || file.To != s.to {
			return nil, fmt.Errorf("%w: registry of other epochs", ErrFormat)
		}
		leaves = merge(difference(leaves, file.Removed), file.Added)
		if len(leaves) > limits.FeedRegistry/32 {
			return nil, fmt.Errorf("%w: too many leaves", ErrFormat)
		}
	}
	return &Registry{From: epoch, To: epoch, Added: leaves}, nil
}

// Handles brings the revoked handles of one part up to an epoch: the part of
// handle, in the epoch's generation. have holds the handles that the reader
// already has of that part or a larger one, or is nil. The result is a snapshot
// of the part. Before the call, check that the part is large enough: the file
// names show the server which part it is.
func (f *Feed) Handles(ctx context.Context, x *Index, have *Handles, handle Handle, epoch uint64) (*Handles, error) {
	g := x.Generation(epoch)
	if g == nil {
		return nil, ErrEpoch
	}
	out := &Handles{From: epoch, To: epoch, Bits: g.Bits, Part: Part(handle, g.Bits)}
	// What is finer than the feed, or of another part, is of no use.
	some := have != nil && have.Bits <= g.Bits && Part(handle, have.Bits) == have.Part
	if have == nil {
		have = new(Handles)
	}
	steps, snapshot := x.way(have.To, some, epoch)
	if !snapshot {
		out.Handles = slices.Clone(slicePart(have.Handles, out.Bits, out.Part))
	}
	for _, s := range steps {
		entered, err := f.part(ctx, s, Part(handle, s.generation.Bits))
		if err != nil {
			return nil, err
		}
		out.Handles = append(out.Handles, slicePart(entered, out.Bits, out.Part)...)
		if len(out.Handles) > limits.FeedPart/HandleSize {
			return nil, fmt.Errorf("%w: too many handles", ErrFormat)
		}
	}
	slices.SortFunc(out.Handles, compare[Handle])
	if !ascending(out.Handles) {
		return nil, fmt.Errorf("%w: a handle entered twice", ErrFormat)
	}
	return out, nil
}

// part reads one file of a part.
func (f *Feed) part(ctx context.Context, s step, part int) ([]Handle, error) {
	b, err := f.read(ctx, s.generation.partName(part, s.to), limits.FeedPart)
	if err != nil {
		return nil, err
	}
	file, err := ParseHandles(b)
	if err != nil {
		return nil, err
	}
	if file.From != s.from || file.To != s.to || file.Bits != s.generation.Bits || file.Part != part {
		return nil, fmt.Errorf("%w: handles of other epochs or another part", ErrFormat)
	}
	return file.Handles, nil
}
