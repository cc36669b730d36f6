//go:build linux

package sqlitelog_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// fullDisk names the folder of the ledger in the process whose disk is full.
const fullDisk = "HUFU_TEST_FULL_DISK"

// TestFullDisk: when there is no room, a batch is refused with an error, and
// nothing that was acknowledged is lost. A limit on the size of files stands in
// for the disk: the system answers the write in the same way.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(fullDisk); dir != "" {
		fillDisk(dir)
		return
	}
	w := newWorld(t)
	ops := w.separately(kinds["map"], 400)
	for i, op := range ops {
		if err := os.WriteFile(filepath.Join(w.dir, strconv.Itoa(i)+".op"), op.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestFullDisk$")
	child.Env = append(os.Environ(), fullDisk+"="+w.dir)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	acknowledged, failed := 0, ""
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
			acknowledged, _ = strconv.Atoi(n)
		}
		if reason, ok := strings.CutPrefix(lines.Text(), "failed "); ok {
			failed = reason
		}
	}
	if acknowledged == 0 || acknowledged == len(ops) || !strings.Contains(failed, "full") && !strings.Contains(failed, "I/O") {
		t.Fatalf("%d acknowledged, then %q: %s", acknowledged, failed, out)
	}
	w.log = w.open(sqlitelog.Options{})
	for n := range acknowledged {
		if _, err := w.view(ledger.AnchorKey(w.rootDID(), numbered(n))).Anchor(w.rootDID(), numbered(n)); err != nil {
			t.Fatalf("operation %d of %d is lost: %v", n, acknowledged, err)
		}
	}
	w.submit(ops[len(ops)-1])
	if err := w.log.Audit(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// fillDisk submits until there is no room for more, in a process of its own.
func fillDisk(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	log, err := sqlitelog.Open(context.Background(), dir, ledgertest.ZK{}, sqlitelog.Options{Clock: func() time.Time { return start }})
	if err != nil {
		fmt.Println("failed to open", err)
		return
	}
	limit := syscall.Rlimit{Cur: 600 << 10, Max: 600 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println("failed to limit", err)
		return
	}
	for n := 0; ; n++ {
		b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(n)+".op"))
		if err != nil {
			return
		}
		op, err := ledger.ParseSignedOperation(b)
		if err != nil {
			fmt.Println("failed to parse", err)
			return
		}
		if _, err := log.Submit(context.Background(), op); err != nil {
			fmt.Println("failed", err)
			// What could not be written is refused again, and readers go on.
			if _, err := log.Submit(context.Background(), op); err == nil {
				fmt.Println("acknowledged", n+1)
			}
			if _, err := log.Prove(context.Background()); err != nil {
				fmt.Println("readers", err)
				os.Exit(1)
			}
			return
		}
		fmt.Println("acknowledged", n+1)
	}
}
