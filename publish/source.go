package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

var (
	// ErrNotAtHand means that a source has no file of this name. That says nothing
	// about the ledger, which may name it all the same. It wraps fs.ErrNotExist.
	ErrNotAtHand = fmt.Errorf("publish: public file not at hand: %w", fs.ErrNotExist)
	// ErrUnreachable means that a source does not answer: whether it has the file is
	// not known.
	ErrUnreachable = errors.New("publish: no source of public files answers")
	// ErrOther means a file that is not the one asked for: another hash than the
	// ledger names, or the schema or status list of another name.
	ErrOther = errors.New("publish: not the file that was asked for")
	// ErrTooLarge means a file above its cap; see [Name.Limit].
	ErrTooLarge = errors.New("publish: public file too large")
	// ErrName means a text that names no public file.
	ErrName = errors.New("publish: not the name of a public file")
)

// Source hands out public files. It is trusted with nothing; see the package
// comment for who checks what. It is safe for concurrent use.
type Source interface {
	// Read returns a file of at most name.Limit() bytes, unchecked. The caller does
	// not change the bytes. The error is [ErrNotAtHand], [ErrTooLarge], [ErrName] for
	// the zero Name, ctx's, [ErrUnreachable], or the medium's own: after these two the
	// file may exist.
	Read(ctx context.Context, name Name) ([]byte, error)
}

// Store is a Source that takes files: a [Folder] or a [Memory].
type Store interface {
	Source
	// Write replaces a file, whole or not at all, after [Name.Check].
	Write(ctx context.Context, name Name, b []byte) error
}
