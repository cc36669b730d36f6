package ceremony

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/zkp"
)

// Options changes defaults. The zero value is safe.
type Options struct {
	// Clock returns the caller's time; nil means time.Now.
	Clock func() time.Time
	// Progress receives each task when it begins; nil means no reports.
	Progress func(Step)
	// Memory is the caller's own folder, outside the ceremony's. It keeps the
	// results of checks, so that they need not be repeated; empty means none.
	// The package believes what lies there.
	Memory string
	// PassOver lets a participant contribute before others whose turn comes
	// first. They can no longer contribute to this phase.
	PassOver bool
	// AllowWeakPlanUnsafe takes a plan with fewer than three participants, with
	// fewer than two contributions to a phase, or with a beacon that no program
	// can check. Whoever makes such keys alone can prove anything.
	AllowWeakPlanUnsafe bool
}

func (o Options) now() time.Time {
	if o.Clock != nil {
		return o.Clock()
	}
	return time.Now()
}

// A Stage says how far a ceremony has come.
type Stage string

// The stages.
const (
	StagePhase1  Stage = "phase1"
	StagePhase2  Stage = "phase2"
	StageSealing Stage = "sealing" // interrupted: seal again with the same value
	StageSealed  Stage = "sealed"
)

// A State is the content of a ceremony's folder, all of it verified.
type State struct {
	Plan     *Plan
	Ceremony Hash
	Stage    Stage
	// Records lists all contributions in order.
	Records []Record
	// Next is the DID of the participant whose turn it is; empty if sealing
	// comes next.
	Next string
	// Enough reports whether the phase has the plan's minimum of contributions.
	Enough bool
	// Beacons holds the values that ended the phases.
	Beacons [2][]byte
	// Transcript is the SHA-256 of the transcript, for the ledger; zero before
	// the ceremony is sealed.
	Transcript Hash
	// VerifyingKeys holds the SHA-256 of each sealed verifying key.
	VerifyingKeys map[zkp.Circuit]Hash
	// Made lists the records that this call of Contribute added.
	Made []Record
}

// Init makes a ceremony's folder. It takes name, participants, minimum and
// beacons from the plan, and computes the other fields for the circuits.
// Errors: ErrPlan, ErrExists, ErrBusy, ErrUnavailable.
func Init(ctx context.Context, dir string, plan Plan, circuits []zkp.Circuit, opts Options) (*State, error) {
	for i := range plan.Beacons {
		plan.Beacons[i].At = plan.Beacons[i].At.UTC().Truncate(time.Second)
	}
	if err := plan.complete(ctx, opts.now(), circuits); err != nil {
		return nil, err
	}
	if err := plan.strong(opts); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, unavailable(err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	path := filepath.Join(dir, planName)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, ErrExists
	}
	if err := writeFile(path, plan.Bytes()); err != nil {
		return nil, err
	}
	c, err := readChain(ctx, dir, opts.now())
	if err != nil {
		return nil, err
	}
	return c.state(), nil
}

