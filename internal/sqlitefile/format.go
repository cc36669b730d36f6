package sqlitefile

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/mattn/go-sqlite3"
)

var (
	// ErrFormat means that the file is not a database of this format.
	ErrFormat = errors.New("not a database of this format")
	// ErrEmpty is the [ErrFormat] of a database that holds nothing yet.
	ErrEmpty = fmt.Errorf("%w: it is empty", ErrFormat)
	// ErrSchema is the [ErrFormat] of a database whose marks are right, and which has a
	// table, index, view or trigger that the format does not make, or lacks one.
	ErrSchema = fmt.Errorf("%w: its tables, indexes, views or triggers are not those of the format", ErrFormat)
)

// Format tells one database from another.
type Format struct {
	// ApplicationID names the application, UserVersion the version of its tables.
	ApplicationID, UserVersion int
	// Schema are the statements that make the tables and all else that a file has.
	Schema string
	// AnyIndex lets a file have further indexes: an administrator's own index changes
	// no answer, where a trigger or a view could.
	AnyIndex bool
}

// Statements returns the statements that make the tables and mark the database. They
// belong into one transaction.
func (f Format) Statements() string {
	return fmt.Sprintf("%s\nPRAGMA application_id = %d; PRAGMA user_version = %d;", f.Schema, f.ApplicationID, f.UserVersion)
}

// Check compares a file with the format and does not change it: the marks, and each
// entry of sqlite_schema, to the letter, with what Statements would make. Statistics
// that ANALYZE left are passed over. The error is fs.ErrNotExist, [ErrFormat],
// [ErrEmpty], [ErrSchema], or the system's own. For a file that is not a database it is
// ErrFormat, and [IsDamaged] is true.
func (f Format) Check(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	found, err := examine(ctx, path, "mode=ro&_busy_timeout=5000")
	var e sqlite3.Error
	if errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrReadonlyRollback {
		// Its maker died before it had a write-ahead log. SQLite takes the half change back.
		found, err = examine(ctx, path, "mode=rw&_busy_timeout=5000")
	}
	if err != nil {
		return formatError(err)
	}
	switch {
	case found.application == 0 && found.version == 0 && len(found.objects) == 0:
		return ErrEmpty
	case found.application != f.ApplicationID || found.version != f.UserVersion:
		return fmt.Errorf("%w: application %#x, version %d", ErrFormat, found.application, found.version)
	}
	return f.compare(found.objects)
}

// compare holds what stands in a file against what the statements make.
func (f Format) compare(found []object) error {
	conn, err := new(sqlite3.SQLiteDriver).Open(":memory:")
	if err != nil {
		return err
	}
	defer conn.Close()
	made := conn.(*sqlite3.SQLiteConn)
	if _, err := made.Exec(f.Statements(), nil); err != nil {
		return err
	}
	want, err := readObjects(made)
	if err != nil {
		return err
	}
	for _, o := range found {
		if i := slices.Index(want, o); i >= 0 {
			want = slices.Delete(want, i, i+1)
		} else if !f.AnyIndex || o.kind != "index" {
			return ErrSchema
		}
	}
	if len(want) > 0 {
		return ErrSchema
	}
	return nil
}

// examine opens a file and looks at it.
func examine(ctx context.Context, path, parameters string) (contents, error) {
	conn, err := open(ctx, path, parameters)
	if err != nil {
		return contents{}, err
	}
	found, err := look(ctx, conn)
	return found, errors.Join(err, conn.Close())
}

func formatError(err error) error {
	if IsDamaged(err) {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return err
}

// contents are what a file says of itself.
type contents struct {
	application, version int
	objects              []object
}

// object is an entry of sqlite_schema.
type object struct{ kind, name, table, sql string }

// look reads what a file says of itself, in one state of it, and is as patient as
// Connect. The transaction ends with the connection.
func look(ctx context.Context, conn *sqlite3.SQLiteConn) (found contents, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := conn.Exec("BEGIN", nil); err != nil {
		return contents{}, err
	}
	for {
		found.objects, err = readObjects(conn)
		if err == nil || !IsBusy(err) || ctx.Err() != nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err != nil {
		return contents{}, err
	}
	for pragma, to := range map[string]*int{"application_id": &found.application, "user_version": &found.version} {
		text, err := readText(conn, "PRAGMA "+pragma)
		if err != nil {
			return contents{}, err
		}
		if *to, err = strconv.Atoi(text); err != nil {
			return contents{}, err
		}
	}
	return found, nil
}

// maxObjects is more than any format has. A file with more is not read to its end.
const maxObjects = 1000

// readObjects reads all entries of sqlite_schema but those of ANALYZE's tables, which
// hold statistics and change no answer.
func readObjects(conn *sqlite3.SQLiteConn) (list []object, err error) {
	rows, err := conn.Query(`SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema
		WHERE NOT (type = 'table' AND name GLOB 'sqlite_stat[134]') LIMIT `+strconv.Itoa(maxObjects), nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, object{fmt.Sprint(row[0]), fmt.Sprint(row[1]), fmt.Sprint(row[2]), fmt.Sprint(row[3])})
	}
}
