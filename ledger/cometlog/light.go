package cometlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/light/store/db"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

var (
	// ErrNoBlock means a block that a node does not have.
	ErrNoBlock = errors.New("cometlog: no such block")
	// ErrOpinion means that CometBFT's blocks and the ledger's checkpoints
	// disagree.
	ErrOpinion = errors.New("cometlog: blocks and checkpoints disagree")
)

// maxLightBlock caps a light block. 32 validators take about 10 KB.
const maxLightBlock = 256 << 10

// LightBlock returns the header of a block with its commit and the validators
// that signed it, in CometBFT's protobuf. Height 0 means the newest block. The
// error is [ErrNoBlock], or CometBFT's own.
func (n *Node) LightBlock(_ context.Context, height int64) ([]byte, error) {
	if newest := n.blocks.BlockStore.Height(); height == 0 {
		height = newest
	} else if height < 0 || height > newest {
		return nil, ErrNoBlock
	}
	commit, err := n.blocks.Commit(nil, &height)
	if err != nil {
		return nil, fmt.Errorf("cometlog: block %d: %w", height, err)
	}
	if commit == nil {
		return nil, ErrNoBlock
	}
	validators, err := n.blocks.StateStore.LoadValidators(height)
	if err != nil {
		return nil, fmt.Errorf("cometlog: validators of block %d: %w", height, err)
	}
	block, err := (&types.LightBlock{SignedHeader: &commit.SignedHeader, ValidatorSet: validators}).ToProto()
	if err != nil {
		return nil, fmt.Errorf("cometlog: block %d: %w", height, err)
	}
	return block.Marshal()
}

// A LightSource supplies light blocks. A Node is one; over HTTP there are
// others.
type LightSource interface {
	// LightBlock is Node.LightBlock.
	LightBlock(ctx context.Context, height int64) ([]byte, error)
}

// A lightProvider adapts a LightSource to CometBFT.
type lightProvider struct {
	chain  string
	source LightSource
}

func (p lightProvider) ChainID() string { return p.chain }

func (p lightProvider) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	b, err := p.source.LightBlock(ctx, height)
	if errors.Is(err, ErrNoBlock) {
		return nil, provider.ErrLightBlockNotFound
	}
	if err != nil {
		return nil, provider.ErrNoResponse
	}
	bad := func(reason error) error { return provider.ErrBadLightBlock{Reason: reason} }
	if len(b) > maxLightBlock {
		return nil, bad(ledger.ErrTooLarge)
	}
	var encoded cmtproto.LightBlock
	if err := encoded.Unmarshal(b); err != nil {
		return nil, bad(err)
	}
	block, err := types.LightBlockFromProto(&encoded)
	if err == nil {
		err = block.ValidateBasic(p.chain)
	}
	if err == nil && height != 0 && block.Height != height {
		err = errors.New("another height")
	}
	if err != nil {
		return nil, bad(err)
	}
	return block, nil
}

// ReportEvidence does nothing: the light client reports a fork as its error.
func (lightProvider) ReportEvidence(context.Context, types.Evidence) error { return nil }

// An Opinion is what CometBFT's light client found.
type Opinion struct {
	// Block is the height of the block that has the checkpoint's state.
	Block int64
	// Validators is the number of validators of that block.
	Validators int
}

const (
	// trusting is how long a validator's old votes count. Members are known by
	// name, and nobody gets a deposit back.
	trusting = 10 * 365 * 24 * time.Hour
	// searched is how many blocks back the checkpoint's block is looked for.
	searched = 32
)

// SecondOpinion asks CometBFT's light client about a verified checkpoint. The
// light client starts from the genesis document alone, follows the votes to the
// newest block of the first source, and compares it with the other sources, at
// least one. SecondOpinion then looks for the block that has the checkpoint's
// state. It relies neither on this package's cosignatures nor on the code that
// makes them. Errors: [ErrConfig], [ErrOpinion], and CometBFT's own, a fork
// among them.
func SecondOpinion(ctx context.Context, genesis []byte, head *ledger.Head, now time.Time, sources ...LightSource) (*Opinion, error) {
	if head == nil || head.State == nil {
		return nil, fmt.Errorf("%w: a second opinion needs a first one", ErrConfig)
	}
	client, err := newLightClient(ctx, genesis, sources)
	if err != nil {
		return nil, err
	}
	newest, err := client.Update(ctx, now)
	if err == nil && newest == nil {
		newest, err = client.TrustedLightBlock(0)
	}
	if err != nil {
		return nil, fmt.Errorf("cometlog: light client: %w", err)
	}
	want := appHash(machine.Head{Size: head.Size, Root: head.Root, State: *head.State})
	for height := newest.Height; height > max(0, newest.Height-searched); height-- {
		block, err := client.VerifyLightBlockAtHeight(ctx, height, now)
		if err != nil {
			return nil, fmt.Errorf("cometlog: light client: %w", err)
		}
		if bytes.Equal(block.AppHash, want) {
			// A header has the state that the block before it led to.
			return &Opinion{Block: height - 1, Validators: block.ValidatorSet.Size()}, nil
		}
	}
	return nil, fmt.Errorf("%w: none of the newest %d blocks has the state of size %d", ErrOpinion, searched, head.Size)
}

func newLightClient(ctx context.Context, genesis []byte, sources []LightSource) (*light.Client, error) {
	doc, err := types.GenesisDocFromJSON(genesis)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if len(sources) < 2 {
		return nil, fmt.Errorf("%w: a second opinion needs two nodes", ErrConfig)
	}
	providers := make([]provider.Provider, len(sources))
	for i, source := range sources {
		providers[i] = lightProvider{doc.ChainID, source}
	}
	first, err := providers[0].LightBlock(ctx, doc.InitialHeight)
	if err != nil {
		return nil, fmt.Errorf("cometlog: first block: %w", err)
	}
	if !bytes.Equal(first.ValidatorsHash, doc.ValidatorHash()) {
		return nil, fmt.Errorf("%w: the first block is not of the genesis document", ErrOpinion)
	}
	client, err := light.NewClient(ctx, doc.ChainID, light.TrustOptions{Period: trusting, Height: first.Height, Hash: first.Hash()},
		providers[0], providers[1:], db.New(dbm.NewMemDB(), ""))
	if err != nil {
		return nil, fmt.Errorf("cometlog: light client: %w", err)
	}
	return client, nil
}
