// Package sqlitefile opens SQLite databases. No other package chooses the settings
// on which durability, patience and secrecy rest.
//
// # Settings
//
// A connection that writes uses a write-ahead log with synchronous=FULL. The driver
// would choose NORMAL, which loses acknowledged rows at a power failure; only a copy
// that can be completed from an original uses it. Transactions begin immediate: a
// deferred one that begins to write fails at once if another process writes. Each
// connection waits five seconds for another process and enforces foreign keys. One
// that only reads cannot write.
//
// SQLite ignores a setting that it does not know or cannot take. Connect therefore
// reads each one back, also on the connections that a pool opens later.
//
// # Example
//
// A store makes its file with Create. The file has mode 0600, and SQLite gives the
// same mode to its log files. Later the store calls Format.Check, which does not
// change the file: a writer's settings would give a foreign database a write-ahead
// log. Then the store opens the file with Connect or Pool.
//
// # Not checked
//
// Who else can read or write the file, and whether it was replaced between Check and
// Connect.
package sqlitefile

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/internal/durable"
)

// ErrSetting means that SQLite did not take a setting.
var ErrSetting = errors.New("a database setting was not taken")

// patience is how long a connection waits for another process.
const patience = 5 * time.Second

// Mode is how a connection is used.
type Mode int

const (
	// Write is durable: a commit that returned survives a power failure.
	Write Mode = iota
	// Copy may lose its last transactions at a power failure, never a part of
	// one.
	Copy
	// Read cannot change the file.
	Read
	// Scratch is for a file that one connection makes, uses and throws away: it has no
	// journal, and a crash may leave anything in it.
	Scratch
)

// Settings are those of a connection.
type Settings struct {
	Mode Mode
	// SecureDelete overwrites what is deleted.
	SecureDelete bool
	// Shrink lets PRAGMA incremental_vacuum give space back. It counts for a file that
	// is still empty, and is then a property of the file.
	Shrink bool
}

// setting is what the driver is asked for, the pragma that tells whether it was
// taken, and the value that the pragma must have.
type setting struct{ parameter, pragma, want string }

var (
	common = []setting{
		{"_busy_timeout=5000", "busy_timeout", "5000"}, {"_foreign_keys=on", "foreign_keys", "1"},
	}
	wal      = setting{"_journal_mode=WAL", "journal_mode", "wal"}
	full     = setting{"_synchronous=FULL", "synchronous", "2"}
	normal   = setting{"_synchronous=NORMAL", "synchronous", "1"}
	readOnly = setting{"_query_only=on", "query_only", "1"}
	secure   = setting{"_secure_delete=on", "secure_delete", "1"}
	shrink   = setting{"", "auto_vacuum", "2"} // see Connect
	// scratch spills to the file what takes more than 32 MB of memory.
	scratch = []setting{
		{"_journal_mode=OFF", "journal_mode", "off"}, {"_synchronous=OFF", "synchronous", "0"},
		{"_locking_mode=EXCLUSIVE", "locking_mode", "exclusive"}, {"_cache_size=-32000", "cache_size", "-32000"},
	}
)

// list is what the driver is asked for, and what is read back.
func (s Settings) list() (parameters string, checks []setting) {
	parameters, checks = "mode=rw&_txlock=immediate", append([]setting{wal, full}, common...)
	switch s.Mode {
	case Copy:
		checks[1] = normal
	case Read:
		// A reader cannot change the journal, and does not wait for a writer while
		// it is a write-ahead log.
		parameters, checks = "mode=ro", append([]setting{readOnly, {pragma: wal.pragma, want: wal.want}}, common...)
	case Scratch:
		checks = append(slices.Clone(scratch), common...)
	}
	if s.SecureDelete {
		checks = append(checks, secure)
	}
	if s.Shrink {
		checks = append(checks, shrink)
	}
	for _, c := range checks {
		if c.parameter != "" {
			parameters += "&" + c.parameter
		}
	}
	return parameters, checks
}

// Create makes an empty file of mode 0600, to be opened for writing. The error is
// fs.ErrExist or the system's own.
func Create(path string) error {
	if err := durable.Create(path, nil, 0o600); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}

