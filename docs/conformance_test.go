package docs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
)

var update = flag.Bool("update", false, "write conformance.md from a run of the tests")

// suites are the packages with a TestConformance, by the plan that its modules belong to.
var suites = []struct{ folder, title string }{
	{"wallet/issuer/endpoint", "Issuer: OpenID4VCI 1.0 and HAIP 1.0, with FAPI 2.0"},
	{"wallet/client", "Wallet: OpenID4VCI 1.0 with FAPI 2.0, and OpenID4VP 1.0"},
	{"verifier/endpoint", "Verifier: OpenID4VP 1.0 and HAIP 1.0"},
}

// inapplicable are the modules that have no test of ours, and why.
var inapplicable = map[string]string{
	"oid4vp-1final-verifier-invalid-session-transcript":            "mdoc only",
	"oid4vp-1final-verifier-present-credential-on-identifier-list": "mdoc only",
	"oid4vp-1final-wallet-multisigned-one-invalid-signature":       "Digital Credentials API, which is not supported",
	"oid4vp-1final-wallet-negative-test-wrong-expected-origins":    "Digital Credentials API, which is not supported",
}

// TestConformanceTable runs the test of each module and compares conformance.md with the
// outcome.
func TestConformanceTable(t *testing.T) {
	long.Landing(t, "runs the conformance tests of three packages")
	names := modules(t)
	text := &bytes.Buffer{}
	fmt.Fprint(text, conformanceHead)
	seen := map[string]bool{}
	for _, suite := range suites {
		results := runConformance(t, suite.folder)
		fmt.Fprintf(text, "\n## %s\n\n`go test ./%s -run TestConformance`\n\n| module | result |\n|---|---|\n", suite.title, suite.folder)
		for _, name := range names {
			result, ran := results[name]
			if !ran || seen[name] {
				continue
			}
			seen[name] = true
			fmt.Fprintf(text, "| `%s` | %s |\n", name, result)
			if result != "pass" {
				t.Errorf("%s: %s", name, result)
			}
		}
		for name := range results {
			if !slices.Contains(names, name) {
				t.Errorf("%s has a test of a module that the suite does not have: %s", suite.folder, name)
			}
		}
	}
	fmt.Fprint(text, "\n## Not applicable\n\n| module | why |\n|---|---|\n")
	for _, name := range names {
		why := inapplicable[name]
		switch {
		case seen[name] == (why != ""):
			t.Errorf("%s has neither a test nor a reason for none, or both", name)
		case why != "":
			fmt.Fprintf(text, "| `%s` | %s |\n", name, why)
		}
	}
	if *update {
		if err := os.WriteFile("conformance.md", text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, "conformance.md") != text.String() {
		t.Error("conformance.md is not what the tests printed: go test ./docs -run TestConformanceTable -update")
	}
}

const conformanceHead = `# Shadow conformance

The OpenID Foundation tests issuers, wallets and verifiers with a suite of its own, which
this project has not run: it needs services that are not at hand where these tests run. In
its place one test of ours stands under the name of each of its modules: it sends what the
module sends and demands what the module demands. Whoever can run the suite compares by
name. This page is printed by ` + "`HUFU_REQUIRE_ALL=1 go test ./docs -run TestConformanceTable -update`" + `,
and CI fails where it is not what a run prints.

The modules are those of the suite's release of 2026-08 for SD-JWT VC, and those added
until 2026-10, under the variants that HAIP 1.0 fixes: client attestation, DPoP,
authorisation code, direct_post.jwt, x509_hash.
`

// modules reads the names of the suite's modules, in its order.
func modules(t *testing.T) []string {
	t.Helper()
	names := strings.Fields(read(t, "testdata/conformance-modules"))
	if len(names) != 66+50 {
		t.Errorf("%d modules", len(names))
	}
	return names
}

// runConformance returns the outcome of each subtest of a package's TestConformance.
func runConformance(t *testing.T, folder string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", "-run", "^TestConformance$", "./"+folder)
	cmd.Dir = ".."
	out, err := cmd.Output()
	results := map[string]string{}
	scanner := bufio.NewScanner(bytes.NewReader(out))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var event struct{ Action, Test string }
		if json.Unmarshal(scanner.Bytes(), &event) != nil {
			continue
		}
		name, isModule := strings.CutPrefix(event.Test, "TestConformance/")
		if isModule && !strings.Contains(name, "/") && (event.Action == "pass" || event.Action == "fail" || event.Action == "skip") {
			results[name] = event.Action
		}
	}
	if len(results) == 0 {
		t.Errorf("%s ran no module: %v", folder, err)
	}
	return results
}
