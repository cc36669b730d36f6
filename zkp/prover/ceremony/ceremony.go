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

// Options changes how things are done. The zero value is safe.
type Options struct {
	// Clock is nil for time.Now.
	Clock func() time.Time
	// Progress is told of each task that begins.
	Progress func(Step)
	// Memory is a folder of the caller's own, outside the ceremony's, that
	// keeps what was checked, so that it need not be checked again; empty for
	// none. What lies there is believed.
	Memory string
	// PassOver lets a participant contribute though others before it have not;
	// those can no longer do so in this phase.
	PassOver bool
}

func (o Options) now() time.Time {
	if o.Clock != nil {
		return o.Clock()
	}
	return time.Now()
}

// Stage is how far a ceremony is.
type Stage string

// The stages.
const (
	StagePhase1  Stage = "phase1"
	StagePhase2  Stage = "phase2"
	StageSealing Stage = "sealing" // interrupted: seal again with the same value
	StageSealed  Stage = "sealed"
)

// State is what a ceremony's folder holds, all of it verified.
type State struct {
	Plan     *Plan
	Ceremony Hash
	Stage    Stage
	// Records are all contributions in order.
	Records []Record
	// Next is the DID whose turn it is; empty where sealing comes next.
	Next string
	// Enough reports whether the phase has the plan's minimum.
	Enough bool
	// Beacons are the values that ended the phases.
	Beacons [2][]byte
	// Transcript is the SHA-256 of the transcript, for the ledger; zero until
	// the ceremony is sealed.
	Transcript Hash
	// VerifyingKeys are the SHA-256 of the sealed verifying keys.
	VerifyingKeys map[zkp.Circuit]Hash
	// Made are those of the records that a call of Contribute added.
	Made []Record
}

// Init makes a ceremony's folder. Of the plan it takes name, participants,
// minimum and beacons, and fills in the rest for the circuits. The error is
// ErrPlan, ErrExists or ErrUnavailable.
func Init(ctx context.Context, dir string, plan Plan, circuits []zkp.Circuit, opts Options) (*State, error) {
	for i := range plan.Beacons {
		plan.Beacons[i].At = plan.Beacons[i].At.UTC().Truncate(time.Second)
	}
	if err := plan.complete(ctx, opts.now(), circuits); err != nil {
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
// or not: forms, signatures, order, every contribution, beacons, and the keys
// computed again bit by bit. It needs no key. The error is a *Refused where
// something was checked and is false, else what could not be checked.
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

// compareSealed holds computed keys and the whole transcript against the files.
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

// phase is the one that goes on.
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

// next is the place of the participant whose turn it is in a step.
func (c *chain) next(s step) int {
	row := c.rows[s]
	if len(row) == 0 {
		return 0
	}
	place, _ := c.plan.participant(row[len(row)-1].Participant)
	return place + 1
}

// Contribute verifies all that is there and adds the participant's part to the
// phase that goes on: to every step of it in which it is missing, so that what
// was interrupted is done by calling again. The randomness is fresh, and never
// written. Whoever contributes notes the Hash of each record in Made.
//
// The error is ErrNotParticipant, a *NotYourTurn, ErrAgain, ErrSealed,
// ErrTooLate, or one of Verify's.
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

// lockExisting makes no folder where there is no ceremony.
func lockExisting(dir string) (func(), error) {
	if _, err := os.Stat(filepath.Join(dir, planName)); err != nil {
		return nil, unavailable(err)
	}
	return lock(dir)
}

// admit says to which steps somebody may contribute now.
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

// contribute adds to one step: the file first, then the record, without which
// the file counts for nothing.
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

// Seal verifies all that is there and ends the phase that goes on with the
// value of its beacon. Ending phase 2 makes the keys and the transcript. What
// was interrupted is finished by calling again with the same value.
//
// The error is ErrTooFew, ErrTooEarly, ErrBeacon, ErrSealed, or one of
// Verify's.
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
