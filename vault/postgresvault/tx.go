package postgresvault

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/postgres"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/internal/sealed"
)

// tx is a vault.Tx on one connection.
type tx struct {
	ctx      context.Context // of the View or Update it lives in
	conn     pgx.Tx
	keys     *sealed.Keys
	readOnly bool
	changed  bool
	done     bool
	// failure is a write that stopped half-way. It fails the transaction even when the
	// caller ignores it.
	failure error
}

const columns = "SELECT id, kind, version, epoch, nonce, mac, sealed FROM record"

func scan(from pgx.Row) (sealed.Row, error) {
	var r sealed.Row
	var version, epoch int64
	err := from.Scan(&r.ID, &r.Kind, &version, &epoch, &r.Nonce, &r.MAC, &r.Sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, vault.ErrNotFound
	}
	r.Version, r.Epoch = uint64(version), uint64(epoch)
	return r, postgres.Describe("read record", err)
}

// Get implements vault.Tx.
func (t *tx) Get(kind, id string) (vault.Record, error) {
	if err := t.check(false, kind, id); err != nil {
		return vault.Record{}, err
	}
	row, err := scan(t.conn.QueryRow(t.ctx, columns+" WHERE id = $1", t.keys.Record(kind, id)))
	if err != nil {
		return vault.Record{}, err
	}
	return t.open(row, kind)
}

func (t *tx) open(row sealed.Row, kind string) (vault.Record, error) {
	record, ok := t.keys.Open(row, kind)
	if !ok {
		return vault.Record{}, ErrIntegrity
	}
	return record, nil
}

// Put implements vault.Tx.
func (t *tx) Put(kind, id string, value []byte, tags ...vault.Tag) error {
	names := []string{kind, id}
	for _, tag := range tags {
		names = append(names, tag.Name)
	}
	if err := t.check(true, names...); err != nil {
		return err
	}
	return t.keep(t.put(vault.Record{Kind: kind, ID: id, Value: value}, tags))
}

func (t *tx) put(record vault.Record, tags []vault.Tag) error {
	var before int64
	name := t.keys.Record(record.Kind, record.ID)
	err := t.conn.QueryRow(t.ctx, "SELECT version FROM record WHERE id = $1", name).Scan(&before)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return postgres.Describe("put", err)
	}
	record.Version = uint64(before) + 1
	r := t.keys.Seal(record)
	batch := new(pgx.Batch)
	if before > 0 {
		batch.Queue("DELETE FROM record WHERE id = $1", name) // with its tags
	}
	batch.Queue("INSERT INTO record (id, kind, version, epoch, nonce, mac, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		r.ID, r.Kind, int64(r.Version), int64(r.Epoch), r.Nonce, r.MAC, notNil(r.Sealed))
	for i, tag := range tags {
		if !slices.Contains(tags[:i], tag) {
			batch.Queue("INSERT INTO tag (tag, record) VALUES ($1, $2)", t.keys.Tag(record.Kind, tag), r.ID)
		}
	}
	return postgres.Describe("put", t.conn.SendBatch(t.ctx, batch).Close())
}

// Delete implements vault.Tx.
func (t *tx) Delete(kind, id string) error {
	if err := t.check(true, kind, id); err != nil {
		return err
	}
	result, err := t.conn.Exec(t.ctx, "DELETE FROM record WHERE id = $1", t.keys.Record(kind, id))
	if err != nil {
		return t.keep(postgres.Describe("delete", err))
	}
	if result.RowsAffected() == 0 {
		return vault.ErrNotFound
	}
	return t.keep(nil)
}

// List implements vault.Tx.
func (t *tx) List(kind string, tags ...vault.Tag) ([]vault.Record, error) {
	if err := t.check(false, kind); err != nil {
		return nil, err
	}
	query, args := columns+" WHERE kind = $1", []any{t.keys.Kind(kind)}
	for _, tag := range tags {
		args = append(args, t.keys.Tag(kind, tag))
		query += " AND id IN (SELECT record FROM tag WHERE tag = $" + strconv.Itoa(len(args)) + ")"
	}
	rows, err := t.conn.Query(t.ctx, query, args...)
	if err != nil {
		return nil, postgres.Describe("list", err)
	}
	defer rows.Close()
	var list []vault.Record
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		record, err := t.open(row, kind)
		if err != nil {
			return nil, err
		}
		list = append(list, record)
	}
	slices.SortFunc(list, func(a, b vault.Record) int { return strings.Compare(a.ID, b.ID) })
	return list, postgres.Describe("list", rows.Err())
}

func (t *tx) check(write bool, names ...string) error {
	if t.done {
		return vault.ErrTxDone
	}
	if write && t.readOnly {
		return vault.ErrReadOnly
	}
	for _, name := range names {
		if name == "" || len(name) > limits.Identifier {
			return vault.ErrName
		}
	}
	return nil
}

// keep remembers that something was written, and a write that failed.
func (t *tx) keep(err error) error {
	t.changed = true
	if err != nil && t.failure == nil {
		t.failure = err
	}
	return err
}

// notNil keeps an empty value from becoming NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
