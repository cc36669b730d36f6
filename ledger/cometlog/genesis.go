package cometlog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/types"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

var (
	// ErrConfig means a node's folder that is incomplete or contradicts itself.
	ErrConfig = errors.New("cometlog: node is not configured")
	// ErrStopped means a node that is not running.
	ErrStopped = errors.New("cometlog: node has stopped")
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

// ReadGenesis reads app_state from genesis.json in a node's folder. The error is
// [ErrConfig].
func ReadGenesis(dir string) (*Genesis, error) {
	doc, err := types.GenesisDocFromFile(filepath.Join(dir, fileGenesis))
	if err != nil {
		return nil, fmt.Errorf("%w: genesis.json: %w", ErrConfig, err)
	}
	return ParseGenesis(doc.AppState)
}

// maxSeconds bounds durations in files to a year.
const maxSeconds = 366 * 24 * 60 * 60

func (g *Genesis) epochLength() time.Duration { return time.Duration(g.EpochLength) * time.Second }
func (g *Genesis) heartbeat() time.Duration   { return time.Duration(g.Heartbeat) * time.Second }

func (g *Genesis) machine(zk ledger.ZK) (*machine.Machine, error) {
	return machine.New(zk, g.RootDID, machine.Options{EpochLength: g.epochLength()})
}

// maxChainID is CometBFT's limit.
const maxChainID = 50

// chainID names the chain in CometBFT, whose names are short. Votes of one
// chain count in no other.
func chainID(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return ("hufu-" + hex.EncodeToString(sum[:]))[:maxChainID]
}

func marshalGenesis(doc *types.GenesisDoc) ([]byte, error) {
	b, err := cmtjson.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cometlog: genesis.json: %w", err)
	}
	return append(b, '\n'), nil
}
