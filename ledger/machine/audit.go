package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// A Reads runs read over the newest state of a ledger, which does not change before read
// returns. Another call may see a newer state.
type Reads func(ctx context.Context, read func(Store) error) error

// ReadsOf returns the Reads of a store that does not change.
func ReadsOf(store Store) Reads {
	return func(_ context.Context, read func(Store) error) error { return read(store) }
}

// Progress says how far an audit has come.
type Progress struct {
	// Leaves is how many leaves of Size were replayed.
	Leaves, Size uint64
	// Rows is how many rows were compared.
	Rows uint64
}

// An Auditor replays the leaves of a log into a scratch store. It verifies every
// signature, applies every rule again, and compares every state leaf with the result of
// the operations before it. Then it compares stores with the result.
//
// It reads in short steps while the ledger goes on, and follows the ledger meanwhile. So
// no step holds a long snapshot. What it keeps in memory does not grow with the ledger.
type Auditor struct {
	machine  *Machine
	log      Reads
	scratch  Store
	replica  *Replica
	at       Progress
	progress func(Progress)
}

// NewAuditor returns an auditor of a log. scratch is empty and the auditor's alone.
// progress may be nil. The error is that of scratch.
func (m *Machine) NewAuditor(log Reads, scratch Store, progress func(Progress)) (*Auditor, error) {
	replica, err := NewReplica(m, scratch)
	if err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	return &Auditor{machine: m, log: log, scratch: scratch, replica: replica, progress: progress}, nil
}

// Audit replays a log and compares every row of its store; see [Auditor]. The error is a
// [*DamagedError], that of ctx, or the stores' own.
func (m *Machine) Audit(ctx context.Context, log Reads, scratch Store, progress func(Progress)) error {
	a, err := m.NewAuditor(log, scratch, progress)
	if err == nil {
		err = a.Compare(ctx, log)
	}
	if err != nil {
		return fmt.Errorf("machine: audit: %w", err)
	}
	return nil
}

// At runs do over the newest state of a store, while the scratch store has the state
// that the log's operations lead to at the same size. The store is the log's or that of a
// replica. The error is a [*DamagedError] that names the first wrong leaf, that of ctx,
// of do, or the stores' own.
func (a *Auditor) At(ctx context.Context, of Reads, do func(Store) error) error {
	var size uint64
	err := of(ctx, func(store Store) error {
		head, err := ReadHead(store)
		size = head.Size
		return err
	})
	if err != nil {
		return err
	}
	if err := a.follow(ctx, a.log, size); err != nil { // takes long, and holds no state
		return err
	}
	return of(ctx, func(store Store) error {
		head, err := ReadHead(store)
		if err != nil {
			return err
		}
		if err := a.follow(ctx, ReadsOf(store), head.Size); err != nil {
			return err
		}
		return do(store)
	})
}

// follow replays leaves up to a size. It reads the next checkpoint and verifies its
// signatures while it applies one.
func (a *Auditor) follow(ctx context.Context, from Reads, size uint64) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	blocks := make(chan *block, 1)
	var reading error
	first := a.replica.Next()
	go func() {
		defer close(blocks)
		reading = a.machine.readBlocks(ctx, from, first, size, func(b *block) error {
			select {
			case blocks <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	for b := range blocks {
		if err != nil {
			continue
		}
		if err = a.replica.apply(b); err != nil {
			stop()
		}
		a.at.Leaves, a.at.Size = a.replica.Next(), max(size, a.at.Size)
		a.progress(a.at)
	}
	if err == nil {
		err = reading
	}
	return err
}

// readBlocks calls yield for one checkpoint after the other.
func (m *Machine) readBlocks(ctx context.Context, from Reads, first, size uint64, yield func(*block) error) error {
	var pending [][]byte
	for next := first; next < size; {
		leaves, err := readLeaves(ctx, from, next, size)
		if err != nil {
			return err
		}
		for _, leaf := range leaves {
			next++
			if !ledger.IsStateLeaf(leaf) {
				pending = append(pending, leaf)
				continue
			}
			b := m.readBlock(first, pending, leaf)
			first, pending = next, nil
			if err := yield(b); err != nil {
				return err
			}
		}
		if len(pending) > maxPending {
			break
		}
	}
	if len(pending) > 0 {
		return damagedLeaf(first+uint64(len(pending))-1, errors.New("no checkpoint follows"))
	}
	return nil
}

// What one step of an audit reads.
const (
	stepRows  = 4096
	stepBytes = 1 << 20
)

// readLeaves reads some leaves from an index on, at least one, and none from size on.
func readLeaves(ctx context.Context, from Reads, next, size uint64) (leaves [][]byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = from(ctx, func(store Store) error {
		var after []byte
		if next > 0 {
			after = u64(next - 1)
		}
		bytesRead := 0
		return store.ScanAfter(TableLeaf, nil, after, func(key, leaf []byte) error {
			n := next + uint64(len(leaves))
			if n == size || len(leaves) == stepRows || bytesRead >= stepBytes {
				return errEnough
			}
			if !bytes.Equal(key, u64(n)) {
				return damagedLeaf(n, errors.New("missing"))
			}
			leaves, bytesRead = append(leaves, bytes.Clone(leaf)), bytesRead+len(leaf)
			return nil
		})
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if len(leaves) == 0 {
		return nil, damagedLeaf(next, errors.New("missing"))
	}
	return leaves, nil
}
