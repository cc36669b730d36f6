package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/verifier"
)

// A purge works in steps, so that others get their turn between two of them.
const (
	purgeRows  = 200                  // at most in a step
	purgeTime  = 4 * time.Millisecond // about, of a step's work
	purgePages = 128                  // given back in a step
)

// Purge implements verifier.Store. Each step is a short transaction of its own, after
// which it rests for as long as the step took, because SQLite keeps no queue among
// processes.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	for _, step := range []func(context.Context, time.Time) (bool, error){s.forget, s.giveBack} {
		for more := true; more; {
			start := time.Now()
			var err error
			if more, err = step(ctx, before); err != nil {
				return err
			}
			if !more {
				break
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Since(start)):
			}
		}
	}
	return nil
}

// forget deletes some requests that expired, with the nonces that nobody used, and
// reports whether there are more.
func (s *Store) forget(ctx context.Context, before time.Time) (more bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) (bool, error) {
		start := time.Now()
		expired, err := expiredRequests(ctx, tx, before)
		if err != nil {
			return false, describe("purge", err)
		}
		more = len(expired) == purgeRows
		for i, r := range expired {
			if i > 0 && time.Since(start) > purgeTime {
				more = true
				break
			}
			_, err := tx.ExecContext(ctx, "DELETE FROM request WHERE number = ?", r.number)
			if err == nil {
				_, err = tx.ExecContext(ctx, "DELETE FROM nonce WHERE nonce = ? AND used = 0", r.nonce)
			}
			if err != nil {
				return false, describe("purge", err)
			}
		}
		return len(expired) > 0, nil
	})
	return more, err
}

type expiredRequest struct {
	number int64
	nonce  string
}

func expiredRequests(ctx context.Context, tx *sql.Tx, before time.Time) (expired []expiredRequest, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT number, nonce FROM request WHERE expires < ? ORDER BY expires LIMIT ?", milliseconds(before), purgeRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r expiredRequest
		if err := rows.Scan(&r.number, &r.nonce); err != nil {
			return nil, err
		}
		expired = append(expired, r)
	}
	return expired, rows.Err()
}

// giveBack shortens the file by some pages that nothing uses any more.
func (s *Store) giveBack(ctx context.Context, _ time.Time) (more bool, err error) {
	if s.closed.Load() {
		return false, verifier.ErrStoreClosed
	}
	var free int
	if err := s.db.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free); err != nil || free == 0 {
		return false, describe("purge", err)
	}
	err = s.write(ctx, func(tx *sql.Tx) (bool, error) {
		// The pragma gives back one page a row.
		rows, err := tx.QueryContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", purgePages))
		if err != nil {
			return false, describe("give back space", err)
		}
		for rows.Next() {
		}
		return false, describe("give back space", rows.Close())
	})
	return free > purgePages, err
}
