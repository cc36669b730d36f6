package sqlitevault

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/internal/sealed"
)

// tx is a vault.Tx on the store's connection.
type tx struct {
	ctx      context.Context // of the View or Update it lives in
	store    *Store
	keys     *keys
	digest   *digester
	rows     sum // the digest with this transaction's writes
	readOnly bool
	changed  bool
	deleted  bool
	done     bool
	// failure is a write that stopped half-way. It fails the transaction even
	// when the caller ignores it.
	failure error
}

// Get implements vault.Tx.
func (t *tx) Get(kind, id string) (vault.Record, error) {
	if err := t.check(false, kind, id); err != nil {
		return vault.Record{}, err
	}
	stored, err := t.read(t.keys.Record(kind, id))
	if err != nil {
		return vault.Record{}, err
	}
	return t.open(stored, kind)
}

// open decrypts a row and holds its hidden name against the true one inside.
func (t *tx) open(stored sealed.Row, kind string) (vault.Record, error) {
	record, ok := t.keys.Open(stored, kind)
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
	before, err := t.read(t.keys.Record(record.Kind, record.ID))
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	if err == nil {
		if err := t.subtract(before); err != nil {
			return err
		}
	}
	record.Version = before.Version + 1
	return t.write(t.keys.Seal(record), record.Kind, tags)
}

// Delete implements vault.Tx.
func (t *tx) Delete(kind, id string) error {
	if err := t.check(true, kind, id); err != nil {
		return err
	}
	before, err := t.read(t.keys.Record(kind, id))
	if err != nil {
		return err
	}
	t.deleted = true
	return t.keep(t.subtract(before))
}

// List implements vault.Tx.
func (t *tx) List(kind string, tags ...vault.Tag) ([]vault.Record, error) {
	if err := t.check(false, kind); err != nil {
		return nil, err
	}
	query, args := rowQuery+" WHERE kind = ?", []any{t.keys.Kind(kind)}
	for _, tag := range tags {
		query += " AND record.id IN (SELECT record FROM tag WHERE tag = ?)"
		args = append(args, t.keys.Tag(kind, tag))
	}
	rows, err := t.store.conn.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, describe("list", err)
	}
	defer rows.Close()
	var list []vault.Record
	for rows.Next() {
		stored, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		record, err := t.open(stored, kind)
		if err != nil {
			return nil, err
		}
		list = append(list, record)
	}
	slices.SortFunc(list, func(a, b vault.Record) int { return strings.Compare(a.ID, b.ID) })
	return list, describe("list", rows.Err())
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

func (t *tx) read(name []byte) (sealed.Row, error) {
	stored, err := scanRow(t.store.conn.QueryRowContext(t.ctx, rowQuery+" WHERE record.id = ?", name))
	if errors.Is(err, sql.ErrNoRows) {
		return sealed.Row{}, vault.ErrNotFound
	}
	return stored, err
}

// write inserts a row with its tags and adds their shares to the digest.
func (t *tx) write(r sealed.Row, kind string, tags []vault.Tag) error {
	conn := t.store.conn
	_, err := conn.ExecContext(t.ctx, "INSERT INTO record (id, kind, version, epoch, nonce, mac) VALUES (?, ?, ?, ?, ?, ?)",
		r.ID, r.Kind, int64(r.Version), int64(r.Epoch), r.Nonce, r.MAC)
	if err != nil {
		return describe("put", err)
	}
	if _, err := conn.ExecContext(t.ctx, "INSERT INTO body (id, sealed) VALUES (?, ?)", r.ID, r.Sealed); err != nil {
		return describe("put", err)
	}
	t.rows = t.rows.add(t.digest.record(r))
	return t.writeTags(r.ID, kind, tags)
}

func (t *tx) writeTags(record []byte, kind string, tags []vault.Tag) error {
	for i, tag := range tags {
		if slices.Contains(tags[:i], tag) {
			continue
		}
		hidden := t.keys.Tag(kind, tag)
		_, err := t.store.conn.ExecContext(t.ctx, "INSERT INTO tag (tag, record) VALUES (?, ?)", hidden, record)
		if err != nil {
			return describe("put tag", err)
		}
		t.rows = t.rows.add(t.digest.tag(hidden, record))
	}
	return nil
}

// subtract removes a row with its tags, and their shares from the digest.
// Body and tags go with the record by foreign key.
func (t *tx) subtract(r sealed.Row) error {
	conn := t.store.conn
	tags, err := sumRows(t.ctx, conn, func(rows *sql.Rows) (sum, error) {
		var tag sql.RawBytes
		err := rows.Scan(&tag)
		return t.digest.tag(tag, r.ID), err
	}, "SELECT tag FROM tag WHERE record = ?", r.ID)
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(t.ctx, "DELETE FROM record WHERE id = ?", r.ID); err != nil {
		return describe("delete", err)
	}
	t.rows = t.rows.sub(t.digest.record(r)).sub(tags)
	return nil
}
