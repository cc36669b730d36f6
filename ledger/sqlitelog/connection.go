package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// connection is one connection to the file with its prepared statements, which
// last as long as it does. One transaction at a time runs on it.
//
// Statements run without the caller's context: the driver would start a
// goroutine for each, and a transaction is short. A cancelled context is seen
// before a transaction begins, and within a Scan.
type connection struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

// connections lends out a fixed number of connections.
type connections struct {
	db     *sql.DB
	free   chan *connection
	once   sync.Once
	closed error
}

// connectAll opens n connections and reads their settings back.
func connectAll(ctx context.Context, path, settings string, checks []setting, n int) (*connections, error) {
	db, err := connect(ctx, path, settings, checks, n)
	if err != nil {
		return nil, err
	}
	c := &connections{db: db, free: make(chan *connection, n)}
	for range n {
		conn, err := db.Conn(ctx)
		if err != nil {
			return nil, errors.Join(describe("connect", err), db.Close())
		}
		c.free <- &connection{conn: conn, prepared: map[string]*sql.Stmt{}}
	}
	return c, nil
}

// Close waits for the transactions under way. A second Close does nothing.
func (c *connections) Close() error {
	c.once.Do(func() {
		for range cap(c.free) {
			conn := <-c.free
			c.closed = errors.Join(c.closed, conn.close())
		}
		close(c.free)
		c.closed = errors.Join(c.closed, describe("close", c.db.Close()))
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
func (c *connections) begin(ctx context.Context, text, owner string) (*Tx, error) {
	conn, err := c.take(ctx)
	if err != nil {
		return nil, err
	}
	if err := conn.exec(text); err != nil {
		c.free <- conn
		return nil, describe("begin", err)
	}
	return &Tx{ctx: ctx, conn: conn, owner: owner, pool: c}, nil
}

// run runs do within a transaction and commits unless do fails.
func (c *connections) run(ctx context.Context, text, owner string, do func(*Tx) error) error {
	tx, err := c.begin(ctx, text, owner)
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

func (c *connection) exec(text string, args ...any) error {
	stmt, err := c.prepare(text)
	if err != nil {
		return err
	}
	_, err = stmt.Exec(args...)
	return err
}

func (c *connection) prepare(text string) (*sql.Stmt, error) {
	if stmt, ok := c.prepared[text]; ok {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, describe("prepare", err)
	}
	c.prepared[text] = stmt
	return stmt, nil
}

// queryRow reads one row into dest; none is sql.ErrNoRows.
func (c *connection) queryRow(text string, args []any, dest ...any) error {
	stmt, err := c.prepare(text)
	if err != nil {
		return err
	}
	return stmt.QueryRow(args...).Scan(dest...)
}
