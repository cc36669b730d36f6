package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
)

// entries are those of one turn, the same bytes for both.
type entries struct {
	ops    []*ledger.SignedOperation
	leaves [][]byte
}

// way is how the entries of a turn come: from so many appenders at a time, each
// with a batch in hand.
type way struct {
	what, ours              string
	count, appenders, batch int
	peer                    *tiles
}

func (f *field) appendContests(ctx context.Context, l load) []*contest {
	one := way{"append, one after the other", "Submit", l.single, 1, 1, f.alone}
	few := one
	few.count = l.published
	many := way{fmt.Sprintf("append, %d appenders", l.appenders), "Submit, grouped", l.concurrent, l.appenders, 1, f.gathered}
	batch := way{fmt.Sprintf("append, batches of %d", l.batch), "SignBatch, Submit", l.batches * l.batch, 1, l.batch, f.whole}

	floor := f.append(ctx, one, false)
	floor.peerWay, floor.peer = "disk: 4 KB, fsync", func() error { return f.disk.append(l.single) }
	return []*contest{
		floor,
		f.append(ctx, one, false), f.append(ctx, few, true),
		f.append(ctx, many, false), f.append(ctx, many, true),
		f.append(ctx, batch, false), f.append(ctx, batch, true),
	}
}

// append is a contest between our log and Tessera's, which waits for its
// checkpoint where that is asked. Ours always does.
func (f *field) append(ctx context.Context, w way, published bool) *contest {
	turn := new(entries)
	c := &contest{what: w.what, ourWay: w.ours, peerWay: "Tessera, integrated", count: w.count}
	if published {
		c.peerWay = "Tessera, published"
	}
	c.prepare = func() (err error) {
		*turn, err = f.log.entries(w.count, w.batch)
		return err
	}
	c.ours = func() error {
		return spread(w.appenders, slices.Chunk(turn.ops, w.batch), func(ops ...*ledger.SignedOperation) error {
			return f.log.submit(ctx, ops...)
		})
	}
	c.peer = func() error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		until := w.peer.until(ctx, published)
		return spread(w.appenders, slices.Chunk(turn.leaves, w.batch), func(leaves ...[]byte) error {
			return w.peer.add(ctx, until, leaves...)
		})
	}
	return c
}

// entries signs new ones of a log of accesses, each batch together.
func (h *hufu) entries(count, batch int) (entries, error) {
	var e entries
	for hashes := range slices.Chunk(h.newHashes(count), batch) {
		ops, err := h.sign(hashes, h.audit, batch > 1)
		if err != nil {
			return e, err
		}
		e.ops = append(e.ops, ops...)
	}
	for _, op := range e.ops {
		e.leaves = append(e.leaves, op.Bytes())
	}
	return e, nil
}
