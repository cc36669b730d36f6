package machine

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// A View runs read over one unchanging state of a ledger, with the signed
// checkpoint of that state.
type View func(ctx context.Context, read func(store Store, checkpoint []byte) error) error

// A Reader answers questions about a ledger from a View of it, for every engine
// alike. It implements ledger.Reader.
type Reader struct{ view View }

// NewReader returns a reader over view.
func NewReader(view View) *Reader {
	return &Reader{func(ctx context.Context, read func(Store, []byte) error) error {
		return view(ctx, func(store Store, checkpoint []byte) error {
			return read(&until{Store: store, ctx: ctx}, checkpoint)
		})
	}}
}

// until is a store whose reads end with a context: nobody waits for them any more.
type until struct {
	Store
	ctx context.Context
}

func (u *until) Get(table Table, key []byte) ([]byte, error) {
	if err := u.ctx.Err(); err != nil {
		return nil, fmt.Errorf("machine: reading: %w", err)
	}
	return u.Store.Get(table, key)
}

func (u *until) Scan(table Table, prefix []byte, yield func(key, value []byte) error) error {
	return u.ScanAfter(table, prefix, nil, yield)
}

func (u *until) ScanAfter(table Table, prefix, after []byte, yield func(key, value []byte) error) error {
	return u.Store.ScanAfter(table, prefix, after, func(key, value []byte) error {
		if err := u.ctx.Err(); err != nil {
			return fmt.Errorf("machine: reading: %w", err)
		}
		return yield(key, value)
	})
}

// Prove implements ledger.Reader. Errors: ledger.ErrKey, [ErrDamaged], and the
// store's own.
func (r *Reader) Prove(ctx context.Context, keys ...string) (proof *ledger.Proof, err error) {
	err = r.view(ctx, func(store Store, checkpoint []byte) error {
		proof, err = Prove(store, checkpoint, keys...)
		return err
	})
	return proof, err
}

// ProveConsistency implements ledger.Reader. Errors: ledger.ErrNotIncluded if
// the sizes are out of range, [ErrDamaged], and the store's own.
func (r *Reader) ProveConsistency(ctx context.Context, from, to uint64) (proof []tlog.Hash, err error) {
	err = r.view(ctx, func(store Store, _ []byte) error {
		proof, err = ProveConsistency(store, from, to)
		return err
	})
	return proof, err
}

// Checkpoint returns the newest signed checkpoint.
func (r *Reader) Checkpoint(ctx context.Context) (signed []byte, err error) {
	err = r.view(ctx, func(_ Store, checkpoint []byte) error {
		signed = checkpoint
		return nil
	})
	return signed, err
}

// Get returns a value without a proof, for the ledger's operator, who has the
// file. Errors: ledger.ErrAbsent, ledger.ErrKey, and the store's own.
func (r *Reader) Get(ctx context.Context, key string) (value []byte, err error) {
	err = r.view(ctx, func(store Store, _ []byte) error {
		value, err = Value(store, key)
		return err
	})
	return value, err
}

// Registry lists the registry leaves of a closed epoch, sorted. A wallet
// rebuilds the tree from them. Errors: ledger.ErrAbsent if the epoch was not
// closed, [ErrDamaged], and the store's own.
func (r *Reader) Registry(ctx context.Context, epoch uint64) (leaves [][32]byte, err error) {
	err = r.view(ctx, func(store Store, _ []byte) error {
		leaves, err = Registry(store, epoch)
		return err
	})
	return leaves, err
}

// RevokedAfter implements ledger.Ledger. It looks at no more than 65,536 handles. Errors
// are those of Registry.
func (r *Reader) RevokedAfter(ctx context.Context, epoch uint64, after []byte) (page *ledger.RevokedPage, err error) {
	err = r.view(ctx, func(store Store, _ []byte) error {
		page, err = RevokedAfter(store, epoch, after)
		return err
	})
	return page, err
}

