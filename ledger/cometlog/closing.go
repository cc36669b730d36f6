package cometlog

import (
	"sync"

	dbm "github.com/cometbft/cometbft-db"
	cmt "github.com/cometbft/cometbft/config"
)

// closingDB answers reads after its end with nothing. CometBFT closes its
// databases while goroutines for its peers still read them, and panics if the
// database reports it.
type closingDB struct {
	dbm.DB
	mu     sync.RWMutex
	closed bool
}

// openDB implements cmt.DBProvider.
func openDB(ctx *cmt.DBContext) (dbm.DB, error) {
	db, err := cmt.DefaultDBProvider(ctx)
	if err != nil {
		return nil, err
	}
	return &closingDB{DB: db}, nil
}

// Get implements dbm.DB.
func (d *closingDB) Get(key []byte) ([]byte, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return nil, nil
	}
	return d.DB.Get(key)
}

// Has implements dbm.DB.
func (d *closingDB) Has(key []byte) (bool, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return false, nil
	}
	return d.DB.Has(key)
}

// Close implements dbm.DB.
func (d *closingDB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	return d.DB.Close()
}
