package sqlitefile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// TestCutWAL: the log is cut where nobody reads, and nobody is waited for.
func TestCutWAL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	connect := func(mode Mode) *sqlite3.SQLiteConn {
		conn, err := Connect(t.Context(), path, Settings{Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	exec := func(conn *sqlite3.SQLiteConn, text string) {
		t.Helper()
		if _, err := conn.Exec(text, nil); err != nil {
			t.Fatal(text, err)
		}
	}
	size := func() int64 {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	writer := connect(Write)
	exec(writer, "CREATE TABLE t (v)")
	reader := connect(Read)
	exec(reader, "BEGIN")
	if _, err := readText(reader, "SELECT count(*) FROM t"); err != nil {
		t.Fatal(err)
	}
	exec(writer, "INSERT INTO t VALUES (1)")
	if err := CutWAL(writer); !errors.Is(err, ErrBusy) || size() == 0 {
		t.Error("beside a reader:", err, size())
	}
	if got, err := readText(writer, "PRAGMA busy_timeout"); err != nil || got != "5000" {
		t.Error("no patience is left:", got, err)
	}
	exec(reader, "ROLLBACK")
	if err := CutWAL(writer); err != nil || size() != 0 {
		t.Error("alone:", err, size())
	}
	if got, err := readText(reader, "SELECT count(*) FROM t"); err != nil || got != "1" {
		t.Error(got, err)
	}
}