// Connect opens one connection to a file that exists and reads its settings back.
// While another process opens or closes the file, and so holds it alone, Connect
// waits for five seconds or until ctx ends. The error is
// [ErrSetting] or SQLite's own: see [IsBusy] and [IsDamaged].
func Connect(ctx context.Context, path string, settings Settings) (*sqlite3.SQLiteConn, error) {
	parameters, checks := settings.list()
	if info, err := os.Stat(path); settings.Shrink && err == nil && info.Size() == 0 {
		parameters += "&_auto_vacuum=incremental" // asked of a file that has it, this would write to it
	}
	return connect(ctx, path, parameters, checks)
}

func connect(ctx context.Context, path, parameters string, checks []setting) (*sqlite3.SQLiteConn, error) {
	conn, err := open(ctx, path, parameters)
	if err != nil {
		return nil, err
	}
	for _, s := range checks {
		got, err := readText(conn, "PRAGMA "+s.pragma)
		if err == nil && got != s.want {
			err = fmt.Errorf("%w: %s is %s instead of %s", ErrSetting, s.pragma, got, s.want)
		}
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// open waits where SQLite's own patience does not count: for the recovery of a log
// and for a last close.
func open(ctx context.Context, path, parameters string) (*sqlite3.SQLiteConn, error) {
	// A path with question marks in it stays a path.
	name := url.URL{Path: filepath.ToSlash(path)}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		conn, err := new(sqlite3.SQLiteDriver).Open("file:" + name.EscapedPath() + "?" + parameters)
		if err == nil {
			return conn.(*sqlite3.SQLiteConn), nil
		}
		if !IsBusy(err) || ctx.Err() != nil {
			return nil, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ErrBusy means that another connection is in the way.
var ErrBusy = errors.New("another connection is in the way")

// CutWAL writes a write-ahead log back into its database and cuts the log to nothing. It
// waits for nobody. The connection is outside of a transaction. The error is [ErrBusy],
// where another connection reads or writes, or SQLite's own.
func CutWAL(conn *sqlite3.SQLiteConn) (err error) {
	// SQLite would otherwise wait for readers as long as for writers.
	if _, err := conn.Exec("PRAGMA busy_timeout = 0", nil); err != nil {
		return err
	}
	defer func() {
		_, again := conn.Exec(fmt.Sprintf("PRAGMA busy_timeout = %d", patience.Milliseconds()), nil)
		err = errors.Join(err, again)
	}()
	busy, err := readText(conn, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err == nil && busy != "0" {
		err = ErrBusy
	}
	return err
}

// readText returns the first column of the first row as text.
func readText(conn *sqlite3.SQLiteConn, query string) (text string, err error) {
	rows, err := conn.Query(query, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err != nil {
		if errors.Is(err, io.EOF) {
			err = sql.ErrNoRows
		}
		return "", err
	}
	if b, ok := row[0].([]byte); ok {
		return string(b), nil
	}
	return fmt.Sprint(row[0]), nil
}

// Pool is a database/sql pool whose connections are opened by [Connect].
func Pool(path string, settings Settings) *sql.DB { return sql.OpenDB(connector{path, settings}) }

type connector struct {
	path     string
	settings Settings
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := Connect(ctx, c.path, c.settings)
	if err != nil {
		return nil, err // not a nil connection in an interface
	}
	return conn, nil
}

// Driver implements driver.Connector.
func (connector) Driver() driver.Driver { return new(sqlite3.SQLiteDriver) }

// WithRoom names what SQLite means by a disk that is full: the result is syscall.ENOSPC,
// as for a file of any other kind. It returns other errors as they are.
func WithRoom(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && (e.Code == sqlite3.ErrFull || e.SystemErrno == syscall.ENOSPC || e.SystemErrno == syscall.EFBIG || e.SystemErrno == syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", err, syscall.ENOSPC)
	}
	return err
}

// HadEnded reports whether a ROLLBACK found no transaction: some failures, such as a full
// disk, end it by themselves.
func HadEnded(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrError
}

// IsBusy reports that another process held the file until the wait was over.
func IsBusy(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrBusy
}

// IsDamaged reports that the file is not a database, or that its pages contradict
// each other.
func IsDamaged(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrNotADB || e.Code == sqlite3.ErrCorrupt)
}
