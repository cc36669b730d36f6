package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/hufu-id/hufu/ledger"
)

const simulatedChain = "Ethereum, simulated"

// anchors are the same hashes, signed for both.
type anchors struct {
	ops          []*ledger.SignedOperation
	transactions []*types.Transaction
}

func (f *field) anchorContests(ctx context.Context, l load) []*contest {
	block := fmt.Sprintf("anchor, block of %d", l.batch)
	return []*contest{
		f.anchor(ctx, &contest{what: "anchor, one after the other", ourWay: "Submit", count: l.single}, 1, false),
		f.anchor(ctx, &contest{what: block, ourWay: "Submit, each signed", count: l.batch}, l.batch, false),
		f.anchor(ctx, &contest{what: block, ourWay: "SignBatch, Submit", count: l.batch}, l.batch, true),
		f.root(ctx, l),
	}
}

// anchor makes it a contest between our ledger and the chain, one block a batch.
func (f *field) anchor(ctx context.Context, c *contest, batch int, together bool) *contest {
	turn := new(anchors)
	c.peerWay = simulatedChain
	c.prepare = func() (err error) {
		hashes := f.state.newHashes(c.count)
		f.anchored = hashes[0]
		if turn.ops, err = f.state.sign(hashes, f.state.anchor(1), together); err != nil {
			return err
		}
		turn.transactions, err = f.chain.sign(hashes)
		return err
	}
	c.ours = func() error {
		return spread(1, slices.Chunk(turn.ops, batch), func(ops ...*ledger.SignedOperation) error {
			return f.state.submit(ctx, ops...)
		})
	}
	c.peer = func() error {
		return spread(1, slices.Chunk(turn.transactions, batch), func(transactions ...*types.Transaction) error {
			return f.chain.anchor(ctx, transactions...)
		})
	}
	return c
}

// root is a contest in which the root of many hashes is made, signed and
// anchored.
func (f *field) root(ctx context.Context, l load) *contest {
	var batches [][][32]byte
	c := &contest{what: fmt.Sprintf("anchor a root over %d", l.batch), ourWay: "Sign, Submit", peerWay: simulatedChain, count: l.roots}
	c.prepare = func() error {
		batches = slices.Collect(slices.Chunk(f.state.newHashes(l.roots*l.batch), l.batch))
		return nil
	}
	c.ours = func() error {
		return eachRoot(batches, func(root [32]byte) error {
			ops, err := f.state.sign([][32]byte{root}, f.state.anchor(uint64(l.batch)), false)
			if err != nil {
				return err
			}
			return f.state.submit(ctx, ops...)
		})
	}
	c.peer = func() error {
		return eachRoot(batches, func(root [32]byte) error {
			transactions, err := f.chain.sign([][32]byte{root})
			if err != nil {
				return err
			}
			return f.chain.anchor(ctx, transactions...)
		})
	}
	return c
}

func eachRoot(batches [][][32]byte, work func([32]byte) error) error {
	for _, hashes := range batches {
		root, err := rootOf(hashes)
		if err != nil {
			return err
		}
		if err := work(root); err != nil {
			return err
		}
	}
	return nil
}

// rootOf is the root of the tree of hashes (RFC 9162).
func rootOf(hashes [][32]byte) ([32]byte, error) {
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, hash := range hashes {
		if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(hash[:]), nil); err != nil {
			return [32]byte{}, fmt.Errorf("tree of hashes: %w", err)
		}
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		return [32]byte{}, fmt.Errorf("tree of hashes: %w", err)
	}
	return [32]byte(root), nil
}
