package main

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/testkeys"
)

// TestDemoWhileANodeDies plays the identity demo, its six attacks included, on
// four nodes of which one is killed in the middle.
func TestDemoWhileANodeDies(t *testing.T) {
	long.Landing(t, "builds the demo and plays it in real time")
	hufu := filepath.Join(t.TempDir(), "hufu")
	if out, err := exec.Command("go", "build", "-o", hufu, "github.com/hufu-id/hufu/examples/hufu").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n := newNetwork(t, 4, 3*time.Second, 3*time.Second)
	n.ready()
	print := n.trust.Fingerprint()
	demo := exec.Command(hufu, "demo", "--ledger", strings.Join(n.addresses, ","), "--trust", filepath.Join(n.dir, trustName),
		"--fingerprint", hex.EncodeToString(print[:]), "--root-key", filepath.Join(n.dir, rootName))
	cache, err := testkeys.Cache()
	if err != nil {
		t.Fatal(err)
	}
	demo.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache)
	kill := time.AfterFunc(8*time.Second, func() { n.processes[0].Process.Kill() }) // the one that is asked first
	defer kill.Stop()
	out, err := demo.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, said := range []string{"4 nodes, of which 3 must sign", "✓ Accepted", "[replay]", "[accreditation]", "Done."} {
		if !strings.Contains(string(out), said) {
			t.Errorf("the demo does not say %q: %s", said, out)
		}
	}
	select {
	case <-n.processes[0].done:
	default:
		t.Error("the node was still alive when the demo was done")
	}
	n.start(0)
	n.agree()
}
