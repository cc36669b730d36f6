package sqlitelog

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

// Caps on what is kept of others' signatures.
const (
	// MaxPending bounds committed states that wait for signatures. Each holds a
	// snapshot of the database.
	MaxPending = 8
	// maxEarly bounds checkpoints that others signed and this engine has not
	// reached.
	maxEarly = 64
)

// ErrStopped means an engine that is closed, or being closed.
var ErrStopped = errors.New("sqlitelog: closed")

// Published is the newest state of a ledger that enough witnesses have signed,
// and those that wait for signatures: what an engine needs whose checkpoints
// others sign after they are on disk. Readers get the newest state that counts,
// unchanged, while the database goes on. It is safe for concurrent use.
type Published struct {
	db      *Database
	options PublishedOptions

	mu      sync.Mutex
	current *state
	pending []*state
	// early are signatures on checkpoints that this node has not reached.
	early map[string][]note.Signature
	// unkept are published checkpoints that are not in the database yet.
	unkept map[uint64][]byte
	// last is the time of the newest committed state.
	last time.Time
	// changed is closed and replaced whenever current changes.
	changed chan struct{}
	closed  bool
}

// state is one committed state with the signatures on its checkpoint.
type state struct {
	height, size uint64
	text         string
	// trusts say who must have signed: the agreement in force, and where the
	// block changed it, the one before as well.
	trusts     []*ledger.TrustFile
	signatures []note.Signature

	// reading guards the snapshot, which is for one goroutine at a time.
	reading  sync.Mutex
	snapshot *Tx
}

// PublishedOptions say who signs.
type PublishedOptions struct {
	// Trust is the ledger's trust file: origin, log key and root are from it,
	// who must sign from the ledger's own agreement.
	Trust *ledger.TrustFile
	// Signers sign for this engine what it has committed.
	Signers []note.Signer
	// Spread, where it is not nil, passes signatures on to others.
	Spread func(signed []byte)
}

// NewPublished makes one that knows of no state yet.
func NewPublished(db *Database, options PublishedOptions) *Published {
	if options.Spread == nil {
		options.Spread = func([]byte) {}
	}
	return &Published{
		db: db, options: options, early: map[string][]note.Signature{}, unkept: map[uint64][]byte{}, changed: make(chan struct{}),
	}
}

// Committed takes a state that this node has reached, signs it and looks whether
// others have. A state that was there before changes nothing.
func (p *Published) Committed(ctx context.Context, head machine.Head, old *ledger.Agreement) error {
	p.mu.Lock()
	p.last = head.State.Time()
	known := p.current != nil && head.State.Height <= p.current.height
	for _, s := range p.pending {
		known = known || head.State.Height <= s.height
	}
	p.mu.Unlock()
	if known {
		return nil
	}
	s, err := p.newState(ctx, head, old)
	if err != nil {
		return err
	}
	signed, err := p.sign(s)
	if err != nil {
		return errors.Join(err, s.snapshot.Rollback())
	}
	p.mu.Lock()
	p.pending = append(p.pending, s)
	s.join(p.early[s.text])
	delete(p.early, s.text)
	for len(p.pending) > MaxPending {
		err = errors.Join(err, p.drop(p.pending[0]))
		p.pending = p.pending[1:]
	}
	p.mu.Unlock()
	if signed != nil {
		p.Add(signed)
		p.options.Spread(signed)
	}
	return err
}

func (p *Published) newState(ctx context.Context, head machine.Head, old *ledger.Agreement) (*state, error) {
	snapshot, err := p.db.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	s := &state{
		height: head.State.Height, size: head.Size, snapshot: snapshot,
		text: ledger.FormatCheckpoint(p.options.Trust.Origin, head.Size, head.Root),
	}
	trust, err := machine.CurrentTrust(snapshot)
	if err == nil && trust == nil {
		err = fmt.Errorf("%w: no trust object", machine.ErrDamaged)
	}
	if err != nil {
		return nil, errors.Join(err, snapshot.Rollback())
	}
	for _, t := range []*ledger.Agreement{trust, old} {
		if t == nil || len(s.trusts) > 0 && t.Number == trust.Number {
			continue
		}
		file, err := trustFile(p.options.Trust, t)
		if err != nil {
			return nil, errors.Join(err, snapshot.Rollback())
		}
		s.trusts = append(s.trusts, file)
	}
	return s, nil
}

// sign signs the state's checkpoint, unless this engine is not asked to.
func (p *Published) sign(s *state) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: s.text}, p.options.Signers...)
	if err != nil {
		return nil, fmt.Errorf("sqlitelog: signing a checkpoint: %w", err)
	}
	if len(s.good(signed)) == 0 {
		return nil, nil
	}
	return signed, nil
}

