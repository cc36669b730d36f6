package cometlog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/types"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// Limits of a block. With them, one proposer costs the others about half a second.
const (
	blockBytes    = 2 << 20
	evidenceBytes = 64 << 10
	// blockUses bounds the uses in a block: each node verifies two zero-knowledge
	// proofs for each.
	blockUses = 256
)

// consensusParams returns what all nodes of a ledger agree on with CometBFT.
func consensusParams() *types.ConsensusParams {
	p := types.DefaultConsensusParams()
	p.Block.MaxBytes, p.Evidence.MaxBytes = blockBytes, evidenceBytes
	return p
}

// Reasons to refuse a proposed block.
var (
	errRepeated = errors.New("cometlog: a transaction stands in the block twice")
	errUses     = fmt.Errorf("%w: more than %d uses", ledger.ErrTooLarge, blockUses)
	errBytes    = fmt.Errorf("%w: more than %d bytes", ledger.ErrTooLarge, blockBytes)
)

// A proposal is a block in the making, or under judgement. What a good node proposes,
// every other accepts.
type proposal struct {
	left int64
	uses int
	seen map[txID]bool
}

func newProposal(limit int64) *proposal { return &proposal{left: limit, seen: map[txID]bool{}} }

// take adds a transaction. The error says why the block has no place for it.
func (p *proposal) take(tx []byte) error {
	ops, err := ledger.ParseBatch(tx)
	if err != nil {
		return err
	}
	id := sha256.Sum256(tx)
	size, uses := types.ComputeProtoSizeForTxs([]types.Tx{tx}), usesOf(ops)
	switch {
	case p.seen[id]:
		return errRepeated
	case size > p.left:
		return errBytes
	case p.uses+uses > blockUses:
		return errUses
	}
	p.seen[id], p.left, p.uses = true, p.left-size, p.uses+uses
	return nil
}

func usesOf(ops []*ledger.SignedOperation) (n int) {
	for _, op := range ops {
		if op.Operation.Kind == ledger.KindUse {
			n++
		}
	}
	return n
}

// PrepareProposal keeps what a block has place for. The rest waits for the next block.
func (a *app) PrepareProposal(_ context.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	block := newProposal(min(req.MaxTxBytes, blockBytes))
	response := new(abci.ResponsePrepareProposal)
	for _, tx := range req.Txs {
		if block.take(tx) == nil {
			response.Txs = append(response.Txs, tx)
		}
	}
	return response, nil
}

// ProcessProposal judges the block that another node proposes. Its transactions are judged
// by their bytes alone, so that all nodes agree. Its time is judged by this node's clock:
// a node whose clock is wrong votes for nothing, and applies what the others decide.
func (a *app) ProcessProposal(_ context.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	if err := a.judge(req); err != nil {
		a.refusedProposals.Add(1)
		a.unproposable.Store(&err)
		a.log.Error("a proposed block is refused", "height", req.Height, "err", err)
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	a.unproposable.Store(nil)
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

func (a *app) judge(req *abci.RequestProcessProposal) error {
	if err := a.inTime(req.Time); err != nil {
		return err
	}
	block := newProposal(blockBytes)
	for i, tx := range req.Txs {
		if err := block.take(tx); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return nil
}

// inTime judges a block's time: it is not from the future, not before the last checkpoint,
// and not long after it.
func (a *app) inTime(block time.Time) error {
	if ahead := block.Sub(a.clock()); ahead > machine.Tolerance {
		return fmt.Errorf("%w: the block is %s ahead of this node's clock", ledger.ErrClock, ahead.Round(time.Second))
	}
	last := a.published.LastTime()
	if block.Before(last) {
		return machine.ErrClock
	}
	_, err := machine.NextTime(last, block, a.maxPause)
	return err
}
