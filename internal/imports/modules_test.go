package imports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// TestModulesAreOnTheList: a dependency enters the repository by a line in
// modules.txt that says why, and leaves it with that line. Both go.mod files name
// every module that a package or a test needs, which go mod tidy checks.
func TestModulesAreOnTheList(t *testing.T) {
	listed, required := listedModules(t), requiredModules(t)
	for path := range required {
		if listed[path] == "" {
			t.Errorf("%s is required and not in modules.txt: add it with one word of why, or do without", path)
		}
	}
	for path := range listed {
		if !required[path] {
			t.Errorf("%s is in modules.txt and no longer required", path)
		}
	}
}

func listedModules(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("modules.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) != 2 || listed[fields[0]] != "" {
			t.Fatalf("not a module and one word, or the second line of a module: %q", line)
		}
		listed[fields[0]] = fields[1]
	}
	return listed
}

func requiredModules(t *testing.T) map[string]bool {
	t.Helper()
	required := map[string]bool{}
	for _, dir := range []string{"../..", "../../ledger/cometlog"} {
		path := filepath.Join(dir, "go.mod")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := modfile.Parse(path, data, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range file.Require {
			if r.Mod.Path+"/" != module {
				required[r.Mod.Path] = true
			}
		}
	}
	return required
}
