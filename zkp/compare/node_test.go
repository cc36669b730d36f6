package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// worker starts the npm side, or skips the test where it is not installed.
func worker(t *testing.T) *node {
	t.Helper()
	n, err := startNode(t.Context(), ".")
	if errors.Is(err, errNoPackages) && os.Getenv("HUFU_REQUIRE_ALL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.close() })
	return n
}

func value[T any](t *testing.T, n *node, operation string) (v T) {
	t.Helper()
	if _, err := n.do(operation, 1, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Each npm peer accepts its own proof and refuses changed ones.
func TestNPMPeersVerify(t *testing.T) {
	n := worker(t)
	for name, least := range map[string]int{"semaphore": 6, "bbs-wasm": 2, "bbs-js": 2} {
		if _, err := n.prove(name + " prove")(); err != nil {
			t.Error(err)
		}
		if _, err := n.verify(name + " verify")(); err != nil {
			t.Error(err)
		}
		refused := value[map[string]bool](t, n, name+" refused")
		if len(refused) < least {
			t.Errorf("%s tried %d changes", name, len(refused))
		}
		for change, ok := range refused {
			if !ok {
				t.Errorf("%s accepts: %s", name, change)
			}
		}
	}
	if _, err := n.verify("semaphore package verify")(); err != nil {
		t.Error(err)
	}
}

// The statement that our circuit proves is the one that Semaphore's proves: its
// public signals are our public inputs.
func TestStatementIsSemaphores(t *testing.T) {
	n, want := worker(t), recorded(t)
	got := value[semaphoreInputs](t, n, "semaphore inputs")
	if got.Public != want.Public || got.Secret != want.Secret || got.Length != want.Length || got.Index != want.Index ||
		got.Constraints != want.Constraints || !slices.Equal(got.Siblings, want.Siblings) {
		t.Errorf("the packages give %+v", got)
	}
	if signals := value[[4]string](t, n, "semaphore prove"); signals != want.Public {
		t.Errorf("snarkjs proved %v", signals)
	}
}

type nowhere struct{ io.Writer }

func (nowhere) Close() error { return nil }

// A peer that refuses its own proof, or fails, is not measured.
func TestRefusalsAreErrors(t *testing.T) {
	for answer, part := range map[string]string{
		`{"ns":1,"value":false}`:                "refused its own proof",
		`{"error":"broken"}`:                    "broken",
		`{"ns":1,"value":"true"}`:               "x: ",
		`{"ns":1,"value":true,"value":true}`:    "duplicate",
		`{"ns":1,"value":true} {"error":"two"}`: "x: ",
		``:                                      "EOF",
	} {
		n := &node{in: nowhere{io.Discard}, out: bufio.NewReader(strings.NewReader(answer + "\n"))}
		if answer == "" {
			n.out = bufio.NewReader(strings.NewReader(""))
		}
		if _, err := n.verify("x")(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", answer, err)
		}
	}
	n := &node{in: nowhere{io.Discard}, out: bufio.NewReader(strings.NewReader("{\"ns\":10,\"value\":true}\n"))}
	if d, err := n.verify("x")(); err != nil || d != 10 {
		t.Errorf("%v, %v", d, err)
	}
}

// The packages are pinned exactly, and no registry is named.
func TestPackagesArePinned(t *testing.T) {
	var manifest struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	b, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &manifest); err != nil || len(manifest.Dependencies) == 0 {
		t.Fatal(err, "no dependencies")
	}
	exact := regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	for name, version := range manifest.Dependencies {
		if !exact.MatchString(version) {
			t.Errorf("%s %s is not one version", name, version)
		}
	}
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(lock), `"integrity": "sha512-`) || strings.Contains(string(lock), `"resolved"`) {
		t.Error("the lock file must have hashes and no addresses")
	}
}
