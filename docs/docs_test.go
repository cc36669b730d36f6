// Package docs holds the pages of documentation to the repository.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestSpecificationsNameFilesThatExist looks for every path of the last column. A
// name without a folder lies in the folder of the path before it.
func TestSpecificationsNameFilesThatExist(t *testing.T) {
	cell := regexp.MustCompile("`([a-z0-9/_]+(?:\\.go)?)`")
	for _, line := range strings.Split(read(t, "specifications.md"), "\n") {
		columns := strings.Split(line, "|")
		if len(columns) < 3 {
			continue
		}
		folder := ""
		for _, m := range cell.FindAllStringSubmatch(columns[len(columns)-2], -1) {
			path := m[1]
			if strings.HasPrefix(path, "sumdb/") { // of golang.org/x/mod
				continue
			}
			if !strings.Contains(path, "/") && strings.HasSuffix(path, ".go") {
				path = folder + "/" + path
			}
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("specifications.md: %s: %v", path, err)
			}
			folder = strings.TrimSuffix(path, "/"+filepath.Base(path))
		}
	}
}

// TestSpecificationsNameTheVersionsInUse compares versions of modules.
func TestSpecificationsNameTheVersionsInUse(t *testing.T) {
	page := read(t, "specifications.md")
	for module, file := range map[string]string{
		"github.com/consensys/gnark": "../go.mod", "github.com/consensys/gnark-crypto": "../go.mod", "github.com/cometbft/cometbft": "../ledger/cometlog/go.mod",
	} {
		m := regexp.MustCompile(regexp.QuoteMeta(module) + ` (v\S+)`).FindStringSubmatch(read(t, file))
		if m == nil {
			t.Errorf("%s names no version of %s", file, module)
			continue
		}
		if !strings.Contains(page, m[1]) {
			t.Errorf("specifications.md does not name %s %s", module, m[1])
		}
	}
}

// TestExamplesAreListed: examples/README.md has a row for each folder, and names
// only files that are there.
func TestExamplesAreListed(t *testing.T) {
	page := read(t, "../examples/README.md")
	folders, err := filepath.Glob("../examples/*/")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !strings.Contains(page, "("+filepath.Base(folder)+")") {
			t.Errorf("examples/README.md has no row for %s", folder)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z_]+\\.go)`").FindAllStringSubmatch(page, -1) {
		if _, err := os.Stat(filepath.Join("../examples/hufu", m[1])); err != nil {
			t.Errorf("examples/README.md: %v", err)
		}
	}
}

// TestLinks looks for the target of every relative link of the documentation.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)
	for _, pattern := range []string{"*.md", "formats/*.md", "../*.md", "../examples/*.md", "../zkp/*.md"} {
		pages, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
					t.Errorf("%s links %s: %v", page, m[1], err)
				}
			}
		}
	}
}
