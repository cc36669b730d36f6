package cosign

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

const (
	// MaxPending bounds committed states that wait for signatures. Each holds a
	// snapshot of the database. The published state holds one more, and so does each
	// earlier one that is being read.
	MaxPending = 8
	// maxEarly bounds checkpoints that others signed and this engine has not
	// reached.
	maxEarly = 64
)

// ErrStopped means an engine that is closed, or being closed.
var ErrStopped = errors.New("cosign: closed")

// Published is the newest state of a ledger that enough witnesses have signed,
// and those that wait for signatures. Readers get the newest state that counts,
// unchanged, while the database goes on. It is safe for concurrent use.
type Published struct {
	options Options

	mu      sync.Mutex
	current *state
	pending []*state
	// early are signatures on checkpoints that this engine has not reached.
	early map[string]signatures
	// unkept are published checkpoints, by height, that Keep has not written.
	unkept map[uint64][]byte
	// last is the time of the newest committed state.
	last time.Time
	// changed is closed and replaced whenever current changes.
	changed chan struct{}
	closed  bool
}

// Options say what is signed and by whom.
type Options struct {
	// Trust is the ledger's trust file. Origin, log key and root are from it; the
	// ledger's own agreement names who must sign.
	Trust *ledger.TrustFile
	// Signers sign for this engine what it has committed.
	Signers []note.Signer
	// Snapshot opens a snapshot of the newest committed state.
	Snapshot func(context.Context) (Snapshot, error)
	// Spread, where it is not nil, passes this engine's signatures on to others.
	Spread func(signed []byte)
}

// New makes a Published that has no state yet.
func New(options Options) *Published {
	if options.Spread == nil {
		options.Spread = func([]byte) {}
	}
	return &Published{
		options: options, early: map[string]signatures{}, unkept: map[uint64][]byte{}, changed: make(chan struct{}),
	}
}

// Committed takes the state that the engine has just committed, with its root:
// signs its checkpoint, if the agreement asks for one of the signers, and
// publishes the state if enough have signed. old is the agreement before the
// state, nil if there was none. A state that came before, or an older one, changes
// nothing. The error is machine.ErrDamaged, or that of a signer or of the
// database.
func (p *Published) Committed(ctx context.Context, head machine.Head, old *ledger.Agreement) error {
	if p.known(head) {
		return nil
	}
	snapshot, err := p.options.Snapshot(ctx)
	if err != nil {
		return err
	}
	s, err := newState(p.options.Trust, head, old, snapshot)
	if err != nil {
		return err
	}
	signed, err := p.sign(s)
	if err != nil {
		return errors.Join(err, s.drop())
	}
	err = p.take(s)
	if signed != nil {
		p.options.Spread(signed)
	}
	return err
}

// known notes the time of a state, and reports whether it came before.
func (p *Published) known(head machine.Head) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = head.State.Time()
	for _, s := range p.states() {
		if head.State.Height <= s.height {
			return true
		}
	}
	return false
}

// take publishes a state, or lets it wait for signatures and gives up the oldest
// where too many wait.
func (p *Published) take(s *state) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = append(p.pending, s)
	s.signatures.join(p.early[s.text])
	delete(p.early, s.text)
	p.publish()
	for len(p.pending) > MaxPending {
		err = errors.Join(err, p.pending[0].drop())
		p.pending = p.pending[1:]
	}
	return err
}

// sign puts this engine's signatures on the state's checkpoint and returns them as
// a note; nil where nobody asks for these signers.
func (p *Published) sign(s *state) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: s.text}, p.options.Signers...)
	if err != nil {
		return nil, fmt.Errorf("cosign: signing a checkpoint: %w", err)
	}
	if !s.signatures.join(s.good(signed)) {
		return nil, nil
	}
	return signed, nil
}

// Add takes signatures from a note of any origin; those that do not hold are
// ignored. It reports whether any was new on a state that this engine has
// committed.
func (p *Published) Add(signed []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	states := p.states()
	if len(states) == 0 {
		return false
	}
	text, signatures := states[len(states)-1].verify(signed)
	if len(signatures) == 0 {
		return false
	}
	for _, s := range states {
		if s.text == text {
			fresh := s.signatures.join(s.good(signed))
			p.publish()
			return fresh
		}
	}
	p.keepEarly(text, signatures)
	return false
}

// states are those that can still get signatures, the newest last.
func (p *Published) states() []*state {
	if p.current == nil {
		return p.pending
	}
	return append([]*state{p.current}, p.pending...)
}

// keepEarly keeps signatures on a checkpoint that this engine may yet reach.
func (p *Published) keepEarly(text string, signed signatures) {
	if _, ok := p.early[text]; !ok && len(p.early) >= maxEarly {
		clear(p.early)
	}
	early := p.early[text]
	early.join(signed)
	p.early[text] = early
}

// publish makes the newest state current that has enough signatures, and drops
// those before it.
func (p *Published) publish() {
	for i := len(p.pending) - 1; i >= 0; i-- {
		s := p.pending[i]
		if !s.enough() {
			continue
		}
		for _, older := range p.pending[:i] {
			older.drop()
		}
		if p.current != nil {
			p.current.drop()
		}
		p.current, p.pending = s, p.pending[i+1:]
		p.unkept[s.height] = s.checkpoint()
		close(p.changed)
		p.changed = make(chan struct{})
		return
	}
}

// Keep calls put for every checkpoint that was published since the last Keep that
// succeeded, and stops at the first error.
func (p *Published) Keep(put func(height uint64, checkpoint []byte) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for height, checkpoint := range p.unkept {
		if err := put(height, checkpoint); err != nil {
			return err
		}
	}
	clear(p.unkept)
	return nil
}

// Close gives the snapshots back. Await and View return [ErrStopped] from then on,
// and to those that wait.
func (p *Published) Close() error {
	p.mu.Lock()
	p.closed = true
	close(p.changed)
	p.changed = make(chan struct{})
	states := p.states()
	p.mu.Unlock()
	var err error
	for _, s := range states {
		err = errors.Join(err, s.drop())
	}
	return err
}
