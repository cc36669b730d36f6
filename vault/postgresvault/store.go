package postgresvault

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hufu-id/hufu/internal/postgres"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/internal/sealed"
)

var (
	// ErrFormat means that the schema holds no vault of this version. It wraps
	// vault.ErrDamaged.
	ErrFormat = fmt.Errorf("vault/postgresvault: no vault of this version: %w", vault.ErrDamaged)
	// ErrIntegrity means that a row was not written with the vault's key. It wraps
	// vault.ErrDamaged.
	ErrIntegrity = fmt.Errorf("vault/postgresvault: a record was changed by somebody else: %w", vault.ErrDamaged)
	// ErrRolledBack means that the vault is older than one that was seen before. It wraps
	// vault.ErrRolledBack.
	ErrRolledBack = fmt.Errorf("vault/postgresvault: the vault went back to an older state: %w", vault.ErrRolledBack)
	// ErrSetting means that the server may lose what it acknowledges.
	ErrSetting = postgres.ErrSetting
	// ErrKey means a key that is not 32 bytes.
	ErrKey = errors.New("vault/postgresvault: the key is not 32 bytes")
	// ErrUnknown means that the connection broke while a change was committed.
	ErrUnknown = postgres.ErrUnknown
)

const (
	formatVersion = 1
	firstEpoch    = 1
)

// Options changes defaults.
type Options struct {
	// Schema is the name of the PostgreSQL schema; empty means hufu_vault.
	Schema string
	// MinGeneration is a Store.Generation that was kept elsewhere. Open refuses an older
	// vault with ErrRolledBack.
	MinGeneration uint64
	// Create makes Open make the vault where there is none. Without it a missing vault is
	// ErrFormat: an empty one has forgotten every offer and every entry.
	Create bool
	// Connections bounds how many are open at once; zero means 8.
	Connections int
}

// Store is an open vault, a vault.Store. It is safe for many goroutines, processes and
// machines.
type Store struct {
	pool *pgxpool.Pool
	keys *sealed.Keys
	// seen is the newest generation that this process knows.
	seen   atomic.Uint64
	closed atomic.Bool
}

