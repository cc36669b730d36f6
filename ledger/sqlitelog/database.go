package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/ledger/machine"
)

const (
	applicationID = 0x4875464c // "HuFL"
	userVersion   = 1
	busyTimeout   = 5 * time.Second
)

// The settings of both kinds of connection. synchronous=NORMAL, which is the
// default with WAL, loses acknowledged rows at a power failure; a deferred
// transaction that begins to write gets SQLITE_BUSY despite the timeout.
const (
	writeSettings = "mode=rw&_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_busy_timeout=5000&_foreign_keys=on"
	readSettings  = "mode=ro&_query_only=on&_busy_timeout=5000&_foreign_keys=on"
)

// setting is a pragma and the value it must have.
type setting struct{ pragma, want string }

var (
	writeChecks = []setting{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"busy_timeout", "5000"}, {"foreign_keys", "1"},
	}
	readChecks = []setting{{"journal_mode", "wal"}, {"query_only", "1"}, {"busy_timeout", "5000"}}
)

// connect opens log.db, which exists, and reads the settings back.
func connect(ctx context.Context, dir, settings string, checks []setting, connections int) (*sql.DB, error) {
	name := url.URL{Path: filepath.ToSlash(filepath.Join(dir, fileDatabase))}
	db, err := sql.Open("sqlite3", "file:"+name.EscapedPath()+"?"+settings)
	if err != nil {
		return nil, describe("open", err)
	}
	db.SetMaxOpenConns(connections)
	if err := connectPatiently(ctx, db); err != nil {
		return nil, errors.Join(describe("open", err), db.Close())
	}
	for _, s := range checks {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+s.pragma).Scan(&got); err != nil {
			return nil, errors.Join(describe("read settings", err), db.Close())
		}
		if got != s.want {
			return nil, errors.Join(fmt.Errorf("%w: %s is %s instead of %s", ErrSetting, s.pragma, got, s.want), db.Close())
		}
	}
	return db, nil
}

// connectPatiently waits while another process opens or closes the file: WAL
// recovery and the last close hold it exclusively, past SQLite's own timeout.
func connectPatiently(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		var e sqlite3.Error
		if !errors.As(err, &e) || e.Code != sqlite3.ErrBusy || ctx.Err() != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// checkVersion insists that the file is a ledger of this version.
func checkVersion(conn *connection) error {
	for pragma, want := range map[string]int{"application_id": applicationID, "user_version": userVersion} {
		var got int
		if err := conn.queryRow("PRAGMA "+pragma, nil, &got); err != nil {
			return describe("read version", err)
		}
		if got != want {
			return fmt.Errorf("%w: %s is %d", ErrVersion, pragma, got)
		}
	}
	return nil
}

// schema makes all tables, and marks the file as a ledger of this version.
func schema() string {
	var b strings.Builder
	for _, owner := range []string{ownerLog, ownerWitness} {
		for _, table := range machine.Tables() {
			fmt.Fprintf(&b, "CREATE TABLE %s_%s (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;\n", owner, table)
		}
	}
	b.WriteString("CREATE TABLE checkpoint (height INTEGER NOT NULL PRIMARY KEY, note BLOB NOT NULL);\n")
	fmt.Fprintf(&b, "PRAGMA application_id = %d; PRAGMA user_version = %d;\n", applicationID, userVersion)
	return b.String()
}

// describe says what was being done, and tells damage from other failures.
func describe(action string, err error) error {
	if err == nil {
		return nil
	}
	var e sqlite3.Error
	if errors.As(err, &e) && (e.Code == sqlite3.ErrNotADB || e.Code == sqlite3.ErrCorrupt) {
		return fmt.Errorf("%w: %s: %w", machine.ErrDamaged, action, err)
	}
	return fmt.Errorf("sqlitelog: %s: %w", action, err)
}
