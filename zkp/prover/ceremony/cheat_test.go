package ceremony_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"testing"

	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"
	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// cheat changes a folder; what it is refused for names the place and, where it
// is about a contribution, whose.
type cheat struct {
	name   string
	stage  int
	change func(t *testing.T, dir string)
	err    error
	step   string
	number int
	did    int // of agencies, −1 for none
}

// errPoint stands for what a flipped bit makes of a point: one of the curve that
// proves nothing, or none.
var errPoint = errors.New("a point was changed")

const phase2Show = "phase2/" + show

func cheats() []cheat {
	north, stranger := agencies()[0], agencies()[3]
	none := -1
	return []cheat{
		// A contribution dropped.
		{"dropped", phase1, func(t *testing.T, dir string) {
			remove(t, path(dir, "phase1", 2, ".bin"), path(dir, "phase1", 2, ".json"))
		}, ceremony.ErrChain, "phase1", 2, none},
		{"dropped, the next in its place", phase1, func(t *testing.T, dir string) { moveUp(t, dir, false) }, ceremony.ErrChain, "phase1", 2, 2},
		{"dropped, the next signed anew in its place", phase1, func(t *testing.T, dir string) { moveUp(t, dir, true) }, ceremony.ErrChain, "phase1", 2, 2},
		{"the last dropped after sealing", sealed, func(t *testing.T, dir string) {
			remove(t, path(dir, phase2Show, 3, ".bin"), path(dir, phase2Show, 3, ".json"))
		}, ceremony.ErrChain, phase2Show, 3, 2},
		{"so many dropped that too few are left", sealed1, func(t *testing.T, dir string) {
			for _, n := range []int{2, 3} {
				remove(t, path(dir, "phase1", n, ".bin"), path(dir, "phase1", n, ".json"))
			}
		}, ceremony.ErrTooFew, "phase1", 0, none},
		{"the last dropped before phase 2", phase2, func(t *testing.T, dir string) {
			remove(t, path(dir, "phase1", 3, ".bin"), path(dir, "phase1", 3, ".json"))
		}, ceremony.ErrChain, phase2Show, 1, 0},

		// Reordered.
		{"reordered", phase2, func(t *testing.T, dir string) { swap(t, dir, phase2Show) }, ceremony.ErrChain, phase2Show, 1, 1},
		{"reordered with their signers' help", two, func(t *testing.T, dir string) {
			swap(t, dir, "phase1")
			for n, place := range []int{1, 0} {
				a := agencies()[place]
				record(t, filepath.Join(dir, "phase1", ceremony.FileBase(n+1, a.did)+".json"), a.key, func(r *ceremony.Record) { r.Number = n + 1 })
			}
		}, ceremony.ErrChain, "phase1", 1, 1},
		{"out of turn", two, func(t *testing.T, dir string) {
			// Built on the first, but by whom the second place belongs to.
			r := agencies()[0]
			b := read(t, path(dir, "phase1", 2, ".bin"))
			base := filepath.Join(dir, "phase1", ceremony.FileBase(2, r.did))
			rename(t, path(dir, "phase1", 2, ".json"), base+".json")
			remove(t, path(dir, "phase1", 2, ".bin"))
			write(t, base+".bin", b)
			record(t, base+".json", r.key, func(x *ceremony.Record) { x.Participant = r.did })
		}, ceremony.ErrChain, "phase1", 2, 0},
		{"one twice under a number", two, func(t *testing.T, dir string) {
			base := filepath.Join(dir, "phase1", ceremony.FileBase(2, agencies()[2].did))
			write(t, base+".bin", read(t, path(dir, "phase1", 2, ".bin")))
			write(t, base+".json", read(t, path(dir, "phase1", 2, ".json")))
		}, ceremony.ErrChain, "phase1", 2, none},

		// Forged.
		{"bytes changed", phase2, func(t *testing.T, dir string) { flip(t, path(dir, "phase1", 2, ".bin"), 300) }, ceremony.ErrChain, "phase1", 2, 1},
		{"bytes changed and signed anew", two, func(t *testing.T, dir string) {
			replace(t, dir, "phase1", 2, flipped(read(t, path(dir, "phase1", 2, ".bin")), 400))
		}, errPoint, "phase1", 2, 1},
		{"not built on the one before it", two, func(t *testing.T, dir string) {
			p := mpcsetup.NewPhase1(2048)
			p.Contribute()
			replace(t, dir, "phase1", 2, encoded(t, p))
		}, ceremony.ErrChain, "phase1", 2, 1},
		{"built on the beginning again, and signed so", two, func(t *testing.T, dir string) {
			p := mpcsetup.NewPhase1(2048)
			p.Contribute()
			replace(t, dir, "phase1", 2, encoded(t, p))
			record(t, path(dir, "phase1", 2, ".json"), agencies()[1].key, func(r *ceremony.Record) { r.Previous = ceremony.Phase1Start(2048) })
		}, ceremony.ErrChain, "phase1", 2, 1},
		{"not built on it, and saying so", two, func(t *testing.T, dir string) {
			p := mpcsetup.NewPhase1(2048)
			p.Contribute()
			p.Challenge = previous(t, dir, "phase1", 2)
			replace(t, dir, "phase1", 2, encoded(t, p))
		}, ceremony.ErrProof, "phase1", 2, 1},
		{"phase 2 not built on it, and saying so", one, func(t *testing.T, dir string) {
			b := read(t, path(dir, phase2Show, 1, ".bin"))
			p := new(mpcsetup.Phase2)
			if _, err := p.ReadFrom(bytes.NewReader(b)); err != nil {
				t.Fatal(err)
			}
			challenge := p.Challenge
			p.Contribute()
			p.Challenge = challenge // so that two steps pass for one
			replace(t, dir, phase2Show, 1, encoded(t, p))
		}, ceremony.ErrProof, phase2Show, 1, 0},
		{"phase 2 built on another phase 1", one, func(t *testing.T, dir string) {
			b := read(t, path(dir, phase2Show, 1, ".bin"))
			other := sha256.Sum256([]byte("another beginning"))
			copy(b[len(b)-32:], other[:])
			write(t, path(dir, phase2Show, 1, ".bin"), b)
			record(t, path(dir, phase2Show, 1, ".json"), north.key, func(r *ceremony.Record) { r.Hash, r.Previous = sha256.Sum256(b), other })
		}, ceremony.ErrChain, phase2Show, 1, 0},
		{"nothing contributed", two, func(t *testing.T, dir string) {
			b := read(t, path(dir, "phase1", 1, ".bin"))
			before := sha256.Sum256(b)
			copy(b[len(b)-32:], before[:])
			replace(t, dir, "phase1", 2, b)
		}, ceremony.ErrProof, "phase1", 2, 1},
		{"for another ceremony", two, func(t *testing.T, dir string) {
			record(t, path(dir, "phase1", 2, ".json"), agencies()[1].key, func(r *ceremony.Record) { r.Ceremony[0]++ })
		}, ceremony.ErrChain, "phase1", 2, 1},
		{"for another step", two, func(t *testing.T, dir string) {
			record(t, path(dir, "phase1", 2, ".json"), agencies()[1].key, func(r *ceremony.Record) { r.Step = phase2Show })
		}, ceremony.ErrChain, "phase1", 2, 1},
		{"another beginning of phase 1", two, func(t *testing.T, dir string) {
			record(t, path(dir, "phase1", 1, ".json"), north.key, func(r *ceremony.Record) { r.Previous[0]++ })
		}, ceremony.ErrChain, "phase1", 1, 0},
		{"made after the beacon", two, func(t *testing.T, dir string) {
			record(t, path(dir, "phase1", 2, ".json"), agencies()[1].key, func(r *ceremony.Record) { r.Time = round123 })
		}, ceremony.ErrChain, "phase1", 2, 1},
		{"phase 2 before phase 1 has ended", one, func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "phase1", "beacon.json"))
		}, ceremony.ErrChain, phase2Show, 0, none},

		// Unsigned, or signed by somebody else.
		{"unsigned", phase1, func(t *testing.T, dir string) {
			record(t, path(dir, "phase1", 2, ".json"), nil, func(r *ceremony.Record) { r.Signature = nil })
		}, ceremony.ErrSignature, "phase1", 2, 1},
		{"without a record", phase1, func(t *testing.T, dir string) { remove(t, path(dir, "phase1", 2, ".json")) }, ceremony.ErrSignature, "phase1", 2, none},
		{"the last without a record, sealed", sealed1, func(t *testing.T, dir string) { remove(t, path(dir, "phase1", 3, ".json")) }, ceremony.ErrSignature, "phase1", 3, none},
		{"signed by somebody else", phase1, func(t *testing.T, dir string) {
			record(t, path(dir, "phase1", 2, ".json"), stranger.key, func(*ceremony.Record) {})
		}, ceremony.ErrSignature, "phase1", 2, 1},
		{"signed by a stranger in his own name", phase1, func(t *testing.T, dir string) {
			record(t, path(dir, "phase1", 2, ".json"), stranger.key, func(r *ceremony.Record) { r.Participant = stranger.did })
		}, ceremony.ErrSignature, "phase1", 2, 3},
		{"a field changed after signing", phase1, func(t *testing.T, dir string) {
			record(t, path(dir, "phase1", 2, ".json"), nil, func(r *ceremony.Record) { r.Time = r.Time.Add(1e9) })
		}, ceremony.ErrSignature, "phase1", 2, 1},

		// The beacon changed.
		{"beacon of another round", sealed, func(t *testing.T, dir string) { beacon(t, dir, "phase1", value1000) }, ceremony.ErrBeacon, "phase1/beacon.json", 0, none},
		{"beacon that nobody signed", sealed, func(t *testing.T, dir string) {
			beacon(t, dir, "phase2", hex.EncodeToString(flipped(unhex(t, value1000), 47)))
		}, ceremony.ErrBeacon, "phase2/beacon.json", 0, none},
		{"beacon of another length", sealed, func(t *testing.T, dir string) { beacon(t, dir, "phase2", value1000[:64]) }, ceremony.ErrBeacon, "phase2/beacon.json", 0, none},
		{"beacon in the transcript alone", sealed, func(t *testing.T, dir string) {
			transcript(t, dir, func(x *ceremony.Transcript) { x.Beacons[1] = value123 })
		}, ceremony.ErrBeacon, "phase2/beacon.json", 0, none},
		{"beacon of another round, phase 2 going on", sealed1, func(t *testing.T, dir string) { beacon(t, dir, "phase1", value1000) }, ceremony.ErrBeacon, "phase1/beacon.json", 0, none},
		{"phase 2 ended, phase 1 not", sealed, func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "phase1", "beacon.json"))
		}, ceremony.ErrBeacon, "phase2/beacon.json", 0, none},

		// Keys swapped.
		{"keys of one party", sealed, func(t *testing.T, dir string) { singleParty(t, dir, false) }, ceremony.ErrKeys, "keys/manifest.json", 0, none},
		{"keys of one party in the transcript too", sealed, func(t *testing.T, dir string) { singleParty(t, dir, true) }, ceremony.ErrKeys, "keys/manifest.json", 0, none},
		{"verifying key alone", sealed, func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "keys", show+".vk"), 100) }, ceremony.ErrKeys, "keys/" + show + ".vk", 0, none},

		// The transcript changed.
		{"transcript of another ceremony", sealed, func(t *testing.T, dir string) {
			transcript(t, dir, func(x *ceremony.Transcript) { x.Ceremony[0]++ })
		}, ceremony.ErrTranscript, "transcript.json", 0, none},
		{"another record in the transcript", sealed, func(t *testing.T, dir string) {
			transcript(t, dir, func(x *ceremony.Transcript) { x.Steps[0].Contributions[1].Record[0]++ })
		}, ceremony.ErrTranscript, "phase1", 2, 1},
		{"fewer in the transcript", sealed, func(t *testing.T, dir string) {
			transcript(t, dir, func(x *ceremony.Transcript) { x.Steps[1].Contributions = x.Steps[1].Contributions[:2] })
		}, ceremony.ErrTranscript, phase2Show, 3, 2},
		{"a step less", sealed, func(t *testing.T, dir string) {
			transcript(t, dir, func(x *ceremony.Transcript) { x.Steps = x.Steps[:1] })
		}, ceremony.ErrTranscript, "transcript.json", 0, none},
		{"another beginning in the transcript", sealed, func(t *testing.T, dir string) {
			transcript(t, dir, func(x *ceremony.Transcript) { x.Steps[1].Start[0]++ })
		}, ceremony.ErrTranscript, "transcript.json", 0, none},
		{"another file name", sealed, func(t *testing.T, dir string) {
			transcript(t, dir, func(x *ceremony.Transcript) { x.Keys["../../secret"] = ceremony.Hash{} })
		}, ceremony.ErrTranscript, "transcript.json", 0, none},

		// The plan changed.
		{"another minimum", two, func(t *testing.T, dir string) {
			change(t, dir, func(p *ceremony.Plan) { p.Minimum = 1 })
		}, ceremony.ErrChain, "phase1", 1, 0},
		{"another key in the plan", two, func(t *testing.T, dir string) {
			change(t, dir, func(p *ceremony.Plan) {
				x, err := ceremony.NewParticipant(north.did, &stranger.key.PublicKey)
				if err != nil {
					t.Fatal(err)
				}
				p.Participants[0] = x
			})
		}, ceremony.ErrSignature, "phase1", 1, 0},
		{"another power", planned, func(t *testing.T, dir string) {
			change(t, dir, func(p *ceremony.Plan) { p.Power = 20 })
		}, ceremony.ErrPlan, "ceremony.json", 0, none},
	}
}