// Open opens the vault in a database. The address is a PostgreSQL connection string or
// URL; the key is 32 random bytes. The error is ErrKey, ErrFormat, ErrSetting,
// ErrRolledBack, vault.ErrLocked for another key than the vault's, or the driver's.
func Open(ctx context.Context, address string, key []byte, opts Options) (*Store, error) {
	if len(key) != sealed.RootBytes {
		return nil, ErrKey
	}
	if opts.Schema == "" {
		opts.Schema = "hufu_vault"
	}
	pool, err := postgres.Open(ctx, address, postgres.Options{
		Schema: opts.Schema, Connections: opts.Connections, Create: opts.Create, Tables: tables, First: "vault",
		Fill: func(ctx context.Context, tx pgx.Tx) error {
			id := sealed.Random(16)
			_, err := tx.Exec(ctx, "INSERT INTO vault (one, format, wallet, commitment, epoch, generation) VALUES (true, $1, $2, $3, $4, 1)",
				formatVersion, id, sealed.New(id, key, firstEpoch, formatVersion).Derive("commitment", nil), firstEpoch)
			return postgres.Describe("create", err)
		},
	})
	if err != nil {
		return nil, err
	}
	s := &Store{pool: pool}
	if err := s.unlock(ctx, key, opts); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

const tables = `
CREATE TABLE vault (
	one        boolean PRIMARY KEY CHECK (one),
	format     integer NOT NULL,
	wallet     bytea NOT NULL,
	commitment bytea NOT NULL,
	epoch      bigint NOT NULL,
	generation bigint NOT NULL
);
CREATE TABLE record (
	id      bytea PRIMARY KEY,
	kind    bytea NOT NULL,
	version bigint NOT NULL,
	epoch   bigint NOT NULL,
	nonce   bytea NOT NULL,
	mac     bytea NOT NULL,
	sealed  bytea NOT NULL
);
CREATE INDEX record_kind ON record (kind);
CREATE TABLE tag (
	tag    bytea NOT NULL,
	record bytea NOT NULL REFERENCES record (id) ON DELETE CASCADE,
	PRIMARY KEY (tag, record)
);
CREATE INDEX tag_record ON tag (record);
`

// unlock derives the keys and compares them with the vault's commitment.
func (s *Store) unlock(ctx context.Context, key []byte, opts Options) error {
	var format int
	var id, commitment []byte
	var epoch, generation int64
	err := s.pool.QueryRow(ctx, "SELECT format, wallet, commitment, epoch, generation FROM vault").
		Scan(&format, &id, &commitment, &epoch, &generation)
	if errors.Is(err, pgx.ErrNoRows) || postgres.IsMissing(err) || err == nil && format != formatVersion {
		return ErrFormat
	}
	if err != nil {
		return postgres.Describe("open", err)
	}
	s.keys = sealed.New(id, append([]byte{}, key...), uint64(epoch), formatVersion)
	if !hmac.Equal(s.keys.Derive("commitment", nil), commitment) {
		return vault.ErrLocked
	}
	s.seen.Store(opts.MinGeneration)
	return s.see(uint64(generation))
}

// see compares the vault's generation with the newest that was seen.
func (s *Store) see(generation uint64) error {
	for {
		seen := s.seen.Load()
		if generation < seen {
			return ErrRolledBack
		}
		if s.seen.CompareAndSwap(seen, generation) {
			return nil
		}
	}
}

// Generation returns how often the vault had changed when this process last looked.
// Kept on another machine, it is Options.MinGeneration.
func (s *Store) Generation() uint64 { return s.seen.Load() }

// View implements vault.Store. Besides fn's error it returns ErrRolledBack.
func (s *Store) View(ctx context.Context, fn func(vault.Tx) error) error {
	seen := s.seen.Load()
	if s.closed.Load() {
		return vault.ErrClosed
	}
	return postgres.Look(ctx, s.pool, func(conn pgx.Tx) error {
		var generation int64
		if err := conn.QueryRow(ctx, "SELECT generation FROM vault").Scan(&generation); err != nil {
			return postgres.Describe("read vault", err)
		}
		if uint64(generation) < seen {
			return ErrRolledBack
		}
		return s.run(ctx, &tx{conn: conn, readOnly: true}, fn)
	})
}

// Update implements vault.Store. Besides fn's error it returns ErrRolledBack or
// ErrUnknown.
func (s *Store) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if s.closed.Load() {
		return vault.ErrClosed
	}
	var generation int64
	err := postgres.Change(ctx, s.pool, func(conn pgx.Tx) error {
		// The row's lock makes everybody else wait.
		if err := conn.QueryRow(ctx, "SELECT generation FROM vault FOR UPDATE").Scan(&generation); err != nil {
			return postgres.Describe("lock vault", err)
		}
		if err := s.see(uint64(generation)); err != nil {
			return err
		}
		t := &tx{conn: conn}
		if err := s.run(ctx, t, fn); err != nil || !t.changed {
			return err
		}
		generation++
		_, err := conn.Exec(ctx, "UPDATE vault SET generation = $1", generation)
		return postgres.Describe("count", err)
	})
	if err == nil {
		_ = s.see(uint64(generation)) // another of this process may be ahead by now
	}
	return err
}

// run gives a transaction to fn and takes it away again.
func (s *Store) run(ctx context.Context, t *tx, fn func(vault.Tx) error) error {
	t.ctx, t.keys = ctx, s.keys
	defer func() { t.done = true }()
	if err := fn(t); err != nil {
		return err
	}
	return errors.Join(t.failure, ctx.Err())
}

// Close closes the vault and forgets its keys. Calls that come later get
// vault.ErrClosed.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.pool.Close() // waits for transactions
	s.keys.Wipe()
	return nil
}
