package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/mattn/go-sqlite3"
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
func connectAll(ctx context.Context, dir, settings string, checks []setting, n int) (*connections, error) {
	db, err := connect(ctx, dir, settings, checks, n)
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

// run runs do within a transaction begun by the given statement, and commits
// unless do fails.
func (c *connections) run(ctx context.Context, begin string, do func(*connection) error) error {
	if err := ctx.Err(); err != nil {
		return describe("begin", err)
	}
	select {
	case conn, open := <-c.free:
		if !open {
			return describe("begin", sql.ErrConnDone)
		}
		defer func() { c.free <- conn }()
		return conn.transact(begin, do)
	case <-ctx.Done():
		return describe("begin", ctx.Err())
	}
}

func (c *connection) transact(begin string, do func(*connection) error) error {
	if err := c.exec(begin); err != nil {
		return describe("begin", err)
	}
	err := do(c)
	if err == nil {
		if err = describe("commit", c.exec("COMMIT")); err == nil {
			return nil
		}
	}
	// Some failures end the transaction by themselves.
	var e sqlite3.Error
	if rollback := c.exec("ROLLBACK"); rollback != nil && !(errors.As(rollback, &e) && e.Code == sqlite3.ErrError) {
		err = errors.Join(err, describe("roll back", rollback))
	}
	return err
}

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