// Each cheat is refused, for what it is, and names whose contribution it is.
func TestCheats(t *testing.T) {
	for _, c := range cheats() {
		t.Run(c.name, func(t *testing.T) {
			dir := stage(t, c.stage)
			c.change(t, dir)
			_, err := ceremony.Verify(t.Context(), dir, at(round1000))
			var refused *ceremony.Refused
			if !errors.As(err, &refused) {
				t.Fatalf("not refused: %v", err)
			}
			if !errors.Is(err, c.err) && (c.err != errPoint || !errors.Is(err, ceremony.ErrProof) && !errors.Is(err, ceremony.ErrForm)) {
				t.Errorf("refused for another reason: %v", err)
			}
			did := ""
			if c.did >= 0 {
				did = agencies()[c.did].did
			}
			if refused.Step != c.step || refused.Number != c.number || refused.Participant != did {
				t.Errorf("names another place: %+v", refused)
			}
		})
	}
}

// A beacon exchanged with everything that follows from it leaves nothing but
// the source to tell; a source that signs its values is asked by the program.
func TestBeaconChosenAfterwards(t *testing.T) {
	other := hex.EncodeToString(flipped(unhex(t, value1000), 47))
	if _, err := ceremony.Seal(t.Context(), stage(t, phase2), unhex(t, other), at(round1000)); !errors.Is(err, ceremony.ErrBeacon) {
		t.Errorf("sealed with it: %v", err)
	}
}

