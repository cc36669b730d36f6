//go:build linux

package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/powerloss"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

// TestPowerLoss cuts the power at any system call of a counter that is made and accepts
// answers. The store must open, and refuse each nonce and each once-only pseudonym that was
// accepted until then. If its log is then deleted, or the store replaced by an older one,
// it still refuses them, or does not open.
func TestPowerLoss(t *testing.T) {
	if dir := powerloss.Traced(); dir != "" {
		acceptUntilDone(dir)
		return
	}
	long.NotShort(t, "traces a process")
	for name, made := range map[string]int{"from nothing": 0, "goes on": 5} {
		dir := t.TempDir()
		if made > 0 {
			s := open(t, filepath.Join(dir, "counter.db"), sqlitestore.Options{Create: true})
			for n := range made {
				if err := accept(s, 1000+n); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		campaign := powerloss.Campaign{
			Start: powerloss.Take(t, dir), Images: long.Or(50, 6000), Databases: []string{"counter.db"},
			Open: survives, RolledBack: verifier.ErrRolledBack,
		}
		campaign.Events = powerloss.Run(t, t.Name(), dir)
		t.Log(name)
		acknowledged, rolledBack := campaign.Run(t)
		if acknowledged < 30 || rolledBack < campaign.Images {
			t.Errorf("%s: the trace knows of %d acknowledged answers, and %d stores were refused", name, acknowledged, rolledBack)
		}
	}
}

// acceptUntilDone is the traced process.
func acceptUntilDone(dir string) {
	s, err := sqlitestore.Open(context.Background(), filepath.Join(dir, "counter.db"), sqlitestore.Options{Create: true})
	for n := 0; n < 40 && err == nil; n++ {
		if err = accept(s, n); err == nil {
			fmt.Printf("acknowledged %d\n", n+1)
		}
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// survives opens the store on a disk, as a counter does that is started anew.
func survives(dir string, acknowledged int) error {
	s, err := sqlitestore.Open(context.Background(), filepath.Join(dir, "counter.db"), sqlitestore.Options{Create: true})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.PutRequest(context.Background(), request("again")); err != nil {
		return err
	}
	for n := range acknowledged {
		id := fmt.Sprint("request ", n)
		if err := s.Accept(context.Background(), acceptance(id)); !errors.Is(err, verifier.ErrReplayed) {
			return fmt.Errorf("%w: nonce %d of %d: %w", powerloss.ErrLost, n, acknowledged, err)
		}
		if err := s.Accept(context.Background(), acceptance("again", once(n))); !errors.Is(err, verifier.ErrUsedOnce) {
			return fmt.Errorf("%w: pseudonym %d of %d: %w", powerloss.ErrLost, n, acknowledged, err)
		}
	}
	return nil
}
