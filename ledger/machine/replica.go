package machine

import (
	"bytes"
	"errors"

	"github.com/hufu-id/hufu/ledger"
)

// A Replica follows a log leaf by leaf into its own store. It verifies every
// signature, applies every rule again, and compares each state leaf with the
// result of the operations before it. One goroutine at a time may use it.
type Replica struct {
	machine *Machine
	store   Store
	head    Head
	// pending holds the leaves since the last state leaf.
	pending [][]byte
}

// NewReplica returns a replica that continues from the head of the store.
// Errors: [ErrDamaged], and the store's own.
func NewReplica(m *Machine, store Store) (*Replica, error) {
	head, err := ReadHead(store)
	if err == nil && head.Size > 0 {
		head.Root, err = RootAt(store, head.Size)
	}
	if err != nil {
		return nil, err
	}
	return &Replica{machine: m, store: store, head: head}, nil
}

// Head returns the last checkpoint that the replica has reached.
func (r *Replica) Head() Head { return r.head }

// Next returns the index of the leaf that Add expects next.
func (r *Replica) Next() uint64 { return r.head.Size + uint64(len(r.pending)) }

// Pending counts the operations that wait for the next state leaf.
func (r *Replica) Pending() int { return len(r.pending) }

// Add adds the next leaf of the log. The error is a [*DamagedError] that names
// the first wrong leaf, or the store's own. After an error the replica cannot
// be used again: roll the transaction of its store back.
func (r *Replica) Add(leaf []byte) error {
	if ledger.IsStateLeaf(leaf) {
		return r.checkpoint(leaf)
	}
	if len(r.pending) >= maxPending {
		return damagedLeaf(r.Next(), errors.New("no checkpoint follows"))
	}
	r.pending = append(r.pending, bytes.Clone(leaf))
	return nil
}

// maxPending bounds the number of operations that one checkpoint may add. A
// consortium's block may hold several batches.
const maxPending = 1 << 20

func (r *Replica) checkpoint(leaf []byte) error {
	err := r.apply(r.machine.readBlock(r.head.Size, r.pending, leaf))
	r.pending = nil
	return err
}

// A block is one checkpoint's part of a log: operations, and the state leaf
// that they must lead to.
type block struct {
	// first is the index of the block's first leaf.
	first    uint64
	prepared *Prepared
	state    *ledger.StateLeaf
	// err is what is wrong with the block, independent of the state.
	err error
}

// readBlock does the work that needs no state.
func (m *Machine) readBlock(first uint64, leaves [][]byte, state []byte) *block {
	b := &block{first: first}
	var err error
	if b.state, err = ledger.ParseStateLeaf(state); err != nil {
		b.err = damagedLeaf(first+uint64(len(leaves)), err)
		return b
	}
	var index int
	if b.prepared, index, err = m.prepareLeaves(leaves); err != nil {
		b.err = damagedLeaf(first+uint64(index), err)
	}
	return b
}

// apply applies the next block.
func (r *Replica) apply(b *block) error {
	if b.err != nil {
		return b.err
	}
	at := b.first + uint64(len(b.prepared.submissions))
	commit, err := r.machine.ApplyPrepared(r.store, b.state.Time(), b.prepared)
	if err != nil {
		return damagedLeaf(at, err)
	}
	for i, result := range commit.Results {
		switch {
		case result.Err != nil:
			var refused *ledger.RefusedError
			errors.As(result.Err, &refused)
			return damagedLeaf(b.first+uint64(i), refused.Reason)
		case result.Receipts[0].Replayed:
			return damagedLeaf(b.first+uint64(i), errors.New("stands in the log twice"))
		}
	}
	if commit.Head.State != *b.state || commit.Head.Size != at+1 {
		return damagedLeaf(at, errors.New("operations lead to another state"))
	}
	r.head = commit.Head
	return nil
}

func damagedLeaf(index uint64, err error) error {
	return &DamagedError{Table: TableLeaf, Key: u64(index), Problem: err.Error()}
}
