package remote_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
)

var _ ledger.Ledger = (*remote.Joined)(nil)

func TestJoin(t *testing.T) {
	log, root := newLog(t)
	server := httptest.NewServer(remote.NewHandler(log, log.Trust(), remote.HandlerOptions{}))
	defer server.Close()
	dir := filepath.Join(t.TempDir(), "ours")
	if _, err := remote.OpenJoined(dir, remote.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if err := remote.Join(dir, log.Trust(), "ftp://example"); !errors.Is(err, remote.ErrAddress) {
		t.Errorf("no address: %v", err)
	}
	if err := remote.Join(dir, log.Trust(), server.URL); err != nil {
		t.Fatal(err)
	}
	if err := remote.Join(dir, log.Trust(), server.URL); !errors.Is(err, fs.ErrExist) {
		t.Errorf("joined twice: %v", err)
	}
	joined, err := remote.OpenJoined(dir, remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(joined.Addresses(), []string{server.URL}) || !bytes.Equal(joined.Trust().Bytes(), log.Trust().Bytes()) {
		t.Errorf("joined %v", joined.Addresses())
	}
	if _, err := joined.Submit(t.Context(), anchor(t, log, root, 1)); err != nil {
		t.Error(err)
	}
	if err := joined.Close(); err != nil {
		t.Error(err)
	}
}

func TestJoinedDamaged(t *testing.T) {
	log, _ := newLog(t)
	for name, bad := range map[string]string{
		"nodes.json": `{"nodes": ["http://127.0.0.1:1"], "more": 1}`,
		"trust.json": `{}`,
	} {
		dir := t.TempDir()
		if err := remote.Join(dir, log.Trust(), "http://127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := remote.OpenJoined(dir, remote.Options{}); !errors.Is(err, remote.ErrFolder) {
			t.Errorf("%s: got %v", name, err)
		}
		if name != "trust.json" {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := remote.OpenJoined(dir, remote.Options{}); !errors.Is(err, remote.ErrFolder) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("missing %s: got %v", name, err)
		}
	}
}
