package truststore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/truststore"
)

func TestFile(t *testing.T) {
	ledgertest.TestTrustStore(t, func(t *testing.T) ledger.TrustStore {
		return truststore.File(filepath.Join(t.TempDir(), "ledger.trust"))
	})
}

func TestFileSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.trust")
	if swapped, err := truststore.File(path).CompareAndSwap(t.Context(), nil, []byte("one")); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	if b, err := truststore.File(path).Load(t.Context()); string(b) != "one" || err != nil {
		t.Errorf("reopened: %q, %v", b, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".trust-") {
			t.Error("a temporary file was left:", e.Name())
		}
	}
}

func TestFileRefuses(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, ledger.MaxTrustState+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := truststore.File(large).Load(t.Context()); !errors.Is(err, ledger.ErrTooLarge) {
		t.Error("a file above the cap:", err)
	}
	missing := truststore.File(filepath.Join(dir, "no", "folder"))
	if swapped, err := missing.CompareAndSwap(t.Context(), nil, []byte("one")); swapped || err == nil {
		t.Error("no folder:", swapped, err)
	}
}
