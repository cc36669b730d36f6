// Package imports holds the test that keeps the house in order: who may import
// whom, and what must never reach a verifier.
package imports

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/hufu-id/hufu/"

// allowed names, for each package, the packages of ours that it may import.
// What is missing here is not allowed to import any of ours but internal/limits.
var allowed = map[string][]string{
	"did/hufu":            {"did", "ledger"},
	"status":              {"did"},
	"credential":          {"did", "status"},
	"openid":              {"did", "status", "credential"},
	"predicate":           {"credential", "openid", "zkp"},
	"provenance":          {"did", "did/hufu", "credential", "status", "ledger"},
	"ledger/feed":         {"ledger"},
	"ledger/machine":      {"ledger"},
	"ledger/sqlitelog":    {"ledger", "ledger/machine"},
	"ledger/remote":       {"ledger"},
	"ledger/explorer":     {"ledger"},
	"ledger/explorer/web": {"ledger", "ledger/explorer"},
	"ledger/explorer/explorertest": {
		"ledger", "ledger/explorer", "ledger/ledgertest", "ledger/sqlitelog",
	},
	"ledger/truststore": {"ledger"},
	"ledger/ledgertest": {"ledger", "ledger/machine", "internal/long"},
	"ledger/cometlog":   {"ledger", "ledger/machine", "ledger/sqlitelog"},
	"ledger/cometlog/cmd/hufu-node": {
		"ledger", "ledger/remote", "ledger/explorer/web", "ledger/cometlog", "zkp",
	},
	"zkp/prover":           {"zkp"},
	"zkp/prover/ceremony":  {"zkp", "zkp/prover"},
	"wallet":               append([]string{"ledger/feed", "vault"}, nouns...),
	"vault/sqlitevault":    {"vault"},
	"vault/vaulttest":      {"vault"},
	"wallet/issuer":        append([]string{"wallet", "vault"}, nouns...),
	"verifier":             nouns,
	"verifier/sqlitestore": {"verifier"},
	"verifier/verifiertest": {
		"verifier",
	},
}

var nouns = []string{"did", "did/hufu", "credential", "status", "ledger", "zkp", "openid", "predicate", "provenance"}

func TestPackagesImportWhatTheyMay(t *testing.T) {
	for _, line := range goList(t, nil, "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"...") {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		if strings.HasPrefix(name, "examples") || strings.HasPrefix(name, "internal/") {
			continue
		}
		for _, path := range fields[1:] {
			ours, ok := strings.CutPrefix(path, module)
			if !ok || ours == "internal/limits" {
				continue
			}
			if !contains(allowed[name], ours) {
				t.Errorf("%s imports %s, which is not among %v", name, ours, allowed[name])
			}
		}
	}
}

// heavy are dependencies that stay in the room built for them.
var heavy = map[string]string{
	"github.com/mattn/go-sqlite3":   "sqlite",
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
	for _, name := range append([]string{"wallet", "verifier"}, nouns...) {
		for _, dep := range goList(t, nil, "-deps", module+name) {
			for prefix, room := range heavy {
				if strings.HasPrefix(dep, prefix) {
					t.Errorf("%s reaches %s, which belongs to %s", name, dep, room)
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

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
