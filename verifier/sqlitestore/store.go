package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/internal/sqlitefile"
	"github.com/hufu-id/hufu/verifier"
)

// write runs fn in one immediate transaction, and returns when the head file knows of it.
// A file that another process holds is waited for as long as ctx lasts, give or take
// SQLite's five seconds of patience, which nothing interrupts. An error of the head file
// leaves the change on the disk, and nothing more is changed before the head is written.
func (s *Store) write(ctx context.Context, fn func(*sql.Tx) (changed bool, err error)) error {
	if err := s.head.Settle(ctx); err != nil {
		return describe("write head", err)
	}
	h, err := s.commit(ctx, fn)
	if err != nil || h.Counter == 0 {
		return err
	}
	return describe("write head", s.head.Note(context.WithoutCancel(ctx), h))
}

// commit returns the new state, or the zero Head where nothing changed.
func (s *Store) commit(ctx context.Context, fn func(*sql.Tx) (changed bool, err error)) (h headfile.Head, err error) {
	tx, err := s.begin(ctx)
	if err != nil {
		return h, err
	}
	defer tx.Rollback() // does nothing once committed
	changed, err := fn(tx)
	if err != nil {
		return h, err
	}
	if changed {
		if h, err = s.advance(ctx, tx); err != nil {
			return h, err
		}
	}
	return h, describe("commit", tx.Commit())
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
		case !sqlitefile.IsBusy(err):
			return nil, fmt.Errorf("verifier/sqlitestore: begin: %w", err)
		}
	}
}

// PutRequest implements verifier.Store. The first object of a policy is the template
// of all others, which differ from it by some hundred bytes.
func (s *Store) PutRequest(ctx context.Context, r verifier.Request) error {
	t, err := s.templateOf(ctx, r.Policy, r.Object)
	if err != nil {
		return err
	}
	object, err := t.pack(r.Object)
	if err != nil {
		return describe("pack request", err)
	}
	return s.write(ctx, func(tx *sql.Tx) (bool, error) {
		_, err := tx.ExecContext(ctx, "INSERT INTO nonce (nonce) VALUES (?)", r.Nonce)
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO request (id, object, nonce, policy, query, correlation, created, expires)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				r.ID, object, r.Nonce, r.Policy[:], r.Query[:], r.Correlation, milliseconds(r.Created), milliseconds(r.Expires))
		}
		if isTaken(err) {
			return false, verifier.ErrRequestExists
		}
		return true, describe("put request", err)
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
	err := s.db.QueryRowContext(ctx, `SELECT object, nonce, policy, query, correlation, created, expires, failures, accepted, answer, result
		FROM request WHERE id = ?`, id).
		Scan(&r.Object, &r.Nonce, &policy, &query, &r.Correlation, &created, &expires, &r.Failures, &accepted, &answer, &r.Result)
	if errors.Is(err, sql.ErrNoRows) {
		return verifier.Request{}, verifier.ErrUnknownRequest
	}
	if err != nil {
		return verifier.Request{}, describe("read request", err)
	}
	copy(r.Policy[:], policy)
	copy(r.Query[:], query)
	copy(r.Answer[:], answer)
	r.Created, r.Expires, r.Accepted = fromMilliseconds(created), fromMilliseconds(expires), fromMilliseconds(accepted)
	t, err := s.templateOf(ctx, r.Policy, nil)
	if err != nil {
		return verifier.Request{}, err
	}
	r.Object, err = t.unpack(r.Object)
	if err == nil && len(r.Result) > 0 {
		r.Result, err = results.unpack(r.Result)
	}
	return r, describe("unpack request", err)
}

// CountFailure implements verifier.Store.
func (s *Store) CountFailure(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *sql.Tx) (bool, error) {
		result, err := tx.ExecContext(ctx, "UPDATE request SET failures = failures + 1 WHERE id = ?", id)
		if err != nil {
			return false, describe("count failure", err)
		}
		if rows, err := result.RowsAffected(); err != nil || rows != 1 {
			return false, errors.Join(verifier.ErrUnknownRequest, err)
		}
		return true, nil
	})
}

// Accept implements verifier.Store.
func (s *Store) Accept(ctx context.Context, a verifier.Acceptance) error {
	result, err := results.pack(a.Result)
	if err != nil {
		return describe("pack result", err)
	}
	return s.write(ctx, func(tx *sql.Tx) (bool, error) {
		if err := consumeNonce(ctx, tx, a); err != nil {
			return false, err
		}
		for _, key := range a.Once {
			_, err := tx.ExecContext(ctx, "INSERT INTO once (scope, pseudonym) VALUES (?, ?)",
				key.Scope[:], key.Pseudonym[:])
			if isTaken(err) {
				return false, verifier.ErrUsedOnce
			}
			if err != nil {
				return false, describe("consume pseudonym", err)
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE request SET accepted = ?, answer = ?, result = ? WHERE id = ?",
			milliseconds(a.At), a.Answer[:], result, a.RequestID)
		return true, describe("accept", err)
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

// PutPolicy implements verifier.Store.
func (s *Store) PutPolicy(ctx context.Context, hash [32]byte, file []byte) error {
	var known bool
	err := s.db.QueryRowContext(ctx, "SELECT 1 FROM policy WHERE hash = ?", hash[:]).Scan(&known)
	if known {
		return nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) && !s.closed.Load() {
		return describe("read policy", err)
	}
	return s.write(ctx, func(tx *sql.Tx) (bool, error) {
		_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO policy (hash, file) VALUES (?, ?)", hash[:], notNil(file))
		return true, describe("put policy", err)
	})
}

// Policy implements verifier.Store.
func (s *Store) Policy(ctx context.Context, hash [32]byte) (file []byte, err error) {
	if s.closed.Load() {
		return nil, verifier.ErrStoreClosed
	}
	err = s.db.QueryRowContext(ctx, "SELECT file FROM policy WHERE hash = ?", hash[:]).Scan(&file)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, verifier.ErrUnknownPolicy
	}
	return file, describe("read policy", err)
}

// describe says what was being done when SQLite failed.
func describe(action string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("verifier/sqlitestore: %s: %w", action, sqlitefile.WithRoom(err))
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