// Revoked lists the revoked handles of a closed epoch, sorted. Errors are those
// of Registry.
func (r *Reader) Revoked(ctx context.Context, epoch uint64) (handles [][ledger.HandleSize]byte, err error) {
	// A closed epoch does not change: each page may come from another state.
	for after, more := []byte(nil), true; more; {
		page, err := r.RevokedAfter(ctx, epoch, after)
		if err != nil {
			return nil, err
		}
		handles, after, more = append(handles, page.Handles...), page.Next, page.Next != nil
	}
	return handles, nil
}

// maxEntries bounds the number of leaves that Entries returns.
const maxEntries = 1024

// Entries returns leaves of the log from an index on: at least one, and at most
// 1,024 or about 1 MiB. Errors: ledger.ErrNotIncluded beyond the end of the
// log, [ErrDamaged], and the store's own.
func (r *Reader) Entries(ctx context.Context, from uint64) (leaves [][]byte, err error) {
	err = r.view(ctx, func(store Store, _ []byte) error {
		leaves, err = Entries(store, from)
		return err
	})
	return leaves, err
}

// Entries returns leaves of a store's log; see Reader.Entries.
func Entries(store Store, from uint64) ([][]byte, error) {
	head, err := ReadHead(store)
	if err != nil {
		return nil, err
	}
	if from >= head.Size {
		return nil, fmt.Errorf("%w: leaf %d of %d", ledger.ErrNotIncluded, from, head.Size)
	}
	var leaves [][]byte
	for n, size := from, 0; n < head.Size && len(leaves) < maxEntries && size < limits.Proof; n++ {
		leaf, err := store.Get(TableLeaf, u64(n))
		if err != nil {
			return nil, err
		}
		if leaf == nil {
			return nil, damagedLeaf(n, errors.New("missing"))
		}
		leaves, size = append(leaves, leaf), size+len(leaf)
	}
	return leaves, nil
}

// maxHistory bounds the number of changes that History returns.
const maxHistory = 1024

// History returns the operations that changed a key, the oldest first: at most
// 1,024 or about 1 MiB, from the leaf with this index on. Errors: ledger.ErrKey, [ErrDamaged],
// and the store's own.
func (r *Reader) History(ctx context.Context, key string, from uint64) (changes []ledger.Change, err error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	err = r.view(ctx, func(store Store, _ []byte) error {
		changes, err = history(store, key, from)
		return err
	})
	return changes, err
}

// errEnough ends a scan.
var errEnough = errors.New("machine: enough")

