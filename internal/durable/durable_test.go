package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/internal/durable"
)

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := durable.Create(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.Create(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Error("a second time:", err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "first" {
		t.Errorf("%q %v", b, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if err := durable.SyncFolder(filepath.Dir(path)); err != nil {
		t.Error(err)
	}
}

func TestNowhere(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	if err := durable.Create(filepath.Join(nowhere, "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := durable.SyncFolder(nowhere); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
