package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Submitter returns a [Submitter] that hands operations to log and believes no receipt
// before the client has verified it with [Client.VerifyReceipt]. The client's reader asks
// the same ledger as log. A receipt that does not hold is an error after which the batch
// may be on the ledger or not: submit the very same operations again, to another server.
func (c *Client) Submitter(log Submitter) Submitter { return verifying{c, log} }

type verifying struct {
	client *Client
	log    Submitter
}

func (v verifying) Submit(ctx context.Context, ops ...*SignedOperation) (*Receipt, error) {
	receipt, err := v.log.Submit(ctx, ops...)
	if err != nil {
		return nil, err
	}
	if err := v.client.VerifyReceipt(ctx, receipt, ops...); err != nil {
		return nil, err
	}
	return receipt, nil
}

// followEvery is how long a client that only submits goes without following: its trust
// must not grow old meanwhile.
const followEvery = 24 * time.Hour

// tileHeight is the height of the tiles that a reader is asked for.
const tileHeight = 8

// VerifyReceipt checks that operations are in the log where a receipt says: its
// checkpoint is signed by those whom the client trusts, is fresh and of the same log as
// the highest one seen, and each operation is the leaf at its index. From then on the
// client takes no ledger that goes back behind the receipt. It follows new agreements
// where it must. The heights in the receipt, and whether the ledger had an operation
// before, are not checked.
//
// The error is [ErrReceipt], an [*InconsistentError], [ErrReader] for a reader that serves
// no tiles, [ErrBootstrap], one of [OpenCheckpoint], [ErrClock], a [*StaleError], or the
// reader's.
func (c *Client) VerifyReceipt(ctx context.Context, r *Receipt, ops ...*SignedOperation) error {
	if r == nil || len(r.Operations) != len(ops) {
		return fmt.Errorf("%w: of another batch", ErrReceipt)
	}
	head, err := c.receiptHead(ctx, r)
	if err != nil {
		return err
	}
	indexes := make([]int64, len(ops))
	for i, op := range r.Operations {
		if op.ID != ops[i].Operation.ID() || op.Index >= head.Size {
			return fmt.Errorf("%w: operation %d", ErrReceipt, i)
		}
		indexes[i] = tlog.StoredHashIndex(0, int64(op.Index))
	}
	hashes, err := c.hashes(ctx, head, indexes)
	if err != nil {
		return err
	}
	for i, op := range ops {
		if hashes[i] != tlog.RecordHash(op.Bytes()) {
			return fmt.Errorf("%w: another leaf at the place of operation %d", ErrReceipt, i)
		}
	}
	return nil
}

// receiptHead verifies the checkpoint of a receipt.
func (c *Client) receiptHead(ctx context.Context, r *Receipt) (*Head, error) {
	if len(c.Trust().Next) > 0 && c.opts.Clock().Sub(c.Followed()) > followEvery {
		if err := c.Follow(ctx); err != nil {
			return nil, err
		}
	}
	head, err := c.openReceipt(r)
	if perhapsNewerTrust(err) && len(c.Trust().Next) > 0 {
		// The agreement may be what was submitted.
		if err := c.Follow(ctx); err != nil {
			return nil, err
		}
		head, err = c.openReceipt(r)
	}
	if err != nil {
		return nil, err
	}
	if head.Size != r.Size {
		return nil, fmt.Errorf("%w: size %d under a checkpoint of %d", ErrReceipt, r.Size, head.Size)
	}
	err = c.advance(ctx, c.opts.Clock(), c.Trust(), head, false)
	if errors.Is(err, ErrBehind) { // others have seen a newer one
		err = c.fits(ctx, head)
	}
	return head, err
}

func (c *Client) openReceipt(r *Receipt) (*Head, error) {
	now := c.opts.Clock()
	trust, err := c.inUse(now)
	if err != nil {
		return nil, err
	}
	return openFresh(trust, now, c.opts.MaxAge, r.Checkpoint)
}

// hashes reads hashes of the log, in tlog's order, and verifies them.
func (c *Client) hashes(ctx context.Context, head *Head, indexes []int64) ([]tlog.Hash, error) {
	source, ok := c.reader.(interface {
		Tile(ctx context.Context, tile tlog.Tile) ([]byte, error)
	})
	if !ok {
		return nil, fmt.Errorf("%w: it serves no tiles", ErrReader)
	}
	tiles := &tileReader{ctx: ctx, tile: source.Tile}
	hashes, err := tlog.TileHashReader(tlog.Tree{N: int64(head.Size), Hash: head.Root}, tiles).ReadHashes(indexes)
	if err != nil && tiles.err == nil {
		err = fmt.Errorf("%w: %w", ErrReceipt, err) // the tiles do not lead to the root
	}
	return hashes, errors.Join(tiles.err, err)
}

// tileReader implements tlog.TileReader.
type tileReader struct {
	ctx  context.Context
	tile func(ctx context.Context, tile tlog.Tile) ([]byte, error)
	// err is that of the reader, if it did not answer.
	err error
}

func (t *tileReader) Height() int { return tileHeight }

func (t *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if data[i], t.err = t.tile(t.ctx, tile); t.err != nil {
			return nil, t.err
		}
	}
	return data, nil
}

func (t *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
