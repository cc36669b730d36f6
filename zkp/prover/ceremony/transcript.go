package ceremony

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
)

// transcript is transcript.json: all hashes, in order. The ledger records its
// SHA-256.
type transcript struct {
	Version  int              `json:"version"`
	Ceremony Hash             `json:"ceremony"`
	Steps    []transcriptStep `json:"steps"`
	Beacons  [2]string        `json:"beacons"` // hexadecimal
	// Keys holds the hashes of the files of the key folder.
	Keys map[string]Hash `json:"keys"`
}

// transcriptStep is one row of contributions.
type transcriptStep struct {
	Step string `json:"step"`
	// Start is the hash of the beginning that everybody computes.
	Start         Hash              `json:"start"`
	Contributions []transcriptEntry `json:"contributions"`
}

type transcriptEntry struct {
	Participant  string `json:"participant"`
	Contribution Hash   `json:"contribution"`
	Record       Hash   `json:"record"`
}

func parseTranscript(b []byte) (*transcript, error) {
	t := new(transcript)
	if err := decode(b, t); err != nil {
		return nil, err
	}
	if t.Version != 1 {
		return nil, fmt.Errorf("%w: transcript of version %d", ErrForm, t.Version)
	}
	return t, nil
}

// transcript returns the transcript of the folder.
func (c *chain) transcript(starts map[step]Hash, keys map[string][]byte) *transcript {
	t := &transcript{Version: 1, Ceremony: c.id, Keys: map[string]Hash{}}
	for phase := range c.beacons {
		t.Beacons[phase] = hex.EncodeToString(c.beacons[phase])
		for _, s := range c.plan.steps(phase) {
			t.Steps = append(t.Steps, transcriptStep{s.String(), starts[s], c.entries(s)})
		}
	}
	for name, b := range keys {
		t.Keys[name] = sha256.Sum256(b)
	}
	return t
}

func (c *chain) entries(s step) []transcriptEntry {
	var out []transcriptEntry
	for _, entry := range c.rows[s] {
		out = append(out, transcriptEntry{entry.Participant, entry.Hash, entry.recordHash})
	}
	return out
}

// readTranscript compares a transcript with everything that is known without
// the long computations.
func (c *chain) readTranscript() error {
	b, err := readOptional(filepath.Join(c.dir, transcriptName))
	var t *transcript
	if err == nil && b != nil {
		t, err = parseTranscript(b)
	}
	if errors.Is(err, ErrForm) {
		return &Refused{Step: transcriptName, Err: err}
	}
	if err != nil || b == nil {
		return err
	}
	for phase := range c.beacons {
		if t.Beacons[phase] != hex.EncodeToString(c.beacons[phase]) {
			return &Refused{Step: phaseName(phase) + "/" + beaconName, Err: fmt.Errorf("%w: the transcript has another", ErrBeacon)}
		}
	}
	if err := c.compareSteps(t); err != nil {
		return err
	}
	c.sealed = t
	return c.compareKeys(t)
}

func (c *chain) compareSteps(t *transcript) error {
	steps := append(c.plan.steps(0), c.plan.steps(1)...)
	if !slices.EqualFunc(steps, t.Steps, func(s step, other transcriptStep) bool { return s.String() == other.Step }) {
		return &Refused{Step: transcriptName, Err: fmt.Errorf("%w: other steps", ErrTranscript)}
	}
	for i, s := range steps {
		have, want := c.entries(s), t.Steps[i].Contributions
		for k := range max(len(have), len(want)) {
			refused := &Refused{Step: s.String(), Number: k + 1, Err: ErrTranscript}
			switch {
			case k >= len(have):
				refused.Participant = want[k].Participant
				refused.Err = fmt.Errorf("%w: it is missing, the transcript has it", ErrChain)
				return refused
			case k >= len(want) || have[k] != want[k]:
				refused.Participant = have[k].Participant
				return refused
			}
		}
	}
	return nil
}

// keyNames returns the files of the key folder.
func (p *Plan) keyNames() []string {
	names := []string{"manifest.json"}
	for _, c := range p.Circuits {
		for _, ending := range []string{".pk", ".r1cs", ".vk"} {
			names = append(names, string(c.Circuit)+ending)
		}
	}
	return names
}

// compareKeys compares the key folder with the transcript.
func (c *chain) compareKeys(t *transcript) error {
	for _, name := range c.plan.keyNames() {
		b, err := readFile(filepath.Join(KeysDir(c.dir), name), limits.Key)
		if err != nil && !errors.Is(err, ErrForm) {
			return err
		}
		if err != nil || t.Keys[name] != sha256.Sum256(b) {
			return &Refused{Step: keysName + "/" + name, Err: fmt.Errorf("%w: not the file that was sealed", ErrKeys)}
		}
	}
	return nil
}
