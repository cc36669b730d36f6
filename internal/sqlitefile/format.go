package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/mattn/go-sqlite3"
)

var (
	// ErrFormat means that the file is not a database of this format.
	ErrFormat = errors.New("not a database of this format")
	// ErrEmpty is the [ErrFormat] of a database that holds nothing yet.
	ErrEmpty = fmt.Errorf("%w: it is empty", ErrFormat)
)

// Format tells one database from another.
type Format struct {
	// ApplicationID names the application, UserVersion the version of its tables.
	ApplicationID, UserVersion int
	// Objects is the number of tables, indexes, views and triggers, without those
	// that SQLite makes by itself.
	Objects int
	// AnyIndex leaves indexes out of the count: an administrator's own index changes
	// no answer, where a trigger or a view could.
	AnyIndex bool
}

// Marks returns the statements that mark a database. They belong into the
// transaction that makes the tables.
func (f Format) Marks() string {
	return fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", f.ApplicationID, f.UserVersion)
}

// Check compares a file with the format and does not change it. The error is
// fs.ErrNotExist, [ErrFormat], [ErrEmpty], or the system's own. For a file that is
// not a database it is ErrFormat, and [IsDamaged] is true.
func (f Format) Check(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	conn, err := open(ctx, path, "mode=ro&_busy_timeout=5000")
	if err != nil {
		return formatError(err)
	}
	found, err := f.look(ctx, conn)
	if err := errors.Join(formatError(err), conn.Close()); err != nil {
		return err
	}
	switch found {
	case f:
		return nil
	case Format{AnyIndex: f.AnyIndex}:
		return ErrEmpty
	}
	return fmt.Errorf("%w: application %#x, version %d, %d objects", ErrFormat, found.ApplicationID, found.UserVersion, found.Objects)
}

func formatError(err error) error {
	if IsDamaged(err) {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return err
}

// look reads what a file says of itself, in one state of it, and is as patient as
// Connect. The transaction ends with the connection.
func (f Format) look(ctx context.Context, conn *sqlite3.SQLiteConn) (found Format, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := conn.Exec("BEGIN", nil); err != nil {
		return Format{}, err
	}
	found.AnyIndex = f.AnyIndex
	objects := "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
	if f.AnyIndex {
		objects += " AND type <> 'index'"
	}
	for query, to := range map[string]*int{
		"PRAGMA application_id": &found.ApplicationID,
		"PRAGMA user_version":   &found.UserVersion,
		objects:                 &found.Objects,
	} {
		text, err := readText(conn, query)
		for IsBusy(err) && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
			text, err = readText(conn, query)
		}
		if err != nil {
			return Format{}, err
		}
		if *to, err = strconv.Atoi(text); err != nil {
			return Format{}, err
		}
	}
	return found, nil
}
