// Package vectors holds test data that nobody on this project wrote, copied
// unchanged from standards and their working groups. testdata/README.md names
// the source, the version and the licence of each set. Only tests import it.
package vectors

import (
	"embed"
	"io/fs"
	"testing"
)

//go:embed testdata
var files embed.FS

// Read returns one file of a set, for example "rfc9901/examples.json".
func Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := files.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Glob returns the names, as Read takes them, that match a pattern of fs.Glob.
// The test fails when none does.
func Glob(t testing.TB, pattern string) []string {
	t.Helper()
	sets, err := fs.Sub(files, "testdata")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(sets, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no test vectors match %q: %v", pattern, err)
	}
	return names
}
