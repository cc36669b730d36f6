package publish

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
)

// Folder is a directory of public files, named by its path. Several processes may
// read and write it at once: readers see each file whole, as it was or as it is,
// and writers wait for one another. Symbolic links that lead out of the directory
// are not followed.
type Folder string

// Read implements [Source]. What is no regular file is [ErrNotAtHand].
func (f Folder) Read(ctx context.Context, name Name) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAtMost(file, name.Limit())
}

// Open opens a file for reading, unchecked and uncapped. Errors are those of Read.
func (f Folder) Open(name Name) (*os.File, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, notAtHand(err)
	}
	defer root.Close()
	return openIn(root, name)
}

func openIn(root *os.Root, name Name) (*os.File, error) {
	if name == (Name{}) {
		return nil, ErrName
	}
	info, err := root.Stat(name.text) // opening a pipe would wait for its writer
	if err != nil {
		return nil, notAtHand(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: no regular file", ErrNotAtHand)
	}
	file, err := root.Open(name.text)
	if err != nil {
		return nil, notAtHand(err)
	}
	return file, nil
}

func notAtHand(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return ErrNotAtHand
	}
	return fmt.Errorf("publish: %w", err)
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return b, nil
}

// Write implements [Store]: the file and its name are on the disk when Write
// returns. It makes the folder if need be. The error is Check's, ctx's or the
// system's; then the old file stands.
func (f Folder) Write(ctx context.Context, name Name, b []byte) error {
	return f.update(ctx, func(w writer) error { return put(w, name, b) })
}

// Publish replaces the status list token at a URI. It implements
// issuer.Publisher. The error is [ErrOther] for bytes that are no token for this
// URI, else as Write's.
func (f Folder) Publish(ctx context.Context, uri string, token []byte) error {
	return f.Write(ctx, StatusName(uri), token)
}

// PublishSchema adds a schema file, and makes it the newest of its type unless a
// later version of the same schema is. The caller puts schema.Hash() on the ledger.
// The error is credential.ErrSchema, else as Write's.
func (f Folder) PublishSchema(ctx context.Context, file []byte) (schema *credential.Schema, err error) {
	err = f.update(ctx, func(w writer) error {
		schema, err = publishSchema(w, file)
		return err
	})
	return schema, err
}

// PublishKey adds a verifying key as zkp.VerifyingKey.Bytes writes it. The caller
// puts its SHA-256 on the ledger. The error is zkp.ErrVerifyingKey, else as Write's.
func (f Folder) PublishKey(ctx context.Context, key []byte) error {
	return f.update(ctx, func(w writer) error { return publishKey(w, key) })
}

// FeedDir is the directory of the feed, for feed.Export to write.
func (f Folder) FeedDir() string { return filepath.Join(string(f), filepath.FromSlash(feedFolder)) }

// BundleFiles reads what a bundle takes along, for ledger.BundleSelector.Files: all
// but the feed and the list of agencies, whose values a bundle has itself. The error is [ErrNotAtHand] where the folder is not there, [Name.Check]'s
// for a damaged file, ctx's or the system's.
func (f Folder) BundleFiles(ctx context.Context) ([]ledger.BundleFile, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return nil, notAtHand(err)
	}
	var files []ledger.BundleFile
	for _, e := range entries {
		name, err := ParseName(e.Name())
		if err != nil || name == AgenciesName() {
			continue
		}
		b, err := checked(ctx, f, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, ledger.BundleFile{Name: name.text, Content: b})
	}
	return files, nil
}

func (f Folder) update(ctx context.Context, use func(writer) error) error {
	return locked(ctx, string(f), func(root *os.Root) error { return use(folderWriter{root}) })
}

// folderWriter is a locked folder.
type folderWriter struct{ root *os.Root }

func (w folderWriter) read(name Name) ([]byte, error) {
	file, err := openIn(w.root, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAtMost(file, name.Limit())
}

func (w folderWriter) write(name Name, b []byte) error {
	if err := w.root.MkdirAll(path.Dir(name.text), 0o755); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return replace(w.root, name.text, b)
}

func hashOf(b []byte) [32]byte { return sha256.Sum256(b) }
