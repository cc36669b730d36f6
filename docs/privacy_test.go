package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// moments are those of docs/privacy.md.
var moments = []string{"set up", "applies", "receives", "round", "prepares", "whole", "claims", "proof", "use", "revocation"}

// allTests are the names of every test in the repository.
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	named := regexp.MustCompile(`(?m)^func (Test\w+)\(\w+ \*testing\.T\)`)
	there := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range named.FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return there
}

// privacyRow is a row of docs/privacy.md: the moments, and the tests.
type privacyRow struct {
	text           string
	moments, tests []string
}

// observers are the tables of docs/privacy.md that have a column of bits.
func observers(page string) map[string][]privacyRow {
	test := regexp.MustCompile("`(Test\\w+)`")
	out := map[string][]privacyRow{}
	for _, section := range strings.Split(page, "\n## ")[1:] {
		name, body, _ := strings.Cut(section, "\n")
		if !strings.Contains(body, "| when | learns | bits | test |") {
			continue
		}
		for _, line := range strings.Split(body, "\n") {
			cells := strings.Split(line, " | ")
			if !strings.HasPrefix(line, "| ") || len(cells) < 4 || strings.HasPrefix(line, "| when") {
				continue
			}
			row := privacyRow{text: line}
			if when := strings.TrimSpace(strings.TrimPrefix(cells[0], "|")); when != "" {
				row.moments = strings.Split(when, ", ")
			}
			for _, m := range test.FindAllStringSubmatch(cells[len(cells)-1], -1) {
				row.tests = append(row.tests, m[1])
			}
			out[name] = append(out[name], row)
		}
	}
	return out
}

// TestPrivacyRows: every observer has each moment once, and every row of the page names a
// test, which is there.
func TestPrivacyRows(t *testing.T) {
	page := read(t, "privacy.md")
	there := allTests(t)
	tables := observers(page)
	if len(tables) != 8 {
		t.Errorf("%d observers", len(tables))
	}
	for observer, rows := range tables {
		var seen []string
		for _, row := range rows {
			seen = append(seen, row.moments...)
			if len(row.tests) == 0 {
				t.Errorf("%s: no test stands behind %s", observer, row.text)
			}
		}
		slices.Sort(seen)
		want := slices.Sorted(slices.Values(moments))
		if !slices.Equal(seen, want) {
			t.Errorf("%s: the moments are %v", observer, seen)
		}
	}
	all := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(page, -1)
	if len(all) < 80 {
		t.Errorf("%d tests are named", len(all))
	}
	for _, m := range all {
		if !there[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
}

// TestPrivacyIsLinked: who reads about security or design finds the page.
func TestPrivacyIsLinked(t *testing.T) {
	for _, page := range []string{"../README.md", "../SECURITY.md", "design.md"} {
		if !strings.Contains(read(t, page), "privacy.md)") {
			t.Errorf("%s does not link privacy.md", page)
		}
	}
}
