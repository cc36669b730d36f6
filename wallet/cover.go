package wallet

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// coverBits is how much the names of the parts that a wallet reads may tell: at least a
// quarter of all handles could be its own.
const coverBits = 2

// cover is the block of parts that this wallet reads, all of it, whenever it reads any:
// those whose handles begin with some bits. It is the wallet's, and no credential's. It
// never gets smaller, so that what several rounds have in common tells no more than one.
// Blocks are the same for everybody: a set that each wallet drew would be its name.
//
// A credential whose handle lies outside makes the cover the smallest block that has
// both. It stays when a credential goes.
type cover struct {
	_    struct{} `cbor:",toarray"`
	Bits int      // 0 to coverBits
	Part int      // the bits
	// Read is the epoch up to which all of it was read, 0 for none. Of parts without a
	// credential the content is dropped: it is fetched so that the names tell nothing.
	Read uint64
}

const recordCover = "cover"

func parseCover(b []byte) (*cover, error) {
	c := new(cover)
	if err := readMode.Unmarshal(b, c); err != nil {
		return nil, err
	}
	if c.Bits < 0 || c.Bits > coverBits || c.Part < 0 || c.Part >= 1<<c.Bits {
		return nil, fmt.Errorf("no cover of %d bits", c.Bits)
	}
	return c, nil
}

// over is the smallest cover that has a handle and all of c; c is nil at first.
func (c *cover) over(h zkp.Handle) *cover {
	if c == nil {
		return &cover{Bits: coverBits, Part: feed.Part(h, coverBits)}
	}
	bits := c.Bits
	for c.Part>>(c.Bits-bits) != feed.Part(h, bits) {
		bits--
	}
	if bits == c.Bits {
		return c
	}
	return &cover{Bits: bits, Part: feed.Part(h, bits)} // what is new was not read yet
}

// parts lists those of a feed that is divided by some bits.
func (c *cover) parts(bits int) (list []int) {
	if bits <= c.Bits {
		return []int{c.Part >> (c.Bits - bits)}
	}
	for i := range 1 << (bits - c.Bits) {
		list = append(list, c.Part<<(bits-c.Bits)+i)
	}
	return list
}

// coverOver is the wallet's cover, which from now on has these handles.
func (w *Wallet) coverOver(ctx context.Context, handles []zkp.Handle) (*cover, error) {
	stored, err := storedSet(ctx, w.store, recordCover, parseCover)
	if err != nil {
		return nil, err
	}
	c := stored
	for _, h := range handles {
		c = c.over(h)
	}
	if c == stored {
		return c, nil
	}
	return c, w.store.Update(ctx, func(tx vault.Tx) error { return putCover(tx, c) })
}

func putCover(tx vault.Tx, c *cover) error {
	value, err := cardMode.Marshal(c)
	if err != nil {
		return err
	}
	return tx.Put(kindFeed, recordCover, value)
}

// readCover reads the wallet's cover up to an epoch and builds the parts of the
// revocation tree in which the handles lie. What everyone reads comes first, and only when
// that is right the parts, whose names tell something.
func (w *Wallet) readCover(ctx context.Context, epoch *epochAt, built *epochTrees, handles []zkp.Handle) (map[int]*zkp.Revocation, error) {
	index, err := w.feed.Index(ctx)
	if err != nil {
		return nil, feedError(err)
	}
	g := index.Generation(epoch.Number)
	if g == nil || g.Bits != built.bits {
		return nil, feedError(feed.ErrEpoch) // it has changed since the trees were begun
	}
	roots, err := w.bucketRoots(ctx, g, epoch.Number, epoch.Revocation)
	if err != nil {
		return nil, err
	}
	if err := w.checkCrowd(ctx, g); err != nil {
		return nil, err
	}
	c, err := w.coverOver(ctx, handles)
	if err != nil {
		return nil, err
	}
	mine := map[int]bool{}
	for part := range built.parts {
		mine[part] = true
	}
	for _, h := range handles {
		mine[feed.Part(h, g.Bits)] = true
	}
	parts, err := w.fetchCover(ctx, index, c, g.Bits, epoch.Number, mine)
	if err != nil {
		return nil, err
	}
	trees := map[int]*zkp.Revocation{}
	for _, part := range parts {
		if trees[part.Part], err = zkp.NewRevocationPart(roots, part.Bits, part.Part, part.Handles); err != nil {
			return nil, feedError(err)
		}
	}
	return trees, w.keepCover(ctx, &cover{Bits: c.Bits, Part: c.Part, Read: epoch.Number}, roots, parts)
}

// fetchCover reads every part of a cover and returns those that are wanted. All are read
// from the same epoch on: where one that is wanted is not at hand, all are read anew.
func (w *Wallet) fetchCover(ctx context.Context, index *feed.Index, c *cover, bits int, epoch uint64, wanted map[int]bool) (out []*feed.Handles, err error) {
	kept, whole, err := w.keptParts(ctx, c.Read, bits, wanted)
	if err != nil {
		return nil, err
	}
	for _, part := range c.parts(bits) {
		var have *feed.Handles
		switch {
		case !whole:
		case wanted[part]:
			have = kept[part]
		default:
			have = &feed.Handles{From: c.Read, To: c.Read}
		}
		read, err := w.feed.Handles(ctx, index, have, firstOf(part, bits), epoch)
		if err != nil {
			return nil, feedError(err)
		}
		if wanted[part] {
			out = append(out, read)
		}
	}
	return out, nil
}

// firstOf is the lowest handle of a part.
func firstOf(part, bits int) (h feed.Handle) {
	binary.BigEndian.PutUint16(h[:], uint16(part<<(16-bits)))
	return h
}

// keptParts finds the stored parts of an epoch; whole reports whether none is missing.
func (w *Wallet) keptParts(ctx context.Context, epoch uint64, bits int, wanted map[int]bool) (kept map[int]*feed.Handles, whole bool, err error) {
	kept = map[int]*feed.Handles{}
	for part := range wanted {
		for b := bits; b >= 0 && kept[part] == nil; b-- {
			stored, err := storedSet(ctx, w.store, recordPart(b, part>>(bits-b)), feed.ParseHandles)
			if err != nil {
				return nil, false, err
			}
			if stored != nil && stored.To == epoch {
				kept[part] = stored
			}
		}
	}
	return kept, len(kept) == len(wanted), nil
}

// keepCover stores what was read in one transaction.
func (w *Wallet) keepCover(ctx context.Context, c *cover, roots [][32]byte, parts []*feed.Handles) error {
	return w.store.Update(ctx, func(tx vault.Tx) error {
		if err := tx.Put(kindFeed, recordRoots, (&feed.Roots{Epoch: c.Read, Buckets: roots}).Bytes()); err != nil {
			return err
		}
		for _, part := range parts {
			if err := tx.Put(kindFeed, recordPart(part.Bits, part.Part), part.Bytes()); err != nil {
				return err
			}
		}
		return putCover(tx, c)
	})
}
