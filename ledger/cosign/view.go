package cosign

import (
	"context"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/ledger/machine"
)

// View is a machine.View of the newest published state. It waits for the first.
// The error is [ErrStopped], that of ctx, or read's own.
func (p *Published) View(ctx context.Context, read func(machine.Store, []byte) error) error {
	for {
		p.mu.Lock()
		s := p.current
		p.mu.Unlock()
		if s == nil {
			if _, _, _, err := p.Await(ctx, 0); err != nil {
				return err
			}
			continue
		}
		if done, err := p.readState(s, read); done {
			return err
		}
	}
}

// readState reports false where the state was dropped in the meantime.
func (p *Published) readState(s *state, read func(machine.Store, []byte) error) (bool, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.snapshot == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.closed {
			return true, ErrStopped
		}
		return false, nil
	}
	p.mu.Lock()
	checkpoint := s.checkpoint()
	p.mu.Unlock()
	return true, read(s.snapshot, checkpoint)
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
