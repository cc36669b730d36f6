package machine

import (
	"bytes"
	"context"
	"errors"
)

// Compare compares every row of a store with what the log's operations lead to. A row
// that changes meanwhile is compared once. The error is a [*DamagedError] that names the
// first row that differs, that of ctx, or the stores' own.
func (a *Auditor) Compare(ctx context.Context, of Reads) error {
	for _, table := range Tables() {
		var after []byte
		for more := true; more; {
			err := a.At(ctx, of, func(store Store) (err error) {
				var rows int
				after, rows, err = compareSome(store, a.scratch, table, after)
				a.at.Rows += uint64(rows)
				return err
			})
			if err != nil {
				return err
			}
			a.progress(a.at)
			more = after != nil
		}
	}
	return nil
}

// Compare compares every row of two stores that do not change. Errors are those of
// [Auditor.Compare].
func Compare(store, want Store) error {
	for _, table := range Tables() {
		var after []byte
		for more := true; more; {
			var err error
			if after, _, err = compareSome(store, want, table, after); err != nil {
				return err
			}
			more = after != nil
		}
	}
	return nil
}

// compareSome compares some rows of a table from the one after a key on. last is the key
// of the last one, nil at the end of the table.
func compareSome(store, want Store, table Table, after []byte) (last []byte, compared int, err error) {
	var rows []row
	size := 0
	err = store.ScanAfter(table, nil, after, func(key, value []byte) error {
		rows = append(rows, row{bytes.Clone(key), bytes.Clone(value)})
		if size += len(key) + len(value); len(rows) == stepRows || size >= stepBytes {
			last = bytes.Clone(key)
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, 0, err
	}
	rest := rows
	err = want.ScanAfter(table, nil, after, func(key, value []byte) error {
		switch {
		case len(rest) == 0 && last != nil:
			return errEnough
		case len(rest) == 0 || bytes.Compare(key, rest[0].key) < 0:
			return &DamagedError{table, bytes.Clone(key), "missing"}
		case !bytes.Equal(key, rest[0].key):
			return &DamagedError{table, rest[0].key, "added"}
		case !bytes.Equal(value, rest[0].value):
			return &DamagedError{table, rest[0].key, "changed"}
		}
		rest = rest[1:]
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil && len(rest) > 0 {
		err = &DamagedError{table, rest[0].key, "added"}
	}
	return last, len(rows), err
}
