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

	"github.com/hufu-id/hufu/internal/long"
)

const module = "github.com/hufu-id/hufu/"

// everyone may be imported by every package.
var everyone = []string{"internal/durable", "internal/gb", "internal/limits", "internal/strictjson", "legible"}

var nouns = []string{
	"did", "did/hufu", "certpath", "credential", "status", "ledger", "zkp", "openid", "openid/oauth", "openid/jwe", "predicate",
	"identity", "provenance", "publish",
}

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
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != len(columns) {
			t.Fatalf("docs/design.md: %q has not %d columns", line, len(columns))
		}
		rows = append(rows, cells)
	}
	return rows
}

var quoted = regexp.MustCompile("`([^`]+)`")

func names(cell string) (out []string) {
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		out = append(out, m[1])
	}
	return out
}

// room is what docs/design.md says of one package.
type room struct {
	// named are the arrows that the row names, nouns says that it names all nouns.
	named []string
	nouns bool
}

func (r room) allows(path string) bool {
	return slices.Contains(everyone, path) || slices.Contains(r.named, path) || r.nouns && slices.Contains(nouns, path)
}

func rooms(t *testing.T) map[string]room {
	t.Helper()
	out := map[string]room{}
	for _, row := range table(t, "room", "what it does", "may import") {
		name := names(row[0])
		if len(name) != 1 {
			t.Fatalf("docs/design.md: %q names no room", row[0])
		}
		if _, twice := out[name[0]]; twice {
			t.Errorf("docs/design.md has two rows for %s", name[0])
		}
		out[name[0]] = room{named: names(row[2]), nouns: strings.Contains(row[2], "the nouns")}
	}
	return out
}

// imported are the imports of ours of every package that has a room, on this
// platform and in a browser.
func imported(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, env := range [][]string{nil, {"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}} {
		for _, line := range goList(t, env, "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"...") {
			fields := strings.Fields(line)
			name := strings.TrimPrefix(fields[0], module)
			if hasNoRoom(name) {
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

// TestDesignSaysNoMore: every package has its row, every row its package, and
// every arrow that is named is there.
func TestDesignSaysNoMore(t *testing.T) {
	found := imported(t)
	for name := range found {
		if _, ok := rooms(t)[name]; !ok {
			t.Errorf("docs/design.md has no row for %s", name)
		}
	}
	for name, r := range rooms(t) {
		if _, ok := found[name]; !ok {
			t.Errorf("docs/design.md has a row for %s, which is no package", name)
			continue
		}
		for _, path := range r.named {
			if !slices.Contains(found[name], path) {
				t.Errorf("docs/design.md lets %s import %s, which it does not", name, path)
			}
		}
	}
}

func TestDesignNamesTheNouns(t *testing.T) {
	b, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	sentence := regexp.MustCompile(`(?s)"The nouns" are (.*?)\.`).FindSubmatch(b)
	if sentence == nil {
		t.Fatal("docs/design.md does not say what the nouns are")
	}
	if got := names(string(sentence[1])); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(nouns))) {
		t.Errorf("docs/design.md calls %v the nouns", got)
	}
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
	long.Landing(t, "builds for three platforms")
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
