package ceremony_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"
	"github.com/gofrs/flock"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// snapshot lists a folder's files with their contents, but for the lock.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != ".lock" {
			files[path] = string(read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	after := snapshot(t, dir)
	for path, b := range after {
		if before[path] != b {
			t.Errorf("%s is new or changed", path)
		}
	}
	if len(after) < len(before) {
		t.Error("a file is gone")
	}
}

func TestContributeRefuses(t *testing.T) {
	north, south, west, stranger := agencies()[0], agencies()[1], agencies()[2], agencies()[3]
	for name, c := range map[string]struct {
		stage int
		who   agency
		key   *ecdsa.PrivateKey
		now   time.Time
		err   error
	}{
		"out of turn":            {planned, south, south.key, begin, ceremony.ErrTurn},
		"out of turn in phase 2": {one, west, west.key, round123, ceremony.ErrTurn},
		"twice":                  {two, north, north.key, begin, ceremony.ErrAgain},
		"twice, the last":        {two, south, south.key, begin, ceremony.ErrAgain},
		"twice in phase 2":       {one, north, north.key, round123, ceremony.ErrAgain},
		"a stranger":             {two, stranger, stranger.key, begin, ceremony.ErrNotParticipant},
		"with another key":       {two, west, stranger.key, begin, ceremony.ErrNotParticipant},
		"too late":               {two, west, west.key, round123, ceremony.ErrTooLate},
		"too late in phase 2":    {one, south, south.key, round1000, ceremony.ErrTooLate},
		"after sealing":          {sealed, north, north.key, round1000, ceremony.ErrSealed},
	} {
		t.Run(name, func(t *testing.T) {
			dir := stage(t, c.stage)
			before := snapshot(t, dir)
			opts := at(c.now)
			opts.Progress = func(s ceremony.Step) { t.Errorf("refused after minutes only: %+v", s) }
			_, err := ceremony.Contribute(t.Context(), dir, c.who.did, c.key, opts)
			var refused *ceremony.Refused
			if !errors.Is(err, c.err) || errors.As(err, &refused) {
				t.Errorf("%v", err)
			}
			var turn *ceremony.NotYourTurn
			if errors.Is(err, ceremony.ErrTurn) && (!errors.As(err, &turn) || turn.Next == c.who.did || turn.Next == "") {
				t.Errorf("does not say whose turn it is: %v", err)
			}
			unchanged(t, dir, before)
		})
	}
}

func TestSealRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		stage int
		value string
		now   time.Time
		err   error
	}{
		"too early":             {phase1, value123, round123.Add(-time.Second), ceremony.ErrTooEarly},
		"too early in phase 2":  {phase2, value1000, round1000.Add(-time.Second), ceremony.ErrTooEarly},
		"too few":               {planned, value123, round123, ceremony.ErrTooFew},
		"too few in phase 2":    {one, value1000, round1000, ceremony.ErrTooFew},
		"another round":         {phase1, value1000, round123, ceremony.ErrBeacon},
		"phase 1's value again": {phase2, value123, round1000, ceremony.ErrBeacon},
		"no value":              {phase1, "", round123, ceremony.ErrBeacon},
		"sealed":                {sealed, value1000, round1000, ceremony.ErrSealed},
	} {
		t.Run(name, func(t *testing.T) {
			dir := stage(t, c.stage)
			before := snapshot(t, dir)
			opts := at(c.now)
			opts.Progress = func(s ceremony.Step) { t.Errorf("refused after minutes only: %+v", s) }
			_, err := ceremony.Seal(t.Context(), dir, unhex(t, c.value), opts)
			var refused *ceremony.Refused
			if !errors.Is(err, c.err) || errors.As(err, &refused) {
				t.Errorf("%v", err)
			}
			unchanged(t, dir, before)
		})
	}
}

