package cosign_test

import (
	"crypto"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/hufu-id/hufu/ledger/cosign"
)

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.key")
	made, err := cosign.CreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	read, err := cosign.ReadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if !made.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(read.Public()) {
		t.Error("another key was read")
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if _, err := cosign.CreateKey(path); !errors.Is(err, fs.ErrExist) {
		t.Error("made over another key:", err)
	}
	if _, err := cosign.ReadKey(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("no file:", err)
	}
}

func TestKeyFileRefused(t *testing.T) {
	const ecKey = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n" +
		"OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----\n"
	for name, spoil := range map[string]func(key []byte) (content []byte, mode os.FileMode){
		"open to others": func(key []byte) ([]byte, os.FileMode) { return key, 0o640 },
		"no PEM":         func([]byte) ([]byte, os.FileMode) { return []byte("x"), 0o600 },
		"no key": func([]byte) ([]byte, os.FileMode) {
			return []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600
		},
		"another type":  func(key []byte) ([]byte, os.FileMode) { return []byte(ecKey), 0o600 },
		"trailing data": func(key []byte) ([]byte, os.FileMode) { return append(key, 'x'), 0o600 },
	} {
		if runtime.GOOS == "windows" && name == "open to others" {
			continue
		}
		path := filepath.Join(t.TempDir(), "log.key")
		if _, err := cosign.CreateKey(path); err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		content, mode := spoil(key)
		if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		if _, err := cosign.ReadKey(path); !errors.Is(err, cosign.ErrKeyFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
