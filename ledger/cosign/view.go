package cosign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/ledger/machine"
)

// View is a machine.View of the newest published state. It waits for the first. Where the
// database moves on too far while read runs, View begins again with the state that was
// published since. The error is [ErrStopped], that of ctx, or read's own, which may be
// machine.ErrGone.
func (p *Published) View(ctx context.Context, read func(machine.Store, []byte) error) error {
	for {
		s, checkpoint, err := p.newest(ctx)
		if err != nil {
			return err
		}
		if !s.enter() {
			continue // another was published meanwhile
		}
		err = read(s.snapshot, checkpoint)
		again := errors.Is(err, machine.ErrGone) && p.replaced(s)
		if left := s.leave(); left != nil || !again {
			return errors.Join(err, left)
		}
	}
}

// newest is the newest published state, with its checkpoint.
func (p *Published) newest(ctx context.Context) (*state, []byte, error) {
	for {
		p.mu.Lock()
		s, closed := p.current, p.closed
		if s != nil && !closed {
			defer p.mu.Unlock()
			return s, s.checkpoint(), nil
		}
		p.mu.Unlock()
		if closed {
			return nil, nil, ErrStopped
		}
		if _, _, _, err := p.Await(ctx, 0); err != nil {
			return nil, nil, err
		}
	}
}

// replaced reports whether a state is no longer the newest published one.
func (p *Published) replaced(s *state) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current != s
}

// Await waits until a state of at least a height is published, and returns its
// size, its height and its checkpoint. The error is [ErrStopped] or that of ctx.
func (p *Published) Await(ctx context.Context, height uint64) (size, reached uint64, checkpoint []byte, err error) {
	for {
		p.mu.Lock()
		s, changed, closed := p.current, p.changed, p.closed
		if s != nil && s.height >= height {
			defer p.mu.Unlock()
			return s.size, s.height, s.checkpoint(), nil
		}
		p.mu.Unlock()
		if closed {
			return 0, 0, nil, ErrStopped
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, 0, nil, fmt.Errorf("cosign: waiting for signatures: %w", ctx.Err())
		}
	}
}

// Newest is a note with the signatures on the newest committed state, for a peer
// that joins. It is nil before there is any.
func (p *Published) Newest() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	states := p.states()
	if len(states) == 0 || len(states[len(states)-1].signatures) == 0 {
		return nil
	}
	return states[len(states)-1].checkpoint()
}

// LastTime is the ledger's time of the newest committed state.
func (p *Published) LastTime() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Status says where an engine stands.
type Status struct {
	// Published and Size are those of the newest published state: its height and
	// its leaves, zero before there is one.
	Published, Size uint64
	// At is the ledger's time of the newest published state, zero before there is one.
	At time.Time
	// Waiting counts committed states that wait for signatures, Signatures
	// those on the newest state.
	Waiting, Signatures int
	// Last is the ledger's time of the newest committed state.
	Last time.Time
}

// Status says where this engine stands.
func (p *Published) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := Status{Waiting: len(p.pending), Last: p.last}
	if p.current != nil {
		status.Published, status.Size, status.At = p.current.height, p.current.size, p.current.at
	}
	if states := p.states(); len(states) > 0 {
		status.Signatures = len(states[len(states)-1].signatures)
	}
	return status
}
