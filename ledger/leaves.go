package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// maxLeaves bounds the leaves of one call of Client.Leaves.
const maxLeaves = 16

// maxAfter bounds how far behind a leaf Client.StateAfter looks.
const maxAfter = 1 << 20

// Leaves proves leaves of the log, by their indexes: that operations were accepted, and
// states were, at these places. It says nothing about what holds today. Each checkpoint
// is fresh and of the same log as the highest one that the client has seen. The client
// follows no agreements here: resolve something before.
//
// An error says nothing about the leaves. It is [ErrReader] for a reader that proves no
// leaves, [ErrTooLarge] for more than 16 indexes, [ErrBootstrap], an
// [*InconsistentError], one of [VerifyInclusion], or the reader's. A server that lags
// returns [ErrNotIncluded].
func (c *Client) Leaves(ctx context.Context, indexes ...uint64) ([][]byte, error) {
	prover, ok := c.reader.(interface {
		ProveInclusion(ctx context.Context, index uint64) (*Inclusion, error)
	})
	if !ok {
		return nil, fmt.Errorf("%w: it proves no leaves", ErrReader)
	}
	if len(indexes) > maxLeaves {
		return nil, fmt.Errorf("%w: %d leaves at once", ErrTooLarge, len(indexes))
	}
	leaves := make([][]byte, len(indexes))
	for i, index := range indexes {
		proof, err := prover.ProveInclusion(ctx, index)
		if err != nil {
			return nil, err
		}
		if proof == nil || proof.Index != index {
			return nil, fmt.Errorf("%w: leaf %d", ErrReader, index)
		}
		if _, err := c.VerifyInclusion(ctx, proof); err != nil {
			return nil, err
		}
		leaves[i] = proof.Leaf
	}
	return leaves, nil
}

// VerifyInclusion checks that a leaf is in the log, under the trust file that the client
// has followed so far, and that the checkpoint, which it returns, is of the same log as
// the highest one that the client has seen. The error is [ErrBootstrap], an
// [*InconsistentError], one of the function VerifyInclusion, or the reader's.
func (c *Client) VerifyInclusion(ctx context.Context, proof *Inclusion) (*Head, error) {
	now := c.opts.Clock()
	trust, err := c.inUse(now)
	if err != nil {
		return nil, err
	}
	head, err := VerifyInclusion(trust, proof, VerifyOptions{Now: now, MaxAge: c.opts.MaxAge})
	if err != nil {
		return nil, err
	}
	return head, c.fits(ctx, head)
}

// fits checks that a verified head is of the same log as the highest one seen.
func (c *Client) fits(ctx context.Context, head *Head) (err error) {
	older, newer := c.Head(), head
	if older != nil && newer.Size < older.Size {
		older, newer = newer, older
	}
	var consistency []tlog.Hash
	if older != nil && older.Size < newer.Size {
		if consistency, err = c.reader.ProveConsistency(ctx, older.Size, newer.Size); err != nil {
			return err
		}
	}
	return CheckConsistency(older, newer, consistency)
}

// StateAfter returns the index of the first state leaf after a leaf, as the reader tells
// it: prove it with Leaves. The state's time is the ledger's own time by which the leaf
// was in the log. The error is [ErrReader] for a reader that does not list leaves, or
// where none follows, or the reader's.
func (c *Client) StateAfter(ctx context.Context, index uint64) (uint64, error) {
	lister, ok := c.reader.(interface {
		Entries(ctx context.Context, from uint64) ([][]byte, error)
	})
	if !ok {
		return 0, fmt.Errorf("%w: it lists no leaves", ErrReader)
	}
	for at := index + 1; at-index < maxAfter; {
		leaves, err := lister.Entries(ctx, at)
		if err != nil {
			return 0, err
		}
		for i, leaf := range leaves {
			if IsStateLeaf(leaf) {
				return at + uint64(i), nil
			}
		}
		if len(leaves) == 0 {
			break
		}
		at += uint64(len(leaves))
	}
	return 0, fmt.Errorf("%w: no state after leaf %d", ErrReader, index)
}
