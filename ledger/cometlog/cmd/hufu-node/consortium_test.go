package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger/cometlog"
)

// hufuNode runs a command as it is typed, with what is typed into it.
func hufuNode(t *testing.T, typed string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(typed))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := hufuNode(t, "", args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// founded is a consortium that was made by hand, each step a command.
type founded struct {
	*network
	fingerprint string
}

func (f *founded) path(name string) string { return filepath.Join(f.dir, name) }

// member makes the i-th node's folder and file.
func (f *founded) member(t *testing.T, i int) string {
	t.Helper()
	port := freePorts(t, 3)
	file := f.path(fmt.Sprintf("member%d.json", i))
	of := []string{"--origin", "ledger.example"}
	if _, err := os.Stat(f.path("consortium")); err == nil {
		of = []string{"--consortium", f.path("consortium")}
	}
	must(t, slices.Concat([]string{"member"}, of, []string{"--name", fmt.Sprintf("agency%d.example/node", i), "--dir", f.folder(i), "--out", file,
		"--listen", localhost(port), "--api", localhost(port + 1), "--metrics", localhost(port + 2)})...)
	return file
}

func (f *founded) join(t *testing.T, i int) {
	t.Helper()
	must(t, "join", "--dir", f.folder(i), "--consortium", f.path("consortium"), "--fingerprint", f.fingerprint)
	f.processes, f.addresses = append(f.processes, nil), append(f.addresses, f.address(i))
	f.start(i)
}

func found4(t *testing.T) *founded {
	t.Helper()
	long.NotShort(t, "starts processes")
	f := &founded{network: &network{TB: t, dir: t.TempDir()}}
	files := []string{"found", "--origin", "ledger.example", "--heartbeat", "1s", "--root-key", f.path("root.key"), "--safe", f.path("safe"), "--dir", f.path("consortium")}
	for i := range 4 {
		files = append(files, f.member(t, i))
	}
	said := must(t, files...)
	f.begin(t, 4)
	if !strings.Contains(said, f.fingerprint) || !strings.Contains(said, "4 members, of whom 3 must sign") {
		t.Error(said)
	}
	return f
}

// begin lets the nodes of a consortium that was founded join it and run.
func (f *founded) begin(t *testing.T, nodes int) {
	t.Helper()
	var err error
	if f.trust, err = readTrust(f.path("consortium")); err != nil {
		t.Fatal(err)
	}
	print := f.trust.Fingerprint()
	f.fingerprint = hex.EncodeToString(print[:])
	if f.root, err = readKey(f.path("root.key")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for i := range f.processes {
			f.kill(i)
			if t.Failed() {
				t.Logf("node%d: %s", i, f.processes[i].log.String())
			}
		}
	})
	for i := range nodes {
		f.join(t, i)
	}
	f.ready()
}

// TestConsortiumByHand: four agencies found a consortium, a fifth joins, the first
// leaves, each step by a command.
func TestConsortiumByHand(t *testing.T) {
	t.Parallel()
	f := found4(t)
	f.agree()
	fifth := f.member(t, 4)
	f.join(t, 4)
	f.agree()

	base := []string{"agree", "--consortium", f.path("consortium"), "--key", f.path("root.key"), "--safe", f.path("safe"), "--at", strings.Join(f.addresses[1:4], ",")}
	agree := func(typed string, args ...string) (string, error) {
		return hufuNode(t, typed, append(base, args...)...)
	}
	for _, c := range []struct {
		typed string
		args  []string
		says  string
	}{
		{"", nil, "nobody joins or leaves"},
		{"", []string{"--leave", "nobody", "--yes"}, "nobody is no member; members are agency0.example/node, "},
		{"", []string{"--join", f.path("member0.json"), "--yes"}, "is a member already"},
		{"", []string{"--join", f.path("root.key"), "--yes"}, "a member's file: malformed JSON"},
		{"n\n", []string{"--join", fifth}, "nothing was changed"},
		{"", []string{"--join", fifth}, "nothing was changed"},
		{"", []string{"--leave", "agency0.example/node", "--yes", "--key", f.path("other.key")}, "no such file"},
	} {
		if out, err := agree(c.typed, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v\n%s", c.args, err, out)
		}
	}
	if out, err := agree("y\n", "--join", fifth); err != nil || !strings.Contains(out, "Agreement 1: 5 members instead of 4, of whom 4 must sign.") {
		t.Fatal(out, err)
	}
	if !eventually(func() bool { return f.metrics(1)["hufu_ledger_newest_signatures"] == 5 }) {
		t.Fatal("not all five sign")
	}
	if out, err := agree("", "--leave", "agency0.example/node", "--yes"); err != nil || !strings.Contains(out, "Agreement 2: 4 members instead of 5, of whom 3 must sign.") {
		t.Fatal(out, err)
	}
	audited, err := hufuNode(t, "", "audit", "--consortium", f.path("consortium"), "--fingerprint", f.fingerprint, "--at", strings.Join(f.addresses[1:], ","))
	if err != nil || !strings.Contains(audited, "light client agrees") || !strings.Contains(audited, " nodes vote") {
		t.Error("audit:", err, audited)
	}
	f.kill(0)
	chain, err := f.client(1).TrustChain(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if f.trust, err = f.trust.Follow(chain...); err != nil || f.trust.Number != 2 {
		t.Fatal(err)
	}
	if err := f.submit(f.client(1), f.anchor(1), time.Minute); err != nil {
		t.Error("without the one that left:", err)
	}
}

// TestFoundingRefuses what would not make one consortium.
func TestFoundingRefuses(t *testing.T) {
	f := &founded{network: &network{TB: t, dir: t.TempDir()}}
	one := f.member(t, 0)
	if _, err := hufuNode(t, "", "member", "--origin", "ledger.example", "--name", "x", "--listen", "127.0.0.1:1", "--dir", f.path("other"), "--out", one); err == nil {
		t.Error("a member's file was overwritten")
	}
	if _, err := hufuNode(t, "", "member", "--origin", "ledger.example", "--name", "x", "--listen", "127.0.0.1:1", "--dir", f.folder(0), "--out", f.path("new.json")); err == nil {
		t.Error("a node's folder was made again")
	}
	found := []string{"found", "--origin", "ledger.example", "--root-key", f.path("root.key"), "--safe", f.path("safe"), "--dir", f.path("consortium")}
	if _, err := hufuNode(t, "", append(found, one, one)...); err == nil || !strings.Contains(err.Error(), "of that name") {
		t.Error("one member twice:", err)
	}
	must(t, append(found, one)...)
	if _, err := hufuNode(t, "", append(found, one)...); err == nil {
		t.Error("founded twice")
	}
	for _, fingerprint := range []string{strings.Repeat("ab", 32), ""} {
		if _, err := hufuNode(t, "", "join", "--dir", f.folder(0), "--consortium", f.path("consortium"), "--fingerprint", fingerprint); err == nil {
			t.Error("joined another consortium")
		}
	}
	if config, err := cometlog.ReadConfig(f.folder(0)); err != nil || len(config.Peers) > 0 {
		t.Error(config, err)
	}
	if _, err := os.Stat(filepath.Join(f.folder(0), "trust.json")); err == nil {
		t.Error("a refused trust file was kept")
	}
}
