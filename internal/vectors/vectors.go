// Package vectors finds test data that nobody on this project wrote. Only tests
// import it.
package vectors

import (
	"os"
	"path/filepath"
	"testing"
)

// Folder returns a folder of external test vectors: below HUFU_VECTORS, or
// below ../shared/vectors beside the checkout. Where it is missing the test is
// skipped with a sentence, or fails when HUFU_REQUIRE_ALL=1.
func Folder(t testing.TB, name string) string {
	t.Helper()
	folder := filepath.Join(Root(t), name)
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("HUFU_REQUIRE_ALL") == "1" {
			t.Fatalf("external test vectors %q are missing", name)
		}
		t.Skipf("external test vectors %q are not here: set HUFU_VECTORS", name)
	}
	return folder
}

// Root is where vectors belong, whether or not they are there.
func Root(t testing.TB) string {
	t.Helper()
	if root := os.Getenv("HUFU_VECTORS"); root != "" {
		return root
	}
	return filepath.Join(checkout(t), "..", "shared", "vectors")
}

// checkout is the nearest folder upward that holds go.mod.
func checkout(t testing.TB) string {
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
