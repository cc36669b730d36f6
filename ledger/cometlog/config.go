package cometlog

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"path/filepath"
	"strings"
	"time"

	cmt "github.com/cometbft/cometbft/config"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
)

// Names of the files in a node's folder.
const (
	fileConfig  = "node.json"
	fileTrust   = "trust.json"
	fileGenesis = "genesis.json"
	fileCosign  = "cosign.key"
	fileVote    = "vote.key"
	fileVoted   = "vote.begun"
	filePeer    = "peer.key"
	folderData  = "data"
	fileLedger  = "ledger.db"
)

// NodeConfig is the content of node.json.
type NodeConfig struct {
	// Name is the node's name, and the name of its cosigning key.
	Name string `json:"name"`
	// Origin names the log for which the keys in the folder were made, and Ledger is the
	// ledger.ID; empty until the ledger is founded. The keys serve no other ledger.
	Origin string `json:"origin"`
	Ledger []byte `json:"ledger,omitempty"`
	// Listen is the host and port at which other nodes reach this one.
	Listen string `json:"listen"`
	// Peers lists the other nodes, each as ID@host:port.
	Peers []string `json:"peers"`
	// API is the host and port of the read and write API; empty for none.
	API string `json:"api"`
	// Metrics is the host and port for Prometheus; empty for none.
	Metrics string `json:"metrics,omitempty"`
}

// ReadConfig reads node.json in a node's folder. The error is [ErrConfig], or
// the file system's own.
func ReadConfig(dir string) (*NodeConfig, error) {
	b, err := readFile(filepath.Join(dir, fileConfig))
	if err != nil {
		return nil, err
	}
	c := new(NodeConfig)
	if err := strictjson.Read(b, limits.Document, c); err != nil {
		return nil, fmt.Errorf("%w: node.json: %w", ErrConfig, err)
	}
	return c, c.check()
}

func (c *NodeConfig) check() error {
	if err := checkLedger(c.Origin, c.Ledger); err != nil {
		return err
	}
	for name, address := range map[string]string{"listen": c.Listen, "api": c.API, "metrics": c.Metrics} {
		if address == "" && name != "listen" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("%w: %s in node.json is no host and port", ErrConfig, name)
		}
	}
	for _, peer := range c.Peers {
		id, address, ok := strings.Cut(peer, "@")
		if _, _, err := net.SplitHostPort(address); !ok || len(id) != 40 || err != nil {
			return fmt.Errorf("%w: a peer in node.json is not ID@host:port", ErrConfig)
		}
	}
	return nil
}

// serves refuses another ledger than the one that the keys were made for.
func (c *NodeConfig) serves(trust *ledger.TrustFile) error {
	id := trust.ID()
	if c.Origin != trust.Origin || len(c.Ledger) > 0 && !bytes.Equal(c.Ledger, id[:]) {
		return fmt.Errorf("%w: the keys of %s were made for another ledger: make a new folder", ErrConfig, c.Name)
	}
	return nil
}

// readFile reads a small file.
func readFile(path string) ([]byte, error) {
	b, err := limits.ReadFile(path, limits.Proof)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cometlog: %w", err)
	case len(b) > limits.Proof:
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrConfig, filepath.Base(path), limits.Proof)
	}
	return b, nil
}

// strangers is how many peers may connect that node.json does not name.
const strangers = 8

// peerIDs are those of the peers that node.json names.
func (c *NodeConfig) peerIDs() (ids []string) {
	for _, peer := range c.Peers {
		ids = append(ids, idOf(peer))
	}
	return ids
}

// loopback reports whether all nodes run on this machine, and share its address.
func (c *NodeConfig) loopback() bool {
	host, _, _ := net.SplitHostPort(c.Listen)
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// comet returns CometBFT's configuration. Its RPC stays closed: the ledger's
// own API replaces it. The times suit agencies in one country: a block as soon
// as there is work, and a second to wait for an absent proposer.
func (c *NodeConfig) comet(dir string, heartbeat time.Duration) *cmt.Config {
	config := cmt.DefaultConfig()
	config.SetRoot(filepath.Join(dir, folderData))
	config.Moniker = c.Name
	config.Genesis = filepath.Join(dir, fileGenesis)
	config.PrivValidatorKey = filepath.Join(dir, fileVote)
	config.PrivValidatorState = "vote.state"
	config.NodeKey = filepath.Join(dir, filePeer)
	config.DBPath = "."

	config.RPC.ListenAddress = ""
	config.TxIndex.Indexer = "null"
	config.Instrumentation.Prometheus = c.Metrics != ""
	config.Instrumentation.PrometheusListenAddr = c.Metrics
	config.Instrumentation.Namespace = "hufu_consensus"

	config.P2P.ListenAddress = "tcp://" + c.Listen
	config.P2P.PersistentPeers = strings.Join(c.Peers, ",")
	config.P2P.PexReactor = false
	config.P2P.AddrBookStrict = false
	// Members always find a place; strangers, such as a node that is to join, share a few.
	config.P2P.UnconditionalPeerIDs = strings.Join(c.peerIDs(), ",")
	config.P2P.MaxNumInboundPeers = strangers
	config.P2P.AllowDuplicateIP = c.loopback()
	config.P2P.AddrBook = "peers.json"
	config.P2P.FlushThrottleTimeout = 10 * time.Millisecond
	config.P2P.PersistentPeersMaxDialPeriod = 2 * time.Second
	config.P2P.SendRate, config.P2P.RecvRate = 64<<20, 64<<20

	config.Mempool.Size = 20_000
	config.Mempool.MaxTxBytes = 1 << 20
	config.Mempool.CacheSize = 100_000

	config.Consensus.WalPath = filepath.Join("wal", "wal")
	config.Consensus.TimeoutPropose = time.Second
	config.Consensus.TimeoutProposeDelta = 250 * time.Millisecond
	config.Consensus.TimeoutPrevote = 500 * time.Millisecond
	config.Consensus.TimeoutPrevoteDelta = 250 * time.Millisecond
	config.Consensus.TimeoutPrecommit = 500 * time.Millisecond
	config.Consensus.TimeoutPrecommitDelta = 250 * time.Millisecond
	config.Consensus.TimeoutCommit = 50 * time.Millisecond
	config.Consensus.PeerGossipSleepDuration = 20 * time.Millisecond
	// The application judges the time of a proposal. CometBFT's own check would end a node
	// whose clock is behind: it also judges blocks that the others have decided.
	config.Consensus.BlockTimeTolerance = math.MaxInt64
	config.Consensus.CreateEmptyBlocks = true
	config.Consensus.CreateEmptyBlocksInterval = heartbeat
	return config
}
