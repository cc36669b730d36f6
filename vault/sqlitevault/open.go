package sqlitevault

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/internal/sqlitefile"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/internal/sealed"
)

var (
	// ErrFormat means that the file is not a vault of this version. It wraps
	// vault.ErrDamaged.
	ErrFormat = fmt.Errorf("vault/sqlitevault: not a vault of this version: %w", vault.ErrDamaged)
	// ErrSetting means that SQLite did not take a setting that secrecy or
	// durability rests on.
	ErrSetting = sqlitefile.ErrSetting
)

const (
	userVersion = 1
	firstEpoch  = 1
)

// settings make a vault's connection: what is forgotten must not stay in freed
// pages. Transactions are begun by hand (see Store.begin), immediate where they
// write.
var settings = sqlitefile.Settings{Mode: sqlitefile.Write, SecureDelete: true}

var format = sqlitefile.Format{
	ApplicationID: 0x48754657, // "HuFW"
	UserVersion:   userVersion,
	Schema:        schema,
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
	// MinGeneration is a Store.Generation that was kept elsewhere, where nobody who can
	// replace the vault's files can replace it. Open refuses an older vault with
	// ErrRolledBack.
	MinGeneration uint64
	// Counter knows how new the vault must be, too, where it is not nil. It is raised after
	// each change and before the change is acknowledged. Give it to each Open.
	Counter Counter
	// Restored accepts a vault that its owner put back from an older copy, or without
	// the file that tells how new it must be. Its generation then jumps over every one
	// that was seen here, so that the vault it replaced is the older one from now on. A
	// line about it goes to the file with the suffix ".generation.restored".
	Restored bool
	// Create makes Open make the vault when it is missing, under the passphrase. Without
	// it a missing file is an error: an empty vault has forgotten every key.
	Create bool
}

// Create makes a vault at path, and the file that tells how new it is at path with
// the suffix ".generation", and opens it. Neither may exist. The files have mode 0600.
// The error is ErrPassphrase, ErrKDF, fs.ErrExist, or the system's own. The passphrase is
// not kept; the caller may clear it.
func Create(ctx context.Context, path string, passphrase []byte, opts Options) (*Store, error) {
	walletID, root := sealed.Random(16), sealed.Random(sealed.RootBytes)
	first, err := newSlot(walletID, root, passphrase, opts.KDF.orDefault())
	if err != nil {
		return nil, err
	}
	if err := sqlitefile.Create(path); err != nil {
		return nil, describe("create", err)
	}
	k := deriveKeys(walletID, root, firstEpoch)
	// The files are of this call's own making, and nothing is in them.
	g := newGeneration(path, k, opts.Counter)
	if err := g.create(); err != nil {
		return nil, errors.Join(describe("create", err), os.Remove(path))
	}
	s, err := fill(ctx, path, k, first)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path), os.Remove(path+generationSuffix))
	}
	s.generation = g
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
// fs.ErrNotExist without Options.Create, ErrFormat, ErrSetting, ErrKDF, ErrIntegrity,
// ErrRolledBack, ErrNoGeneration, the system's own, or vault.ErrLocked: the same for a
// wrong passphrase and for a damaged slot. With Options.Create it is fs.ErrExist where
// only the vault is missing, and the file beside it is there.
func Open(ctx context.Context, path string, passphrase []byte, opts Options) (*Store, error) {
	if _, err := os.Lstat(path); opts.Create && errors.Is(err, fs.ErrNotExist) {
		return Create(ctx, path, passphrase, opts)
	}
	if err := format.Check(ctx, path); errors.Is(err, sqlitefile.ErrFormat) {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	} else if err != nil {
		return nil, describe("open", err)
	}
	s, err := connect(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := s.unlock(ctx, path, passphrase, opts); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect opens the file, and no key yet.
func connect(ctx context.Context, path string) (*Store, error) {
	db := sqlitefile.Pool(path, settings)
	db.SetMaxOpenConns(1)
	s := &Store{db: db, turn: make(chan struct{}, 1)}
	var err error
	if s.conn, err = connectPatiently(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// connectPatiently waits while another process opens or closes the vault, as long
// as ctx lasts: setting the journal mode needs it for itself.
func connectPatiently(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	for {
		conn, err := db.Conn(ctx)
		if err == nil {
			return conn, nil
		}
		if !sqlitefile.IsBusy(err) || ctx.Err() != nil {
			return nil, describe("open", err)
		}
	}
}

// initialise fills a new vault in one transaction: killed before its end, the
// file stays empty and Open calls it ErrFormat.
func (s *Store) initialise(ctx context.Context, first slot) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlockTurn()
	return s.transact(ctx, immediate, func() error {
		if _, err := s.conn.ExecContext(ctx, format.Statements()); err != nil {
			return describe("create", err)
		}
		if err := writeSlot(ctx, s.conn, first); err != nil {
			return err
		}
		h := head{counter: 1, rows: s.keys.digester().slot(first)}
		_, err := s.conn.ExecContext(ctx,
			"INSERT INTO vault (one, wallet, commitment, epoch, counter, rows, mac) VALUES (1, ?, ?, ?, ?, ?, ?)",
			s.keys.WalletID, s.keys.commitment, firstEpoch, int64(h.counter), h.rows.bytes(), s.keys.headMAC(h))
		if err != nil {
			return describe("create", err)
		}
		s.seen = h
		return nil
	})
}

// unlock derives the keys and checks the whole vault. The log is cut on the
// way out, in case a process died between a deletion and the cut after it.
func (s *Store) unlock(ctx context.Context, path string, passphrase []byte, opts Options) error {
	_, k, err := s.openSlot(ctx, passphrase)
	if err != nil {
		return err
	}
	s.keys, s.truncate = k, true
	s.seen.counter = opts.MinGeneration
	s.generation = newGeneration(path, k, opts.Counter)
	// The file is read first: it is written after the vault, by every process.
	before, err := s.generation.read(ctx)
	switch {
	case opts.Restored && (err == nil || errors.Is(err, ErrNoGeneration)):
		return s.accept(ctx, before, err != nil)
	case err != nil:
		return describe("open", err)
	}
	s.seen.counter = max(s.seen.counter, before)
	if err := s.View(ctx, func(vault.Tx) error { return nil }); err != nil {
		return err
	}
	s.generation.note(ctx, s.seen.counter)
	return nil
}

// accept takes a vault that was put back as the newest. It must have been as new as
// before, unless nothing tells.
func (s *Store) accept(ctx context.Context, before uint64, lost bool) error {
	if err := s.View(ctx, func(vault.Tx) error { return nil }); err != nil {
		return err
	}
	if !lost && before <= s.seen.counter {
		s.generation.note(ctx, s.seen.counter)
		return nil // nothing was put back
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlockTurn()
	var next head
	err := s.transact(ctx, immediate, func() error {
		if err := s.checkState(ctx); err != nil {
			return err
		}
		next = head{counter: max(before, s.seen.counter) + 1, rows: s.seen.rows}
		return s.keys.writeHead(ctx, s.conn, next)
	})
	if err != nil {
		return err
	}
	s.seen = next
	err = s.generation.Accept(ctx, headfile.Head{Counter: next.counter}, time.Now())
	return describe("write generation", err)
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

// describe says what was being done when SQLite failed.
func describe(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("vault/sqlitevault: %s: %w", action, sqlitefile.WithRoom(err))
}
