package sqlitevault

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/vault"
)

var (
	// ErrFormat means that the file is not a vault of this version. It wraps
	// vault.ErrDamaged.
	ErrFormat = fmt.Errorf("vault/sqlitevault: not a vault of this version: %w", vault.ErrDamaged)
	// ErrSetting means that SQLite did not take a setting that secrecy or
	// durability rests on.
	ErrSetting = errors.New("vault/sqlitevault: a database setting was not taken")
)

const (
	applicationID = 0x48754657 // "HuFW"
	userVersion   = 1
	firstEpoch    = 1
)

// dsnOptions: see the ledger's notes on durability. Transactions are begun by
// hand (see Store.begin), immediate where they write.
const dsnOptions = "mode=rw&_journal_mode=WAL&_synchronous=FULL&_txlock=immediate" +
	"&_busy_timeout=5000&_foreign_keys=on&_secure_delete=on"

// settings lists what is read back at each opening: pragma and value.
var settings = []struct {
	pragma string
	want   string
}{
	{"journal_mode", "wal"},
	{"synchronous", "2"},
	{"busy_timeout", "5000"},
	{"foreign_keys", "1"},
	{"secure_delete", "1"},
}

const schema = `
CREATE TABLE vault (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	wallet     BLOB NOT NULL,
	commitment BLOB NOT NULL,
	epoch      INTEGER NOT NULL,
	counter    INTEGER NOT NULL,
	rows       BLOB NOT NULL,
	mac        BLOB NOT NULL
);
CREATE TABLE slot (
	name    TEXT PRIMARY KEY,
	memory  INTEGER NOT NULL,
	time    INTEGER NOT NULL,
	threads INTEGER NOT NULL,
	salt    BLOB NOT NULL,
	nonce   BLOB NOT NULL,
	wrapped BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE record (
	id      BLOB PRIMARY KEY,
	kind    BLOB NOT NULL,
	version INTEGER NOT NULL,
	epoch   INTEGER NOT NULL,
	nonce   BLOB NOT NULL,
	mac     BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX record_kind ON record (kind);
CREATE TABLE body (
	id     BLOB PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE,
	sealed BLOB NOT NULL
);
CREATE TABLE tag (
	tag    BLOB NOT NULL,
	record BLOB NOT NULL REFERENCES record (id) ON DELETE CASCADE,
	PRIMARY KEY (tag, record)
) WITHOUT ROWID;
CREATE INDEX tag_record ON tag (record);
`

// Options says how to protect and open a vault.
type Options struct {
	// KDF is used for a new passphrase; the zero value means 64 MiB, 3
	// passes, 4 lanes. Open takes the vault's own.
	KDF KDF
	// MinGeneration is a Store.Generation that was kept elsewhere. Open refuses an
	// older vault with ErrRolledBack.
	MinGeneration uint64
}

// Create makes a vault at path, which must not exist, and opens it. The file
// has mode 0600. The error is ErrPassphrase, ErrKDF, fs.ErrExist, or the
// system's own. The passphrase is not kept; the caller may clear it.
func Create(ctx context.Context, path string, passphrase []byte, opts Options) (*Store, error) {
	walletID, root := random(16), random(rootBytes)
	first, err := newSlot(walletID, root, passphrase, opts.KDF.orDefault())
	if err != nil {
		return nil, err
	}
	if err := makeFile(path); err != nil {
		return nil, err
	}
	s, err := fill(ctx, path, deriveKeys(walletID, root, firstEpoch), first)
	if err != nil {
		// The file is of this call's own making, and nothing is in it.
		return nil, errors.Join(err, os.Remove(path))
	}
	return s, nil
}

