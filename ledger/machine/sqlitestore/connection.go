package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/internal/sqlitefile"
	"github.com/hufu-id/hufu/ledger/machine"
)

// connection is one connection to the file with its prepared statements, which
// last as long as it does. One transaction at a time runs on it.
//
// It is the driver's own connection: database/sql costs as much as SQLite does
// for rows as small as these. Statements run without the caller's context, for a
// transaction is short: a cancelled one is seen before a transaction begins, and
// within a Scan.
type connection struct {
	conn     *sqlite3.SQLiteConn
	prepared map[string]*sqlite3.SQLiteStmt
	// statements are texts with the table filled in.
	statements map[statementKey]string
	// cache is nil on connections that only read.
	cache *cache
}

type statementKey struct {
	query string
	table machine.Table
}

func newConnection(conn *sqlite3.SQLiteConn) *connection {
	return &connection{conn: conn, prepared: map[string]*sqlite3.SQLiteStmt{}, statements: map[statementKey]string{}}
}

// connections lends out a fixed number of connections.
type connections struct {
	free   chan *connection
	once   sync.Once
	closed error
	// committed, where it is not nil, is called after each commit.
	committed func(*connection)
	// past, where it is not nil, returns what a transaction that writes keeps for
	// snapshots.
	past func() *past
}

// connectAll opens n connections to a file, which exists.
func connectAll(ctx context.Context, path string, mode sqlitefile.Mode, n int) (*connections, error) {
	var all []*connection
	for range n {
		conn, err := sqlitefile.Connect(ctx, path, sqlitefile.Settings{Mode: mode})
		if err != nil {
			err = describe("open", err)
			for _, c := range all {
				err = errors.Join(err, c.close())
			}
			return nil, err
		}
		all = append(all, newConnection(conn))
	}
	c := &connections{free: make(chan *connection, n)}
	for _, conn := range all {
		c.free <- conn
	}
	return c, nil
}

// each prepares every connection, before any is lent out.
func (c *connections) each(prepare func(*connection)) {
	for range cap(c.free) {
		conn := <-c.free
		prepare(conn)
		c.free <- conn
	}
}

// Close waits for the transactions under way. A second Close does nothing.
func (c *connections) Close() error {
	c.once.Do(func() {
		for range cap(c.free) {
			conn := <-c.free
			c.closed = errors.Join(c.closed, conn.close())
		}
		close(c.free)
	})
	return c.closed
}

func (c *connection) close() error {
	var err error
	for _, stmt := range c.prepared {
		err = errors.Join(err, describe("close", stmt.Close()))
	}
	return errors.Join(err, describe("close", c.conn.Close()))
}

// take borrows a connection; the caller gives it back.
func (c *connections) take(ctx context.Context) (*connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, describe("begin", err)
	}
	select {
	case conn, open := <-c.free:
		if !open {
			return nil, describe("begin", sql.ErrConnDone)
		}
		return conn, nil
	case <-ctx.Done():
		return nil, describe("begin", ctx.Err())
	}
}

// begin starts a transaction with the given statement.
func (c *connections) begin(ctx context.Context, text string) (*Tx, error) {
	conn, err := c.take(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.exec(text); err != nil {
		c.free <- conn
		return nil, describe("begin", err)
	}
	if conn.cache != nil {
		if err := conn.checkCache(); err != nil {
			return nil, errors.Join(err, (&Tx{conn: conn, pool: c}).Rollback())
		}
	}
	tx := &Tx{ctx: ctx, conn: conn, pool: c}
	if c.past != nil {
		tx.past = c.past()
	}
	return tx, nil
}

// run runs do within a transaction and commits unless do fails.
func (c *connections) run(ctx context.Context, text string, do func(*Tx) error) error {
	tx, err := c.begin(ctx, text)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Statements that begin a transaction. A deferred one that begins to write gets
// SQLITE_BUSY despite the timeout.
const (
	beginRead  = "BEGIN"
	beginWrite = "BEGIN IMMEDIATE"
)

func (c *connection) prepare(query string) (*sqlite3.SQLiteStmt, error) {
	if stmt, ok := c.prepared[query]; ok {
		return stmt, nil
	}
	prepared, err := c.conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	stmt := prepared.(*sqlite3.SQLiteStmt)
	c.prepared[query] = stmt
	return stmt, nil
}

// exec returns how many rows it changed.
func (c *connection) exec(query string, args ...driver.Value) (changed int64, err error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.Exec(args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query calls yield for every row, whose values are its own to keep.
func (c *connection) query(query string, args []driver.Value, yield func([]driver.Value) error) (err error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return err
	}
	rows, err := stmt.Query(args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = yield(row)
		}
		if err != nil {
			return err
		}
	}
}

// first returns the first row; none is sql.ErrNoRows.
func (c *connection) first(query string, args ...driver.Value) (row []driver.Value, err error) {
	err = c.query(query, args, func(values []driver.Value) error {
		if row == nil {
			row = append(row, values...)
		}
		return nil
	})
	if err == nil && row == nil {
		err = sql.ErrNoRows
	}
	return row, err
}

// blob returns the one value of the first row, nil where there is none.
func (c *connection) blob(query string, args ...driver.Value) ([]byte, error) {
	row, err := c.first(query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, _ := row[0].([]byte)
	return b, nil
}
