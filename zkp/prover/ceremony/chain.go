package ceremony

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// A contribution is one signed file.
type contribution struct {
	Record
	recordHash Hash
	path       string
}

// A chain is a ceremony's folder after every check that needs no curve: forms,
// sizes, signatures, order and hashes. Most forgeries are found here, before
// the long computations begin.
type chain struct {
	dir     string
	plan    *Plan
	id      Hash
	systems map[zkp.Circuit]*prover.System
	rows    map[step][]contribution
	// beacons holds the values that ended the phases, nil for an open phase.
	beacons [2][]byte
	// sealed is the transcript, nil if there is none.
	sealed *transcript
}

// readChain reads and checks a folder. now is the reader's clock.
func readChain(ctx context.Context, dir string, now time.Time) (*chain, error) {
	c := &chain{dir: dir, rows: map[step][]contribution{}}
	if err := c.readPlan(ctx); err != nil {
		return nil, err
	}
	for phase := range c.beacons {
		if err := c.readBeacon(phase, now); err != nil {
			return nil, err
		}
	}
	for phase := range c.beacons {
		for _, s := range c.plan.steps(phase) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := c.readRow(s); err != nil {
				return nil, err
			}
		}
	}
	return c, c.readTranscript()
}

func (c *chain) readPlan(ctx context.Context) error {
	b, err := readDocument(filepath.Join(c.dir, planName))
	if err == nil {
		c.plan, err = ParsePlan(b)
	}
	if errors.Is(err, ErrForm) || errors.Is(err, ErrPlan) {
		return &Refused{Step: planName, Err: err}
	}
	if err != nil {
		return err
	}
	c.id = c.plan.Hash()
	c.systems = map[zkp.Circuit]*prover.System{}
	power := 0
	for _, planned := range c.plan.Circuits {
		if err := ctx.Err(); err != nil {
			return err
		}
		system, err := compile(planned)
		if err != nil {
			return err
		}
		c.systems[planned.Circuit] = system
		power = max(power, powerOf(system))
	}
	if c.plan.Power != power {
		return &Refused{Step: planName, Err: fmt.Errorf("%w: phase 1 has another size than its circuits need", ErrPlan)}
	}
	return nil
}

func compile(planned PlannedSystem) (*prover.System, error) {
	system, err := prover.Compile(planned.Circuit)
	if errors.Is(err, prover.ErrUnknownCircuit) {
		return nil, fmt.Errorf("%w: %.64q", ErrVersion, planned.Circuit)
	}
	if err != nil {
		return nil, err
	}
	hash, err := system.Hash()
	if err != nil {
		return nil, err
	}
	if planned.System != hash {
		return nil, fmt.Errorf("%w: %s was changed", ErrVersion, planned.Circuit)
	}
	return system, nil
}

func (c *chain) readBeacon(phase int, now time.Time) error {
	name := phaseName(phase) + "/" + beaconName
	b, err := readOptional(beaconPath(c.dir, phase))
	if err == nil && b != nil {
		c.beacons[phase], err = parseBeacon(b)
	}
	switch {
	case errors.Is(err, ErrForm):
		return &Refused{Step: name, Err: err}
	case err != nil:
		return err
	case b == nil:
		return nil
	case phase > 0 && c.beacons[phase-1] == nil:
		return &Refused{Step: name, Err: fmt.Errorf("%w: phase 1 has none", ErrBeacon)}
	case now.Before(c.plan.Beacons[phase].At):
		return &Refused{Step: name, Err: fmt.Errorf("%w: there before its time", ErrBeacon)}
	}
	if err := c.plan.Beacons[phase].CheckValue(c.beacons[phase]); err != nil {
		return &Refused{Step: name, Err: err}
	}
	return nil
}

// readRow reads the contributions of one step.
func (c *chain) readRow(s step) error {
	files, last, err := list(s.dir(c.dir))
	if errors.Is(err, ErrForm) {
		return &Refused{Step: s.String(), Err: err}
	}
	if err != nil {
		return err
	}
	if last > 0 && s.phase > 0 && c.beacons[s.phase-1] == nil {
		return &Refused{Step: s.String(), Err: fmt.Errorf("%w: begun before phase 1 was sealed", ErrChain)}
	}
	for number := 1; number <= last; number++ {
		entry, err := c.readContribution(s, number, files[number], number == last)
		if err != nil {
			return err
		}
		if entry == nil {
			break
		}
		c.rows[s] = append(c.rows[s], *entry)
	}
	if c.beacons[s.phase] != nil && len(c.rows[s]) < c.plan.Minimum {
		return &Refused{Step: s.String(), Err: fmt.Errorf("%w: %d of at least %d", ErrTooFew, len(c.rows[s]), c.plan.Minimum)}
	}
	return nil
}

