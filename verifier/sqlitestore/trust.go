package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/hufu-id/hufu/verifier"
)

// TrustStore is a ledger.TrustStore in a Store's file.
type TrustStore struct {
	store  *Store
	origin string
}

// TrustStore returns the trust store for the ledger of an origin. It is closed with
// the Store.
func (s *Store) TrustStore(origin string) *TrustStore { return &TrustStore{s, origin} }

// Load implements ledger.TrustStore.
func (t *TrustStore) Load(ctx context.Context) ([]byte, error) {
	if t.store.closed.Load() {
		return nil, verifier.ErrStoreClosed
	}
	state, err := readTrust(t.store.db.QueryRowContext(ctx, readTrustQuery, t.origin))
	return state, describe("read trust", err)
}

const readTrustQuery = "SELECT state FROM trust WHERE origin = ?"

// CompareAndSwap implements ledger.TrustStore.
func (t *TrustStore) CompareAndSwap(ctx context.Context, old, next []byte) (swapped bool, err error) {
	err = t.store.write(ctx, func(tx *sql.Tx) (bool, error) {
		current, err := readTrust(tx.QueryRowContext(ctx, readTrustQuery, t.origin))
		if err != nil {
			return false, describe("read trust", err)
		}
		if (current == nil) != (old == nil) || !bytes.Equal(current, old) {
			return false, nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO trust (origin, state) VALUES (?, ?)
			ON CONFLICT (origin) DO UPDATE SET state = excluded.state`, t.origin, notNil(next))
		swapped = err == nil
		return swapped, describe("write trust", err)
	})
	return swapped && err == nil, err
}

func readTrust(row *sql.Row) (state []byte, err error) {
	if err := row.Scan(&state); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	return state, nil
}