// fill turns the empty file into a vault.
func fill(ctx context.Context, path string, k *keys, first slot) (*Store, error) {
	s, err := connect(ctx, path)
	if err != nil {
		return nil, err
	}
	s.keys = k
	if err := s.initialise(ctx, first); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Open opens the vault at path. A file that is locked, unreadable, damaged or
// not ours is left as it is, for its owner to decide about. The error is
// fs.ErrNotExist, ErrFormat, ErrSetting, ErrKDF, ErrIntegrity, ErrRolledBack,
// the system's own, or vault.ErrLocked: the same for a wrong passphrase and
// for a damaged slot.
func Open(ctx context.Context, path string, passphrase []byte, opts Options) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("vault/sqlitevault: open: %w", err)
	}
	if err := identify(ctx, path); err != nil {
		return nil, err
	}
	s, err := connect(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := s.unlock(ctx, passphrase, opts.MinGeneration); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// makeFile makes the file before SQLite would, for its mode: the log files
// inherit it. The folder is synced so that the name outlives a power failure.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("vault/sqlitevault: create: %w", err)
	}
	if err := f.Close(); err != nil || runtime.GOOS == "windows" {
		return err // Windows cannot sync a folder
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("vault/sqlitevault: create: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// connect opens the file with the settings above, and no key yet.
func connect(ctx context.Context, path string) (*Store, error) {
	db, err := sql.Open("sqlite3", dataSource(path, dsnOptions))
	if err != nil {
		return nil, describe("open", err)
	}
	db.SetMaxOpenConns(1)
	s := &Store{db: db, turn: make(chan struct{}, 1)}
	if s.conn, err = connectPatiently(ctx, db); err == nil {
		err = checkSettings(ctx, s.conn)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// dataSource keeps a path with question marks in it a path.
func dataSource(path, options string) string {
	name := url.URL{Path: filepath.ToSlash(path)}
	return "file:" + name.EscapedPath() + "?" + options
}

// connectPatiently waits while another process opens or closes the vault:
// setting the journal mode needs it for itself.
func connectPatiently(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	for {
		conn, err := db.Conn(ctx)
		if err == nil {
			return conn, nil
		}
		if !isBusy(err) || ctx.Err() != nil {
			return nil, describe("open", err)
		}
	}
}

func checkSettings(ctx context.Context, q querier) error {
	for _, setting := range settings {
		var got string
		if err := q.QueryRowContext(ctx, "PRAGMA "+setting.pragma).Scan(&got); err != nil {
			return describe("read settings", err)
		}
		if got != setting.want {
			return fmt.Errorf("%w: %s is %s instead of %s", ErrSetting, setting.pragma, got, setting.want)
		}
	}
	return nil
}

// identify looks at a file without changing it: the settings of connect would
// turn somebody else's database into one with a write-ahead log.
func identify(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite3", dataSource(path, "mode=ro&_busy_timeout=5000"))
	if err != nil {
		return describe("open", err)
	}
	defer db.Close()
	for pragma, want := range map[string]int{"application_id": applicationID, "user_version": userVersion} {
		var got int
		err := db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got)
		if isNotDatabase(err) || err == nil && got != want {
			return ErrFormat
		}
		if err != nil {
			return describe("read version", err)
		}
	}
	return nil
}

// initialise fills a new vault in one transaction: killed before its end, the
// file stays empty and Open calls it ErrFormat.
func (s *Store) initialise(ctx context.Context, first slot) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlockTurn()
	return s.transact(ctx, immediate, func() error {
		marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, userVersion)
		if _, err := s.conn.ExecContext(ctx, schema+marks); err != nil {
			return describe("create", err)
		}
		if err := writeSlot(ctx, s.conn, first); err != nil {
			return err
		}
		h := head{counter: 1, rows: s.keys.digester().slot(first)}
		_, err := s.conn.ExecContext(ctx,
			"INSERT INTO vault (one, wallet, commitment, epoch, counter, rows, mac) VALUES (1, ?, ?, ?, ?, ?, ?)",
			s.keys.walletID, s.keys.commitment, firstEpoch, int64(h.counter), h.rows.bytes(), s.keys.headMAC(h))
		if err != nil {
			return describe("create", err)
		}
		s.seen = h
		return nil
	})
}

// unlock derives the keys and checks the whole vault. The log is cut on the
// way out, in case a process died between a deletion and the cut after it.
func (s *Store) unlock(ctx context.Context, passphrase []byte, newestSeen uint64) error {
	_, k, err := s.openSlot(ctx, passphrase)
	if err != nil {
		return err
	}
	s.keys, s.truncate = k, true
	s.seen.counter = newestSeen
	return s.View(ctx, func(vault.Tx) error { return nil })
}

// openSlot turns the passphrase into the vault's keys.
func (s *Store) openSlot(ctx context.Context, passphrase []byte) (slot, *keys, error) {
	var walletID, commitment []byte
	var epoch int64
	err := s.conn.QueryRowContext(ctx, "SELECT wallet, commitment, epoch FROM vault").
		Scan(&walletID, &commitment, &epoch)
	if err != nil {
		return slot{}, nil, describe("read vault", err)
	}
	stored, err := readSlot(ctx, s.conn)
	if err != nil {
		return slot{}, nil, err
	}
	root, err := stored.open(walletID, passphrase)
	if err != nil {
		return slot{}, nil, err
	}
	k := deriveKeys(walletID, root, uint64(epoch))
	if !hmac.Equal(k.commitment, commitment) {
		return slot{}, nil, vault.ErrLocked
	}
	return stored, k, nil
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

// describe says what was being done when SQLite failed.
func describe(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("vault/sqlitevault: %s: %w", action, err)
}
