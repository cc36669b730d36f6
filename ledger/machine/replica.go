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
	at := r.Next()
	state, err := ledger.ParseStateLeaf(leaf)
	if err != nil {
		return damagedLeaf(at, err)
	}
	prepared, index, err := r.machine.prepareLeaves(r.pending)
	if err != nil {
		return damagedLeaf(r.head.Size+uint64(index), err)
	}
	commit, err := r.machine.ApplyPrepared(r.store, state.Time(), prepared)
	if err != nil {
		return damagedLeaf(at, err)
	}
	for i, result := range commit.Results {
		switch {
		case result.Err != nil:
			var refused *ledger.RefusedError
			errors.As(result.Err, &refused)
			return damagedLeaf(r.head.Size+uint64(i), refused.Reason)
		case result.Receipts[0].Replayed:
			return damagedLeaf(r.head.Size+uint64(i), errors.New("stands in the log twice"))
		}
	}
	if commit.Head.State != *state || commit.Head.Size != at+1 {
		return damagedLeaf(at, errors.New("operations lead to another state"))
	}
	r.head, r.pending = commit.Head, nil
	return nil
}

func damagedLeaf(index uint64, err error) error {
	return &DamagedError{Table: TableLeaf, Key: u64(index), Problem: err.Error()}
}
