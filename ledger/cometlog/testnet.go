package cometlog

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/types"

	"github.com/hufu-id/hufu/ledger"
)

// TestnetOptions changes the defaults of a consortium.
type TestnetOptions struct {
	// Origin names the log; empty means "hufu.example/testnet".
	Origin string
	// EpochLength is in whole seconds; zero means ledger.DefaultEpochLength.
	EpochLength time.Duration
	// Heartbeat is the longest time without a checkpoint, in whole seconds;
	// zero means a minute.
	Heartbeat time.Duration
	// Deciders are the agencies that decide on agreements and verifying keys; at least
	// one is needed. Threshold of them must sign; zero means all.
	Deciders  []ledger.Decider
	Threshold uint32
	// NextKeys are the ledger.KeyHash of the keys that may change the root's DID.
	// Without one, the root's key can never be replaced.
	NextKeys [][32]byte
	// Ports lists three free TCP ports for each node: for peers, for the API
	// and for metrics. Nil means 26600 to 26602 for the first node, and so on.
	Ports []int
	// Metrics opens the metrics ports. CometBFT has one set of metrics for each
	// process.
	Metrics bool
	// Development is Genesis.Development.
	Development bool
	// Clock returns the time at which the ledger begins; nil means time.Now.
	Clock func() time.Time
}

// Testnet makes the folders node0, node1, … of n nodes that all run on this
// machine. The signature key of the root agency is root. Errors:
// [ErrConfig], fs.ErrExist if a folder exists already, those of package ledger,
// and the file system's own.
func Testnet(dir string, n int, root crypto.Signer, options TestnetOptions) ([]string, error) {
	if n < 1 || n > 32 {
		return nil, fmt.Errorf("%w: %d nodes, from 1 to 32 are taken", ErrConfig, n)
	}
	options.defaults(n)
	if len(options.Ports) < 3*n {
		return nil, fmt.Errorf("%w: %d ports for %d nodes, of which each takes three", ErrConfig, len(options.Ports), n)
	}
	var dirs []string
	var members []Member
	for i := range n {
		folder := filepath.Join(dir, "node"+strconv.Itoa(i))
		port := func(k int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(options.Ports[3*i+k])) }
		config := NodeConfig{Name: fmt.Sprintf("%s/node%d", options.Origin, i), Origin: options.Origin, Listen: port(0), API: port(1)}
		if options.Metrics {
			config.Metrics = port(2)
		}
		m, err := CreateMember(folder, config)
		if err != nil {
			return nil, err
		}
		dirs, members = append(dirs, folder), append(members, *m)
	}
	trust, genesis, err := Found(options, root, members)
	if err != nil {
		return nil, err
	}
	for i, folder := range dirs {
		if err := Join(folder, trust, genesis, slices.Delete(slices.Clone(members), i, i+1)); err != nil {
			return nil, err
		}
	}
	return dirs, nil
}

func (o *TestnetOptions) defaults(n int) {
	if o.Origin == "" {
		o.Origin = "hufu.example/testnet"
	}
	if o.EpochLength == 0 {
		o.EpochLength = ledger.DefaultEpochLength
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = time.Minute
	}
	if o.Ports == nil {
		for i := range 3 * n {
			o.Ports = append(o.Ports, 26600+i)
		}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
}

// Found makes the common beginning of all members: trust.json and genesis.json.
func Found(options TestnetOptions, root crypto.Signer, members []Member) (trust *ledger.TrustFile, genesis []byte, err error) {
	options.defaults(len(members))
	for _, m := range members {
		if m.Origin != options.Origin || m.Ledger != nil {
			return nil, nil, fmt.Errorf("%w: the keys of %s were not made to found %s", ErrConfig, m.Name, options.Origin)
		}
	}
	key, err := ledger.DefaultSuites().MarshalKey(root.Public())
	if err != nil {
		return nil, nil, err
	}
	agreement, err := Agreement(nil, members, options.Deciders, options.Threshold)
	if err != nil {
		return nil, nil, err
	}
	founding, first, err := ledger.Found(options.Origin, &ledger.DID{
		Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: key, From: options.Clock().Unix()}},
		Next: options.NextKeys,
	}, agreement, root)
	if err != nil {
		return nil, nil, err
	}
	state, err := json.Marshal(Genesis{
		Origin: options.Origin, RootDID: founding.RootDID, EpochLength: int64(options.EpochLength / time.Second),
		Heartbeat: int64(options.Heartbeat / time.Second), Development: options.Development,
		Operations: ledger.FormatBatch(first),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("cometlog: %w", err)
	}
	if genesis, err = formatGenesis(options, founding.ID(), state, members); err != nil {
		return nil, nil, err
	}
	trust, err = ledger.NewTrust(ledger.TrustFile{
		Origin: options.Origin, WitnessKeys: agreement.Witnesses, K: int(agreement.K), RootDID: founding.RootDID, First: founding.First, EpochLength: options.EpochLength,
		Next: agreement.Next(), Threshold: int(agreement.Threshold), Genesis: sha256.Sum256(genesis),
	})
	return trust, genesis, err
}

// Agreement returns the agreement of a consortium of these members and deciders, after the
// one before, which is nil for the first: more than two thirds of the members must sign a
// checkpoint, and threshold of the deciders the next agreement, or all where it is zero.
func Agreement(before *ledger.Agreement, members []Member, deciders []ledger.Decider, threshold uint32) (*ledger.Agreement, error) {
	t := new(ledger.Agreement)
	if before != nil {
		t = before.Successor()
	}
	t.K, t.Deciders, t.Threshold = uint32(2*len(members)/3+1), deciders, threshold
	t.Witnesses, t.Nodes = nil, nil
	if threshold == 0 {
		t.Threshold = uint32(len(deciders))
	}
	for _, m := range members {
		t.Witnesses, t.Nodes = append(t.Witnesses, m.Witness), append(t.Nodes, m.Vote)
	}
	return t, t.Check()
}

func formatGenesis(options TestnetOptions, id ledger.ID, state []byte, members []Member) ([]byte, error) {
	doc := types.GenesisDoc{
		GenesisTime: options.Clock().UTC(), ChainID: chainID(id), InitialHeight: 1,
		ConsensusParams: consensusParams(), AppState: state,
	}
	for _, m := range members {
		key := cmted25519.PubKey(m.Vote)
		doc.Validators = append(doc.Validators, types.GenesisValidator{Address: key.Address(), PubKey: key, Power: votingPower, Name: m.Name})
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return marshalGenesis(&doc)
}

// Join completes a member's folder with trust.json, genesis.json and the
// addresses of the others. From then on its keys serve this ledger alone. The error is
// [ErrConfig], also where they were made for another, or the file system's own.
func Join(dir string, trust *ledger.TrustFile, genesis []byte, others []Member) error {
	config, err := ReadConfig(dir)
	if err != nil {
		return err
	}
	if err := config.serves(trust); err != nil {
		return err
	}
	if _, err := checkGenesis(genesis, trust); err != nil {
		return err
	}
	id := trust.ID()
	config.Ledger, config.Peers = id[:], nil
	for _, m := range others {
		config.Peers = append(config.Peers, m.Peer)
	}
	if err := os.WriteFile(filepath.Join(dir, fileTrust), trust.Bytes(), 0o644); err != nil {
		return fmt.Errorf("cometlog: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileGenesis), genesis, 0o644); err != nil {
		return fmt.Errorf("cometlog: %w", err)
	}
	return writeJSON(filepath.Join(dir, fileConfig), config)
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(b, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("cometlog: %w", err)
	}
	return nil
}
