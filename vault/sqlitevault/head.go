package sqlitevault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/internal/sealed"
)

// ErrRolledBack means that the vault is older than one that was seen before. It
// wraps vault.ErrRolledBack.
var ErrRolledBack = fmt.Errorf("vault/sqlitevault: the vault went back to an older state: %w", vault.ErrRolledBack)

// sum is a number modulo 2^256. Adding one share for each row makes a digest
// of the set of rows that a change adjusts without reading the others. The
// shares are keyed, so nobody without the key can choose rows that add up.
type sum [4]uint64 // least significant word first

func sumFromBytes(b []byte) (s sum) {
	for i := range s {
		s[i] = binary.BigEndian.Uint64(b[len(b)-8*(i+1):])
	}
	return s
}

func (s sum) bytes() []byte {
	b := make([]byte, 0, 32)
	for i := range s {
		b = binary.BigEndian.AppendUint64(b, s[len(s)-1-i])
	}
	return b
}

func (s sum) add(t sum) sum {
	var carry uint64
	for i := range s {
		s[i], carry = bits.Add64(s[i], t[i], carry)
	}
	return s
}

func (s sum) sub(t sum) sum {
	var borrow uint64
	for i := range s {
		s[i], borrow = bits.Sub64(s[i], t[i], borrow)
	}
	return s
}

// head is the vault's authenticated state: how often it changed, and the
// digest of what it holds.
type head struct {
	counter uint64
	rows    sum
}

func (k *keys) headMAC(h head) []byte {
	mac := hmac.New(sha256.New, k.head)
	mac.Write(sealed.Join(k.WalletID, sealed.Number(userVersion), sealed.Number(k.Epoch), sealed.Number(h.counter), h.rows.bytes()))
	return mac.Sum(nil)
}

func (k *keys) readHead(ctx context.Context, q querier) (head, error) {
	var counter int64
	var rows, mac []byte
	err := q.QueryRowContext(ctx, "SELECT counter, rows, mac FROM vault").Scan(&counter, &rows, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		return head{}, ErrIntegrity
	}
	if err != nil {
		return head{}, fmt.Errorf("vault/sqlitevault: read head: %w", err)
	}
	if len(rows) != 32 {
		return head{}, ErrIntegrity
	}
	h := head{counter: uint64(counter), rows: sumFromBytes(rows)}
	if !hmac.Equal(mac, k.headMAC(h)) {
		return head{}, ErrIntegrity
	}
	return h, nil
}

func (k *keys) writeHead(ctx context.Context, q querier, h head) error {
	_, err := q.ExecContext(ctx, "UPDATE vault SET counter = ?, rows = ?, mac = ?",
		int64(h.counter), h.rows.bytes(), k.headMAC(h))
	return describe("write head", err)
}

// audit adds up every row anew and compares with the head.
func (k *keys) audit(ctx context.Context, q querier, h head) error {
	digest := k.digester()
	slots, err := sumRows(ctx, q, func(rows *sql.Rows) (sum, error) {
		s, err := scanSlot(rows)
		return digest.slot(s), err
	}, slotQuery)
	if err != nil {
		return err
	}
	records, err := sumRows(ctx, q, func(rows *sql.Rows) (sum, error) {
		var r sealed.Row
		var kind, id, nonce, mac sql.RawBytes
		err := rows.Scan(&id, &kind, &r.Version, &r.Epoch, &nonce, &mac)
		r.ID, r.Kind, r.Nonce, r.MAC = id, kind, nonce, mac
		return digest.record(r), err
	}, "SELECT id, kind, version, epoch, nonce, mac FROM record")
	if err != nil {
		return err
	}
	tags, err := sumRows(ctx, q, func(rows *sql.Rows) (sum, error) {
		var tag, record sql.RawBytes
		err := rows.Scan(&tag, &record)
		return digest.tag(tag, record), err
	}, "SELECT tag, record FROM tag")
	if err != nil {
		return err
	}
	if slots.add(records).add(tags) != h.rows {
		return ErrIntegrity
	}
	return nil
}

// sumRows adds up the shares of what a query returns. A column of the wrong
// type is not of our writing.
func sumRows(ctx context.Context, q querier, share func(*sql.Rows) (sum, error), query string, args ...any) (sum, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return sum{}, describe("add up rows", err)
	}
	defer rows.Close()
	var total sum
	for rows.Next() {
		s, err := share(rows)
		if err != nil {
			return sum{}, ErrIntegrity
		}
		total = total.add(s)
	}
	return total, describe("add up rows", rows.Err())
}
