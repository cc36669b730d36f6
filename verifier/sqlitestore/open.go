package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/internal/sqlitefile"
)

var (
	// ErrFormat means that the file is not a counter's store of this version.
	ErrFormat = errors.New("verifier/sqlitestore: not a counter's store of this version")
	// ErrSetting means that SQLite did not take a setting that durability
	// rests on.
	ErrSetting = sqlitefile.ErrSetting
)

var format = sqlitefile.Format{
	ApplicationID: 0x48754656, // "HuFV"
	UserVersion:   3,
	Schema:        schema,
	AnyIndex:      true,
}

const schema = `
CREATE TABLE request (
	number      INTEGER PRIMARY KEY, -- in order of time, so that what is purged lies together
	id          TEXT NOT NULL UNIQUE,
	object      BLOB NOT NULL, -- packed
	nonce       TEXT NOT NULL,
	policy      BLOB NOT NULL,
	query       BLOB NOT NULL,
	correlation TEXT NOT NULL,
	created     INTEGER NOT NULL,
	expires     INTEGER NOT NULL,
	failures    INTEGER NOT NULL DEFAULT 0,
	accepted    INTEGER NOT NULL DEFAULT 0,
	answer      BLOB NOT NULL DEFAULT x'',
	result      BLOB NOT NULL DEFAULT x'' -- packed
);
CREATE INDEX request_expires ON request (expires);
CREATE TABLE template (
	policy BLOB PRIMARY KEY,
	object BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE nonce (
	nonce TEXT PRIMARY KEY,
	used  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE once (
	scope     BLOB NOT NULL,
	pseudonym BLOB NOT NULL,
	PRIMARY KEY (scope, pseudonym)
) WITHOUT ROWID;
CREATE TABLE policy (
	hash BLOB PRIMARY KEY,
	file BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE trust (
	origin TEXT PRIMARY KEY,
	state  BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE head (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	id      BLOB NOT NULL,   -- random
	counter INTEGER NOT NULL -- one up with each change
);
`

// Options says how to open a store.
type Options struct {
	// Create makes the file when it is missing. Without it a missing file is
	// an error, because an empty store has forgotten every used nonce.
	Create bool
	// Restored accepts a store that its owner put back from an older copy, or without the
	// file that says how new it must be. Answers and pseudonyms that were used after the
	// copy was made can then be used again. A line about it goes to the file with the
	// suffix ".head.restored".
	Restored bool
	// Counter knows how new the store must be, too, where it is not nil. It is raised after
	// each change and before the change is acknowledged. Give it to each Open.
	Counter Counter
}

// Store is a verifier.Store on disk, safe for many goroutines and processes.
type Store struct {
	db        *sql.DB
	head      *headfile.File
	closed    atomic.Bool
	templates templates
}

// Open opens the store at path. A file that is locked, unreadable or not
// ours is left as it is. The error is fs.ErrNotExist for a missing file
// without Options.Create, ErrFormat, ErrSetting, ErrRolledBack, ErrNoHead, the Counter's
// or the system's own.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	s := &Store{head: headfile.New(path+headSuffix, headKey, opts.Counter)}
	if opts.Create {
		if err := s.mayCreate(ctx, path); err != nil {
			return nil, err
		}
		if err := sqlitefile.Create(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, describe("create", err)
		}
	}
	if err := identify(ctx, path, opts.Create); err != nil {
		return nil, err
	}
	s.db = sqlitefile.Pool(path, sqlitefile.Settings{Mode: sqlitefile.Write, SecureDelete: true, Shrink: true})
	// One connection: SQLite has one writer anyway, and every call is short.
	s.db.SetMaxOpenConns(1)
	err := s.prepare(ctx, path)
	if err == nil {
		err = s.checkHead(ctx, opts.Restored)
	}
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// identify looks at a file without changing it. An empty one is not ours unless
// it may be made.
func identify(ctx context.Context, path string, create bool) error {
	err := format.Check(ctx, path)
	switch {
	case create && errors.Is(err, sqlitefile.ErrEmpty):
		return nil
	case errors.Is(err, sqlitefile.ErrFormat):
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return describe("open", err)
}

// prepare makes the tables where there are none, in one transaction, so that
// two processes that start together make them once.
func (s *Store) prepare(ctx context.Context, path string) error {
	tx, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing once committed
	var tables int
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
	if err != nil || tables > 0 {
		return describe("read version", err)
	}
	id, err := s.makeHead(ctx, path)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, format.Statements()); err != nil {
		return describe("create", err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO head (one, id, counter) VALUES (1, ?, 1)", id[:]); err != nil {
		return describe("create", err)
	}
	return describe("create", tx.Commit())
}

// Close closes the file. Calls that come later get verifier.ErrStoreClosed.
func (s *Store) Close() error {
	s.closed.Store(true)
	return s.db.Close()
}

// isTaken reports a row that is there already.
func isTaken(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) &&
		(e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey || e.ExtendedCode == sqlite3.ErrConstraintUnique)
}
