package ceremony_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func verify(t testing.TB, dir string, opts ceremony.Options) *ceremony.State {
	t.Helper()
	state, err := ceremony.Verify(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// Anybody verifies everything, with nothing remembered.
func TestVerify(t *testing.T) {
	dir := stage(t, sealed)
	var steps []ceremony.Step
	opts := ceremony.Options{Progress: func(s ceremony.Step) { steps = append(steps, s) }}
	state := verify(t, dir, opts)
	if state.Stage != ceremony.StageSealed || len(state.Records) != 6 || state.Next != "" {
		t.Errorf("stage %s, %d records, next %q", state.Stage, len(state.Records), state.Next)
	}
	if state.Transcript != sha256.Sum256(read(t, filepath.Join(dir, "transcript.json"))) {
		t.Error("not the hash of the transcript")
	}
	if state.VerifyingKeys[zkp.CircuitShow] != sha256.Sum256(read(t, filepath.Join(dir, "keys", show+".vk"))) {
		t.Error("not the hash of the verifying key")
	}
	for i, s := range steps {
		if s.Done != i || s.Total != len(steps) {
			t.Errorf("progress %+v is step %d of %d", s, i, len(steps))
		}
	}
	if len(steps) != 3+1+3+1 {
		t.Errorf("%d steps of progress", len(steps))
	}
}

// Every stage verifies, and says what comes next.
func TestStages(t *testing.T) {
	west, south := agencies()[2].did, agencies()[1].did
	for n, want := range map[int]struct {
		stage   ceremony.Stage
		records int
		next    string
		enough  bool
	}{
		planned: {ceremony.StagePhase1, 0, agencies()[0].did, false},
		two:     {ceremony.StagePhase1, 2, west, true},
		phase1:  {ceremony.StagePhase1, 3, "", true},
		sealed1: {ceremony.StagePhase2, 3, agencies()[0].did, false},
		one:     {ceremony.StagePhase2, 4, south, false},
		phase2:  {ceremony.StagePhase2, 6, "", true},
		sealed:  {ceremony.StageSealed, 6, "", false},
	} {
		s := verify(t, stage(t, n), at(round1000))
		if s.Stage != want.stage || len(s.Records) != want.records || s.Next != want.next || s.Enough != want.enough {
			t.Errorf("%d: %s, %d records, next %q, enough %v", n, s.Stage, len(s.Records), s.Next, s.Enough)
		}
	}
}

// One phase 1 serves circuits of every size; the whole takes minutes.
func TestAllCircuits(t *testing.T) {
	long.Only(t)
	dir, ctx, memory := t.TempDir(), t.Context(), t.TempDir()
	begun := time.Now()
	lap := func(what string) { t.Logf("%s: %.1f s", what, time.Since(begun).Seconds()); begun = time.Now() }
	opts := func(now time.Time) ceremony.Options {
		return ceremony.Options{Clock: func() time.Time { return now }, Memory: memory}
	}
	if _, err := ceremony.Init(ctx, dir, plan(t), prover.Circuits(), opts(begin)); err != nil {
		t.Fatal(err)
	}
	for phase, end := range []struct {
		from, until time.Time
		value       string
	}{{begin, round123, value123}, {round123, round1000, value1000}} {
		for _, a := range agencies()[:3] {
			if _, err := ceremony.Contribute(ctx, dir, a.did, a.key, opts(end.from)); err != nil {
				t.Fatal(err)
			}
			lap("contribution to phase " + string(rune('1'+phase)))
		}
		if _, err := ceremony.Seal(ctx, dir, unhex(t, end.value), opts(end.until)); err != nil {
			t.Fatal(err)
		}
		lap("sealing")
	}
	verify(t, dir, ceremony.Options{})
	lap("verification with nothing remembered")
	keys, err := prover.Open(ceremony.KeysDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	proveAndVerify(t, keys, keys, zkp.KeyOptions{})
}

// The sealed folder opens, its verifying key needs no switch, and what is shown
// with it is accepted. The prepare circuit's keys come from elsewhere here,
// for its ceremony takes minutes.
func TestSealedKeysProve(t *testing.T) {
	dir := stage(t, sealed)
	keys, err := prover.Open(ceremony.KeysDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if m := keys.Manifest(); m.Setup != "ceremony" || len(m.Circuits) != 1 {
		t.Errorf("manifest %+v", m)
	}
	proveAndVerify(t, developmentKeys(t), keys, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
}

// Two ceremonies of one plan are two: a contribution to one is none to the
// other.
func TestPlansDiffer(t *testing.T) {
	var files [2][]byte
	for i := range files {
		dir := t.TempDir()
		if _, err := ceremony.Init(t.Context(), dir, plan(t), []zkp.Circuit{zkp.CircuitShow}, at(begin)); err != nil {
			t.Fatal(err)
		}
		files[i] = read(t, filepath.Join(dir, "ceremony.json"))
	}
	if bytes.Equal(files[0], files[1]) {
		t.Error("two ceremonies are one")
	}
}
