package cometlog

import (
	"context"
	"time"

	"github.com/cometbft/cometbft/libs/log"

	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

const (
	// sizeInterval is how often a node looks at the size of its database.
	sizeInterval = time.Minute
	// warnWAL is the size of the write-ahead log above which a node warns: many times
	// what it may have before it is cut.
	warnWAL = 256 << 20
	// defaultWarnSize is the size of the database above which it warns.
	defaultWarnSize = 64 << 30
)

// sizeAlarm warns where a database or its write-ahead log is larger than expected, and
// again whenever it has doubled.
type sizeAlarm struct {
	db  *sqlitestore.DB
	log log.Logger
	// database and wal are the sizes above which it warns next.
	database, wal int64
}

// watch looks until ctx ends.
func (a *sizeAlarm) watch(ctx context.Context) {
	ticker := time.NewTicker(sizeInterval)
	defer ticker.Stop()
	for {
		a.look()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *sizeAlarm) look() {
	sizes, err := a.db.Sizes()
	if err != nil {
		a.log.Error("the size of the ledger's database cannot be read", "err", err)
		return
	}
	if sizes.Database > a.database {
		a.log.Error("the ledger's database is large: see that the disk has room", "bytes", sizes.Database, "above", a.database)
		a.database = 2 * sizes.Database
	}
	if sizes.WAL > a.wal {
		a.log.Error("the write-ahead log of the ledger's database does not get shorter: does another process read ledger.db?", "bytes", sizes.WAL, "above", a.wal)
		a.wal = 2 * sizes.WAL
	}
}
