package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/verifier"
)

// write runs fn in one immediate transaction. A file that another process
// holds is waited for as long as ctx lasts, give or take SQLite's five seconds
// of patience, which nothing interrupts.
func (s *Store) write(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing once committed
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("verifier/sqlitestore: commit: %w", err)
	}
	return nil
}

func (s *Store) begin(ctx context.Context) (*sql.Tx, error) {
	for {
		if s.closed.Load() {
			return nil, verifier.ErrStoreClosed
		}
		tx, err := s.db.BeginTx(ctx, nil)
		switch {
		case err == nil:
			return tx, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !isBusy(err):
			return nil, fmt.Errorf("verifier/sqlitestore: begin: %w", err)
		}
	}
}

// PutRequest implements verifier.Store.
func (s *Store) PutRequest(ctx context.Context, r verifier.Request) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO nonce (nonce) VALUES (?)", r.Nonce)
		if err == nil {
			_, err = tx.ExecContext(ctx,
				"INSERT INTO request (id, object, nonce, created, expires) VALUES (?, ?, ?, ?, ?)",
				r.ID, notNil(r.Object), r.Nonce, milliseconds(r.Created), milliseconds(r.Expires))
		}
		if isTaken(err) {
			return verifier.ErrRequestExists
		}
		return describe("put request", err)
	})
}

// Request implements verifier.Store.
func (s *Store) Request(ctx context.Context, id string) (verifier.Request, error) {
	if s.closed.Load() {
		return verifier.Request{}, verifier.ErrStoreClosed
	}
	r := verifier.Request{ID: id}
	var created, expires, accepted int64
	err := s.db.QueryRowContext(ctx,
		"SELECT object, nonce, created, expires, failures, receipt, accepted FROM request WHERE id = ?", id).
		Scan(&r.Object, &r.Nonce, &created, &expires, &r.Failures, &r.Receipt, &accepted)
	if errors.Is(err, sql.ErrNoRows) {
		return verifier.Request{}, verifier.ErrUnknownRequest
	}
	if err != nil {
		return verifier.Request{}, describe("read request", err)
	}
	r.Created, r.Expires, r.Accepted = fromMilliseconds(created), fromMilliseconds(expires), fromMilliseconds(accepted)
	return r, nil
}

// CountFailure implements verifier.Store.
func (s *Store) CountFailure(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE request SET failures = failures + 1 WHERE id = ?", id)
		if err != nil {
			return describe("count failure", err)
		}
		if rows, err := result.RowsAffected(); err != nil || rows != 1 {
			return errors.Join(verifier.ErrUnknownRequest, err)
		}
		return nil
	})
}

// Accept implements verifier.Store.
func (s *Store) Accept(ctx context.Context, a verifier.Acceptance) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := consumeNonce(ctx, tx, a); err != nil {
			return err
		}
		for _, key := range a.Once {
			_, err := tx.ExecContext(ctx, "INSERT INTO once (scope, pseudonym) VALUES (?, ?)",
				key.Scope[:], key.Pseudonym[:])
			if isTaken(err) {
				return verifier.ErrUsedOnce
			}
			if err != nil {
				return describe("consume pseudonym", err)
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE request SET receipt = ?, accepted = ? WHERE id = ?",
			a.Receipt, milliseconds(a.At), a.RequestID)
		return describe("keep receipt", err)
	})
}

func consumeNonce(ctx context.Context, tx *sql.Tx, a verifier.Acceptance) error {
	var used bool
	err := tx.QueryRowContext(ctx,
		"SELECT used FROM nonce JOIN request USING (nonce) WHERE id = ? AND nonce = ?", a.RequestID, a.Nonce).
		Scan(&used)
	if errors.Is(err, sql.ErrNoRows) {
		return verifier.ErrUnknownRequest
	}
	if err != nil {
		return describe("read nonce", err)
	}
	if used {
		return verifier.ErrReplayed
	}
	_, err = tx.ExecContext(ctx, "UPDATE nonce SET used = 1 WHERE nonce = ?", a.Nonce)
	return describe("consume nonce", err)
}

// Checkpoint implements verifier.Store.
func (s *Store) Checkpoint(ctx context.Context, origin string) ([]byte, error) {
	if s.closed.Load() {
		return nil, verifier.ErrStoreClosed
	}
	body, err := readCheckpoint(s.db.QueryRowContext(ctx, "SELECT body FROM checkpoint WHERE origin = ?", origin))
	return body, describe("read checkpoint", err)
}

// AdvanceCheckpoint implements verifier.Store.
func (s *Store) AdvanceCheckpoint(ctx context.Context, origin string, old, next []byte) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		current, err := readCheckpoint(tx.QueryRowContext(ctx, "SELECT body FROM checkpoint WHERE origin = ?", origin))
		if err != nil {
			return describe("read checkpoint", err)
		}
		if (current == nil) != (old == nil) || !bytes.Equal(current, old) {
			return verifier.ErrCheckpointMoved
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO checkpoint (origin, body) VALUES (?, ?)
			ON CONFLICT (origin) DO UPDATE SET body = excluded.body`, origin, notNil(next))
		return describe("advance checkpoint", err)
	})
}

func readCheckpoint(row *sql.Row) (body []byte, err error) {
	if err := row.Scan(&body); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	return body, nil
}

// Purge implements verifier.Store.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM request WHERE expires < ?", milliseconds(before))
		if err != nil {
			return describe("purge", err)
		}
		_, err = tx.ExecContext(ctx,
			"DELETE FROM nonce WHERE used = 0 AND nonce NOT IN (SELECT nonce FROM request)")
		return describe("purge", err)
	})
}

// describe says what was being done when SQLite failed.
func describe(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("verifier/sqlitestore: %s: %w", action, err)
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
