// Package readme holds the tests that keep README.md and README.zh-CN.md true:
// their Go compiles, their road by hand can be walked, their commands are equal.
package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/testkeys"
)

const (
	english = "README.md"
	chinese = "README.zh-CN.md"
)

func blocks(t *testing.T, file, language string) []string {
	t.Helper()
	b, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		t.Fatalf("%s has no %s block", file, language)
	}
	return out
}

func TestGoInReadmeCompiles(t *testing.T) {
	for _, code := range blocks(t, english, "go") {
		dir, err := os.MkdirTemp(".", "_readme-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		if err := os.WriteFile(filepath.Join(dir, "readme.go"), []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("go", "build", "./"+dir).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// TestBothLanguagesGiveTheSameCommands compares the shell blocks of both files,
// comments apart.
func TestBothLanguagesGiveTheSameCommands(t *testing.T) {
	a, b := blocks(t, english, "sh"), blocks(t, chinese, "sh")
	if len(a) != len(b) {
		t.Fatalf("%d blocks of commands in %s, %d in %s", len(a), english, len(b), chinese)
	}
	for i := range a {
		if !slices.Equal(commands(a[i]), commands(b[i])) {
			t.Errorf("block %d differs:\n%s\n%s", i+1, a[i], b[i])
		}
	}
}

func commands(block string) (out []string) {
	for _, line := range strings.Split(block, "\n") {
		if !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// TestPackagesInReadmeExist looks for every package of the table.
func TestPackagesInReadmeExist(t *testing.T) {
	b, err := os.ReadFile("../../" + english)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(b), "| package | what it does |\n")
	if !found {
		t.Fatal("README has no table of packages")
	}
	for _, row := range strings.Split(table, "\n") {
		if !strings.HasPrefix(row, "| `") {
			continue
		}
		for _, m := range regexp.MustCompile("`([a-z/]+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			if _, err := os.Stat("../../" + m[1]); err != nil {
				t.Error(err)
			}
		}
	}
}

// build is how the road makes the command.
const build = "go build -o hufu ../examples/hufu"

// TestRoadByHand runs the road of README, word for word, in a fresh folder that
// looks like the checkout.
func TestRoadByHand(t *testing.T) {
	long.Landing(t, "walks the whole road, each command in its own process")
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("HUFU_REQUIRE_ALL") != "" {
			t.Fatal("bash is missing")
		}
		t.Skip("bash is missing")
	}
	i := slices.IndexFunc(blocks(t, english, "sh"), func(block string) bool { return strings.Contains(block, "hufu ledger init") })
	if i < 0 {
		t.Fatal("README has no road by hand")
	}
	road := blocks(t, english, "sh")[i]
	if !strings.HasPrefix(road, "mkdir try && cd try\n") || strings.Count(road, build) != 1 {
		t.Fatalf("the road does not begin in a folder of its making, or does not build once:\n%s", road)
	}
	dir := t.TempDir()
	made := filepath.Join(dir, "made")
	if out, err := exec.Command("go", "build", "-o", made, "../../examples/hufu").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	samples := filepath.Join(dir, "examples", "hufu", "sample")
	if err := os.CopyFS(samples, os.DirFS("../../examples/hufu/sample")); err != nil {
		t.Fatal(err)
	}
	cache, err := testkeys.Cache()
	if err != nil {
		t.Fatal(err)
	}
	// The fresh folder has no module to build from.
	cmd := exec.Command(bash, "-euo", "pipefail", "-c", strings.Replace(road, build, "cp ../made hufu", 1))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LANG=en_US.UTF-8", "LC_ALL=", "XDG_CACHE_HOME="+cache)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"✓ Accepted", "Never received: name, resident identity number, birth date, address", "Revoked: the ledger", "every stored row agrees",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the road does not print %q:\n%s", want, out)
		}
	}
}
