package sqlitefile_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/sqlitefile"
)

var format = sqlitefile.Format{ApplicationID: 0x48754654, UserVersion: 3, Schema: tables}

const tables = "CREATE TABLE t (k TEXT PRIMARY KEY, v BLOB); CREATE INDEX i ON t (v);"

func create(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.db")
	if err := sqlitefile.Create(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func pool(t testing.TB, path string, settings sqlitefile.Settings) *sql.DB {
	t.Helper()
	db := sqlitefile.Pool(path, settings)
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t testing.TB, db *sql.DB, statements string) {
	t.Helper()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

// TestEveryConnectionHasTheSettings asks SQLite itself, on two connections of a
// pool.
func TestEveryConnectionHasTheSettings(t *testing.T) {
	path := create(t)
	exec(t, pool(t, path, sqlitefile.Settings{}), tables)
	for _, c := range []struct {
		settings sqlitefile.Settings
		want     map[string]string
	}{
		{sqlitefile.Settings{Mode: sqlitefile.Write}, map[string]string{"synchronous": "2", "query_only": "0", "secure_delete": "0"}},
		{sqlitefile.Settings{Mode: sqlitefile.Copy}, map[string]string{"synchronous": "1", "query_only": "0"}},
		{sqlitefile.Settings{Mode: sqlitefile.Read}, map[string]string{"query_only": "1"}},
		{sqlitefile.Settings{Mode: sqlitefile.Write, SecureDelete: true}, map[string]string{"synchronous": "2", "secure_delete": "1"}},
	} {
		db := pool(t, path, c.settings)
		var conns [2]*sql.Conn
		for i := range conns {
			var err error
			if conns[i], err = db.Conn(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer conns[i].Close()
		}
		c.want["journal_mode"], c.want["busy_timeout"], c.want["foreign_keys"] = "wal", "5000", "1"
		for pragma, want := range c.want {
			for i, conn := range conns {
				var got string
				if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%+v, connection %d: %s is %s, want %s: %v", c.settings, i, pragma, got, want, err)
				}
			}
		}
	}
}

// TestModes: nobody else reads a new file, or the log that SQLite makes beside it.
func TestModes(t *testing.T) {
	path := create(t)
	db := pool(t, path, sqlitefile.Settings{})
	exec(t, db, tables)
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) < 3 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", e.Name(), info.Mode(), err)
		}
	}
	if err := sqlitefile.Create(path); !errors.Is(err, fs.ErrExist) {
		t.Error("over another file:", err)
	}
}

func TestReaderCannotWrite(t *testing.T) {
	path := create(t)
	if err := pool(t, path, sqlitefile.Settings{Mode: sqlitefile.Read}).Ping(); !errors.Is(err, sqlitefile.ErrSetting) {
		t.Error("a file without a write-ahead log:", err)
	}
	exec(t, pool(t, path, sqlitefile.Settings{}), tables)
	db := pool(t, path, sqlitefile.Settings{Mode: sqlitefile.Read})
	if _, err := db.Exec("INSERT INTO t VALUES ('k', 'v')"); err == nil {
		t.Error("a reader writes")
	}
}

