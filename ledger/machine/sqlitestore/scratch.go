package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/internal/sqlitefile"
	"github.com/hufu-id/hufu/ledger/machine"
)

// Scratch is an empty machine.Store in a temporary file, for a replay that would not fit
// into memory. Nothing of it stays. It is for one goroutine at a time.
type Scratch struct {
	machine.Store
	conn   *connection
	folder string
}

// NewScratch makes a scratch store below a folder; empty means the system's folder for
// temporary files. ctx ends its scans. The error is the system's own.
func NewScratch(ctx context.Context, folder string) (*Scratch, error) {
	folder, err := os.MkdirTemp(folder, "scratch-")
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: scratch: %w", err)
	}
	s := &Scratch{folder: folder}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

func (s *Scratch) open(ctx context.Context) error {
	path := filepath.Join(s.folder, "scratch.db")
	if err := sqlitefile.Create(path); err != nil {
		return describe("scratch", err)
	}
	conn, err := sqlitefile.Connect(ctx, path, sqlitefile.Settings{Mode: sqlitefile.Scratch})
	if err != nil {
		return describe("scratch", err)
	}
	c := newConnection(conn)
	c.cache = newCache(maxScratch)
	// The one transaction is never committed: SQLite spills it to the file.
	tx := &Tx{ctx: ctx, conn: c}
	_, err = c.exec(beginWrite)
	if err := errors.Join(describe("scratch", err), tx.createTables()); err != nil {
		return errors.Join(err, c.close())
	}
	s.Store, s.conn = tx, c
	// Where the system lets an open file be removed, not even a crash leaves one.
	_ = os.RemoveAll(s.folder)
	return nil
}

// Close removes the store.
func (s *Scratch) Close() error {
	return errors.Join(s.conn.close(), os.RemoveAll(s.folder))
}
