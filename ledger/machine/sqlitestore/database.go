package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/internal/sqlitefile"
	"github.com/hufu-id/hufu/ledger/machine"
)

var (
	// ErrSetting means that SQLite did not take a setting that durability
	// rests on.
	ErrSetting = sqlitefile.ErrSetting
	// ErrVersion means that the file is not a ledger of this version.
	ErrVersion = errors.New("sqlitestore: not a ledger of this version")
	// ErrReadOnly means a change to a database that was opened to read.
	ErrReadOnly = errors.New("sqlitestore: opened to read only")
)

// readConnections is how many snapshots there are at a time, unless options say
// otherwise.
const readConnections = 4

var format = sqlitefile.Format{
	ApplicationID: 0x4875464c, // "HuFL"
	UserVersion:   2,
	Schema:        schema(),
}

// DB is an open database. It is safe for concurrent use.
type DB struct{ read, write *connections }

// Options changes how a database is opened.
type Options struct {
	// ReadOnly opens it without a connection to write.
	ReadOnly bool
	// Readers bounds how many snapshots there are at a time; zero means four.
	// Another waits until one is rolled back.
	Readers int
	// Copy says that what the database holds can be had again elsewhere: a
	// power failure may take its last transactions.
	Copy bool
}

// Create makes the file with mode 0600 and, in one transaction, its tables and
// what fill puts into them; fill may be nil. Where that is cut short, an empty
// file stays, of which Open says [ErrVersion]. The error is fs.ErrExist where
// there is a file already, fill's own, [ErrSetting] or the system's own.
func Create(ctx context.Context, path string, fill func(*Tx) error) error {
	if err := sqlitefile.Create(path); err != nil {
		return describe("create", err)
	}
	write, err := connectAll(ctx, path, sqlitefile.Write, 1)
	if err != nil {
		return err
	}
	err = write.run(ctx, beginWrite, func(tx *Tx) error {
		if err := tx.createTables(); err != nil || fill == nil {
			return err
		}
		return fill(tx)
	})
	return errors.Join(err, write.Close())
}

// Open opens a file that Create made. The error is fs.ErrNotExist, [ErrVersion],
// [ErrSetting], machine.ErrDamaged or the system's own.
func Open(ctx context.Context, path string, options Options) (*DB, error) {
	if options.Readers == 0 {
		options.Readers = readConnections
	}
	err := format.Check(ctx, path)
	if errors.Is(err, sqlitefile.ErrFormat) && !sqlitefile.IsDamaged(err) {
		return nil, fmt.Errorf("%w: %w", ErrVersion, err)
	}
	if err != nil {
		return nil, describe("open", err)
	}
	d := new(DB)
	if !options.ReadOnly {
		mode := sqlitefile.Write
		if options.Copy {
			mode = sqlitefile.Copy
		}
		if d.write, err = connectAll(ctx, path, mode, 1); err != nil {
			return nil, err
		}
		d.write.each(func(c *connection) { c.cache = newCache() })
	}
	if d.read, err = connectAll(ctx, path, sqlitefile.Read, options.Readers); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Begin starts the one transaction that writes; others wait, those of other
// processes included. The error is [ErrReadOnly] or the system's own.
func (d *DB) Begin(ctx context.Context) (*Tx, error) {
	if d.write == nil {
		return nil, ErrReadOnly
	}
	return d.write.begin(ctx, beginWrite)
}

// Snapshot starts a transaction that reads one unchanging state, until it is
// rolled back.
func (d *DB) Snapshot(ctx context.Context) (*Tx, error) {
	tx, err := d.read.begin(ctx, beginRead)
	if err != nil {
		return nil, err
	}
	// SQLite fixes the state at the first read.
	if _, err := machine.ReadHead(tx); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// Update runs do within a transaction that writes, and commits unless do fails.
// Errors are those of do, Begin and Commit.
func (d *DB) Update(ctx context.Context, do func(*Tx) error) error {
	if d.write == nil {
		return ErrReadOnly
	}
	return d.write.run(ctx, beginWrite, do)
}

// View runs do over one unchanging state. Errors are those of do and the
// system's own.
func (d *DB) View(ctx context.Context, do func(*Tx) error) error {
	return d.read.run(ctx, beginRead, do)
}

// Close waits for the transactions under way.
func (d *DB) Close() error {
	var err error
	for _, c := range []*connections{d.read, d.write} {
		if c != nil {
			err = errors.Join(err, c.Close())
		}
	}
	return err
}

// schema are the tables of the machine, of checkpoints and of the engine.
func schema() string {
	var b strings.Builder
	for _, table := range machine.Tables() {
		fmt.Fprintf(&b, "CREATE TABLE %s (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;\n", table)
	}
	b.WriteString("CREATE TABLE checkpoint (height INTEGER NOT NULL PRIMARY KEY, note BLOB NOT NULL);\n")
	b.WriteString("CREATE TABLE engine (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL);\n")
	return b.String()
}

// createTables makes the tables, and marks the file as a ledger of this version.
func (s *Tx) createTables() error {
	_, err := s.conn.conn.Exec(format.Statements(), nil) // several statements at once
	return describe("create", err)
}

// SetEngineState keeps a value of the engine under a name. It is not part of the
// ledger.
func (s *Tx) SetEngineState(name string, value []byte) error {
	return describe("write", s.conn.exec(
		"INSERT INTO engine (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value))
}

// EngineState returns what SetEngineState kept, nil where there is nothing.
func (s *Tx) EngineState(name string) ([]byte, error) {
	value, err := s.conn.blob("SELECT value FROM engine WHERE name = ?", name)
	return value, describe("read", err)
}

// SetCheckpoint keeps the signed checkpoint of a height, in place of one that was
// kept before.
func (s *Tx) SetCheckpoint(height uint64, note []byte) error {
	return describe("write", s.conn.exec(
		"INSERT INTO checkpoint (height, note) VALUES (?, ?) ON CONFLICT (height) DO UPDATE SET note = excluded.note", int64(height), note))
}

// Checkpoint returns what SetCheckpoint kept, nil where there is nothing.
func (s *Tx) Checkpoint(height uint64) ([]byte, error) {
	note, err := s.conn.blob("SELECT note FROM checkpoint WHERE height = ?", int64(height))
	return note, describe("read", err)
}

// Checkpoints counts the heights for which SetCheckpoint kept one.
func (s *Tx) Checkpoints() (uint64, error) {
	row, err := s.conn.first("SELECT count(*) FROM checkpoint")
	if err != nil {
		return 0, describe("read", err)
	}
	count, _ := row[0].(int64)
	return uint64(count), nil
}

// describe says what was being done, and tells damage from other failures.
func describe(action string, err error) error {
	if err == nil {
		return nil
	}
	if sqlitefile.IsDamaged(err) {
		return fmt.Errorf("%w: %s: %w", machine.ErrDamaged, action, err)
	}
	return fmt.Errorf("sqlitestore: %s: %w", action, sqlitefile.WithRoom(err))
}
