package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/truststore"
)

// readerName is the file in a ledger's folder that keeps what readers saw of it.
const readerName = "reader.trust"

// readLedger opens a client on the ledger of a folder.
func readLedger(ctx context.Context, dir string, log ledgerLog, clock func() time.Time) (*ledger.Client, error) {
	return ledger.NewClient(ctx, log.Trust(), log, truststore.File(filepath.Join(dir, readerName)), ledger.ClientOptions{Clock: clock})
}

// resolve judges values of the ledger that the command is about.
func (a *app) resolve(ctx context.Context, log ledgerLog, judge func(*ledger.View) error) error {
	client, err := readLedger(ctx, a.ledger, log, a.clock)
	if err != nil {
		return err
	}
	return client.Resolve(ctx, judge, ledger.ResolveOptions{})
}
