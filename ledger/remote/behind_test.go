package remote_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// TestServerBehind: a replica that did not get the newest operations yet is neither
// believed nor called a fork; another server is asked.
func TestServerBehind(t *testing.T) {
	dir := t.TempDir()
	log, root := newLogIn(t, dir, time.Now)
	replica := openCopy(t, dir)
	op := anchor(t, log, root, 1)
	if _, err := log.Submit(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	serve := func(l *sqlitelog.Log) string {
		s := httptest.NewServer(remote.NewHandler(l, l.Trust(), remote.HandlerOptions{}))
		t.Cleanup(s.Close)
		return s.URL
	}
	newest, lagging := serve(log), serve(replica)
	store := ledger.NewMemoryTrustStore()
	read := func(addresses ...string) (*ledger.Client, error) {
		return ledger.NewClient(t.Context(), log.Trust(), client(t, addresses...), store, ledger.ClientOptions{})
	}
	c, err := read(newest)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err = read(lagging)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Get(t.Context(), op.Operation.Key)
	var behind *ledger.BehindError
	if !errors.As(err, &behind) || errors.Is(err, ledger.ErrInconsistent) || errors.Is(err, ledger.ErrAbsent) {
		t.Error("a server that lags, alone:", err)
	}
	c, err = read(lagging, newest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), op.Operation.Key); err != nil {
		t.Error("the second server was not asked:", err)
	}
}

// openCopy opens a copy of a ledger's folder as it is now.
func openCopy(t *testing.T, dir string) *sqlitelog.Log {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.key", "witness.key"} { // CopyFS follows the umask
		if err := os.Chmod(filepath.Join(to, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := sqlitelog.Open(t.Context(), to, ledgertest.ZK{}, sqlitelog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}
