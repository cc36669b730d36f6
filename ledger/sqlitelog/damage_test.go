package sqlitelog_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

func TestInitRefusesAFolderInUse(t *testing.T) {
	w := newWorld(t)
	if _, err := sqlitelog.Init(t.Context(), w.dir, origin, ledgertest.ZK{}, w.root, w.options()); !is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	if _, err := sqlitelog.Init(t.Context(), t.TempDir(), "a b", ledgertest.ZK{}, w.root, w.options()); !is(err, ledger.ErrKey) {
		t.Fatal("origin:", err)
	}
	if _, err := sqlitelog.Init(t.Context(), t.TempDir(), origin, nil, w.root, w.options()); !is(err, machine.ErrConfig) {
		t.Fatal("no zk:", err)
	}
	if _, err := sqlitelog.Open(t.Context(), w.dir, nil, sqlitelog.Options{}); !is(err, machine.ErrConfig) {
		t.Fatal("open without zk:", err)
	}
}

// TestInitInAPartOfALedger: what is there is not overwritten.
func TestInitInAPartOfALedger(t *testing.T) {
	w := &world{TB: t, clock: &clock{now: start}, root: newKey(t)}
	for _, name := range []string{"log.db", "witness.db", "log.key", "witness.key", "trust.json"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitelog.Init(t.Context(), dir, origin, ledgertest.ZK{}, w.root, w.options()); !is(err, fs.ErrExist) {
			t.Error(name, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "kept" {
			t.Error(name, "was overwritten", err)
		}
		if _, err := sqlitelog.Init(t.Context(), filepath.Join(dir, name), origin, ledgertest.ZK{}, w.root, w.options()); err == nil {
			t.Error("made a ledger in a file")
		}
	}
}

func TestModes(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"log.db", "witness.db", "log.key", "witness.key"} {
		info, err := os.Stat(filepath.Join(w.dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

// TestKeyFiles: a key that is open to others, or another one.
func TestKeyFiles(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"open to others": func(path string) error { return os.Chmod(path, 0o640) },
		"swapped": func(path string) error {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(path), "witness.key"))
			return errors.Join(err, os.WriteFile(path, b, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := spoil(filepath.Join(w.dir, "log.key")); err != nil {
				t.Fatal(err)
			}
			if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{}); !is(err, cosign.ErrKeyFile) {
				t.Fatal(err)
			}
		})
	}
}

// TestDamagedFiles are reported and stay as they are.
func TestDamagedFiles(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		content string
		want    error
	}{
		"garbage":    {"log.db", string(bytes.Repeat([]byte("garbage "), 2000)), machine.ErrDamaged},
		"empty":      {"log.db", "", sqlitestore.ErrVersion},
		"trust file": {"trust.json", "{}", ledger.ErrValue},
		"no JSON":    {"trust.json", "", ledger.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.log.Close()
			path := filepath.Join(w.dir, c.file)
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, readOnly := range []bool{false, true} {
				if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{ReadOnly: readOnly}); err == nil {
					t.Fatal("opened")
				} else if !is(err, c.want) {
					t.Error(err)
				}
			}
		})
	}
	for _, file := range []string{"log.db", "witness.db", "trust.json"} {
		w := newWorld(t)
		w.log.Close()
		if err := os.Remove(filepath.Join(w.dir, file)); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{}); !is(err, fs.ErrNotExist) {
			t.Error(file, err)
		}
		if _, err := os.Stat(filepath.Join(w.dir, file)); !is(err, fs.ErrNotExist) {
			t.Error(file, "was made again")
		}
	}
}

// raw opens log.db behind the ledger's back.
func raw(t *testing.T, w *world) *sql.DB { return rawFile(t, w, "log.db") }

