package sqlitevault

import (
	"context"
	"database/sql"
	"errors"

	"github.com/hufu-id/hufu/internal/sqlitefile"
	"github.com/hufu-id/hufu/vault"
)

// Store is an open vault, a vault.Store. It is safe for many goroutines and
// processes: they take turns.
type Store struct {
	db   *sql.DB
	conn *sql.Conn     // the one connection
	turn chan struct{} // holds a token while somebody uses what is below

	keys       *keys
	generation generation
	seen       head  // the newest state that was checked
	version    int64 // SQLite's count of other connections' commits, at that time
	truncate   bool  // the log holds bytes that were deleted
	closed     bool
}

// querier is what *sql.Conn offers.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

const (
	deferred  = "BEGIN DEFERRED"
	immediate = "BEGIN IMMEDIATE"
)

// View implements vault.Store. Besides fn's error it returns ErrIntegrity or
// ErrRolledBack.
func (s *Store) View(ctx context.Context, fn func(vault.Tx) error) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlockTurn()
	return s.transact(ctx, deferred, func() error {
		if err := s.checkState(ctx); err != nil {
			return err
		}
		return s.run(ctx, &tx{store: s, readOnly: true}, fn)
	})
}

// Update implements vault.Store. When it has returned nil the change has
// reached the disk. Besides fn's error it returns ErrIntegrity or
// ErrRolledBack.
func (s *Store) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlockTurn()
	if err := s.generation.settle(ctx); err != nil {
		return err
	}
	next, err := s.seen, error(nil)
	err = s.transact(ctx, immediate, func() error {
		if err := s.checkState(ctx); err != nil {
			return err
		}
		t := &tx{store: s, rows: s.seen.rows}
		if err := s.run(ctx, t, fn); err != nil {
			return err
		}
		s.truncate = s.truncate || t.deleted
		next = s.seen
		if !t.changed {
			return nil
		}
		next = head{counter: s.seen.counter + 1, rows: t.rows}
		return s.keys.writeHead(ctx, s.conn, next)
	})
	if err == nil {
		s.seen = next
		s.generation.note(ctx, next.counter)
	}
	return err
}

// run gives a transaction to fn and takes it away again.
func (s *Store) run(ctx context.Context, t *tx, fn func(vault.Tx) error) error {
	t.ctx, t.keys, t.digest = ctx, s.keys, s.keys.digester()
	defer func() { t.done = true }()
	if err := fn(t); err != nil {
		return err
	}
	return errors.Join(t.failure, ctx.Err())
}

// transact runs fn between BEGIN and COMMIT, or ROLLBACK when it fails or
// panics.
func (s *Store) transact(ctx context.Context, begin string, fn func() error) (err error) {
	if err := s.begin(ctx, begin); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			if _, e := s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); !sqlitefile.HadEnded(e) {
				err = errors.Join(err, describe("roll back", e))
			}
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return describe("commit", err)
	}
	committed = true
	return nil
}

// begin waits for another process as long as ctx lasts, give or take SQLite's
// five seconds of patience, which nothing interrupts. An immediate transaction
// has the write lock from its start, so nothing later in it can find the file
// busy.
func (s *Store) begin(ctx context.Context, statement string) error {
	for {
		_, err := s.conn.ExecContext(ctx, statement)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !sqlitefile.IsBusy(err):
			return describe("begin", err)
		}
	}
}

// checkState authenticates the head within a transaction, refuses one that
// went back, and adds up the rows when somebody else has written.
func (s *Store) checkState(ctx context.Context) error {
	h, err := s.keys.readHead(ctx, s.conn)
	if err != nil {
		return err
	}
	if h.counter < s.seen.counter {
		return ErrRolledBack
	}
	var version int64
	if err := s.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
		return describe("read data version", err)
	}
	if version != s.version {
		if err := s.keys.audit(ctx, s.conn, h); err != nil {
			return err
		}
	}
	s.seen, s.version = h, version
	return nil
}

// Audit adds up every row of the vault and compares with its digest, as
// opening does. It does not decrypt.
func (s *Store) Audit(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlockTurn()
	s.version = 0 // never a version SQLite gives
	return s.transact(ctx, deferred, func() error { return s.checkState(ctx) })
}

// Generation returns how often the vault had changed when this process last
// looked: 1 when new, one more with each Update that writes and each
// passphrase. Kept on another machine, it is Options.MinGeneration.
func (s *Store) Generation() uint64 {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	return s.seen.counter
}

// ChangePassphrase seals the root key under another passphrase, with
// parameters no weaker than the slot's or than opts.KDF. It asks for the old
// passphrase even though the vault is open, so that somebody who finds the
// device unlocked cannot take it over. The error is vault.ErrLocked,
// ErrPassphrase or ErrKDF. Older copies of the file keep the older
// passphrase.
func (s *Store) ChangePassphrase(ctx context.Context, old, next []byte, opts Options) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlockTurn()
	if err := s.generation.settle(ctx); err != nil {
		return err
	}
	var changed head
	err := s.transact(ctx, immediate, func() error {
		if err := s.checkState(ctx); err != nil {
			return err
		}
		before, k, err := s.openSlot(ctx, old)
		if err != nil {
			return err
		}
		defer k.wipe()
		after, err := newSlot(k.WalletID, k.Root, next, opts.KDF.orDefault().atLeast(before.kdf))
		if err != nil {
			return err
		}
		if err := writeSlot(ctx, s.conn, after); err != nil {
			return err
		}
		digest := s.keys.digester()
		rows := s.seen.rows.sub(digest.slot(before)).add(digest.slot(after))
		changed = head{counter: s.seen.counter + 1, rows: rows}
		return s.keys.writeHead(ctx, s.conn, changed)
	})
	if err == nil {
		s.seen, s.truncate = changed, true
		s.generation.note(ctx, changed.counter)
	}
	return err
}

// Close closes the vault and forgets its keys. Calls that come later get
// vault.ErrClosed.
func (s *Store) Close() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.closed {
		return nil
	}
	s.closed = true
	s.cutLog()
	if s.keys != nil {
		s.keys.wipe()
	}
	return errors.Join(s.conn.Close(), s.db.Close())
}

func (s *Store) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.closed {
		<-s.turn
		return vault.ErrClosed
	}
	return nil
}

// unlockTurn cuts the log before the next in line, when something was
// deleted.
func (s *Store) unlockTurn() {
	s.cutLog()
	<-s.turn
}

// cutLog moves the log into the database and cuts it to nothing, so that no
// deleted bytes stay in it. A reader in another process can prevent that: it
// is tried again after every later transaction and at Close. An error here
// must not turn a committed change into a failed one.
func (s *Store) cutLog() {
	if !s.truncate {
		return
	}
	var busy, frames, moved int
	err := s.conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	s.truncate = err != nil || busy != 0
}
