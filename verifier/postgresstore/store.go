package postgresstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hufu-id/hufu/internal/postgres"
	"github.com/hufu-id/hufu/verifier"
)

var (
	// ErrFormat means that the schema holds no store of this version.
	ErrFormat = errors.New("verifier/postgresstore: no store of this version")
	// ErrSetting means that the server may lose what it acknowledges.
	ErrSetting = postgres.ErrSetting
	// ErrUnknown means that the connection broke while a change was committed.
	ErrUnknown = postgres.ErrUnknown
)

const formatVersion = 1

// Options changes defaults.
type Options struct {
	// Schema is the name of the PostgreSQL schema; empty means hufu_counter.
	Schema string
	// Create makes Open make the store where there is none. Without it a missing store is
	// ErrFormat: an empty one would accept yesterday's answers again.
	Create bool
	// Connections bounds how many are open at once; zero means 8.
	Connections int
}

// Store is an open store. It is safe for many goroutines, processes and machines.
type Store struct {
	pool   *pgxpool.Pool
	closed atomic.Bool
}

var _ verifier.Store = (*Store)(nil)

// Open opens the store in a database. The address is a PostgreSQL connection string or
// URL. The error is ErrFormat, ErrSetting, or the driver's.
func Open(ctx context.Context, address string, opts Options) (*Store, error) {
	if opts.Schema == "" {
		opts.Schema = "hufu_counter"
	}
	pool, err := postgres.Open(ctx, address, postgres.Options{
		Schema: opts.Schema, Connections: opts.Connections, Create: opts.Create, Tables: tables, First: "store",
		Fill: func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO store (one, format) VALUES (true, $1)", formatVersion)
			return postgres.Describe("create", err)
		},
	})
	if err != nil {
		return nil, err
	}
	var format int
	err = pool.QueryRow(ctx, "SELECT format FROM store").Scan(&format)
	if err != nil || format != formatVersion {
		pool.Close()
		if err == nil || postgres.IsMissing(err) || errors.Is(err, pgx.ErrNoRows) {
			err = ErrFormat
		}
		return nil, postgres.Describe("open", err)
	}
	return &Store{pool: pool}, nil
}

const tables = `
CREATE TABLE store (
	one    boolean PRIMARY KEY CHECK (one),
	format integer NOT NULL
);
CREATE TABLE nonce (
	nonce text PRIMARY KEY,
	used  boolean NOT NULL DEFAULT false
);
CREATE TABLE request (
	id          text PRIMARY KEY,
	object      bytea NOT NULL,
	nonce       text NOT NULL,
	policy      bytea NOT NULL,
	query       bytea NOT NULL,
	correlation text NOT NULL,
	created     bigint NOT NULL,
	expires     bigint NOT NULL,
	failures    bigint NOT NULL DEFAULT 0,
	accepted    bigint NOT NULL DEFAULT 0,
	answer      bytea NOT NULL DEFAULT '',
	result      bytea NOT NULL DEFAULT ''
);
CREATE INDEX request_expires ON request (expires);
CREATE TABLE once (
	scope     bytea NOT NULL,
	pseudonym bytea NOT NULL,
	PRIMARY KEY (scope, pseudonym)
);
CREATE TABLE policy (
	hash bytea PRIMARY KEY,
	file bytea NOT NULL
);
CREATE TABLE trust (
	origin text PRIMARY KEY,
	state  bytea NOT NULL
);
`

// change runs fn in one durable transaction.
func (s *Store) change(ctx context.Context, fn func(pgx.Tx) error) error {
	if s.closed.Load() {
		return verifier.ErrStoreClosed
	}
	return postgres.Change(ctx, s.pool, fn)
}

