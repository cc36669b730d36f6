package main

import (
	"context"
	"errors"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/vault"
)

// patience is how long a command waits for a database that another program
// holds. The stores wait as long as their context lasts, which suits a server;
// somebody at a terminal wants to be told.
const patience = 4 * time.Second

// errBusy is a database that another program held all the while.
var errBusy = errors.New("another program holds the database")

// impatient bounds the waiting for a vault, and not the work once it has it.
type impatient struct{ vault.Store }

func (s impatient) Update(ctx context.Context, fn func(vault.Tx) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(patience, func() { cancel(errBusy) })
	defer timer.Stop()
	err := s.Store.Update(ctx, func(tx vault.Tx) error {
		timer.Stop()
		return fn(tx)
	})
	return orBusy(ctx, err)
}

// orBusy replaces the error of a context that ran out of patience.
func orBusy(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errBusy) {
		return errBusy
	}
	return err
}

// isBusy recognises a ledger that another program held for SQLite's five
// seconds.
func isBusy(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrBusy
}
