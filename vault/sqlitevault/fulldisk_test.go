//go:build linux

package sqlitevault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
)

// fullDisk names the vault in the process whose disk is full.
const fullDisk = "HUFU_TEST_FULL_DISK"

// TestFullDisk: where there is no room, an update fails with one error that says so, and
// the vault is as it was. A limit on the size of files stands in for the disk: the system
// answers the write in the same way.
func TestFullDisk(t *testing.T) {
	if path := os.Getenv(fullDisk); path != "" {
		fillDisk(path)
		return
	}
	long.NotShort(t, "starts a process")
	path := filepath.Join(t.TempDir(), "vault.db")
	child := exec.Command(os.Args[0], "-test.run", "^TestFullDisk$")
	child.Env = append(os.Environ(), fullDisk+"="+path)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	said, _, _ := strings.Cut(string(out), "\nPASS")
	if !strings.HasPrefix(said, "full: ") || strings.Contains(said, "\n") || strings.Contains(said, "roll back") {
		t.Errorf("%q", out)
	}
}

func fillDisk(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	store, err := sqlitevault.Open(context.Background(), path, []byte("a long passphrase"), sqlitevault.Options{Create: true, KDF: quick.KDF})
	if err != nil {
		fmt.Println("open:", err)
		return
	}
	limit := syscall.Rlimit{Cur: 600 << 10, Max: 600 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println("limit:", err)
		return
	}
	put := func(n int) error {
		return store.Update(context.Background(), func(tx vault.Tx) error {
			return tx.Put("kind", fmt.Sprint(n), make([]byte, 64<<10))
		})
	}
	for n := range 100 {
		if err := put(n); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				fmt.Println("another error:", err)
			}
			fmt.Println("full:", err)
			err = store.View(context.Background(), func(tx vault.Tx) error {
				for i := range n {
					if _, err := tx.Get("kind", fmt.Sprint(i)); err != nil {
						return err
					}
				}
				if _, err := tx.Get("kind", fmt.Sprint(n)); !errors.Is(err, vault.ErrNotFound) {
					return fmt.Errorf("what was refused is there: %w", err)
				}
				return nil
			})
			if err != nil {
				fmt.Println("view:", err)
			}
			return
		}
	}
	fmt.Println("never full")
}
