package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
)

// TestTwoAgenciesDecide: two agencies found a consortium of one node and decide by two
// signatures, each step a command. Each signs with a key that it uses once.
func TestTwoAgenciesDecide(t *testing.T) {
	t.Parallel()
	long.NotShort(t, "starts processes")
	f := &founded{network: &network{TB: t, dir: t.TempDir()}}
	keyOf := func(name string) []string {
		return []string{"--key", f.path(name + ".key"), "--safe", f.path(name + "-safe")}
	}
	nominated := func(name string, round int, more ...string) string {
		t.Helper()
		out := f.path(fmt.Sprintf("%s-%d.json", name, round))
		must(t, append(append([]string{"agree", "key", "--out", out}, keyOf(name)...), more...)...)
		return out
	}
	north, south := nominated("north", 0, "--origin", "ledger.example"), nominated("south", 0, "--origin", "ledger.example")
	found := []string{"found", "--origin", "ledger.example", "--heartbeat", "1s", "--root-key", f.path("root.key"), "--safe", f.path("root-safe"), "--dir", f.path("consortium")}
	one := f.member(t, 0)
	elsewhere := nominated("west", 0, "--origin", "elsewhere.example")
	if _, err := hufuNode(t, "", append(found, "--decider", elsewhere, one)...); err == nil || !strings.Contains(err.Error(), "was not made to found") {
		t.Error(err)
	}
	must(t, append(found, "--decider", north, "--decider", south, one)...)
	f.begin(t, 1)

	at := []string{"--at", f.addresses[0], "--consortium", f.path("consortium")}
	agree := func(verb string, args ...string) (string, error) {
		return hufuNode(t, "", append(append([]string{"agree", verb}, args...), at...)...)
	}
	refused := func(says, verb string, args ...string) {
		t.Helper()
		if out, err := agree(verb, args...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("agree %s %v: %v\n%s", verb, args, err, out)
		}
	}
	second := f.member(t, 1)
	f.join(t, 1)
	if _, err := hufuNode(t, "", append(append([]string{"agree", "--join", second, "--yes"}, keyOf("north")...), at...)...); err == nil || !strings.Contains(err.Error(), "needs the signatures of 2 agencies") {
		t.Error("one alone:", err)
	}
	// An agreement that counts again on a key that would sign it.
	if out, err := agree("propose", "--join", second, "--out", f.path("stale")); err != nil || !strings.Contains(out, "agency1.example/node joins") {
		t.Fatal(out, err)
	}
	refused("counts again on the key", "sign", f.path("stale"), "--safe", f.path("north-safe"), "--out", f.path("stale-north"), "--yes")

	north, south = nominated("north", 1, at...), nominated("south", 1, at...)
	proposed := []string{"--join", second, "--decider", north, "--decider", south, "--out", f.path("next")}
	if out, err := agree("propose", proposed...); err != nil || !strings.Contains(out, "2 of 2 agencies sign it") {
		t.Fatal(out, err)
	}
	refused("nothing was signed", "sign", f.path("next"), "--safe", f.path("north-safe"), "--out", f.path("next-north"))
	refused("the ledger expects another", "sign", f.path("next"), "--safe", f.path("root-safe"), "--out", f.path("next-root"), "--yes")
	for _, name := range []string{"north", "south"} {
		if out, err := agree("sign", f.path("next"), "--safe", f.path(name+"-safe"), "--out", f.path("next-"+name), "--yes"); err != nil {
			t.Fatal(out, err)
		}
		if _, err := os.Stat(f.path(name + "-safe/agree-1.key.used")); err != nil {
			t.Error("a key has signed and is not noted as used:", err)
		}
	}
	refused("1 of 2 signatures", "submit", f.path("next-north"))
	if out, err := agree("submit", f.path("next-north"), f.path("next-south")); err != nil {
		t.Fatal(out, err)
	}
	if !eventually(func() bool { return f.metrics(1)["hufu_ledger_newest_signatures"] == 2 }) {
		t.Fatal("the second node does not sign")
	}

	// From now on one of them is enough, and the other decides no longer.
	north = nominated("north", 2, at...)
	shown, err := agree("propose", "--decider", north, "--threshold", "1", "--out", f.path("shown"))
	if err != nil {
		t.Fatal(shown, err)
	}
	lines := strings.Split(strings.TrimSpace(shown[strings.Index(shown, "Agencies that decide"):]), "\n")
	refused("eight digits are needed", "propose", "--unseat", "00", "--out", f.path("last"))
	if out, err := agree("propose", "--decider", north, "--unseat", strings.TrimSpace(lines[2]), "--threshold", "1", "--out", f.path("last")); err != nil || !strings.Contains(out, "no longer") {
		t.Fatal(out, err)
	}
	var signed []string
	for _, name := range []string{"north", "south"} {
		signed = append(signed, f.path("last-"+name))
		if out, err := agree("sign", f.path("last"), "--safe", f.path(name+"-safe"), "--out", f.path("last-"+name), "--yes"); err != nil {
			t.Fatal(out, err)
		}
	}
	if out, err := agree("submit", signed...); err != nil {
		t.Fatal(out, err)
	}
	if out, err := hufuNode(t, "", append(append([]string{"agree", "--leave", "agency1.example/node", "--yes"}, keyOf("north")...), at...)...); err == nil || !strings.Contains(err.Error(), "leave at once") {
		t.Error(out, err) // one of two is more than a third
	}
}
