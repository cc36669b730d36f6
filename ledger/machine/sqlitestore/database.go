package sqlitestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

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

// Connections that read, unless options say otherwise, and those of own snapshots.
const (
	readConnections = 4
	ownConnections  = 2
)

var format = sqlitefile.Format{
	ApplicationID: 0x4875464c, // "HuFL"
	UserVersion:   2,
	Schema:        schema(),
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	path string
	// own are for the engine's snapshots, read for all others; write is one, or nil.
	read, own, write *connections
	past             *past
	// recording says that transactions keep what they replace.
	recording atomic.Bool
	// maxWAL is the size above which the write-ahead log is cut, cutAt the one at which
	// that is tried next. Only the writer changes it.
	maxWAL, cutAt int64
}

// Options changes how a database is opened.
type Options struct {
	// ReadOnly opens it without a connection to write.
	ReadOnly bool
	// Readers caps how many readers read at once; zero means four. Others wait. A
	// View counts until it ends, a snapshot only while it reads.
	Readers int
	// Copy says that what the database holds can be had again elsewhere: a
	// power failure may take its last transactions.
	Copy bool
	// WAL is the size in bytes above which a commit writes the write-ahead log back and
	// cuts it; zero means 16 MiB.
	WAL int64
	// Past caps the memory for snapshots of earlier states, in bytes; zero means 64 MiB.
	Past int
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
	options.Readers = cmp.Or(options.Readers, readConnections)
	options.WAL = cmp.Or(options.WAL, defaultWAL)
	err := format.Check(ctx, path)
	if errors.Is(err, sqlitefile.ErrFormat) && !sqlitefile.IsDamaged(err) {
		return nil, fmt.Errorf("%w: %w", ErrVersion, err)
	}
	if err != nil {
		return nil, describe("open", err)
	}
	d := &DB{path: path, past: newPast(cmp.Or(options.Past, defaultPast)), maxWAL: options.WAL, cutAt: options.WAL}
	if !options.ReadOnly {
		mode := sqlitefile.Write
		if options.Copy {
			mode = sqlitefile.Copy
		}
		if d.write, err = connectAll(ctx, path, mode, 1); err != nil {
			return nil, err
		}
		d.write.each(func(c *connection) { c.cache = newCache(maxCached) })
		d.write.committed, d.write.past = d.cutWAL, d.pastOf
	}
	if d.read, err = connectAll(ctx, path, sqlitefile.Read, options.Readers); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if d.own, err = connectAll(ctx, path, sqlitefile.Read, ownConnections); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// pastOf is what a transaction that begins now keeps for snapshots.
func (d *DB) pastOf() *past {
	if d.recording.Load() {
		return d.past
	}
	return nil
}

// Begin starts the one transaction that writes; others wait, those of other
// processes included. The error is [ErrReadOnly] or the system's own.
func (d *DB) Begin(ctx context.Context) (*Tx, error) {
	if d.write == nil {
		return nil, ErrReadOnly
	}
	return d.write.begin(ctx, beginWrite)
}

// Update runs do within a transaction that writes, and commits unless do fails.
// Errors are those of do, Begin and Commit.
func (d *DB) Update(ctx context.Context, do func(*Tx) error) error {
	if d.write == nil {
		return ErrReadOnly
	}
	return d.write.run(ctx, beginWrite, do)
}

// View runs do over one unchanging state. It may be short only: a commit that finds the
// write-ahead log too long waits for it. do must not wait for a writer. Errors are those
// of do and the system's own.
func (d *DB) View(ctx context.Context, do func(*Tx) error) error {
	return d.read.run(ctx, beginRead, do)
}

// Close waits for the transactions under way.
func (d *DB) Close() error {
	// The writer is held first, for it may wait for readers, and closed last, for only a
	// writer leaves no write-ahead log behind.
	release := func() {}
	if d.write != nil {
		if conn, err := d.write.take(context.Background()); err == nil {
			release = func() { d.write.free <- conn }
		}
	}
	var err error
	for _, c := range []*connections{d.read, d.own} {
		if c != nil {
			err = errors.Join(err, c.Close())
		}
	}
	release()
	if d.write != nil {
		err = errors.Join(err, d.write.Close())
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
	_, err := s.conn.exec("INSERT INTO engine (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return describe("write", err)
}

// EngineState returns what SetEngineState kept, nil where there is nothing.
func (s *Tx) EngineState(name string) ([]byte, error) {
	value, err := s.conn.blob("SELECT value FROM engine WHERE name = ?", name)
	return value, describe("read", err)
}

// SetCheckpoint keeps the signed checkpoint of a height, in place of one that was
// kept before.
func (s *Tx) SetCheckpoint(height uint64, note []byte) error {
	_, err := s.conn.exec("INSERT INTO checkpoint (height, note) VALUES (?, ?) ON CONFLICT (height) DO UPDATE SET note = excluded.note", int64(height), note)
	return describe("write", err)
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