// PutRequest implements verifier.Store.
func (s *Store) PutRequest(ctx context.Context, r verifier.Request) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO nonce (nonce) VALUES ($1)", r.Nonce)
		if err == nil {
			_, err = tx.Exec(ctx, `INSERT INTO request (id, object, nonce, policy, query, correlation, created, expires)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				r.ID, notNil(r.Object), r.Nonce, r.Policy[:], r.Query[:], r.Correlation, milliseconds(r.Created), milliseconds(r.Expires))
		}
		if postgres.IsTaken(err) {
			return verifier.ErrRequestExists
		}
		return postgres.Describe("put request", err)
	})
}

// Request implements verifier.Store.
func (s *Store) Request(ctx context.Context, id string) (verifier.Request, error) {
	if s.closed.Load() {
		return verifier.Request{}, verifier.ErrStoreClosed
	}
	r := verifier.Request{ID: id}
	var created, expires, accepted int64
	var policy, query, answer []byte
	err := s.pool.QueryRow(ctx, `SELECT object, nonce, policy, query, correlation, created, expires, failures, accepted, answer, result
		FROM request WHERE id = $1`, id).
		Scan(&r.Object, &r.Nonce, &policy, &query, &r.Correlation, &created, &expires, &r.Failures, &accepted, &answer, &r.Result)
	if errors.Is(err, pgx.ErrNoRows) {
		return verifier.Request{}, verifier.ErrUnknownRequest
	}
	if err != nil {
		return verifier.Request{}, postgres.Describe("read request", err)
	}
	copy(r.Policy[:], policy)
	copy(r.Query[:], query)
	copy(r.Answer[:], answer)
	r.Created, r.Expires, r.Accepted = fromMilliseconds(created), fromMilliseconds(expires), fromMilliseconds(accepted)
	return r, nil
}

// CountFailure implements verifier.Store.
func (s *Store) CountFailure(ctx context.Context, id string) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		result, err := tx.Exec(ctx, "UPDATE request SET failures = failures + 1 WHERE id = $1", id)
		if err == nil && result.RowsAffected() == 0 {
			return verifier.ErrUnknownRequest
		}
		return postgres.Describe("count failure", err)
	})
}

// Accept implements verifier.Store. Of two that use one nonce or pseudonym, the second
// waits for the end of the first.
func (s *Store) Accept(ctx context.Context, a verifier.Acceptance) error {
	// In one order, so that no two wait for each other.
	once := slices.SortedFunc(slices.Values(a.Once), func(x, y verifier.OnceKey) int {
		return bytes.Compare(append(x.Scope[:], x.Pseudonym[:]...), append(y.Scope[:], y.Pseudonym[:]...))
	})
	return s.change(ctx, func(tx pgx.Tx) error {
		if err := consumeNonce(ctx, tx, a); err != nil {
			return err
		}
		for _, key := range once {
			result, err := tx.Exec(ctx, "INSERT INTO once (scope, pseudonym) VALUES ($1, $2) ON CONFLICT DO NOTHING",
				key.Scope[:], key.Pseudonym[:])
			if err == nil && result.RowsAffected() == 0 {
				return verifier.ErrUsedOnce
			}
			if err != nil {
				return postgres.Describe("consume pseudonym", err)
			}
		}
		_, err := tx.Exec(ctx, "UPDATE request SET accepted = $1, answer = $2, result = $3 WHERE id = $4",
			milliseconds(a.At), a.Answer[:], notNil(a.Result), a.RequestID)
		return postgres.Describe("accept", err)
	})
}

// consumeNonce marks the nonce of a request as used.
func consumeNonce(ctx context.Context, tx pgx.Tx, a verifier.Acceptance) error {
	var there bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM request WHERE id = $1 AND nonce = $2)", a.RequestID, a.Nonce).Scan(&there)
	if err == nil && !there {
		return verifier.ErrUnknownRequest
	}
	if err != nil {
		return postgres.Describe("read nonce", err)
	}
	// The server locks the row, waits for who has it, and looks again.
	result, err := tx.Exec(ctx, "UPDATE nonce SET used = true WHERE nonce = $1 AND NOT used", a.Nonce)
	if err == nil && result.RowsAffected() == 0 {
		return verifier.ErrReplayed
	}
	return postgres.Describe("consume nonce", err)
}

// PutPolicy implements verifier.Store.
func (s *Store) PutPolicy(ctx context.Context, hash [32]byte, file []byte) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO policy (hash, file) VALUES ($1, $2) ON CONFLICT DO NOTHING", hash[:], notNil(file))
		return postgres.Describe("put policy", err)
	})
}

// Policy implements verifier.Store.
func (s *Store) Policy(ctx context.Context, hash [32]byte) (file []byte, err error) {
	if s.closed.Load() {
		return nil, verifier.ErrStoreClosed
	}
	err = s.pool.QueryRow(ctx, "SELECT file FROM policy WHERE hash = $1", hash[:]).Scan(&file)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, verifier.ErrUnknownPolicy
	}
	return file, postgres.Describe("read policy", err)
}

// purgeRows is how many requests one transaction forgets.
const purgeRows = 500

// Purge implements verifier.Store, in short transactions. A request that somebody else is
// accepting or forgetting is passed over in that moment.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	for {
		var forgotten int64
		err := s.change(ctx, func(tx pgx.Tx) error {
			result, err := tx.Exec(ctx, `WITH expired AS (
					SELECT request.id, nonce.nonce, nonce.used FROM request JOIN nonce USING (nonce)
					WHERE expires < $1 ORDER BY expires LIMIT $2 FOR UPDATE OF request, nonce SKIP LOCKED
				), unused AS (
					DELETE FROM nonce USING expired WHERE nonce.nonce = expired.nonce AND NOT expired.used
				) DELETE FROM request USING expired WHERE request.id = expired.id`, milliseconds(before), purgeRows)
			forgotten = result.RowsAffected()
			return postgres.Describe("purge", err)
		})
		if err != nil || forgotten == 0 {
			return err
		}
	}
}

// Close implements verifier.Store. It waits for transactions.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.pool.Close()
	}
	return nil
}

// TrustStore is a ledger.TrustStore in a Store's database.
type TrustStore struct {
	store  *Store
	origin string
}

// TrustStore returns the trust store for the ledger of an origin. It is closed with the
// Store.
func (s *Store) TrustStore(origin string) *TrustStore { return &TrustStore{s, origin} }

// Load implements ledger.TrustStore.
func (t *TrustStore) Load(ctx context.Context) (state []byte, err error) {
	if t.store.closed.Load() {
		return nil, verifier.ErrStoreClosed
	}
	err = t.store.pool.QueryRow(ctx, "SELECT state FROM trust WHERE origin = $1", t.origin).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return state, postgres.Describe("read trust", err)
}

// CompareAndSwap implements ledger.TrustStore.
func (t *TrustStore) CompareAndSwap(ctx context.Context, old, next []byte) (swapped bool, err error) {
	err = t.store.change(ctx, func(tx pgx.Tx) error {
		query, args := "UPDATE trust SET state = $2 WHERE origin = $1 AND state = $3", []any{t.origin, notNil(next), old}
		if old == nil {
			query, args = "INSERT INTO trust (origin, state) VALUES ($1, $2) ON CONFLICT DO NOTHING", args[:2]
		}
		result, err := tx.Exec(ctx, query, args...)
		swapped = err == nil && result.RowsAffected() == 1
		return postgres.Describe("write trust", err)
	})
	return swapped && err == nil, err
}

// notNil keeps an empty value from becoming NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilliseconds(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
