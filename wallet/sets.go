package wallet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

var (
	// ErrFeed means that the feed, or Sets, does not lead to the roots on the
	// ledger, or not to this epoch's. It says nothing about any credential.
	ErrFeed = errors.New("wallet: the feed does not fit the ledger")
	// ErrCrowd means that the feed is divided into parts in which too few would
	// hide a credential; none was asked for.
	ErrCrowd = errors.New("wallet: the feed is divided too finely")
)

// epochTrees are the trees of one epoch as far as they were needed, kept because
// every proof of it needs them.
type epochTrees struct {
	epoch    uint64
	bits     int // by which the feed divides the revoked handles
	registry *zkp.Registry
	parts    map[int]*zkp.Revocation
}

// readTrees reads what trees of an epoch are built of, where it is not at hand for all of
// the handles. What it asks for depends on the wallet's cover, not on the handles in it.
func (w *Wallet) readTrees(ctx context.Context, epoch *epochAt, handles []zkp.Handle) error {
	// A feed may stall: nobody waits for it longer than its context, and proofs go on.
	select {
	case <-ctx.Done():
		return ctx.Err()
	case w.building <- struct{}{}:
	}
	defer func() { <-w.building }()
	if err := w.allHere(ctx, epoch, handles); !errors.Is(err, ErrRefresh) {
		return err
	}
	built, err := w.builtOf(epoch), error(nil)
	if built == nil {
		if built, err = w.startTrees(ctx, epoch); err != nil {
			return err
		}
	}
	parts := built.parts
	if built.lacks(handles) {
		if parts, err = w.readCover(ctx, epoch, built, handles); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.Copy(built.parts, parts)
	w.built = built
	return nil
}

// allHere is ErrRefresh where a tree is not at hand.
func (w *Wallet) allHere(ctx context.Context, epoch *epochAt, handles []zkp.Handle) error {
	for _, h := range handles {
		if _, _, err := w.treesHere(ctx, epoch, h); err != nil {
			return err
		}
	}
	return nil
}

func (b *epochTrees) lacks(handles []zkp.Handle) bool {
	return slices.ContainsFunc(handles, func(h zkp.Handle) bool { return b.parts[feed.Part(h, b.bits)] == nil })
}

// builtOf returns the trees of an epoch as far as they are built, nil for none. Those of
// an epoch that is over need not wait in memory.
func (w *Wallet) builtOf(epoch *epochAt) *epochTrees {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.built != nil && w.built.epoch != epoch.Number {
		w.built = nil
	}
	return w.built
}

// treesHere builds the trees of an epoch and asks nobody. The error is ErrRefresh where
// the last round did not read them.
func (w *Wallet) treesHere(ctx context.Context, epoch *epochAt, h zkp.Handle) (*zkp.Registry, *zkp.Revocation, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.treesAtHand(ctx, epoch, h)
}

// treesAtHand takes them from memory or the vault.
func (w *Wallet) treesAtHand(ctx context.Context, epoch *epochAt, h zkp.Handle) (*zkp.Registry, *zkp.Revocation, error) {
	if b := w.built; b != nil && b.epoch == epoch.Number && b.parts[feed.Part(h, b.bits)] != nil {
		return b.registry, b.parts[feed.Part(h, b.bits)], nil
	}
	leaves, err := storedSet(ctx, w.store, recordRegistry, feed.ParseRegistry)
	if err != nil {
		return nil, nil, err
	}
	roots, err := storedSet(ctx, w.store, recordRoots, feed.ParseRoots)
	if err != nil {
		return nil, nil, err
	}
	part, err := w.partOf(ctx, h, epoch.Number)
	if err != nil {
		return nil, nil, err
	}
	if leaves == nil || leaves.To != epoch.Number || roots == nil || roots.Epoch != epoch.Number || part == nil {
		return nil, nil, fmt.Errorf("%w: no trees of this epoch", ErrRefresh)
	}
	return w.rebuild(epoch, leaves, roots, part)
}

// rebuild makes trees of stored sets. They were held against the ledger when they were
// stored, and zkp.NewPrepareWitness does it again.
func (w *Wallet) rebuild(epoch *epochAt, leaves *feed.Registry, roots *feed.Roots, part *feed.Handles) (*zkp.Registry, *zkp.Revocation, error) {
	b := w.built
	if b == nil || b.epoch != epoch.Number || b.bits != part.Bits {
		registry, err := zkp.NewRegistry(leaves.Added)
		if err != nil {
			return nil, nil, feedError(err)
		}
		b = &epochTrees{epoch: epoch.Number, bits: part.Bits, registry: registry, parts: map[int]*zkp.Revocation{}}
	}
	tree, err := zkp.NewRevocationPart(roots.Buckets, part.Bits, part.Part, part.Handles)
	if err != nil {
		return nil, nil, feedError(err)
	}
	b.parts[part.Part] = tree
	w.built = b
	return b.registry, tree, nil
}

// partOf finds a stored part of an epoch that a handle lies in.
func (w *Wallet) partOf(ctx context.Context, h zkp.Handle, epoch uint64) (*feed.Handles, error) {
	for bits := maxBits; bits >= 0; bits-- {
		part, err := storedSet(ctx, w.store, recordPart(bits, feed.Part(h, bits)), feed.ParseHandles)
		if err != nil || part != nil && part.To == epoch {
			return part, err
		}
	}
	return nil, nil
}

// startTrees builds what is the same for every credential.
func (w *Wallet) startTrees(ctx context.Context, epoch *epochAt) (*epochTrees, error) {
	index, err := w.feed.Index(ctx)
	if errors.Is(err, feed.ErrMissing) && w.cfg.Sets != nil {
		return w.startFromSets(ctx, epoch)
	}
	if err != nil {
		return nil, feedError(err)
	}
	return w.startFromFeed(ctx, index, epoch)
}

// startFromSets takes the sets whole.
func (w *Wallet) startFromSets(ctx context.Context, epoch *epochAt) (*epochTrees, error) {
	leaves, err := w.cfg.Sets.Registry(ctx, epoch.Number)
	if err != nil {
		return nil, err
	}
	handles, err := w.cfg.Sets.Revoked(ctx, epoch.Number)
	if err != nil {
		return nil, err
	}
	registry, err := zkp.NewRegistry(leaves)
	if err != nil {
		return nil, feedError(err)
	}
	revocation, err := zkp.NewRevocation(handles)
	if err != nil {
		return nil, feedError(err)
	}
	if a, b := registry.Root(), revocation.Root(); !a.Equal(&epoch.Registry) || !b.Equal(&epoch.Revocation) {
		return nil, feedError(fmt.Errorf("%w: other roots", zkp.ErrEpoch))
	}
	whole := &feed.Handles{From: epoch.Number, To: epoch.Number, Handles: handles}
	err = errors.Join(w.keepSet(ctx, recordRegistry, (&feed.Registry{From: epoch.Number, To: epoch.Number, Added: leaves}).Bytes()),
		w.keepRoots(ctx, epoch.Number, revocation.BucketRoots()), w.keepSet(ctx, recordPart(0, 0), whole.Bytes()))
	if err != nil {
		return nil, err
	}
	return &epochTrees{epoch: epoch.Number, registry: registry, parts: map[int]*zkp.Revocation{0: revocation}}, nil
}

// feedError keeps what a feed can do apart from what is true of a credential.
func feedError(err error) error { return fmt.Errorf("%w: %w", ErrFeed, err) }

func (w *Wallet) startFromFeed(ctx context.Context, index *feed.Index, epoch *epochAt) (*epochTrees, error) {
	g := index.Generation(epoch.Number)
	if g == nil {
		return nil, feedError(feed.ErrEpoch)
	}
	have, err := storedSet(ctx, w.store, recordRegistry, feed.ParseRegistry)
	if err != nil {
		return nil, err
	}
	leaves, err := w.feed.Registry(ctx, index, have, epoch.Number)
	if err != nil {
		return nil, feedError(err)
	}
	registry, err := zkp.NewRegistry(leaves.Added)
	if err != nil {
		return nil, feedError(err)
	}
	if root := registry.Root(); !root.Equal(&epoch.Registry) {
		return nil, feedError(errors.New("another registry root"))
	}
	if err := w.keepSet(ctx, recordRegistry, leaves.Bytes()); err != nil {
		return nil, err
	}
	return &epochTrees{epoch: epoch.Number, bits: g.Bits, registry: registry, parts: map[int]*zkp.Revocation{}}, nil
}

func (w *Wallet) keepRoots(ctx context.Context, epoch uint64, roots [][32]byte) error {
	return w.keepSet(ctx, recordRoots, (&feed.Roots{Epoch: epoch, Buckets: roots}).Bytes())
}

// bucketRoots reads the bucket roots of an epoch and holds them against the
// revocation root on the ledger.
func (w *Wallet) bucketRoots(ctx context.Context, g *feed.Generation, epoch uint64, want zkp.Element) ([][32]byte, error) {
	roots, err := w.feed.Roots(ctx, g, epoch)
	if err != nil {
		return nil, feedError(err)
	}
	root, err := zkp.RootOver(roots)
	if err != nil {
		return nil, feedError(err)
	}
	if !root.Equal(&want) {
		return nil, feedError(errors.New("another revocation root"))
	}
	return roots, nil
}

// checkCrowd insists that every part of a generation holds as many revoked
// handles as feed.Bits demands, before any part is named. The proof of it is
// read once: nothing ever leaves the tree.
func (w *Wallet) checkCrowd(ctx context.Context, g *feed.Generation) error {
	if g.Bits == 0 {
		return nil
	}
	known, err := w.crowdKnown(ctx, g.Bits)
	if err != nil || known {
		return err
	}
	first, err := w.epochRoot(ctx, g.First())
	if err != nil {
		return err
	}
	roots, err := w.bucketRoots(ctx, g, g.First(), first)
	if err != nil {
		return err
	}
	proof, err := w.feed.Counts(ctx, g)
	if err != nil {
		return feedError(err)
	}
	counts, err := zkp.VerifyCounts(roots, proof)
	if err != nil {
		return feedError(err)
	}
	if feed.Bits(counts) < g.Bits {
		return ErrCrowd
	}
	return w.keepSet(ctx, recordCrowd(g.Bits), []byte{1})
}

func (w *Wallet) crowdKnown(ctx context.Context, bits int) (known bool, err error) {
	err = w.store.View(ctx, func(tx vault.Tx) error {
		_, err := tx.Get(kindFeed, recordCrowd(bits))
		known = err == nil
		if errors.Is(err, vault.ErrNotFound) {
			return nil
		}
		return err
	})
	return known, err
}

// epochRoot reads the revocation root of a closed epoch from the ledger.
func (w *Wallet) epochRoot(ctx context.Context, number uint64) (root zkp.Element, err error) {
	err = w.resolve(ctx, func(view *ledger.View) error {
		object, err := view.Epoch(number)
		if err != nil {
			return err
		}
		root, err = zkp.ParseElement(object.RevocationRoot[:])
		return err
	})
	if errors.Is(err, ledger.ErrAbsent) {
		err = feedError(err)
	}
	return root, err
}

// Records of what was read from public files and held against the ledger.
const (
	recordRegistry = "registry"
	recordRoots    = "roots"
)

// maxBits is how finely a feed can be divided.
const maxBits = 7

func recordPart(bits, part int) string { return fmt.Sprintf("revoked-%d-%02x", bits, part) }
func recordCrowd(bits int) string      { return fmt.Sprintf("crowd-%d", bits) }

// storedSet reads one of them; nil where there is none.
func storedSet[T any](ctx context.Context, store vault.Store, id string, parse func([]byte) (*T, error)) (out *T, err error) {
	return storedAs(ctx, store, kindFeed, id, parse)
}

func storedAs[T any](ctx context.Context, store vault.Store, kind, id string, parse func([]byte) (*T, error)) (out *T, err error) {
	err = store.View(ctx, func(tx vault.Tx) error {
		r, err := tx.Get(kind, id)
		if errors.Is(err, vault.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if out, err = parse(r.Value); err != nil {
			return fmt.Errorf("%w: stored public data: %w", vault.ErrDamaged, err)
		}
		return nil
	})
	return out, err
}

func (w *Wallet) keepSet(ctx context.Context, id string, value []byte) error {
	return w.store.Update(ctx, func(tx vault.Tx) error { return tx.Put(kindFeed, id, value) })
}
