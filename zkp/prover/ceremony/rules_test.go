package ceremony_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

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
			_, err := ceremony.Contribute(t.Context(), dir, c.who.did, c.key, at(c.now))
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
			_, err := ceremony.Seal(t.Context(), dir, unhex(t, c.value), at(c.now))
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
		"one key twice":          func(p *ceremony.Plan) { p.Participants[1].Key = p.Participants[0].Key },
		"no DID":                 func(p *ceremony.Plan) { p.Participants[0].DID = "north" },
		"half a key":             func(p *ceremony.Plan) { p.Participants[0].Key = p.Participants[0].Key[:50] },
		"no minimum":             func(p *ceremony.Plan) { p.Minimum = 0 },
		"more than there are":    func(p *ceremony.Plan) { p.Minimum = 4 },
		"a beacon known already": func(p *ceremony.Plan) { p.Beacons[0].At = begin },
		"one beacon for both":    func(p *ceremony.Plan) { p.Beacons[1].At = p.Beacons[0].At },
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
	dir := stage(t, two)
	before := snapshot(t, dir)
	if _, err := ceremony.Init(t.Context(), dir, plan(t), []zkp.Circuit{zkp.CircuitShow}, at(begin)); !errors.Is(err, ceremony.ErrExists) {
		t.Errorf("a second ceremony in the folder: %v", err)
	}
	unchanged(t, dir, before)
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
}