// moveUp drops phase 1's second contribution and puts the third in its place.
func moveUp(t *testing.T, dir string, signed bool) {
	west := agencies()[2]
	remove(t, path(dir, "phase1", 2, ".bin"), path(dir, "phase1", 2, ".json"))
	to := filepath.Join(dir, "phase1", ceremony.FileBase(2, west.did))
	for _, ending := range []string{".bin", ".json"} {
		rename(t, path(dir, "phase1", 3, ending), to+ending)
	}
	if signed {
		first := sha256.Sum256(read(t, path(dir, "phase1", 1, ".bin")))
		record(t, to+".json", west.key, func(r *ceremony.Record) { r.Number, r.Previous = 2, first })
	}
}

// swap exchanges a step's first two contributions.
func swap(t *testing.T, dir, step string) {
	for _, ending := range []string{".bin", ".json"} {
		first, second := path(dir, step, 1, ending), path(dir, step, 2, ending)
		rename(t, first, filepath.Join(dir, step, ceremony.FileBase(2, agencies()[0].did)+ending))
		rename(t, second, filepath.Join(dir, step, ceremony.FileBase(1, agencies()[1].did)+ending))
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

func flip(t *testing.T, path string, at int) { write(t, path, flipped(read(t, path), at)) }

func encoded(t *testing.T, p io.WriterTo) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// previous is the hash of the contribution before one.
func previous(t *testing.T, dir, step string, number int) []byte {
	h := sha256.Sum256(read(t, path(dir, step, number-1, ".bin")))
	return h[:]
}

func beacon(t *testing.T, dir, phase, value string) {
	write(t, filepath.Join(dir, phase, "beacon.json"), ceremony.EncodeBeacon(unhex(t, value)))
}

func transcript(t *testing.T, dir string, change func(*ceremony.Transcript)) {
	path := filepath.Join(dir, "transcript.json")
	x, err := ceremony.ParseTranscript(read(t, path))
	if err != nil {
		t.Fatal(err)
	}
	change(x)
	write(t, path, ceremony.Encode(x))
}

func change(t *testing.T, dir string, change func(*ceremony.Plan)) {
	path := filepath.Join(dir, "ceremony.json")
	p := new(ceremony.Plan)
	if err := json.Unmarshal(read(t, path), p); err != nil {
		t.Fatal(err)
	}
	change(p)
	write(t, path, p.Bytes())
}

// singleParty puts keys that one machine made in the place of the ceremony's,
// and labels them as such.
func singleParty(t *testing.T, dir string, inTranscript bool) {
	system, err := prover.Compile(zkp.CircuitShow)
	if err != nil {
		t.Fatal(err)
	}
	pair := prover.KeyPair{System: system, Proving: new(groth16.ProvingKey), Verifying: new(groth16.VerifyingKey)}
	if err := groth16.Setup(system.R1CS(), pair.Proving, pair.Verifying); err != nil {
		t.Fatal(err)
	}
	files, err := prover.EncodeKeys(zkp.SetupCeremony, pair)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range files {
		write(t, filepath.Join(dir, "keys", name), b)
	}
	if _, err := prover.Open(ceremony.KeysDir(dir)); err != nil {
		t.Fatalf("the swapped keys should pass for others: %v", err)
	}
	if inTranscript {
		transcript(t, dir, func(x *ceremony.Transcript) {
			for name, b := range files {
				x.Keys[name] = sha256.Sum256(b)
			}
		})
	}
}