func history(store Store, key string, from uint64) (changes []ledger.Change, err error) {
	path := statemap.Index(key)
	err = store.Scan(TableHistory, path[:], func(row, _ []byte) error {
		if len(row) != len(path)+8 {
			return fmt.Errorf("%w: history", ErrDamaged)
		}
		index, _ := readU64(row[len(path):])
		if index >= from {
			changes = append(changes, ledger.Change{Index: index})
		}
		if len(changes) == maxHistory {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	size := 0
	for i := range changes {
		if changes[i].Leaf, err = store.Get(TableLeaf, u64(changes[i].Index)); err != nil {
			return nil, err
		}
		if changes[i].Leaf == nil {
			return nil, damagedLeaf(changes[i].Index, errors.New("missing"))
		}
		if size += len(changes[i].Leaf); size >= limits.Proof {
			return changes[:i+1], nil
		}
	}
	return changes, nil
}

// maxListed bounds the number of keys that Keys returns.
const maxListed = 1024

// Keys lists keys of the state map with a prefix, in ascending order, from the
// one after a given key on: at most 1,024, none at the end. The error is the
// store's own.
func (r *Reader) Keys(ctx context.Context, prefix, after string) (keys []string, err error) {
	err = r.view(ctx, func(store Store, _ []byte) error {
		err := store.ScanAfter(TableValue, []byte(prefix), []byte(after), func(key, _ []byte) error {
			keys = append(keys, string(key))
			if len(keys) == maxListed {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return keys, err
}

// TileHeight is the height of the log's tiles (C2SP tlog-tiles): 256 hashes in
// a row.
const TileHeight = 8

// Tile returns the hashes of a tile. They never change once the tile is full.
// Errors: ledger.ErrNotIncluded if the log does not reach the tile,
// ledger.ErrFormat for a tile of another height.
func (r *Reader) Tile(ctx context.Context, tile tlog.Tile) (hashes []byte, err error) {
	if tile.H != TileHeight || tile.L < 0 || tile.L*TileHeight > 48 || tile.N < 0 || tile.N > 1<<48 || tile.W < 1 || tile.W > 1<<TileHeight {
		return nil, fmt.Errorf("%w: tile", ledger.ErrFormat)
	}
	err = r.view(ctx, func(store Store, _ []byte) error {
		head, err := ReadHead(store)
		if err != nil {
			return err
		}
		// The log must hold all leaves below the tile's last hash.
		if uint64(tile.N<<TileHeight+int64(tile.W)) > head.Size>>(tile.L*TileHeight) {
			return fmt.Errorf("%w: tile", ledger.ErrNotIncluded)
		}
		hashes, err = tlog.ReadTileData(tile, hashReader(store))
		return err
	})
	return hashes, err
}

// ProveInclusion proves that a leaf is in the log under the newest checkpoint;
// see ledger.VerifyInclusion. Errors: ledger.ErrNotIncluded beyond the end of
// the log, [ErrDamaged], and the store's own.
func (r *Reader) ProveInclusion(ctx context.Context, index uint64) (proof *ledger.Inclusion, err error) {
	err = r.view(ctx, func(store Store, checkpoint []byte) error {
		proof, err = proveInclusion(store, checkpoint, index)
		return err
	})
	return proof, err
}

func proveInclusion(store Store, checkpoint []byte, index uint64) (*ledger.Inclusion, error) {
	head, err := ReadHead(store)
	if err != nil {
		return nil, err
	}
	if index >= head.Size {
		return nil, fmt.Errorf("%w: leaf %d of %d", ledger.ErrNotIncluded, index, head.Size)
	}
	leaf, err := store.Get(TableLeaf, u64(index))
	if err != nil {
		return nil, err
	}
	if leaf == nil {
		return nil, damagedLeaf(index, errors.New("missing"))
	}
	path, err := tlog.ProveRecord(int64(head.Size), int64(index), hashReader(store))
	if err != nil {
		return nil, err
	}
	return &ledger.Inclusion{Checkpoint: checkpoint, Index: index, Leaf: leaf, Path: path}, nil
}

// TrustChain returns the signed agreements from a number on, which lead from an
// older trust file to today's; see ledger.TrustFile.Follow. Errors:
// [ErrDamaged], and the store's own.
func (r *Reader) TrustChain(ctx context.Context, from uint64) (chain []*ledger.SignedOperation, err error) {
	err = r.view(ctx, func(store Store, _ []byte) error {
		for n := from; ; n++ {
			changes, err := history(store, ledger.AgreementKey(n), 0)
			if err != nil || len(changes) == 0 {
				return err
			}
			op, err := ledger.ParseSignedOperation(changes[0].Leaf)
			if err != nil {
				return damagedLeaf(changes[0].Index, err)
			}
			chain = append(chain, op)
		}
	})
	return chain, err
}

// Receipts returns the first receipts of operations if the ledger has all of
// them, otherwise nil. Errors: [ErrDamaged], and the store's own.
func Receipts(store Store, ops []*ledger.SignedOperation) ([]ledger.OperationReceipt, error) {
	receipts := make([]ledger.OperationReceipt, len(ops))
	for i, op := range ops {
		r, found, err := findReceipt(store, op.Operation.ID())
		if err != nil || !found {
			return nil, err
		}
		receipts[i] = r
	}
	return receipts, nil
}
