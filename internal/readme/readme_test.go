// Package readme holds the tests that keep README.md true: its Go compiles, and
// its road by hand can be walked.
package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func blocks(t *testing.T, language string) []string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		t.Fatalf("README has no %s block", language)
	}
	return out
}

func TestGoInReadmeCompiles(t *testing.T) {
	for _, code := range blocks(t, "go") {
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

// TestRoadByHand runs the shell block of README, word for word, in a fresh
// folder that looks like the checkout.
func TestRoadByHand(t *testing.T) {
	if testing.Short() {
		t.Skip("walks the whole road, about ten seconds")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("HUFU_REQUIRE_ALL") != "" {
			t.Fatal("bash is missing")
		}
		t.Skip("bash is missing")
	}
	var road string
	for _, block := range blocks(t, "sh") {
		if strings.Contains(block, "hufu ledger init") {
			road = block
		}
	}
	if road == "" {
		t.Fatal("README has no road by hand")
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "hufu"), "../../examples/hufu")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	samples := filepath.Join(dir, "examples", "hufu", "sample")
	if err := os.CopyFS(samples, os.DirFS("../../examples/hufu/sample")); err != nil {
		t.Fatal(err)
	}
	// The first line builds the command; here that is done already.
	road = strings.Replace(road, "go build -o hufu ./examples/hufu && ", "", 1)
	cmd := exec.Command(bash, "-euo", "pipefail", "-c", road)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LANG=en_US.UTF-8", "LC_ALL=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"✓ Accepted", "Never received: name, resident identity number, birth date, district, address", "Revoked.", "every stored row agrees",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the road does not print %q:\n%s", want, out)
		}
	}
}
