//go:build linux

package sqlitevault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/powerloss"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
)

// TestPowerLoss cuts the power at any system call of a wallet that stores and forgets. The
// vault must open and hold what was acknowledged until then. If its log is then deleted, or
// the vault replaced by an older one, it still holds all of it, or does not open.
func TestPowerLoss(t *testing.T) {
	if dir := powerloss.Traced(); dir != "" {
		putUntilDone(dir)
		return
	}
	long.Landing(t, "opens hundreds of disks")
	dir := t.TempDir()
	path := filepath.Join(dir, "wallet.db")
	s := create(t, path)
	put(t, s, "before", "x")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	campaign := powerloss.Campaign{
		Start: powerloss.Take(t, dir), Images: long.Or(60, 3000), Databases: []string{"wallet.db"},
		Open: survives, RolledBack: vault.ErrRolledBack,
	}
	campaign.Events = powerloss.Run(t, t.Name(), dir)
	acknowledged, rolledBack := campaign.Run(t)
	if acknowledged < 30 || rolledBack < campaign.Images {
		t.Errorf("the trace knows of %d acknowledged changes, and %d vaults were refused", acknowledged, rolledBack)
	}
}

// putUntilDone is the traced process. Each change stores a record, and every fifth also
// forgets the one before.
func putUntilDone(dir string) {
	ctx := context.Background()
	s, err := sqlitevault.Open(ctx, filepath.Join(dir, "wallet.db"), passphrase, sqlitevault.Options{})
	for n := 0; n < 40 && err == nil; n++ {
		err = s.Update(ctx, func(tx vault.Tx) error {
			if n%5 == 1 {
				if err := tx.Delete("credential", fmt.Sprint(n-1)); err != nil {
					return err
				}
			}
			return tx.Put("credential", fmt.Sprint(n), fmt.Append(nil, "value ", n))
		})
		if err == nil {
			fmt.Printf("acknowledged %d\n", n+1)
		}
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// survives opens the vault on a disk.
func survives(dir string, acknowledged int) error {
	ctx := context.Background()
	s, err := sqlitevault.Open(ctx, filepath.Join(dir, "wallet.db"), passphrase, sqlitevault.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.View(ctx, func(tx vault.Tx) error {
		for n := range acknowledged {
			_, err := tx.Get("credential", fmt.Sprint(n))
			gone := errors.Is(err, vault.ErrNotFound)
			switch {
			case err != nil && !gone:
				return err
			case n%5 == 0 && n+1 < acknowledged && !gone, // forgotten, and back
				n%5 != 0 && gone:
				return fmt.Errorf("%w: change %d of %d", powerloss.ErrLost, n, acknowledged)
			}
		}
		return nil
	})
}
