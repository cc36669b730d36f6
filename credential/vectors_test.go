package credential_test

import (
	"os"
	"path/filepath"
	"testing"
)

// vectors returns a folder of external test vectors, or skips.
func vectors(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("HUFU_VECTORS")
	if root == "" {
		root = filepath.Join(checkout(t), "..", "shared", "vectors")
	}
	folder := filepath.Join(root, name)
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("HUFU_REQUIRE_ALL") == "1" {
			t.Fatalf("external test vectors %q are missing", name)
		}
		t.Skipf("external test vectors %q are not here: set HUFU_VECTORS", name)
	}
	return folder
}

// checkout is the nearest folder upward that holds go.mod.
func checkout(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			t.Fatal("no go.mod above the test's folder")
		}
		folder = filepath.Dir(folder)
	}
}
