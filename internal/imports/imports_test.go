// Package imports holds the test that keeps the house in order: who may import
// whom, and what must never reach a verifier. The rules stand in docs/design.md.
package imports

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/hufu-id/hufu/"

// allowed names, for each package, the packages of ours that it may import.
// What is missing here is not allowed to import any of ours but internal/limits and
// internal/strictjson.
var allowed = map[string][]string{
	"did/hufu":                   {"did", "ledger"},
	"ledger":                     {"ledger/internal/statemap"},
	"status":                     {"did"},
	"credential":                 {"did", "status"},
	"openid":                     {"did", "status", "credential"},
	"predicate":                  {"credential", "openid", "zkp"},
	"provenance":                 {"did", "did/hufu", "credential", "status", "ledger"},
	"ledger/feed":                {"ledger"},
	"ledger/machine":             {"ledger", "ledger/internal/statemap"},
	"ledger/cosign":              {"ledger", "ledger/machine", "internal/durable"},
	"ledger/machine/sqlitestore": {"ledger/machine", "internal/sqlitefile"},
	"ledger/sqlitelog": {
		"ledger", "ledger/cosign", "ledger/machine", "ledger/machine/sqlitestore", "internal/durable",
	},
	"ledger/remote":       {"ledger"},
	"ledger/explorer":     {"ledger"},
	"ledger/explorer/web": {"ledger", "ledger/explorer"},
	"ledger/explorer/explorertest": {
		"ledger", "ledger/ledgertest", "ledger/sqlitelog",
	},
	"ledger/ledgertest": {"ledger", "ledger/machine", "internal/long"},
	"ledger/cometlog":   {"ledger", "ledger/cosign", "ledger/machine", "ledger/machine/sqlitestore"},
	"ledger/cometlog/cmd/hufu-node": {
		"ledger", "ledger/remote", "ledger/explorer/web", "ledger/cometlog", "zkp",
	},
	"zkp/prover":           {"zkp"},
	"zkp/prover/ceremony":  {"zkp", "zkp/prover"},
	"wallet":               append([]string{"ledger/feed", "vault"}, nouns...),
	"vault/sqlitevault":    {"vault", "internal/sqlitefile"},
	"vault/vaulttest":      {"vault"},
	"wallet/issuer":        append([]string{"wallet", "vault"}, nouns...),
	"verifier":             nouns,
	"verifier/sqlitestore": {"verifier", "internal/sqlitefile"},
	"verifier/verifiertest": {
		"verifier",
	},
}

var nouns = []string{"did", "did/hufu", "credential", "status", "ledger", "zkp", "openid", "predicate", "provenance"}

// table reads the rows of the table of docs/design.md that begins with a heading
// of these columns.
func table(t *testing.T, columns ...string) (rows [][]string) {
	t.Helper()
	b, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(b), "| "+strings.Join(columns, " | ")+" |\n")
	if !found {
		t.Fatalf("docs/design.md has no table of %v", columns)
	}
	for i, line := range strings.Split(after, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if i == 0 { // the line under the heading
			continue
		}
		for _, path := range fields[1:] {
			ours, ok := strings.CutPrefix(path, module)
			if !ok || ours == "internal/limits" || ours == "internal/strictjson" {
				continue
			}
			ours := out[name]
			for _, path := range fields[1:] {
				if path, ok := strings.CutPrefix(path, module); ok {
					ours = append(ours, path)
				}
			}
			out[name] = ours
		}
	}
	return out
}

func hasNoRoom(name string) bool {
	for _, prefix := range []string{"examples", "internal/", "docs"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func TestPackagesImportWhatTheyMay(t *testing.T) {
	allowed := rooms(t)
	for name, paths := range imported(t) {
		for _, path := range paths {
			if !allowed[name].allows(path) {
				t.Errorf("%s imports %s, which docs/design.md does not allow", name, path)
			}
		}
	}
}

// heavy are dependencies that stay in the room built for them.
var heavy = map[string]string{
	"github.com/mattn/go-sqlite3":   "internal/sqlitefile and the stores on it",
	"github.com/consensys/gnark/":   "zkp/prover",
	"github.com/spf13/cobra":        "examples",
	"github.com/boombuler/barcode":  "openid/qrimage",
	"github.com/makiuchi-d/gozxing": "only tests",
	"github.com/hyperledger/":       "wallet/ariesagent",
	"github.com/cometbft/":          "ledger/cometlog",
	module + "zkp/prover":           "zkp/prover",
	module + "internal/testworld":   "only tests",
	"github.com/nicksnyder/go-i18n": "examples and ledger/explorer/web",
}

func TestNounsAndRolesReachNothingHeavy(t *testing.T) {
	heavy := table(t, "third party", "room")
	if len(heavy) < 8 {
		t.Errorf("only %d heavy third parties", len(heavy))
	}
	for _, name := range append([]string{"wallet", "verifier", "verdict"}, nouns...) {
		for _, dep := range goList(t, nil, "-deps", module+name) {
			for _, row := range heavy {
				if strings.HasPrefix(dep, names(row[0])[0]) {
					t.Errorf("%s reaches %s, which belongs to %s", name, dep, row[1])
				}
			}
		}
	}
}

func TestOnlyTheBackendsReachGnarkFromZKP(t *testing.T) {
	for _, dep := range goList(t, nil, "-deps", module+"zkp") {
		outside := strings.Contains(strings.SplitN(dep, "/", 2)[0], ".")
		known := strings.HasPrefix(dep, "github.com/consensys/gnark-crypto/") || strings.HasPrefix(dep, "golang.org/x/") ||
			strings.HasPrefix(dep, "github.com/bits-and-blooms/") || strings.HasPrefix(dep, module)
		if outside && !known {
			t.Errorf("zkp reaches %s", dep)
		}
	}
}

// TestVerifierBuildsEverywhere builds, and does not run, the verifier for
// every platform it is promised for.
func TestVerifierBuildsEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("builds three platforms")
	}
	for _, target := range [][2]string{{"linux", "amd64"}, {"js", "wasm"}, {"android", "arm64"}} {
		cmd := exec.Command("go", "build", module+"verifier")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+target[0], "GOARCH="+target[1])
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s/%s: %v\n%s", target[0], target[1], err, out)
		}
	}
}

func goList(t *testing.T, env []string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) == 0 || lines[0] == "" {
		t.Fatal("go list printed nothing")
	}
	return lines
}
