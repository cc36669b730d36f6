package ceremony_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// beginnings is a memory of what phase 2 begins with, and of nothing else.
func beginnings(t *testing.T) string {
	dir := t.TempDir()
	files, err := os.ReadDir(shared.memory)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if b := read(t, filepath.Join(shared.memory, f.Name())); len(b) > 1000 {
			write(t, filepath.Join(dir, f.Name()), b)
		}
	}
	return dir
}

// interrupted stops at each task in turn and checks that nothing was written;
// then it lets the whole through.
func interrupted(t *testing.T, dir string, opts ceremony.Options, do func(context.Context, ceremony.Options) error) {
	t.Helper()
	opts.Memory = beginnings(t)
	before := snapshot(t, dir)
	for stopAt := 0; ; stopAt++ {
		ctx, cancel := context.WithCancel(t.Context())
		stopped := false
		opts.Progress = func(s ceremony.Step) {
			if s.Done == stopAt {
				stopped = true
				cancel()
			}
		}
		err := do(ctx, opts)
		cancel()
		if !stopped {
			if stopAt == 0 || err != nil {
				t.Fatalf("after %d interruptions: %v", stopAt, err)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted at %d: %v", stopAt, err)
		}
		unchanged(t, dir, before)
	}
}

func TestContributeInterrupted(t *testing.T) {
	for _, c := range []struct{ stage, who, records int }{{two, 2, 3}, {one, 1, 5}} {
		dir, a, now := stage(t, c.stage), agencies()[c.who], begin
		if c.stage == one {
			now = round123
		}
		interrupted(t, dir, at(now), func(ctx context.Context, opts ceremony.Options) error {
			_, err := ceremony.Contribute(ctx, dir, a.did, a.key, opts)
			return err
		})
		if s := verify(t, dir, at(now)); len(s.Records) != c.records {
			t.Errorf("%d records, want %d", len(s.Records), c.records)
		}
	}
}

// The power fails between the contribution and its record, or in the middle of
// a file: what is left counts for nothing and is replaced.
func TestContributeTornOff(t *testing.T) {
	dir, west := stage(t, phase1), agencies()[2]
	remove(t, path(dir, "phase1", 3, ".json"))
	write(t, path(dir, "phase1", 3, ".bin"), read(t, path(dir, "phase1", 3, ".bin"))[:1000])
	write(t, filepath.Join(dir, "phase1", ".new-1234"), []byte("half"))
	if s := verify(t, dir, at(begin)); len(s.Records) != 2 || s.Next != west.did {
		t.Errorf("%d records, next %s", len(s.Records), s.Next)
	}
	if _, err := ceremony.Contribute(t.Context(), dir, west.did, west.key, at(begin)); err != nil {
		t.Fatal(err)
	}
	if s := verify(t, dir, at(begin)); len(s.Records) != 3 {
		t.Errorf("%d records", len(s.Records))
	}
}

func TestSealInterrupted(t *testing.T) {
	dir := stage(t, phase2)
	interrupted(t, dir, at(round1000), func(ctx context.Context, opts ceremony.Options) error {
		_, err := ceremony.Seal(ctx, dir, unhex(t, value1000), opts)
		return err
	})
	if s := verify(t, dir, at(round1000)); s.Stage != ceremony.StageSealed {
		t.Errorf("stage %s", s.Stage)
	}
}

// The power fails while the sealed files are written: sealing with the same
// value finishes, and gives the same transcript.
func TestSealTornOff(t *testing.T) {
	whole := verify(t, stage(t, sealed), at(round1000)).Transcript
	for name, tear := range map[string]func(dir string){
		"before the keys": func(dir string) {
			remove(t, filepath.Join(dir, "keys"), filepath.Join(dir, "transcript.json"))
		},
		"among the keys": func(dir string) {
			remove(t, filepath.Join(dir, "keys", "manifest.json"), filepath.Join(dir, "transcript.json"))
			write(t, filepath.Join(dir, "keys", show+".pk"), []byte("half"))
		},
		"before the transcript": func(dir string) { remove(t, filepath.Join(dir, "transcript.json")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := stage(t, sealed)
			tear(dir)
			if s := verify(t, dir, at(round1000)); s.Stage != ceremony.StageSealing || s.Transcript != (ceremony.Hash{}) {
				t.Errorf("stage %s, transcript %s", s.Stage, s.Transcript)
			}
			if _, err := ceremony.Seal(t.Context(), dir, unhex(t, value123), at(round1000)); !errors.Is(err, ceremony.ErrBeacon) {
				t.Errorf("sealed with another value: %v", err)
			}
			state, err := ceremony.Seal(t.Context(), dir, unhex(t, value1000), at(round1000))
			if err != nil || state.Transcript != whole {
				t.Errorf("transcript %s, want %s: %v", state.Transcript, whole, err)
			}
			verify(t, dir, at(round1000))
		})
	}
}

// What was checked is remembered: an interrupted verification goes on, and a
// repeated one has little to do. What is remembered is not believed of other
// bytes.
func TestMemory(t *testing.T) {
	dir := stage(t, sealed)
	opts := at(round1000)
	opts.Memory = t.TempDir()
	verify(t, dir, opts)
	kept, err := os.ReadDir(opts.Memory)
	if err != nil || len(kept) != 3+1+3 {
		t.Fatalf("%d things remembered: %v", len(kept), err)
	}
	good := snapshot(t, opts.Memory)
	for _, torn := range []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)-1] },
		func(b []byte) []byte { return flipped(b, 0) },
		func([]byte) []byte { return nil },
	} {
		for _, f := range kept {
			name := filepath.Join(opts.Memory, f.Name())
			if b := read(t, name); len(b) < 1000 {
				write(t, name, torn(b))
			}
		}
		verify(t, dir, opts)
		unchanged(t, opts.Memory, good) // found out to be torn, and kept again
	}
}

// A memory that came with the folder would vouch for whatever is in it.
func TestMemoryInsideTheCeremony(t *testing.T) {
	dir := stage(t, sealed)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, memory := range []string{dir, filepath.Join(dir, "memory"), filepath.Join(link, "memory"), filepath.Join(dir, "keys", "..", "memory")} {
		opts := at(round1000)
		opts.Memory = memory
		if _, err := ceremony.Verify(t.Context(), dir, opts); !errors.Is(err, ceremony.ErrMemory) {
			t.Errorf("%s: %v", memory, err)
		}
	}
	beside := at(round1000)
	beside.Memory = dir + "-memory"
	if err := os.CopyFS(beside.Memory, os.DirFS(shared.memory)); err != nil {
		t.Fatal(err)
	}
	verify(t, dir, beside)
}

// The contributed randomness is fresh: from one state, two contributions.
func TestRandomnessIsFresh(t *testing.T) {
	west := agencies()[2]
	var files [2][]byte
	for i := range files {
		dir := stage(t, two)
		if _, err := ceremony.Contribute(t.Context(), dir, west.did, west.key, at(begin)); err != nil {
			t.Fatal(err)
		}
		files[i] = read(t, path(dir, "phase1", 3, ".bin"))
	}
	if bytes.Equal(files[0], files[1]) {
		t.Error("twice the same contribution")
	}
}
