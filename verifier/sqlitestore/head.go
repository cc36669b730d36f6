package sqlitestore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/verifier"
)

var (
	// ErrRolledBack means that the file is older than it was here before: its log was
	// deleted, or an older copy put back. What was used since counts as unused in it. It
	// wraps verifier.ErrRolledBack.
	ErrRolledBack = fmt.Errorf("verifier/sqlitestore: the store went back to an older state: "+
		"put the newest copy back, or open it as restored: %w", verifier.ErrRolledBack)
	// ErrNoHead means that the file that says how new the store must be is missing,
	// damaged or another store's. It wraps verifier.ErrRolledBack.
	ErrNoHead = fmt.Errorf("verifier/sqlitestore: nothing tells how new the store must be: "+
		"put its head file back, or open it as restored: %w", verifier.ErrRolledBack)
)

const headSuffix = ".head"

// headKey makes the head file's macs checksums: a counter's store has no secret.
var headKey = []byte("hufu/counter")

// A Counter counts up and never back, where nobody who can replace the store's files can
// change it: in a TPM, or at a service. It is for one store.
type Counter interface {
	// Read returns the value.
	Read(ctx context.Context) (uint64, error)
	// Raise returns when the value is at least to.
	Raise(ctx context.Context, to uint64) error
}

// mayCreate refuses to make a store where another one's head file is left: what it had
// used would count as unused.
func (s *Store) mayCreate(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	if _, err := os.Lstat(path + headSuffix); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err := s.firstHead(ctx)
	return err
}

// firstHead returns the head of a store that was being made. The error is ErrRolledBack
// for one that was made before.
func (s *Store) firstHead(ctx context.Context) (headfile.Head, error) {
	h, err := s.readHead(ctx)
	if err == nil && h.Counter > 0 {
		err = ErrRolledBack
	}
	return h, err
}

func (s *Store) readHead(ctx context.Context) (headfile.Head, error) {
	h, err := s.head.Read(ctx)
	if errors.Is(err, headfile.ErrMissing) {
		return h, ErrNoHead
	}
	return h, describe("read head", err)
}

// makeHead makes the head file before the tables, so that no crash leaves tables without
// it. It holds the id of the store, and 0 until the tables are there.
func (s *Store) makeHead(ctx context.Context, path string) (id [32]byte, err error) {
	if _, err := os.Lstat(path + headSuffix); err == nil {
		h, err := s.firstHead(ctx)
		return h.Digest, err
	}
	rand.Read(id[:])
	return id, describe("create head", s.head.Create(headfile.Head{Digest: id}))
}

// checkHead compares the store with its head file, which is read first: every process
// writes it after the store.
func (s *Store) checkHead(ctx context.Context, restored bool) error {
	before, failed := s.readHead(ctx)
	if failed != nil && !errors.Is(failed, ErrNoHead) {
		return failed
	}
	now, err := readState(s.db.QueryRowContext(ctx, stateQuery))
	switch {
	case err != nil:
		return err
	case failed == nil && before.Digest != now.Digest:
		failed = ErrNoHead
	case failed == nil && now.Counter < before.Counter:
		failed = ErrRolledBack
	}
	switch {
	case failed == nil:
		return describe("write head", s.head.Note(ctx, now))
	case restored:
		return s.accept(ctx, before)
	}
	return failed
}

// accept takes a store that was put back as the newest. Its counter jumps over every one
// that was seen here, so that the store it replaced is the older one from now on.
func (s *Store) accept(ctx context.Context, before headfile.Head) error {
	tx, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing once committed
	_, err = tx.ExecContext(ctx, "UPDATE head SET counter = max(counter, ?) + 1", int64(before.Counter))
	if err != nil {
		return describe("accept", err)
	}
	now, err := readState(tx.QueryRowContext(ctx, stateQuery))
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return describe("accept", err)
	}
	return describe("accept", s.head.Accept(ctx, now, time.Now()))
}

const (
	stateQuery   = "SELECT id, counter FROM head"
	advanceQuery = "UPDATE head SET counter = counter + 1 RETURNING id, counter"
)

func readState(row *sql.Row) (h headfile.Head, err error) {
	var id []byte
	var counter int64
	if err := row.Scan(&id, &counter); err != nil {
		return h, describe("read head", err)
	}
	if len(id) != len(h.Digest) {
		return h, fmt.Errorf("%w: id of %d bytes", ErrFormat, len(id))
	}
	return headfile.Head{Counter: uint64(counter), Digest: [32]byte(id)}, nil
}

// advance counts a transaction that changed something. The error is ErrRolledBack where
// the store went back while it was open.
func (s *Store) advance(ctx context.Context, tx *sql.Tx) (headfile.Head, error) {
	h, err := readState(tx.QueryRowContext(ctx, advanceQuery))
	if err == nil && h.Counter <= s.head.Noted().Counter {
		err = ErrRolledBack
	}
	return h, err
}
