package prover_test

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// developmentFolder is where the keys of testKeys lie.
func developmentFolder(t testing.TB) string {
	t.Helper()
	p, _ := testKeys(t)
	_, hash, err := p.VerifyingKey(zkp.CircuitShow)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := testkeys.Cache()
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := filepath.Glob(filepath.Join(cache, "hufu", "zkp", "*", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range manifests {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(hex.EncodeToString(hash[:]))) {
			return filepath.Dir(name)
		}
	}
	t.Fatal("the development keys are in no folder")
	return ""
}

// zipped packs a folder after an edit of each file; nil leaves a file out.
func zipped(t *testing.T, dir string, edit func(name string, b []byte) []byte) *zip.Reader {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if content = edit(e.Name(), content); content == nil {
			continue
		}
		file, err := w.Create(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOpenFS: an archive is held to the same hashes as a directory.
func TestOpenFS(t *testing.T) {
	dir := developmentFolder(t)
	for _, tt := range []struct {
		name string
		edit func(name string, b []byte) []byte
		want error
	}{
		{"as it is", func(_ string, b []byte) []byte { return b }, nil},
		{"a bit of a proving key", func(name string, b []byte) []byte {
			if name == string(zkp.CircuitShow)+".pk" {
				b[len(b)/2] ^= 1
			}
			return b
		}, prover.ErrKeyFile},
		{"no verifying key", func(name string, b []byte) []byte {
			if name == string(zkp.CircuitPrepare)+".vk" {
				return nil
			}
			return b
		}, fs.ErrNotExist},
		{"no manifest", func(name string, b []byte) []byte {
			if name == "manifest.json" {
				return nil
			}
			return b
		}, fs.ErrNotExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := prover.OpenFS(zipped(t, dir, tt.edit))
			if !errors.Is(err, tt.want) || (p == nil) != (err != nil) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if err != nil && !errors.Is(err, prover.ErrKeyFile) {
				t.Errorf("%v is no ErrKeyFile", err)
			}
		})
	}
}