// good are the signatures of a note that hold and are asked for.
func (s *state) good(signed []byte) []note.Signature {
	text, signatures := s.verify(signed)
	if text != s.text {
		return nil
	}
	return signatures
}

// verify returns the signatures on any checkpoint by those who sign this one.
func (s *state) verify(signed []byte) (text string, out []note.Signature) {
	for _, trust := range s.trusts {
		t, signatures, err := ledger.Cosignatures(trust, signed)
		if err == nil {
			text, out = t, append(out, signatures...)
		}
	}
	return text, out
}

// Add takes signatures from a note, of whatever origin. It reports whether any
// was new.
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
			fresh := s.join(s.good(signed))
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

// keepEarly keeps signatures on a checkpoint that this node may yet reach.
func (p *Published) keepEarly(text string, signatures []note.Signature) {
	if _, ok := p.early[text]; !ok && len(p.early) >= maxEarly {
		clear(p.early)
	}
	early := &state{signatures: p.early[text]}
	early.join(signatures)
	p.early[text] = early.signatures
}

// join adds signatures; one a signer.
func (s *state) join(signatures []note.Signature) (fresh bool) {
next:
	for _, sig := range signatures {
		for _, known := range s.signatures {
			if known.Name == sig.Name && known.Hash == sig.Hash {
				continue next
			}
		}
		s.signatures, fresh = append(s.signatures, sig), true
	}
	return fresh
}

// checkpoint is the note with all signatures.
func (s *state) checkpoint() []byte { return formatNote(s.text, s.signatures) }

// enough reports whether every agreement's number of nodes has signed.
func (s *state) enough() bool {
	signed := s.checkpoint()
	for _, trust := range s.trusts {
		if _, err := ledger.OpenCheckpoint(trust, signed); err != nil {
			return false
		}
	}
	return true
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
			p.drop(older)
		}
		if p.current != nil {
			go p.drop(p.current) // someone may be reading it
		}
		p.current, p.pending = s, p.pending[i+1:]
		p.unkept[s.height] = s.checkpoint()
		close(p.changed)
		p.changed = make(chan struct{})
		return
	}
}

// drop gives a state's snapshot back.
func (p *Published) drop(s *state) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.snapshot == nil {
		return nil
	}
	err := s.snapshot.Rollback()
	s.snapshot = nil
	return err
}

// Keep writes checkpoints that were published since it was called last.
func (p *Published) Keep(tx *Tx) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for height, checkpoint := range p.unkept {
		if err := tx.SetCheckpoint(height, checkpoint); err != nil {
			return err
		}
	}
	clear(p.unkept)
	return nil
}

// Newest is a note with the signatures on the newest state: what a peer that
// joins is told. It is nil before there is any.
func (p *Published) Newest() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.current
	if len(p.pending) > 0 {
		s = p.pending[len(p.pending)-1]
	}
	if s == nil || len(s.signatures) == 0 {
		return nil
	}
	return s.checkpoint()
}

// PublishedStatus is where an engine stands.
type PublishedStatus struct {
	// Published and Size are those of the newest state that enough have signed,
	// zero before there is one.
	Published, Size uint64
	// Waiting counts committed states that wait for signatures, Signatures
	// those on the newest state.
	Waiting, Signatures int
	// Last is the ledger's time of the newest committed state.
	Last time.Time
}

// Status says where this engine stands.
func (p *Published) Status() PublishedStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := PublishedStatus{Waiting: len(p.pending), Last: p.last}
	if p.current != nil {
		status.Published, status.Size = p.current.height, p.current.size
	}
	if states := p.states(); len(states) > 0 {
		status.Signatures = len(states[len(states)-1].signatures)
	}
	return status
}

// LastTime is the ledger's time of the newest committed state.
func (p *Published) LastTime() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Await waits until a state of at least a height is current, and returns its
// checkpoint.
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
			return 0, 0, nil, fmt.Errorf("sqlitelog: waiting for signatures: %w", ctx.Err())
		}
	}
}

// View is a machine.View of the current state.
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

// Close ends it: who waits gets [ErrStopped].
func (p *Published) Close() error {
	p.mu.Lock()
	p.closed = true
	close(p.changed)
	p.changed = make(chan struct{})
	states := p.states()
	p.mu.Unlock()
	var err error
	for _, s := range states {
		err = errors.Join(err, p.drop(s))
	}
	return err
}
