package zkp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/negative-tests.md names tests that are there, and every table in it has a
// row for each kind of attack.
func TestNegativeTestsAreNamed(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs", "negative-tests.md"))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, dir := range []string{"zkp", "zkp/prover", "zkp/prover/ceremony", "wallet", "wallet/issuer", "vault/sqlitevault", "verifier"} {
		files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t `).FindAllSubmatch(source, -1) {
				there[string(m[1])] = true
			}
		}
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllSubmatch(doc, -1)
	if len(named) < 50 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !there[string(m[1])] {
			t.Errorf("there is no %s", m[1])
		}
	}
	for row := 1; row <= 12; row++ {
		if !strings.Contains(string(doc), fmt.Sprintf("\n| %d |", row)) {
			t.Errorf("row %d is missing", row)
		}
	}
}
