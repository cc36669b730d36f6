package machine

import (
	"bytes"
	"errors"

	"github.com/hufu-id/hufu/ledger"
)

// Replica follows a log leaf by leaf into a store of its own: every signature is
// verified and every rule applied again, and each state leaf must be the one that
// the operations before it lead to. It is for one goroutine at a time.
type Replica struct {
	machine *Machine
	store   Store
	head    Head
	// pending are the leaves since the last state leaf.
	pending [][]byte
}

// NewReplica goes on from where the store stands. The error is [ErrDamaged] or
// the store's own.
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

// Head is the last checkpoint that the replica has reached.
func (r *Replica) Head() Head { return r.head }

// Next is the index of the leaf that Add takes next.
func (r *Replica) Next() uint64 { return r.head.Size + uint64(len(r.pending)) }

// Pending counts operations that wait for the state leaf after them.
func (r *Replica) Pending() int { return len(r.pending) }

// Add takes the next leaf of the log. The error is a [*DamagedError] that names
// the first leaf which is not as it should be, or the store's own; then the
// replica is of no further use, and what it has not put into the store before
// is to be thrown away with the transaction.
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

// maxPending bounds how many operations one checkpoint may be the first to
// include: a consortium's block may hold several batches.
const maxPending = 1 << 20

func (r *Replica) checkpoint(leaf []byte) error {
	err := r.apply(r.machine.readBlock(r.head.Size, r.pending, leaf))
	r.pending = nil
	return err
}

// block is one checkpoint's part of a log: operations, and the state leaf that
// they must lead to.
type block struct {
	// first is the index of its first leaf.
	first    uint64
	prepared *Prepared
	state    *ledger.StateLeaf
	// err is what is wrong with it by itself.
	err error
}

// readBlock does what needs no state.
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

// apply applies the block that follows.
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