// Verify checks a ceremony's folder from the first byte to the last, finished
// or not: forms, signatures, order, every contribution and the beacons. It
// computes the keys again, bit by bit. It needs no key. The error is a *Refused
// if something was checked and is false; any other error says what could not be
// checked.
func Verify(ctx context.Context, dir string, opts Options) (*State, error) {
	w, err := open(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	if w.sealed != nil {
		w.total += len(w.plan.Circuits)
	}
	if err := w.verify(ctx); err != nil {
		return nil, err
	}
	if w.sealed == nil {
		return w.state(), nil
	}
	files, err := w.keys(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.compareSealed(files); err != nil {
		return nil, err
	}
	return w.state(), nil
}

// open reads the chain and prepares the computations.
func open(ctx context.Context, dir string, opts Options) (*work, error) {
	c, err := readChain(ctx, dir, opts.now())
	if err != nil {
		return nil, err
	}
	if err := c.plan.strong(opts); err != nil {
		return nil, &Refused{Step: planName, Err: err}
	}
	w := &work{chain: c, progress: opts.Progress, begins: map[step]*beginning{}}
	if w.memory, err = newMemory(opts.Memory, dir); err != nil {
		return nil, err
	}
	for _, row := range c.rows {
		w.total += len(row)
	}
	if c.beacons[0] != nil {
		w.total += len(c.plan.Circuits)
	}
	return w, nil
}

// compareSealed compares the computed keys and the whole transcript with the
// files.
func (w *work) compareSealed(files map[string][]byte) error {
	want := w.transcript(w.starts(), files)
	for _, name := range w.plan.keyNames() {
		if want.Keys[name] != w.sealed.Keys[name] {
			return &Refused{Step: keysName + "/" + name, Err: fmt.Errorf("%w: not what the contributions lead to", ErrKeys)}
		}
	}
	if !bytes.Equal(encode(want), encode(w.sealed)) {
		return &Refused{Step: transcriptName, Err: ErrTranscript}
	}
	return nil
}

// phase returns the phase that is open: 0 or 1.
func (c *chain) phase() int {
	if c.beacons[0] == nil {
		return 0
	}
	return 1
}

func (c *chain) state() *State {
	s := &State{Plan: c.plan, Ceremony: c.id, Beacons: c.beacons, Stage: StagePhase1}
	for phase := range c.beacons {
		for _, row := range c.plan.steps(phase) {
			for _, entry := range c.rows[row] {
				s.Records = append(s.Records, entry.Record)
			}
		}
	}
	switch {
	case c.sealed != nil:
		s.Stage, s.Transcript, s.VerifyingKeys = StageSealed, sha256.Sum256(encode(c.sealed)), map[zkp.Circuit]Hash{}
		for _, planned := range c.plan.Circuits {
			s.VerifyingKeys[planned.Circuit] = c.sealed.Keys[string(planned.Circuit)+".vk"]
		}
		return s
	case c.beacons[1] != nil:
		s.Stage = StageSealing
		return s
	case c.beacons[0] != nil:
		s.Stage = StagePhase2
	}
	s.Enough = true
	first := len(c.plan.Participants)
	for _, row := range c.plan.steps(c.phase()) {
		s.Enough = s.Enough && len(c.rows[row]) >= c.plan.Minimum
		first = min(first, c.next(row))
	}
	if first < len(c.plan.Participants) {
		s.Next = c.plan.Participants[first].DID
	}
	return s
}

// next returns the place of the participant whose turn it is in a step.
func (c *chain) next(s step) int {
	row := c.rows[s]
	if len(row) == 0 {
		return 0
	}
	place, _ := c.plan.participant(row[len(row)-1].Participant)
	return place + 1
}

// Contribute verifies the folder and adds the participant's contribution to the
// open phase: to every step that lacks it, so that a second call completes an
// interrupted one. The randomness is fresh and never written to disk. The
// contributor notes the Hash of each record in State.Made.
//
// Errors: ErrNotParticipant, a *NotYourTurn, ErrAgain, ErrSealed, ErrTooLate,
// ErrBusy, and those of Verify.
func Contribute(ctx context.Context, dir, did string, signer crypto.Signer, opts Options) (*State, error) {
	unlock, err := lockExisting(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	w, err := open(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	steps, err := w.admit(did, signer, opts)
	if err != nil {
		return nil, err
	}
	w.total += len(steps)
	if err := w.verify(ctx); err != nil {
		return nil, err
	}
	var made []Record
	for _, s := range steps {
		record, err := w.contribute(ctx, s, did, signer, opts)
		if err != nil {
			return nil, err
		}
		made = append(made, *record)
		w.rows[s] = append(w.rows[s], contribution{Record: *record})
	}
	state := w.state()
	state.Made = made
	return state, nil
}

// lockExisting locks a ceremony's folder. It does not create one.
func lockExisting(dir string) (func(), error) {
	if _, err := os.Stat(filepath.Join(dir, planName)); err != nil {
		return nil, unavailable(err)
	}
	return lock(dir)
}

// admit returns the steps to which the participant may contribute now.
func (c *chain) admit(did string, signer crypto.Signer, opts Options) ([]step, error) {
	place, ok := c.plan.participant(did)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotParticipant, did)
	}
	listed, err := c.plan.Participants[place].PublicKey()
	if err != nil {
		return nil, err
	}
	if key, ok := signer.Public().(*ecdsa.PublicKey); !ok || !listed.Equal(key) {
		return nil, fmt.Errorf("%w: the plan has another key of %s", ErrNotParticipant, did)
	}
	if c.beacons[1] != nil {
		return nil, ErrSealed
	}
	var open []step
	for _, s := range c.plan.steps(c.phase()) {
		next := c.next(s)
		switch {
		case next > place:
		case next < place && !opts.PassOver:
			return nil, &NotYourTurn{c.plan.Participants[next].DID}
		default:
			open = append(open, s)
		}
	}
	if len(open) == 0 {
		return nil, ErrAgain
	}
	if !opts.now().Before(c.plan.Beacons[c.phase()].At) {
		return nil, ErrTooLate
	}
	return open, nil
}

// contribute adds to one step: first the file, then the record, without which
// the file does not count.
func (w *work) contribute(ctx context.Context, s step, did string, signer crypto.Signer, opts Options) (*Record, error) {
	w.report(TaskContribute, s, 0)
	b, err := run(ctx, func() ([]byte, error) { return w.randomise(s) })
	if err != nil {
		return nil, err
	}
	if !opts.now().Before(w.plan.Beacons[s.phase].At) { // while it was computed
		return nil, ErrTooLate
	}
	r := &Record{
		Version: 1, Ceremony: w.id, Step: s.String(), Number: len(w.rows[s]) + 1, Participant: did,
		Previous: challengeOf(b), Hash: sha256.Sum256(b), Time: opts.now().UTC().Truncate(time.Second),
	}
	if err := r.sign(signer); err != nil {
		return nil, err
	}
	base := filepath.Join(s.dir(w.dir), fileBase(r.Number, did))
	if err := w.checkRecord(r, s, r.Number, filepath.Base(base)); err != nil {
		return nil, err
	}
	if err := writeFile(base+".bin", b); err != nil {
		return nil, err
	}
	return r, writeFile(base+".json", r.Bytes())
}

// randomise changes the last contribution of a step with fresh randomness.
func (w *work) randomise(s step) ([]byte, error) {
	last := len(w.rows[s]) - 1
	if s.phase == 0 {
		p, err := w.phase1(last)
		if err != nil {
			return nil, err
		}
		p.Contribute()
		return bytesOf(p)
	}
	p, err := w.phase2(s, last)
	if err != nil {
		return nil, err
	}
	p.Contribute()
	return bytesOf(p)
}

// Seal verifies the folder and ends the open phase with the value of its
// beacon. At the end of phase 2 it makes the keys and the transcript. After an
// interruption, call it again with the same value.
//
// Errors: ErrTooFew, ErrTooEarly, ErrBeacon, ErrSealed, ErrBusy, and those of
// Verify.
func Seal(ctx context.Context, dir string, beacon []byte, opts Options) (*State, error) {
	unlock, err := lockExisting(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	w, err := open(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	phase := w.phase()
	if err := w.maySeal(phase, beacon, opts.now()); err != nil {
		return nil, err
	}
	w.total += phase * len(w.plan.Circuits)
	if err := w.verify(ctx); err != nil {
		return nil, err
	}
	w.beacons[phase] = beacon
	var files map[string][]byte
	if phase == 1 {
		if files, err = w.keys(ctx); err != nil {
			return nil, err
		}
	}
	if err := writeFile(beaconPath(dir, phase), encodeBeacon(beacon)); err != nil {
		return nil, err
	}
	if phase == 1 {
		return w.publish(files)
	}
	return w.state(), nil
}

func (w *work) maySeal(phase int, beacon []byte, now time.Time) error {
	if w.sealed != nil {
		return ErrSealed
	}
	if w.beacons[phase] != nil { // interrupted
		if !bytes.Equal(w.beacons[phase], beacon) {
			return fmt.Errorf("%w: sealing was begun with another value", ErrBeacon)
		}
		return nil
	}
	if now.Before(w.plan.Beacons[phase].At) {
		return ErrTooEarly
	}
	for _, s := range w.plan.steps(phase) {
		if len(w.rows[s]) < w.plan.Minimum {
			return fmt.Errorf("%w: %s has %d of at least %d", ErrTooFew, s, len(w.rows[s]), w.plan.Minimum)
		}
	}
	return w.plan.Beacons[phase].CheckValue(beacon)
}

// publish writes the keys and, last, the transcript that vouches for them.
func (w *work) publish(files map[string][]byte) (*State, error) {
	for name, b := range files {
		if err := writeFile(filepath.Join(KeysDir(w.dir), name), b); err != nil {
			return nil, err
		}
	}
	w.sealed = w.transcript(w.starts(), files)
	if err := writeFile(filepath.Join(w.dir, transcriptName), encode(w.sealed)); err != nil {
		return nil, err
	}
	return w.state(), nil
}
