package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
)

// Why a bundle is not taken in place of the one before; the older one stands.
var (
	// ErrDelta means a bundle that leaves out files of another bundle than the one
	// before.
	ErrDelta = errors.New("publish: bundle leaves out files that the one before has not")
	// ErrGap means a bundle without a proof that it extends the one before. It comes
	// as a *GapError.
	ErrGap = errors.New("publish: bundle does not prove that it extends the one before")
)

// GapError says what the bundle should have been made with:
// ledger.BundleSelector.Since.
type GapError struct {
	// Since is the size of the log in the bundle that the counter keeps.
	Since uint64
	// Err is the bundle's, ledger.ErrNotIncluded.
	Err error
}

func (e *GapError) Error() string { return fmt.Sprintf("%v, of size %d: %v", ErrGap, e.Since, e.Err) }

// Unwrap returns [ErrGap] and the bundle's error.
func (e *GapError) Unwrap() []error { return []error{ErrGap, e.Err} }

// Bundle is a verified ledger bundle with its files: what a counter needs to work
// without a network. It is a ledger.Reader and a [Source].
type Bundle struct {
	// Offline proves what the bundle holds; Trust is the trust file after the
	// bundle's agreements, Head the checkpoint.
	*ledger.Offline

	files *ledger.Bundle
}

// OpenBundle verifies a bundle against a trust file. now is the counter's clock,
// zero means now. Errors are those of ledger.OpenBundle.
func OpenBundle(trust *ledger.TrustFile, now time.Time, bundle *ledger.Bundle) (*Bundle, error) {
	opened, err := ledger.OpenBundle(trust, now, bundle)
	if err != nil {
		return nil, err
	}
	return &Bundle{opened, bundle}, nil
}

// Read implements [Source].
func (b *Bundle) Read(ctx context.Context, name Name) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if name == (Name{}) {
		return nil, ErrName
	}
	content := b.files.File(name.text)
	switch {
	case len(content) == 0:
		return nil, ErrNotAtHand
	case int64(len(content)) > name.Limit():
		return nil, ErrTooLarge
	}
	return content, nil
}

// ExportBundle makes a bundle of what a counter needs of a ledger, with the files of the
// folder. Of what the counter has, since, it leaves out what is in there, and proves that
// it extends it; nil is none. now is the maker's clock. Errors are those of
// ledger.ExportBundle, ledger.OpenBundle and the file system.
func (f Folder) ExportBundle(ctx context.Context, source ledger.Ledger, trust *ledger.TrustFile, now time.Time, since *ledger.Bundle) (*ledger.Bundle, error) {
	var selector ledger.BundleSelector
	var err error
	if selector.Files, err = f.BundleFiles(ctx); err != nil {
		return nil, err
	}
	if since == nil {
		return ledger.ExportBundle(ctx, source, trust, now, selector)
	}
	opened, err := ledger.OpenBundle(trust, now, since)
	if err != nil {
		return nil, err
	}
	selector.Since = opened.Head.Size
	bundle, err := ledger.ExportBundle(ctx, source, trust, now, selector)
	if err != nil {
		return nil, err
	}
	return bundle.Without(since), nil
}

// KeptBundle is the file in which a counter keeps its bundle, in a folder that only
// the counter writes.
type KeptBundle struct {
	// Path of the file. Writers also use ".lock" and ".new" in its folder.
	Path string
	// Trust was held against its fingerprint.
	Trust *ledger.TrustFile
	// Clock is the counter's; nil means time.Now.
	Clock func() time.Time
}

func (k *KeptBundle) now() time.Time {
	if k.Clock == nil {
		return time.Now()
	}
	return k.Clock()
}

// Open verifies and opens the bundle that is kept. The error is [ErrNotAtHand]
// where there is none, the system's, or that of ledger.ParseBundle or
// ledger.OpenBundle.
func (k *KeptBundle) Open() (*Bundle, error) {
	kept, err := k.read()
	if err != nil {
		return nil, err
	}
	return OpenBundle(k.Trust, k.now(), kept)
}

// read reads it unverified.
func (k *KeptBundle) read() (*ledger.Bundle, error) {
	f, err := os.Open(k.Path)
	if err != nil {
		return nil, notAtHand(err)
	}
	defer f.Close()
	b, err := readAtMost(f, limits.Bundle)
	if err != nil {
		return nil, err
	}
	return ledger.ParseBundle(b)
}

// Replace verifies a bundle and keeps it in place of the one before. Files that it
// leaves out come from the one before (ledger.Bundle.Without), which it must extend:
// a counter that is told two stories notices here. One before that is too old to be
// verified (ledger.ErrBootstrap) binds nobody. On any error the one before stands.
// The error is [ErrDelta], a [*GapError], a *ledger.InconsistentError, one of
// ledger.OpenBundle, ctx's or the system's; where the kept file is damaged,
// ledger.ParseBundle's.
func (k *KeptBundle) Replace(ctx context.Context, bundle *ledger.Bundle) (opened *Bundle, err error) {
	err = locked(ctx, filepath.Dir(k.Path), func(root *os.Root) error {
		if opened, err = k.follow(ctx, bundle); err != nil {
			return err
		}
		return replace(root, filepath.Base(k.Path), opened.files.Bytes())
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// follow completes a bundle and verifies it, also against the one before.
func (k *KeptBundle) follow(ctx context.Context, bundle *ledger.Bundle) (*Bundle, error) {
	older, err := k.read()
	first := errors.Is(err, ErrNotAtHand)
	if first {
		older = new(ledger.Bundle)
	} else if err != nil {
		return nil, err
	}
	whole, err := bundle.Complete(older)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDelta, err)
	}
	opened, err := OpenBundle(k.Trust, k.now(), whole)
	if err != nil || first {
		return opened, err
	}
	before, err := ledger.OpenBundle(k.Trust, k.now(), older)
	if errors.Is(err, ledger.ErrBootstrap) {
		return opened, nil
	}
	if err != nil {
		return nil, err
	}
	return opened, extends(ctx, before.Head, opened)
}

// extends insists that a bundle is of the same log as an older head, and no older.
func extends(ctx context.Context, before *ledger.Head, opened *Bundle) error {
	var proof []tlog.Hash
	if before.Size < opened.Head.Size {
		var err error
		if proof, err = opened.ProveConsistency(ctx, before.Size, opened.Head.Size); err != nil {
			return &GapError{before.Size, err}
		}
	}
	return ledger.CheckConsistency(before, opened.Head, proof)
}