func rawFile(t *testing.T, w *world, name string) *sql.DB {
	db, err := sql.Open("sqlite3", filepath.Join(w.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestVersion(t *testing.T) {
	for _, pragma := range []string{"user_version", "application_id"} {
		w := newWorld(t)
		if _, err := raw(t, w).Exec("PRAGMA " + pragma + " = 77"); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{}); !is(err, sqlitestore.ErrVersion) {
			t.Error(pragma, err)
		}
	}
}

// TestAuditFindsEveryRow changes, takes away and adds rows in every table.
func TestAuditFindsEveryRow(t *testing.T) {
	w := newWorld(t)
	w.submit(w.anchor(1))
	w.clock.Add(time.Hour)
	if _, err := w.log.Heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"log.db", "witness.db"} {
		auditFindsEveryRow(t, w, file)
	}
	if err := w.log.Audit(t.Context(), nil); err != nil {
		t.Fatal("repaired, yet:", err)
	}
}

func auditFindsEveryRow(t *testing.T, w *world, file string) {
	db := rawFile(t, w, file)
	for _, table := range tables(file) {
		column := "value"
		if table == "checkpoint" {
			column = "note"
		}
		for _, change := range []string{
			"UPDATE %[1]s SET %[2]s = CAST(%[2]s || x'00' AS BLOB) WHERE %[3]s = ?",
			"DELETE FROM %[1]s WHERE %[3]s = ? AND %[2]s IS NOT NULL",
		} {
			for _, key := range keysOf(t, db, table) {
				auditAfter(t, w, db, table, fmt.Sprintf(change, table, column, keyColumn(table)), key)
			}
		}
	}
	auditAfter(t, w, db, "revoked", "INSERT INTO revoked VALUES (?, x'0000000000000001')", make([]byte, ledger.HandleSize))
	if file == "log.db" {
		auditAfter(t, w, db, "checkpoint", "INSERT INTO checkpoint (height, note) VALUES (?, x'00')", 99)
	}
}

// TestAuditHashes finds what was done to leaves, hashes and the newest checkpoint.
func TestAuditHashes(t *testing.T) {
	w := newWorld(t)
	for n := range byte(20) {
		w.submit(w.anchor(n))
	}
	if err := w.log.AuditHashes(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := raw(t, w)
	for _, change := range []string{
		"UPDATE leaf SET value = CAST(value || x'00' AS BLOB) WHERE key = x'0000000000000007'",
		"DELETE FROM leaf WHERE key = x'0000000000000007'",
		"DELETE FROM leaf WHERE key = (SELECT max(key) FROM leaf)",
		"INSERT INTO leaf VALUES (x'00000000000000ff', x'00')",
		"UPDATE hash SET value = CAST(zeroblob(32) || substr(value, 33) AS BLOB) WHERE key = x'0000000000000001'",
		"UPDATE hash SET value = x'' WHERE key = x'0000000000000001'",
		"DELETE FROM hash WHERE key = x'0000000000000000'",
		"DELETE FROM hash WHERE key = (SELECT max(key) FROM hash)",
		"INSERT INTO hash VALUES (x'00000000000000ff', zeroblob(32))",
		"UPDATE head SET value = x'00'",
		"UPDATE checkpoint SET note = x'00'",
		"DELETE FROM checkpoint",
	} {
		for _, table := range []string{"leaf", "hash", "head", "checkpoint"} {
			mustExec(t, db, "CREATE TABLE keep_"+table+" AS SELECT * FROM "+table)
		}
		mustExec(t, db, change)
		if err := w.log.AuditHashes(t.Context()); !is(err, machine.ErrDamaged) {
			t.Errorf("%s: %v", change, err)
		}
		for _, table := range []string{"leaf", "hash", "head", "checkpoint"} {
			mustExec(t, db, "DELETE FROM "+table)
			mustExec(t, db, "INSERT INTO "+table+" SELECT * FROM keep_"+table)
			mustExec(t, db, "DROP TABLE keep_"+table)
		}
	}
	if err := w.log.AuditHashes(t.Context()); err != nil {
		t.Fatal("repaired, yet:", err)
	}
}

// tables are those of a file that count.
func tables(file string) (all []string) {
	for _, table := range machine.Tables() {
		all = append(all, string(table))
	}
	if file == "log.db" {
		all = append(all, "checkpoint")
	}
	return all
}

func keyColumn(table string) string {
	if table == "checkpoint" {
		return "height"
	}
	return "key"
}

func keysOf(t *testing.T, db *sql.DB, table string) []any {
	rows, err := db.Query("SELECT " + keyColumn(table) + " FROM " + table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var keys []any
	for rows.Next() {
		var key any
		if err := rows.Scan(&key); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// auditAfter spoils one row, insists that the audit finds it, and repairs it.
func auditAfter(t *testing.T, w *world, db *sql.DB, table, change string, key any) {
	t.Helper()
	mustExec(t, db, "CREATE TABLE keep AS SELECT * FROM "+table)
	mustExec(t, db, change, key)
	var damaged *machine.DamagedError
	if err := w.log.Audit(context.Background(), nil); !errors.As(err, &damaged) {
		t.Errorf("%s: %v", table, err)
	}
	mustExec(t, db, "DELETE FROM "+table)
	mustExec(t, db, "INSERT INTO "+table+" SELECT * FROM keep")
	mustExec(t, db, "DROP TABLE keep")
}

func mustExec(t *testing.T, db *sql.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.Exec(text, args...); err != nil {
		t.Fatal(text, err)
	}
}

// TestWitnessSeesAFalseMap: someone alters the log's own tables and the log goes
// on; its witness does not sign.
func TestWitnessSeesAFalseMap(t *testing.T) {
	w := newWorld(t)
	w.submit(w.anchor(1))
	db := raw(t, w)
	mustExec(t, db, "UPDATE node SET value = CAST(zeroblob(31) || x'01' || substr(value, 33) AS BLOB)")
	if _, err := w.log.Submit(t.Context(), w.anchor(2)); !is(err, sqlitelog.ErrDisagrees) {
		t.Fatal("state map:", err)
	}
	w = newWorld(t)
	w.submit(w.anchor(1))
	mustExec(t, raw(t, w), "UPDATE hash SET value = CAST(substr(value, 1, 6*32) || zeroblob(32) || substr(value, 7*32+1) AS BLOB)")
	if _, err := w.log.Heartbeat(t.Context()); !is(err, sqlitelog.ErrDisagrees) {
		t.Fatal("log:", err)
	}
}

// TestOpenChecksTheHead: a newest checkpoint that is not of this log.
func TestOpenChecksTheHead(t *testing.T) {
	for _, change := range []string{
		"DELETE FROM checkpoint WHERE height = 1",
		"UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE height = 0) WHERE height = 1",
		"UPDATE checkpoint SET note = x'00' WHERE height = 1",
		"UPDATE head SET value = x'00'",
	} {
		w := newWorld(t)
		w.submit(w.anchor(1))
		mustExec(t, raw(t, w), change)
		if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{}); !is(err, machine.ErrDamaged) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// copied returns what is in a file now, and a function that puts it back.
func copied(t *testing.T, w *world, names ...string) (restore func()) {
	t.Helper()
	kept := map[string][]byte{}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(w.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		kept[name] = b
	}
	return func() {
		for name, b := range kept {
			if err := os.WriteFile(filepath.Join(w.dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestAnOlderCopyOfTheLog is refused: its witness has signed what it lacks.
func TestAnOlderCopyOfTheLog(t *testing.T) {
	w := newWorld(t)
	w.submit(w.anchor(1))
	w.log.Close()
	restore := copied(t, w, "log.db")
	w.log = w.open(sqlitelog.Options{})
	w.submit(w.anchor(2))
	w.log.Close()
	restore()
	for _, readOnly := range []bool{false, true} {
		_, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{Clock: w.clock.Now, ReadOnly: readOnly})
		var rollback *ledger.InconsistentError
		if !errors.As(err, &rollback) || rollback.Older.Size != rollback.Newer.Size+2 {
			t.Fatal(err)
		}
	}
}

// TestARolledBackLogIsNotWritten: the file was replaced under an open ledger.
func TestARolledBackLogIsNotWritten(t *testing.T) {
	w := newWorld(t)
	w.submit(w.anchor(1))
	mustExec(t, rawFile(t, w, "witness.db"), "UPDATE head SET value = CAST(x'00000000000000ff' || substr(value, 9) AS BLOB)")
	var rollback *ledger.InconsistentError
	if _, err := w.log.Submit(t.Context(), w.anchor(2)); !errors.As(err, &rollback) {
		t.Fatal(err)
	}
	if err := w.log.Audit(t.Context(), nil); !errors.As(err, &rollback) {
		t.Fatal("audit:", err)
	}
}

// TestAWitnessBehind follows before anything new is signed, and is no damage
// meanwhile; what the log holds beyond it is judged, not copied.
func TestAWitnessBehind(t *testing.T) {
	w := newWorld(t)
	w.submit(w.anchor(1))
	w.log.Close()
	restore := copied(t, w, "witness.db")
	w.log = w.open(sqlitelog.Options{})
	for n := range byte(20) {
		w.submit(w.anchor(2 + n))
	}
	w.log.Close()
	restore()
	w.log = w.open(sqlitelog.Options{})
	if err := w.log.Audit(t.Context(), nil); err != nil {
		t.Fatal("behind:", err)
	}
	w.submit(w.anchor(50))
	if err := w.log.Audit(t.Context(), nil); err != nil {
		t.Fatal("caught up:", err)
	}
	w.log.Close()
	restore()
	mustExec(t, raw(t, w), "UPDATE leaf SET value = CAST(value || x'00' AS BLOB) WHERE key = x'0000000000000007'")
	w.log = w.open(sqlitelog.Options{})
	var damaged *machine.DamagedError
	if _, err := w.log.Submit(t.Context(), w.anchor(51)); !errors.As(err, &damaged) {
		t.Fatal("a leaf that is none:", err)
	}
}
