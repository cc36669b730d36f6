package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
)

var (
	// ErrFormat means that the file is not a counter's store of this version.
	ErrFormat = errors.New("verifier/sqlitestore: not a counter's store of this version")
	// ErrSetting means that SQLite did not take a setting that durability
	// rests on.
	ErrSetting = errors.New("verifier/sqlitestore: a database setting was not taken")
)

const (
	applicationID = 0x48754656 // "HuFV"
	userVersion   = 1
)

// dsnOptions: immediate transactions, because a deferred one that turns into
// a writer fails at once when another process writes, whatever the timeout.
const dsnOptions = "mode=rw&_journal_mode=WAL&_synchronous=FULL&_txlock=immediate" +
	"&_busy_timeout=5000&_foreign_keys=on"

// settings lists what Open reads back: pragma and value.
var settings = []struct {
	pragma string
	want   string
}{
	{"journal_mode", "wal"},
	{"synchronous", "2"},
	{"busy_timeout", "5000"},
	{"foreign_keys", "1"},
}

const schema = `
CREATE TABLE request (
	id       TEXT PRIMARY KEY,
	object   BLOB NOT NULL,
	nonce    TEXT NOT NULL UNIQUE REFERENCES nonce (nonce),
	created  INTEGER NOT NULL,
	expires  INTEGER NOT NULL,
	failures INTEGER NOT NULL DEFAULT 0,
	accepted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX request_expires ON request (expires);
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
`

// Options says how to open a store.
type Options struct {
	// Create makes the file when it is missing. Without it a missing file is
	// an error, because an empty store has forgotten every used nonce.
	Create bool
}

// Store is a verifier.Store on disk, safe for many goroutines and processes.
type Store struct {
	db     *sql.DB
	closed atomic.Bool
}

// Open opens the store at path. A file that is locked, unreadable or not
// ours is left as it is. The error is fs.ErrNotExist for a missing file
// without Options.Create, ErrFormat, ErrSetting, or SQLite's own.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	if err := makeFile(path, opts.Create); err != nil {
		return nil, err
	}
	if err := identify(ctx, path, opts.Create); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", dataSource(path, dsnOptions))
	if err != nil {
		return nil, describe("open", err)
	}
	// One connection: SQLite has one writer anyway, and every call is short.
	db.SetMaxOpenConns(1)
	s := &Store{db: db}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// makeFile makes an empty file of mode 0600, whose mode SQLite gives to its
// log files too, or finds the one that is there.
func makeFile(path string, create bool) error {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return fmt.Errorf("verifier/sqlitestore: open: %w", err)
	}
	return f.Close()
}

// dataSource keeps a path with question marks in it a path.
func dataSource(path, options string) string {
	name := url.URL{Path: filepath.ToSlash(path)}
	return "file:" + name.EscapedPath() + "?" + options
}

// identify looks at a file without changing it: the settings of Open would
// turn somebody else's database into one with a write-ahead log.
func identify(ctx context.Context, path string, create bool) error {
	db, err := sql.Open("sqlite3", dataSource(path, "mode=ro&_busy_timeout=5000"))
	if err != nil {
		return describe("open", err)
	}
	defer db.Close()
	found, err := look(ctx, db)
	if isNotDatabase(err) || err == nil && found != ours && !(create && found == nothing) {
		return ErrFormat
	}
	return describe("read version", err)
}

// contents is what tells one database from another.
type contents struct{ id, version, objects int }

var (
	ours    = contents{applicationID, userVersion, 6} // five tables, one index
	nothing = contents{}
)

func look(ctx context.Context, db *sql.DB) (c contents, err error) {
	for query, to := range map[string]*int{
		"PRAGMA application_id": &c.id,
		"PRAGMA user_version":   &c.version,
		"SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'": &c.objects,
	} {
		if err := db.QueryRowContext(ctx, query).Scan(to); err != nil {
			return contents{}, err
		}
	}
	return c, nil
}

// prepare makes the tables where there are none, in one transaction, so that
// two processes that start together make them once.
func (s *Store) prepare(ctx context.Context) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		var tables int
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
		if err != nil || tables > 0 {
			return describe("read version", err)
		}
		marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, userVersion)
		_, err = tx.ExecContext(ctx, schema+marks)
		return describe("create", err)
	})
	if err != nil {
		return err
	}
	return s.checkSettings(ctx)
}

func (s *Store) checkSettings(ctx context.Context) error {
	for _, setting := range settings {
		var got string
		if err := s.db.QueryRowContext(ctx, "PRAGMA "+setting.pragma).Scan(&got); err != nil {
			return fmt.Errorf("verifier/sqlitestore: read settings: %w", err)
		}
		if got != setting.want {
			return fmt.Errorf("%w: %s is %s instead of %s", ErrSetting, setting.pragma, got, setting.want)
		}
	}
	return nil
}

// Close closes the file. Calls that come later get verifier.ErrStoreClosed.
func (s *Store) Close() error {
	s.closed.Store(true)
	return s.db.Close()
}

func isNotDatabase(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrNotADB
}

// isBusy reports that another process held the file for the whole busy
// timeout.
func isBusy(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrBusy
}

// isTaken reports a row that is there already.
func isTaken(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) &&
		(e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey || e.ExtendedCode == sqlite3.ErrConstraintUnique)
}