// TestOddPath: a path is no list of parameters, and a missing file is not made.
func TestOddPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory#%41.db")
	if err := pool(t, path, sqlitefile.Settings{}).Ping(); err == nil {
		t.Error("a missing file was opened")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a missing file was made:", err)
	}
	if err := sqlitefile.Create(path); err != nil {
		t.Fatal(err)
	}
	exec(t, pool(t, path, sqlitefile.Settings{}), format.Statements())
	if err := format.Check(t.Context(), path); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	other, marks, anyIndex := format, format, format
	other.UserVersion++
	marks.Schema = ""
	anyIndex.AnyIndex = true
	const trigger = " AFTER INSERT ON t BEGIN DELETE FROM t; END;"
	for name, c := range map[string]struct {
		format     sqlitefile.Format
		statements string
		want       error
	}{
		"ours":                {format, format.Statements(), nil},
		"nothing":             {format, "", sqlitefile.ErrEmpty},
		"tables, no mark":     {format, tables, sqlitefile.ErrFormat},
		"a mark alone":        {format, marks.Statements(), sqlitefile.ErrSchema},
		"a later version":     {format, other.Statements(), sqlitefile.ErrFormat},
		"with statistics":     {format, format.Statements() + "INSERT INTO t VALUES ('k', 'v'); ANALYZE;", nil},
		"one table more":      {format, format.Statements() + "CREATE TABLE more (x);", sqlitefile.ErrSchema},
		"a trigger":           {format, format.Statements() + "CREATE TRIGGER x" + trigger, sqlitefile.ErrSchema},
		"a trigger's name":    {format, format.Statements() + "CREATE TRIGGER sqlite7" + trigger, sqlitefile.ErrSchema},
		"a statistics trap":   {format, format.Statements() + "CREATE TRIGGER sqlitexstat1" + trigger, sqlitefile.ErrSchema},
		"a trigger instead":   {format, format.Statements() + "DROP INDEX i; CREATE TRIGGER i" + trigger, sqlitefile.ErrSchema},
		"a view instead":      {format, "CREATE TABLE u (k, v); CREATE VIEW t AS SELECT * FROM u;" + marks.Statements(), sqlitefile.ErrSchema},
		"an index less":       {format, format.Statements() + "DROP INDEX i;", sqlitefile.ErrSchema},
		"an index more":       {format, format.Statements() + "CREATE INDEX j ON t (v);", sqlitefile.ErrSchema},
		"another index":       {format, format.Statements() + "DROP INDEX i; CREATE INDEX i ON t (k);", sqlitefile.ErrSchema},
		"a column more":       {format, format.Statements() + "ALTER TABLE t ADD COLUMN more;", sqlitefile.ErrSchema},
		"any index":           {anyIndex, format.Statements() + "CREATE INDEX j ON t (v);", nil},
		"any index, one less": {anyIndex, format.Statements() + "DROP INDEX i; CREATE INDEX j ON t (v);", sqlitefile.ErrSchema},
		"any index, trigger":  {anyIndex, format.Statements() + "CREATE TRIGGER x" + trigger, sqlitefile.ErrSchema},
		"a table a thousand times": {
			format, format.Statements() + many("CREATE TABLE x%d (y);", 1200), sqlitefile.ErrSchema,
		},
	} {
		path := create(t)
		if c.statements != "" {
			db := sqlitefile.Pool(path, sqlitefile.Settings{})
			exec(t, db, c.statements)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		before := read(t, path)
		err := c.format.Check(t.Context(), path)
		if !errors.Is(err, c.want) || c.want != nil && !errors.Is(err, sqlitefile.ErrFormat) || sqlitefile.IsDamaged(err) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(before, read(t, path)) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func many(statement string, n int) string {
	var b strings.Builder
	b.WriteString("BEGIN;")
	for i := range n {
		fmt.Fprintf(&b, statement, i)
	}
	return b.String() + "COMMIT;"
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCheckOtherFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	if err := format.Check(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("no file:", err)
	}
	for name, content := range map[string][]byte{"zeros": make([]byte, 4096), "text": bytes.Repeat([]byte("garbage "), 2000)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := format.Check(t.Context(), path); !errors.Is(err, sqlitefile.ErrFormat) || !sqlitefile.IsDamaged(err) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(content, read(t, path)) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// hold keeps a file for itself until it is closed.
func hold(t *testing.T, path string) *sql.DB {
	t.Helper()
	holder := sqlitefile.Pool(path, sqlitefile.Settings{})
	holder.SetMaxOpenConns(1)
	exec(t, holder, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK")
	return holder
}

// TestWaitsForAnother: a process that holds the file for a moment is waited for,
// one that does not let go is not.
func TestWaitsForAnother(t *testing.T) {
	path := create(t)
	holder := hold(t, path)
	exec(t, holder, format.Statements())
	time.AfterFunc(200*time.Millisecond, func() { holder.Close() })
	began := time.Now()
	if err := format.Check(t.Context(), path); err != nil {
		t.Error("check:", err)
	}
	if time.Since(began) < 100*time.Millisecond {
		t.Error("nobody held the file")
	}
	holder = hold(t, path)
	time.AfterFunc(200*time.Millisecond, func() { holder.Close() })
	conn, err := sqlitefile.Connect(t.Context(), path, sqlitefile.Settings{})
	if err != nil {
		t.Fatal("connect:", err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func TestIsBusy(t *testing.T) {
	long.NotShort(t, "waits for SQLite's patience of 5 s")
	path := create(t)
	defer hold(t, path).Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := sqlitefile.Connect(ctx, path, sqlitefile.Settings{}); !sqlitefile.IsBusy(err) {
		t.Error(err)
	}
	if err := format.Check(ctx, path); !sqlitefile.IsBusy(err) {
		t.Error(err)
	}
}