// readContribution returns nil for a contribution without a record, in an open
// phase, which an interrupted participant left behind.
func (c *chain) readContribution(s step, number int, files listed, last bool) (*contribution, error) {
	refused := &Refused{Step: s.String(), Number: number}
	switch {
	case len(files.records) == 0 && len(files.contributions) == 0:
		refused.Err = fmt.Errorf("%w: it is missing", ErrChain)
		return nil, refused
	case len(files.records) == 0 && last && c.beacons[s.phase] == nil:
		return nil, nil
	case len(files.records) == 0:
		refused.Err = fmt.Errorf("%w: it has no record", ErrSignature)
		return nil, refused
	case len(files.records) > 1:
		refused.Err = fmt.Errorf("%w: two of this number", ErrChain)
		return nil, refused
	}
	path := filepath.Join(s.dir(c.dir), files.records[0])
	b, err := readDocument(path + ".json")
	if err != nil && !errors.Is(err, ErrForm) {
		return nil, err
	}
	var r *Record
	if err == nil {
		r, err = ParseRecord(b)
	}
	if err == nil {
		refused.Participant = r.Participant
		err = c.checkRecord(r, s, number, files.records[0])
	}
	if err == nil {
		err = c.checkFile(r, s, path+".bin")
	}
	if errors.Is(err, ErrUnavailable) {
		return nil, err
	}
	if err != nil {
		refused.Err = err
		return nil, refused
	}
	return &contribution{Record: *r, recordHash: sha256.Sum256(b), path: path + ".bin"}, nil
}

// checkRecord checks who signed, and that the record belongs to this place.
func (c *chain) checkRecord(r *Record, s step, number int, base string) error {
	place, ok := c.plan.participant(r.Participant)
	if !ok {
		return fmt.Errorf("%w: not one of the plan", ErrSignature)
	}
	if err := r.signedBy(c.plan.Participants[place]); err != nil {
		return err
	}
	row := c.rows[s]
	switch {
	case r.Ceremony != c.id:
		return fmt.Errorf("%w: made for another ceremony", ErrChain)
	case r.Step != s.String():
		return fmt.Errorf("%w: made for %q", ErrChain, r.Step)
	case r.Number != number || base != fileBase(number, r.Participant):
		return fmt.Errorf("%w: signed as number %d", ErrChain, r.Number)
	case len(row) > 0 && row[len(row)-1].Hash != r.Previous:
		return fmt.Errorf("%w: built on another contribution", ErrChain)
	case len(row) == 0 && s.phase == 0 && phase1Start(c.domain()) != r.Previous:
		return fmt.Errorf("%w: not built on the common beginning", ErrChain)
	case !r.Time.Before(c.plan.Beacons[s.phase].At):
		return fmt.Errorf("%w: made when the beacon could be known", ErrChain)
	}
	if len(row) > 0 {
		if before, _ := c.plan.participant(row[len(row)-1].Participant); before >= place {
			return fmt.Errorf("%w: out of turn", ErrChain)
		}
	}
	return nil
}

// checkFile compares the contribution with its record.
func (c *chain) checkFile(r *Record, s step, path string) error {
	shape := c.shape(s)
	b, err := readFile(path, int64(shape.size))
	if err != nil {
		return err
	}
	if err := shape.check(b); err != nil {
		return err
	}
	if sha256.Sum256(b) != r.Hash {
		return fmt.Errorf("%w: its bytes were changed after it was signed", ErrChain)
	}
	if challengeOf(b) != r.Previous {
		return fmt.Errorf("%w: not built on the one before it", ErrChain)
	}
	return nil
}

// domain returns the size of phase 1.
func (c *chain) domain() int { return 1 << c.plan.Power }

// shape returns the shape of a step's contributions.
func (c *chain) shape(s step) *shape {
	if s.phase == 0 {
		return phase1Shape(c.domain())
	}
	system := c.systems[s.circuit]
	internal, secret, _ := system.R1CS().GetNbVariables()
	return phase2Shape(domainOf(system), internal+secret)
}

func domainOf(s *prover.System) int { return int(ecc.NextPowerOfTwo(uint64(s.Constraints()))) }

// phase1Start returns the hash of what the first contributor changes.
func phase1Start(n int) Hash {
	b, err := bytesOf(mpcsetup.NewPhase1(uint64(n)))
	if err != nil {
		panic(err) // written to memory
	}
	return sha256.Sum256(b)
}
