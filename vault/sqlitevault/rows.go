package sqlitevault

import (
	"context"
	"database/sql"
	"errors"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/internal/sealed"
)

// rowQuery reads whole rows. A record without a body must be seen as damage,
// not as absence: hence the outer join.
const rowQuery = `SELECT record.id, kind, version, epoch, nonce, mac, sealed
	FROM record LEFT JOIN body ON body.id = record.id`

const slotQuery = "SELECT name, memory, time, threads, salt, nonce, wrapped FROM slot"

type scanner interface{ Scan(dest ...any) error }

// scanRow reads one result of rowQuery.
func scanRow(from scanner) (sealed.Row, error) {
	var r sealed.Row
	err := from.Scan(&r.ID, &r.Kind, &r.Version, &r.Epoch, &r.Nonce, &r.MAC, &r.Sealed)
	switch {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return sealed.Row{}, err
	case err != nil:
		return sealed.Row{}, errors.Join(ErrIntegrity, err)
	}
	return r, nil
}

// scanSlot reads one result of slotQuery.
func scanSlot(from scanner) (slot, error) {
	var s slot
	err := from.Scan(&s.name, &s.kdf.MemoryKiB, &s.kdf.Time, &s.kdf.Threads, &s.salt, &s.nonce, &s.wrapped)
	return s, err
}

func readSlot(ctx context.Context, q querier) (slot, error) {
	s, err := scanSlot(q.QueryRowContext(ctx, slotQuery+" WHERE name = ?", passphraseSlot))
	if errors.Is(err, sql.ErrNoRows) {
		return slot{}, vault.ErrLocked
	}
	return s, describe("read slot", err)
}

func writeSlot(ctx context.Context, q querier, s slot) error {
	_, err := q.ExecContext(ctx, `INSERT OR REPLACE INTO slot (name, memory, time, threads, salt, nonce, wrapped)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		s.name, s.kdf.MemoryKiB, s.kdf.Time, s.kdf.Threads, s.salt, s.nonce, s.wrapped)
	return describe("write slot", err)
}