// Nothing is added to, or sealed over, what a cheat left.
func TestNothingIsBuiltOnACheat(t *testing.T) {
	west := agencies()[2]
	dir := stage(t, two)
	flip(t, path(dir, "phase1", 1, ".bin"), 300)
	check := func() {
		before := snapshot(t, dir)
		var refused *ceremony.Refused
		if _, err := ceremony.Contribute(t.Context(), dir, west.did, west.key, at(begin)); !errors.As(err, &refused) {
			t.Errorf("contributed: %v", err)
		}
		if _, err := ceremony.Seal(t.Context(), dir, unhex(t, value123), at(round123)); !errors.As(err, &refused) {
			t.Errorf("sealed: %v", err)
		}
		unchanged(t, dir, before)
	}
	check()
	// One that only the curve can tell.
	dir = stage(t, two)
	p := mpcsetup.NewPhase1(2048)
	p.Contribute()
	p.Challenge = previous(t, dir, "phase1", 2)
	replace(t, dir, "phase1", 2, encoded(t, p))
	check()
}

// Who does not come is passed over only when asked for, and cannot come back.
func TestPassOver(t *testing.T) {
	north, south, west := agencies()[0], agencies()[1], agencies()[2]
	dir := stage(t, one)
	opts := at(round123)
	opts.PassOver = true
	after, err := ceremony.Contribute(t.Context(), dir, west.did, west.key, opts)
	if err != nil {
		t.Fatal(err)
	}
	if made := after.Made; len(made) != 1 || made[0].Number != 2 || made[0].Participant != west.did || after.Next != "" || !after.Enough {
		t.Errorf("made %+v, next %q", made, after.Next)
	}
	for _, a := range []agency{north, south} {
		if _, err := ceremony.Contribute(t.Context(), dir, a.did, a.key, opts); !errors.Is(err, ceremony.ErrAgain) {
			t.Errorf("%s came back: %v", a.did, err)
		}
	}
	state, err := ceremony.Seal(t.Context(), dir, unhex(t, value1000), at(round1000))
	if err != nil || state.Stage != ceremony.StageSealed {
		t.Errorf("%v", err)
	}
}

func TestInitRefuses(t *testing.T) {
	point := func(c elliptic.Curve) *ecdsa.PublicKey {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return &k.PublicKey
	}
	if _, err := ceremony.NewParticipant("did:hufu:x", point(elliptic.P384())); !errors.Is(err, ceremony.ErrPlan) {
		t.Errorf("a key of another curve: %v", err)
	}
	for name, change := range map[string]func(*ceremony.Plan){
		"no name":                func(p *ceremony.Plan) { p.Name = "" },
		"a name of two lines":    func(p *ceremony.Plan) { p.Name = "a\nb" },
		"nobody":                 func(p *ceremony.Plan) { p.Participants = nil },
		"one twice":              func(p *ceremony.Plan) { p.Participants[1] = p.Participants[0] },
		"one DID with two keys":  func(p *ceremony.Plan) { p.Participants[1].DID = p.Participants[0].DID },
		"one key twice":          func(p *ceremony.Plan) { p.Participants[1].Key = p.Participants[0].Key },
		"no DID":                 func(p *ceremony.Plan) { p.Participants[0].DID = "north" },
		"half a key":             func(p *ceremony.Plan) { p.Participants[0].Key = p.Participants[0].Key[:50] },
		"no minimum":             func(p *ceremony.Plan) { p.Minimum = 0 },
		"more than there are":    func(p *ceremony.Plan) { p.Minimum = 4 },
		"a beacon known already": func(p *ceremony.Plan) { p.Beacons[0] = ceremony.BeaconRule{Source: "a lottery", At: begin} },
		"one beacon for both":    func(p *ceremony.Plan) { p.Beacons[1].At = p.Beacons[0].At },
		"two participants":       func(p *ceremony.Plan) { p.Participants = p.Participants[:2] },
		"one contribution":       func(p *ceremony.Plan) { p.Minimum = 1 },
		"dice for a beacon":      func(p *ceremony.Plan) { p.Beacons[1].Source = "my own dice" },
		"dice for the first one": func(p *ceremony.Plan) { p.Beacons[0].Source = "my own dice" },
		"a beacon of nobody":     func(p *ceremony.Plan) { p.Beacons[1].Source = "" },
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t)
			change(&p)
			dir := filepath.Join(t.TempDir(), "ceremony")
			if _, err := ceremony.Init(t.Context(), dir, p, []zkp.Circuit{zkp.CircuitShow}, at(begin)); !errors.Is(err, ceremony.ErrPlan) {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("a folder was made")
			}
		})
	}
	for name, circuits := range map[string][]zkp.Circuit{
		"none": nil, "unknown": {"hufu-other-1"}, "twice": {zkp.CircuitShow, zkp.CircuitShow},
	} {
		if _, err := ceremony.Init(t.Context(), t.TempDir(), plan(t), circuits, at(begin)); !errors.Is(err, ceremony.ErrPlan) {
			t.Errorf("circuits %s: %v", name, err)
		}
	}
	early := plan(t)
	early.Beacons[0].At = time.Unix(1692803366, 0)
	if _, err := ceremony.Init(t.Context(), t.TempDir(), early, []zkp.Circuit{zkp.CircuitShow}, at(time.Unix(0, 0))); !errors.Is(err, ceremony.ErrPlan) {
		t.Errorf("a round before drand's first: %v", err)
	}
	dir := stage(t, two)
	before := snapshot(t, dir)
	if _, err := ceremony.Init(t.Context(), dir, plan(t), []zkp.Circuit{zkp.CircuitShow}, at(begin)); !errors.Is(err, ceremony.ErrExists) {
		t.Errorf("a second ceremony in the folder: %v", err)
	}
	unchanged(t, dir, before)
}

