package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cmt "github.com/cometbft/cometbft/config"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"
	gogotypes "github.com/cosmos/gogoproto/types"

	"github.com/hufu-id/hufu/ledger/cometlog"
)

// readiness is what a node answers to a load balancer.
func (n *network) readiness(i int) (int, string) {
	n.Helper()
	return n.get(n.addresses[i] + "/readyz")
}

// get returns the status and the body of an answer.
func (n *network) get(url string) (int, string) {
	n.Helper()
	r, err := http.Get(url)
	if err != nil {
		n.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		n.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// TestReadyWithoutQuorum: too few nodes make no checkpoint, and a load balancer hears of
// it; with one more they go on.
func TestReadyWithoutQuorum(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Second)
	n.ready()
	isReady := func() bool { code, _ := n.readiness(0); return code == http.StatusOK }
	if !eventually(isReady) {
		t.Error("not ready at first")
	}
	n.kill(2)
	n.kill(3)
	if !eventually(func() bool { return !isReady() }) {
		t.Error("ready without a quorum")
	}
	if code, text := n.readiness(0); code != http.StatusServiceUnavailable || !strings.Contains(text, "no new checkpoint") {
		t.Error(code, text)
	}
	n.start(2)
	if !eventually(isReady) {
		t.Error("not ready again")
	}
}

// silent is a peer that has nothing to say.
type silent struct{ p2p.BaseReactor }

func (*silent) GetChannels() []*conn.ChannelDescriptor {
	return []*conn.ChannelDescriptor{{ID: 0x70, Priority: 1, SendQueueCapacity: 4, RecvMessageCapacity: 20000, MessageType: new(gogotypes.BytesValue)}}
}

// stranger connects to a node with a key that no agreement knows.
func stranger(t *testing.T, chain, address string) {
	t.Helper()
	key := p2p.NodeKey{PrivKey: cmted25519.GenPrivKey()}
	info := p2p.DefaultNodeInfo{
		ProtocolVersion: p2p.NewProtocolVersion(version.P2PProtocol, version.BlockProtocol, 0),
		DefaultNodeID:   key.ID(), ListenAddr: "127.0.0.1:1", Network: chain, Version: version.TMCoreSemVer,
		Channels: []byte{0x70}, Moniker: "stranger", Other: p2p.DefaultNodeInfoOther{TxIndex: "off"},
	}
	config := cmt.DefaultP2PConfig()
	peers := p2p.NewSwitch(config, p2p.NewMultiplexTransport(info, key, p2p.MConnConfig(config)))
	reactor := new(silent)
	reactor.BaseReactor = *p2p.NewBaseReactor("silent", reactor)
	peers.AddReactor("SILENT", reactor)
	peers.SetNodeInfo(info)
	peers.SetNodeKey(&key)
	if err := peers.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peers.Stop() })
	at, err := p2p.NewNetAddressString(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = peers.DialPeerWithAddress(at) // the node may refuse it
}

// TestStrangersTakeNoMembersPlace: strangers fill every place that they may have, and a
// member that the node cannot call still connects to it.
func TestStrangersTakeNoMembersPlace(t *testing.T) {
	t.Parallel()
	n := newNetworkWith(t, 2, time.Hour, time.Second, func(n *network) {
		path := filepath.Join(n.folder(0), "node.json")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		config, err := cometlog.ReadConfig(n.folder(0))
		if err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(config.Peers[0], "@")
		b = bytes.ReplaceAll(b, []byte(config.Peers[0]), []byte(id+"@127.0.0.1:1"))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	n.ready()
	doc, err := types.GenesisDocFromFile(filepath.Join(n.folder(0), genesisName))
	if err != nil {
		t.Fatal(err)
	}
	m, err := cometlog.ReadMember(n.folder(0))
	if err != nil {
		t.Fatal(err)
	}
	n.kill(1)
	for range 42 {
		stranger(t, doc.ChainID, m.Peer)
	}
	n.start(1)
	if err := n.submit(n.client(0), n.anchor(1), time.Minute); err != nil {
		t.Error("the member found no place:", err)
	}
}
