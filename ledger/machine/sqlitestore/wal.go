package sqlitestore

import (
	"errors"
	"io/fs"
	"os"

	"github.com/hufu-id/hufu/internal/sqlitefile"
)

// defaultWAL is the size of the write-ahead log above which a commit writes it back and
// cuts it, in bytes. SQLite's own checkpoint, after 4 MiB, never finds a moment without
// readers where they overlap.
const defaultWAL = 16 << 20

// Sizes are those of a database's files, in bytes.
type Sizes struct{ Database, WAL int64 }

// Sizes returns the sizes of the files. The error is the system's own.
func (d *DB) Sizes() (Sizes, error) {
	info, err := os.Stat(d.path)
	if err != nil {
		return Sizes{}, describe("size", err)
	}
	wal, err := d.walSize()
	return Sizes{info.Size(), wal}, describe("size", err)
}

func (d *DB) walSize() (int64, error) {
	info, err := os.Stat(d.path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// cutWAL writes a write-ahead log that has grown too long back into the database and
// cuts it to nothing. It lets no reader of this process begin meanwhile, and waits for
// those that read: a statement of a snapshot, or a View. The commit before it holds
// whether or not it succeeds. A reader of another process, or a full disk, may be in the
// way; then a later commit tries again.
func (d *DB) cutWAL(writer *connection) {
	size, err := d.walSize()
	if err != nil || size < d.cutAt {
		return
	}
	d.cutAt = size + d.maxWAL/4
	var held []func()
	defer func() {
		for _, giveBack := range held {
			giveBack()
		}
	}()
	for _, pool := range []*connections{d.read, d.own} {
		for range cap(pool.free) {
			conn, open := <-pool.free
			if !open {
				return // the database is being closed
			}
			held = append(held, func() { pool.free <- conn })
		}
	}
	if sqlitefile.CutWAL(writer.conn) == nil {
		d.cutAt = d.maxWAL
	}
}
