package cometlog

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/types"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
)

var (
	// ErrConfig means a node's folder that is incomplete or contradicts itself.
	ErrConfig = errors.New("cometlog: node is not configured")
	// ErrStopped means a node that is not running.
	ErrStopped = errors.New("cometlog: node has stopped")
	// ErrBehind means a node whose newest signed checkpoint is older than three
	// heartbeats: it is catching up, or too few nodes are there.
	ErrBehind = errors.New("cometlog: no new checkpoint")
	// ErrVotesLost means a node that has voted and does not know for what: see
	// Options.VotesLost.
	ErrVotesLost = errors.New("cometlog: vote.state is gone or older than the last vote, and the node no longer knows what it voted for: wait until the others are a block further, and start it once with the votes given up")
	// ErrBusy means that the node cannot hold more waiting transactions: try
	// again later.
	ErrBusy = errors.New("cometlog: node is busy")
)

// A Genesis is the common beginning of all nodes: app_state in CometBFT's
// genesis document.
type Genesis struct {
	// Origin names the log.
	Origin string `json:"origin"`
	// RootDID is the DID of the root agency, which accredits without being
	// accredited.
	RootDID string `json:"rootDID"`
	// EpochLength is the length of an epoch in seconds.
	EpochLength int64 `json:"epochLength"`
	// Heartbeat is the longest time without a checkpoint, in seconds.
	Heartbeat int64 `json:"heartbeat"`
	// Development accepts uses that were proved with keys of a single-party
	// setup, whose maker can prove anything. It is meant for trials.
	Development bool `json:"development,omitempty"`
	// Operations holds the first operations, as ledger.FormatBatch writes them:
	// the root's DID and trust/0.
	Operations []byte `json:"operations"`
}

// ParseGenesis reads app_state. The error is [ErrConfig].
func ParseGenesis(b []byte) (*Genesis, error) {
	g := new(Genesis)
	if err := strictjson.Read(b, limits.Proof, g); err != nil {
		return nil, fmt.Errorf("%w: app_state in genesis.json: %w", ErrConfig, err)
	}
	if g.EpochLength < 1 || g.Heartbeat < 1 || g.EpochLength > maxSeconds || g.Heartbeat > maxSeconds {
		return nil, fmt.Errorf("%w: epoch length or heartbeat in genesis.json", ErrConfig)
	}
	return g, nil
}

// ReadGenesis reads app_state from genesis.json in a node's folder, and holds the file
// against trust.json beside it. The error is [ErrConfig], an error of package ledger for
// trust.json, or the file system's own.
func ReadGenesis(dir string) (*Genesis, error) {
	_, genesis, err := readGenesis(dir)
	return genesis, err
}

func readGenesis(dir string) (*ledger.TrustFile, *Genesis, error) {
	b, err := readFile(filepath.Join(dir, fileTrust))
	if err != nil {
		return nil, nil, err
	}
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return nil, nil, err
	}
	if b, err = readFile(filepath.Join(dir, fileGenesis)); err != nil {
		return nil, nil, err
	}
	genesis, err := checkGenesis(b, trust)
	return trust, genesis, err
}

// checkGenesis reads the genesis document of the consortium that a trust file names. The
// fingerprint of the trust file covers the document, and the document has the voters of
// the first agreement and no others, and bounds blocks as this package does.
func checkGenesis(b []byte, trust *ledger.TrustFile) (*Genesis, error) {
	if sha256.Sum256(b) != trust.Genesis {
		return nil, fmt.Errorf("%w: genesis.json is not the one that trust.json names", ErrConfig)
	}
	doc, err := types.GenesisDocFromJSON(b)
	if err != nil {
		return nil, fmt.Errorf("%w: genesis.json: %w", ErrConfig, err)
	}
	if params := consensusParams().ToProto(); doc.ConsensusParams == nil || !params.Equal(doc.ConsensusParams.ToProto()) {
		return nil, fmt.Errorf("%w: consensus_params in genesis.json", ErrConfig)
	}
	genesis, err := ParseGenesis(doc.AppState)
	if err != nil {
		return nil, err
	}
	first, err := genesis.agreement()
	if err != nil {
		return nil, err
	}
	founding := ledger.Founding{Origin: genesis.Origin, RootDID: genesis.RootDID, First: first.Hash()}
	if founding != trust.Founding() || doc.ChainID != chainID(trust.ID()) || genesis.epochLength() != trust.EpochLength {
		return nil, fmt.Errorf("%w: genesis.json and trust.json are of different ledgers", ErrConfig)
	}
	return genesis, checkVoters(doc.Validators, first)
}

// agreement is the first: the last of the operations.
func (g *Genesis) agreement() (*ledger.Agreement, error) {
	ops, err := ledger.ParseBatch(g.Operations)
	if err != nil {
		return nil, fmt.Errorf("%w: operations in genesis.json: %w", ErrConfig, err)
	}
	first, err := ledger.ParseAgreement(ops[len(ops)-1].Operation.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: no agreement in genesis.json: %w", ErrConfig, err)
	}
	return first, nil
}

func checkVoters(voters []types.GenesisValidator, first *ledger.Agreement) error {
	if len(voters) != len(first.Nodes) {
		return fmt.Errorf("%w: %d voters in genesis.json, and %d nodes in the agreement", ErrConfig, len(voters), len(first.Nodes))
	}
	for i, v := range voters {
		if v.Power != votingPower || !bytes.Equal(v.PubKey.Bytes(), first.Nodes[i]) {
			return fmt.Errorf("%w: the voters in genesis.json are not the nodes of the agreement", ErrConfig)
		}
	}
	return nil
}

// maxSeconds bounds durations in files to a year.
const maxSeconds = 366 * 24 * 60 * 60

func (g *Genesis) epochLength() time.Duration { return time.Duration(g.EpochLength) * time.Second }
func (g *Genesis) heartbeat() time.Duration   { return time.Duration(g.Heartbeat) * time.Second }

// maxChainID is CometBFT's limit.
const maxChainID = 50

// chainID names the chain in CometBFT, whose names are short. Votes of one
// chain count in no other.
func chainID(id ledger.ID) string {
	return ("hufu-" + id.String())[:maxChainID]
}

func marshalGenesis(doc *types.GenesisDoc) ([]byte, error) {
	b, err := cmtjson.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cometlog: genesis.json: %w", err)
	}
	return append(b, '\n'), nil
}
