//go:build linux

package sqlitelog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/powerloss"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// TestPowerLoss cuts the power at any system call of a process that appends to a ledger.
// The ledger must open, hold all that was acknowledged until then, and pass its audit. If
// its logs are then deleted, or both databases replaced by older ones, it still holds all
// of it, or does not open.
func TestPowerLoss(t *testing.T) {
	if dir := powerloss.Traced(); dir != "" {
		appendUntilDone(dir)
		return
	}
	long.NotShort(t, "traces a process")
	w := newWorld(t)
	for i, op := range w.separately(kinds["map"], 40) {
		if err := os.WriteFile(filepath.Join(w.dir, strconv.Itoa(i)+".op"), op.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	campaign := powerloss.Campaign{
		Start: powerloss.Take(t, w.dir), Images: long.Or(150, 9000), Databases: []string{"log.db", "witness.db"},
		Open: w.survives, RolledBack: ledger.ErrRolledBack,
	}
	campaign.Events = powerloss.Run(t, t.Name(), w.dir)
	acknowledged, rolledBack := campaign.Run(t)
	if acknowledged < 30 || rolledBack < campaign.Images {
		t.Errorf("the trace knows of %d acknowledged operations, and %d ledgers were refused", acknowledged, rolledBack)
	}
}

// appendUntilDone is the traced process.
func appendUntilDone(dir string) {
	log, err := sqlitelog.Open(context.Background(), dir, ledgertest.ZK{}, sqlitelog.Options{Clock: func() time.Time { return start }})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for n := 0; ; n++ {
		b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(n)+".op"))
		if err != nil {
			return // killed by nobody: what matters is in the trace
		}
		op, err := ledger.ParseSignedOperation(b)
		if err == nil {
			_, err = log.Submit(context.Background(), op)
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Printf("acknowledged %d\n", n+1)
	}
}

// survives opens the ledger on a disk.
func (w *world) survives(dir string, acknowledged int) (err error) {
	log, err := sqlitelog.Open(context.Background(), dir, ledgertest.ZK{}, sqlitelog.Options{Clock: w.clock.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	for n := range acknowledged {
		if _, err := log.Get(context.Background(), ledger.AnchorKey(log.Trust().RootDID, numbered(n))); err != nil {
			return fmt.Errorf("%w: operation %d of %d: %w", powerloss.ErrLost, n, acknowledged, err)
		}
	}
	return log.Audit(context.Background(), nil)
}
