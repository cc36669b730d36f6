package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger/cometlog"
)

// TestPeer: a running node is told where a new member is, and calls it. The new one knows
// no address, so nobody else connects the two.
func TestPeer(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 1, time.Hour, time.Second)
	n.ready()
	if err := n.submit(n.client(0), n.anchor(1), time.Minute); err != nil {
		t.Fatal(err)
	}
	port, id := freePorts(t, 2), n.trust.ID()
	m, err := cometlog.CreateMember(n.folder(1), cometlog.NodeConfig{
		Name: "hufu.example/second", Origin: n.trust.Origin, Ledger: id[:], Listen: localhost(port), API: localhost(port + 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := os.ReadFile(filepath.Join(n.folder(0), genesisName))
	if err != nil {
		t.Fatal(err)
	}
	if err := cometlog.Join(n.folder(1), n.trust, genesis, nil); err != nil {
		t.Fatal(err)
	}
	n.processes, n.addresses = append(n.processes, nil), append(n.addresses, n.address(1))
	n.start(1)
	file := filepath.Join(n.dir, "second.json")
	if err := writeMember(file, m); err != nil {
		t.Fatal(err)
	}
	must(t, "peer", file, "--dir", n.folder(0))
	if !eventually(func() bool { _, err := n.head(1); return err == nil }) {
		t.Fatal("nobody calls the new member")
	}
	n.agree()
	if out, err := hufuNode(t, "", "peer", file, "--dir", n.folder(1)); err == nil {
		t.Error("a node calls itself:", out)
	}
	if config, err := cometlog.ReadConfig(n.folder(0)); err != nil || len(config.Peers) != 1 || config.Peers[0] != m.Peer {
		t.Error(config, err)
	}
	foreign, err := cometlog.CreateMember(filepath.Join(n.dir, "foreign"), cometlog.NodeConfig{
		Name: "hufu.example/foreign", Origin: n.trust.Origin, Ledger: make([]byte, len(id)), Listen: localhost(port), API: localhost(port + 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := cometlog.AddPeer(n.folder(0), foreign); err == nil {
		t.Error("a member of another ledger is called")
	}
}
