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
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

func TestInitRefusesAFolderInUse(t *testing.T) {
	w := newWorld(t)
	if _, err := sqlitelog.Init(t.Context(), w.dir, origin, ledgertest.ZK{}, w.root, sqlitelog.InitOptions{}); !is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	if _, err := sqlitelog.Init(t.Context(), t.TempDir(), "a b", ledgertest.ZK{}, w.root, sqlitelog.InitOptions{}); !is(err, ledger.ErrKey) {
		t.Fatal("origin:", err)
	}
	if _, err := sqlitelog.Init(t.Context(), t.TempDir(), origin, nil, w.root, sqlitelog.InitOptions{}); !is(err, machine.ErrConfig) {
		t.Fatal("no zk:", err)
	}
	if _, err := sqlitelog.Open(t.Context(), w.dir, nil, sqlitelog.Options{}); !is(err, machine.ErrConfig) {
		t.Fatal("open without zk:", err)
	}
}

// TestInitInAPartOfALedger: what is there is not overwritten.
func TestInitInAPartOfALedger(t *testing.T) {
	for _, name := range []string{"log.db", "log.key", "witness.key", "trust.json"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitelog.Init(t.Context(), dir, origin, ledgertest.ZK{}, newKey(t), sqlitelog.InitOptions{}); !is(err, fs.ErrExist) {
			t.Error(name, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "kept" {
			t.Error(name, "was overwritten", err)
		}
		if _, err := sqlitelog.Init(t.Context(), filepath.Join(dir, name), origin, ledgertest.ZK{}, newKey(t), sqlitelog.InitOptions{}); err == nil {
			t.Error("made a ledger in a file")
		}
	}
}

func TestModes(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"log.db", "log.key", "witness.key"} {
		info, err := os.Stat(filepath.Join(w.dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

// TestKeyFiles: a key that is open to others, malformed, or another one.
func TestKeyFiles(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"open to others": func(path string) error { return os.Chmod(path, 0o640) },
		"no PEM":         func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) },
		"no key": func(path string) error {
			return os.WriteFile(path, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600)
		},
		"swapped": func(path string) error {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(path), "witness.key"))
			return errors.Join(err, os.WriteFile(path, b, 0o600))
		},
		"trailing data": func(path string) error {
			b, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path, append(b, 'x'), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := spoil(filepath.Join(w.dir, "log.key")); err != nil {
				t.Fatal(err)
			}
			if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{}); !is(err, sqlitelog.ErrKeyFile) {
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
		"empty":      {"log.db", "", sqlitelog.ErrVersion},
		"trust file": {"trust.json", "{}", ledger.ErrKey},
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
				} else if !is(err, c.want) && !(readOnly && is(err, sqlitelog.ErrSetting)) {
					t.Error(err)
				}
			}
		})
	}
	for _, file := range []string{"log.db", "trust.json"} {
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

// raw opens the file behind the ledger's back.
func raw(t *testing.T, w *world) *sql.DB {
	db, err := sql.Open("sqlite3", filepath.Join(w.dir, "log.db"))
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
		if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{}); !is(err, sqlitelog.ErrVersion) {
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
	db := raw(t, w)
	for _, table := range tables() {
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
	auditAfter(t, w, db, "checkpoint", "INSERT INTO checkpoint (height, note) VALUES (?, x'00')", 99)
	for _, owner := range []string{"log", "witness"} {
		auditAfter(t, w, db, owner+"_revoked", "INSERT INTO "+owner+"_revoked VALUES (?, x'0000000000000001')", make([]byte, 12))
	}
	if err := w.log.Audit(t.Context()); err != nil {
		t.Fatal("repaired, yet:", err)
	}
}

func tables() []string {
	all := []string{"checkpoint"}
	for _, table := range machine.Tables() {
		all = append(all, "log_"+string(table), "witness_"+string(table))
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
	if err := w.log.Audit(context.Background()); !errors.As(err, &damaged) {
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
	mustExec(t, db, "UPDATE log_node SET value = CAST(zeroblob(31) || x'01' || substr(value, 33) AS BLOB)")
	if _, err := w.log.Submit(t.Context(), w.anchor(2)); !is(err, machine.ErrDisagrees) {
		t.Fatal("state map:", err)
	}
	w = newWorld(t)
	w.submit(w.anchor(1))
	mustExec(t, raw(t, w), "UPDATE log_hash SET value = CAST(zeroblob(31) || x'01' AS BLOB) WHERE key = x'0000000000000006'")
	if _, err := w.log.Heartbeat(t.Context()); !is(err, machine.ErrDisagrees) {
		t.Fatal("log:", err)
	}
}

// TestOpenChecksTheHead: a newest checkpoint that is not of this log.
func TestOpenChecksTheHead(t *testing.T) {
	for _, change := range []string{
		"DELETE FROM checkpoint WHERE height = 1",
		"UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE height = 0) WHERE height = 1",
		"UPDATE checkpoint SET note = x'00' WHERE height = 1",
		"UPDATE log_head SET value = x'00'",
	} {
		w := newWorld(t)
		w.submit(w.anchor(1))
		mustExec(t, raw(t, w), change)
		if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{}); !is(err, machine.ErrDamaged) {
			t.Errorf("%s: %v", change, err)
		}
	}
}
