package cometlog

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// TestSizeAlarm: one line above a threshold, and the next once the size has doubled.
func TestSizeAlarm(t *testing.T) {
	path := filepath.Join(t.TempDir(), fileLedger)
	if err := sqlitestore.Create(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	db, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	grow := func(bytes int) {
		err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
			return tx.Put(machine.TableValue, []byte("key"), make([]byte, bytes))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	grow(200_000)
	sizes, err := db.Sizes()
	if err != nil || sizes.Database == 0 || sizes.WAL < 200_000 {
		t.Fatal(sizes, err)
	}
	var text bytes.Buffer
	alarm := func(database, wal int64) *sizeAlarm {
		text.Reset()
		return &sizeAlarm{db: db, log: logger(Options{Log: &text}), database: database, wal: wal}
	}
	warnings := func() int { return strings.Count(text.String(), `"bytes"`) }
	a := alarm(sizes.Database, sizes.WAL)
	if a.look(); warnings() != 0 {
		t.Error("warned at the threshold:", text.String())
	}
	a = alarm(sizes.Database-1, 1<<40)
	if a.look(); warnings() != 1 || !strings.Contains(text.String(), "disk has room") {
		t.Error("database:", text.String())
	}
	a = alarm(1<<40, 1000)
	for range 3 {
		a.look()
	}
	if warnings() != 1 || !strings.Contains(text.String(), "write-ahead log") {
		t.Error("write-ahead log:", text.String())
	}
	grow(600_000)
	if a.look(); warnings() != 2 {
		t.Error("doubled:", text.String())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