// A plan that somebody else wrote is held to the same limits.
func TestPlanLimits(t *testing.T) {
	good := read(t, filepath.Join(stage(t, planned), "ceremony.json"))
	many := func(n int) (out []ceremony.Participant) {
		for i := range n {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ceremony.NewParticipant("did:hufu:"+strconv.Itoa(i), &key.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, p)
		}
		return out
	}
	for name, c := range map[string]struct {
		change func(*ceremony.Plan)
		err    error
	}{
		"unchanged":       {func(*ceremony.Plan) {}, nil},
		"64 participants": {func(p *ceremony.Plan) { p.Participants = many(64) }, nil},
		"65 participants": {func(p *ceremony.Plan) { p.Participants = many(65) }, ceremony.ErrPlan},
		"another version": {func(p *ceremony.Plan) { p.Version = 2 }, ceremony.ErrPlan},
		"no circuits":     {func(p *ceremony.Plan) { p.Circuits = p.Circuits[:0] }, ceremony.ErrPlan},
		"17 circuits": {func(p *ceremony.Plan) {
			for i := range 16 {
				p.Circuits = append(p.Circuits, ceremony.PlannedSystem{Circuit: zkp.Circuit(strconv.Itoa(i))})
			}
		}, ceremony.ErrPlan},
		"a circuit twice":        {func(p *ceremony.Plan) { p.Circuits = append(p.Circuits, p.Circuits[0]) }, ceremony.ErrPlan},
		"a name of 70,000 bytes": {func(p *ceremony.Plan) { p.Name = strings.Repeat("x", 70000) }, ceremony.ErrForm},
		"another spelling of a key": {func(p *ceremony.Plan) {
			// A bit string may be shifted, with as many bits unused at its end.
			key := p.Participants[0].Key
			at := len(key) - 65
			key[at-1] = 3
			for i := at; i < len(key); i++ {
				key[i] <<= 3
				if i+1 < len(key) {
					key[i] |= key[i+1] >> 5
				}
			}
		}, ceremony.ErrPlan},
		"power 0":  {func(p *ceremony.Plan) { p.Power = 0 }, ceremony.ErrPlan},
		"power 21": {func(p *ceremony.Plan) { p.Power = 21 }, ceremony.ErrPlan},
	} {
		p, err := ceremony.ParsePlan(good)
		if err != nil {
			t.Fatal(err)
		}
		c.change(p)
		if _, err := ceremony.ParsePlan(p.Bytes()); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What cannot be checked is not false.
func TestCouldNotCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(dir string)
		err    error
	}{
		"no folder":       {func(dir string) { remove(t, dir) }, ceremony.ErrUnavailable},
		"no plan":         {func(dir string) { remove(t, filepath.Join(dir, "ceremony.json")) }, ceremony.ErrUnavailable},
		"no contribution": {func(dir string) { remove(t, path(dir, "phase1", 2, ".bin")) }, ceremony.ErrUnavailable},
		"a folder for it": {func(dir string) {
			remove(t, path(dir, "phase1", 2, ".bin"))
			if err := os.Mkdir(path(dir, "phase1", 2, ".bin"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, ceremony.ErrUnavailable},
		"a device for it": {func(dir string) {
			remove(t, path(dir, "phase1", 2, ".bin"))
			if err := os.Symlink(os.DevNull, path(dir, "phase1", 2, ".bin")); err != nil {
				t.Fatal(err)
			}
		}, ceremony.ErrUnavailable},
		"no key": {func(dir string) { remove(t, filepath.Join(dir, "keys", show+".pk")) }, ceremony.ErrUnavailable},
		"other circuits": {func(dir string) {
			change(t, dir, func(p *ceremony.Plan) { p.Circuits[0].Circuit = "hufu-other-1" })
		}, ceremony.ErrVersion},
		"a circuit since changed": {func(dir string) { change(t, dir, func(p *ceremony.Plan) { p.Circuits[0].System[0]++ }) }, ceremony.ErrVersion},
	} {
		t.Run(name, func(t *testing.T) {
			dir := stage(t, sealed)
			c.change(dir)
			_, err := ceremony.Verify(t.Context(), dir, at(round1000))
			var refused *ceremony.Refused
			if !errors.Is(err, c.err) || errors.As(err, &refused) {
				t.Errorf("%v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ceremony.Verify(ctx, stage(t, sealed), at(round1000)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Two programs do not write into one folder at once.
func TestBusy(t *testing.T) {
	dir := stage(t, two)
	l := flock.New(filepath.Join(dir, ".lock"))
	if ok, err := l.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer l.Unlock()
	west := agencies()[2]
	if _, err := ceremony.Contribute(t.Context(), dir, west.did, west.key, at(begin)); !errors.Is(err, ceremony.ErrBusy) {
		t.Errorf("%v", err)
	}
	if _, err := ceremony.Seal(t.Context(), dir, unhex(t, value123), at(round123)); !errors.Is(err, ceremony.ErrBusy) {
		t.Errorf("%v", err)
	}
}

// A folder of some circuits says so when another is asked for.
func TestKeysOfOneCircuit(t *testing.T) {
	keys, err := prover.Open(ceremony.KeysDir(stage(t, sealed)))
	if err != nil {
		t.Fatal(err)
	}
	_, _, w := credential(t)
	if _, err := keys.Prepare(t.Context(), w); !errors.Is(err, prover.ErrUnknownCircuit) {
		t.Errorf("%v", err)
	}
	empty := t.TempDir()
	write(t, filepath.Join(empty, "manifest.json"), []byte(`{"version":1,"setup":"ceremony","circuits":{}}`))
	if _, err := prover.Open(empty); !errors.Is(err, prover.ErrKeyFile) {
		t.Errorf("a folder of no circuits: %v", err)
	}
}

// misfit signs something else than it is asked to, as a broken module might.
type misfit struct{ *ecdsa.PrivateKey }

func (m misfit) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return m.PrivateKey.Sign(random, flipped(digest, 0), opts)
}

// What a broken signer signed is not written.
func TestBrokenSigner(t *testing.T) {
	dir, west := stage(t, two), agencies()[2]
	before := snapshot(t, dir)
	if _, err := ceremony.Contribute(t.Context(), dir, west.did, misfit{west.key}, at(begin)); !errors.Is(err, ceremony.ErrSignature) {
		t.Errorf("%v", err)
	}
	unchanged(t, dir, before)
}

// The moment comes while a contribution is computed.
func TestTooLateMeanwhile(t *testing.T) {
	dir, west := stage(t, two), agencies()[2]
	before, now := snapshot(t, dir), begin
	opts := at(begin)
	opts.Clock = func() time.Time { return now }
	opts.Progress = func(s ceremony.Step) {
		if s.Task == ceremony.TaskContribute {
			now = round123
		}
	}
	if _, err := ceremony.Contribute(t.Context(), dir, west.did, west.key, opts); !errors.Is(err, ceremony.ErrTooLate) {
		t.Errorf("%v", err)
	}
	unchanged(t, dir, before)
}

// A file that is exchanged after its hash was looked at is not used.
func TestExchangedMeanwhile(t *testing.T) {
	dir := stage(t, two)
	opts := at(begin)
	opts.Memory = t.TempDir()
	other := read(t, path(stage(t, two), "phase1", 1, ".bin"))
	opts.Progress = func(ceremony.Step) { write(t, path(dir, "phase1", 1, ".bin"), flipped(other, len(other)-1)) }
	if _, err := ceremony.Verify(t.Context(), dir, opts); !errors.Is(err, ceremony.ErrChain) {
		t.Errorf("%v", err)
	}
}

// More files than any ceremony has are not sorted through.
func TestTooManyFiles(t *testing.T) {
	dir := stage(t, two)
	for i := range 1100 {
		write(t, filepath.Join(dir, "phase1", "x"+strconv.Itoa(i)), nil)
	}
	var refused *ceremony.Refused
	if _, err := ceremony.Verify(t.Context(), dir, at(begin)); !errors.As(err, &refused) || !errors.Is(err, ceremony.ErrForm) {
		t.Errorf("%v", err)
	}
}

// A value that is there before its time was chosen by somebody.
func TestBeaconBeforeItsTime(t *testing.T) {
	_, err := ceremony.Verify(t.Context(), stage(t, sealed1), at(round123.Add(-time.Second)))
	var refused *ceremony.Refused
	if !errors.As(err, &refused) || !errors.Is(err, ceremony.ErrBeacon) {
		t.Errorf("%v", err)
	}
}

// Whoever began a weak ceremony did so knowingly; nobody else takes it for one
// unless he says so, too.
func TestWeakPlanIsRefusedByEveryone(t *testing.T) {
	for name, weaken := range map[string]func(*ceremony.Plan){
		"one participant":               func(p *ceremony.Plan) { p.Participants, p.Minimum = p.Participants[:1], 1 },
		"two participants":              func(p *ceremony.Plan) { p.Participants = p.Participants[:2] },
		"one contribution":              func(p *ceremony.Plan) { p.Minimum = 1 },
		"a home-made beacon of phase 1": func(p *ceremony.Plan) { p.Beacons[0].Source = "the root's own dice" },
		"a home-made beacon of phase 2": func(p *ceremony.Plan) { p.Beacons[1].Source = "the root's own dice" },
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t)
			weaken(&p)
			dir := filepath.Join(t.TempDir(), "ceremony")
			unsafe := at(begin)
			unsafe.AllowWeakPlanUnsafe = true
			if _, err := ceremony.Init(t.Context(), dir, p, []zkp.Circuit{zkp.CircuitShow}, at(begin)); !errors.Is(err, ceremony.ErrPlan) {
				t.Fatalf("begun: %v", err)
			}
			if _, err := ceremony.Init(t.Context(), dir, p, []zkp.Circuit{zkp.CircuitShow}, unsafe); err != nil {
				t.Fatal(err)
			}
			var refused *ceremony.Refused
			if _, err := ceremony.Verify(t.Context(), dir, at(begin)); !errors.As(err, &refused) || !errors.Is(err, ceremony.ErrPlan) {
				t.Errorf("%v", err)
			}
			if _, err := ceremony.Verify(t.Context(), dir, unsafe); err != nil {
				t.Errorf("with the switch: %v", err)
			}
		})
	}
}
