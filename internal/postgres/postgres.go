// Package postgres opens PostgreSQL databases for the stores of this project: it refuses a
// server that may lose what it acknowledges, and says whether a change was made.
//
// For example a store calls Open with its schema and tables, and Change for each change.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	// ErrSetting means that the server may lose what it acknowledges.
	ErrSetting = errors.New("postgres: the server does not keep what it acknowledges")
	// ErrUnknown means that the connection broke while a change was committed.
	ErrUnknown = errors.New("postgres: it is not known whether the change was made")
	// ErrAddress means a malformed address. The driver's own text would quote it.
	ErrAddress = errors.New("postgres: malformed address")
)

// Options are of one store.
type Options struct {
	Schema      string
	Connections int // at most so many at once; zero means 8
	// Create makes schema and tables where there are none; Tables has the statements, and
	// First is the name of a table of them. Fill is called once, after they were made.
	Create        bool
	Tables, First string
	Fill          func(ctx context.Context, tx pgx.Tx) error
}

// Open connects. The error is ErrAddress, ErrSetting or the driver's.
func Open(ctx context.Context, address string, opts Options) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, ErrAddress
	}
	config.ConnConfig.RuntimeParams["search_path"] = pgx.Identifier{opts.Schema}.Sanitize()
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	config.MaxConns = int32(opts.Connections)
	if config.MaxConns == 0 {
		config.MaxConns = 8
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, Describe("connect", err)
	}
	if err := prepare(ctx, pool, opts); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func prepare(ctx context.Context, pool *pgxpool.Pool, opts Options) error {
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var value string
		if err := pool.QueryRow(ctx, "SHOW "+setting).Scan(&value); err != nil {
			return Describe("read settings", err)
		}
		if value != "on" {
			return fmt.Errorf("%w: %s is %s", ErrSetting, setting, value)
		}
	}
	if !opts.Create {
		return nil
	}
	return Change(ctx, pool, func(tx pgx.Tx) error { return create(ctx, tx, opts) })
}

// create makes the tables, where there are none. Of two processes the second finds what
// the first made.
func create(ctx context.Context, tx pgx.Tx, opts Options) error {
	name := fnv.New64()
	_, _ = name.Write([]byte("hufu/" + opts.Schema))
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(name.Sum64())); err != nil {
		return Describe("create", err)
	}
	var there bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", opts.First).Scan(&there); err != nil || there {
		return Describe("create", err)
	}
	if _, err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{opts.Schema}.Sanitize()+";"+opts.Tables); err != nil {
		return Describe("create", err)
	}
	return opts.Fill(ctx, tx)
}

// Change runs fn in a transaction that is on the server's disk when it returns nil. The
// error is fn's, ErrUnknown, or the driver's.
func Change(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	return transact(ctx, pool, pgx.TxOptions{}, fn)
}

// Look runs fn on one unchanging state.
func Look(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	return transact(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

// transact runs fn between BEGIN and COMMIT, or ROLLBACK when it fails or panics.
func transact(ctx context.Context, pool *pgxpool.Pool, opts pgx.TxOptions, fn func(pgx.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := pool.BeginTx(ctx, opts)
	if err != nil {
		return Describe("begin", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // does nothing once committed
	if err := fn(tx); err != nil {
		return err
	}
	// A commit that was sent is waited for: given up, its end would not be known.
	err = tx.Commit(context.WithoutCancel(ctx))
	if err != nil && !isRefusal(err) && opts.AccessMode != pgx.ReadOnly {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return Describe("commit", err)
}

// Describe says what was being done when the driver failed.
func Describe(action string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return fmt.Errorf("postgres: %s: %w", action, err)
}

// isRefusal reports whether the server answered with an error, so that nothing was done.
// Classes 08 and 57 end the connection: what was under way may have been done.
func isRefusal(err error) bool {
	code := codeOf(err)
	return len(code) == 5 && code[:2] != "08" && code[:2] != "57"
}

// IsMissing reports whether a table, column or schema is not there.
func IsMissing(err error) bool {
	code := codeOf(err)
	return code == "42P01" || code == "42703" || code == "3F000"
}

// IsTaken reports whether a row with this key is there already.
func IsTaken(err error) bool { return codeOf(err) == "23505" }

func codeOf(err error) string {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return ""
	}
	return refusal.Code
}
