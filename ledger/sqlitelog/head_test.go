package sqlitelog_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// databases are the files that hold a ledger's data.
var databases = []string{"log.db", "log.db-wal", "witness.db", "witness.db-wal"}

// copyFolder copies a ledger as a crash leaves it, but for memory.
func copyFolder(t *testing.T, from string) (to string) {
	t.Helper()
	to = t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "-shm") {
			moveIn(t, from, to, e.Name())
		}
	}
	return to
}

// moveIn puts a file of another folder, or its absence, into a folder.
func moveIn(t *testing.T, from, to, name string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(from, name))
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Remove(filepath.Join(to, name))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	} else if err == nil {
		err = os.WriteFile(filepath.Join(to, name), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWentBack: a ledger of which both databases went back to an older state, or that lacks
// what would tell, is refused before anything is signed. Restored accepts it.
func TestWentBack(t *testing.T) {
	nowhere := t.TempDir()
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, w *world, dir, older string)
		want  error
		has   bool // what was acknowledged last, after Restored
	}{
		"both logs are deleted": {func(t *testing.T, _ *world, dir, _ string) {
			moveIn(t, nowhere, dir, "log.db-wal")
			moveIn(t, nowhere, dir, "witness.db-wal")
		}, sqlitelog.ErrRolledBack, false},
		"older copies of both": {func(t *testing.T, _ *world, dir, older string) {
			for _, name := range databases {
				moveIn(t, older, dir, name)
			}
		}, sqlitelog.ErrRolledBack, false},
		"another history": {func(t *testing.T, w *world, dir, older string) {
			other, err := sqlitelog.Open(t.Context(), older, ledgertest.ZK{}, sqlitelog.Options{Clock: w.clock.Now})
			if err != nil {
				t.Fatal(err)
			}
			for n := range byte(5) {
				if _, err := other.Submit(t.Context(), w.anchor(100+n)); err != nil {
					t.Fatal(err)
				}
			}
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
			for _, name := range databases {
				moveIn(t, older, dir, name)
			}
		}, sqlitelog.ErrRolledBack, false},
		"the head is deleted": {func(t *testing.T, _ *world, dir, _ string) { moveIn(t, nowhere, dir, "log.db.head") }, sqlitelog.ErrNoHead, true},
		"the head is empty": {func(t *testing.T, _ *world, dir, _ string) {
			if err := os.Truncate(filepath.Join(dir, "log.db.head"), 0); err != nil {
				t.Fatal(err)
			}
		}, sqlitelog.ErrNoHead, true},
		"another ledger's head": {func(t *testing.T, _ *world, dir, _ string) { moveIn(t, newWorld(t).dir, dir, "log.db.head") }, sqlitelog.ErrNoHead, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.submit(w.anchor(1))
			w.log.Close()
			older := copyFolder(t, w.dir)
			w.log = w.open(sqlitelog.Options{})
			w.submit(w.anchor(2))
			known := w.submit(w.anchor(3)).Checkpoint
			dir := copyFolder(t, w.dir)
			tt.spoil(t, w, dir, older)
			open := func(options sqlitelog.Options) (*sqlitelog.Log, error) {
				options.Clock = w.clock.Now
				return sqlitelog.Open(t.Context(), dir, ledgertest.ZK{}, options)
			}
			for _, readOnly := range []bool{false, true} {
				if _, err := open(sqlitelog.Options{ReadOnly: readOnly}); !errors.Is(err, tt.want) || !errors.Is(err, ledger.ErrRolledBack) {
					t.Fatalf("read only %t: %v", readOnly, err)
				}
			}
			elsewhere := func(context.Context) ([]byte, error) { return known, nil }
			if log, err := open(sqlitelog.Options{Restored: true, Known: elsewhere}); tt.has {
				if err != nil {
					t.Fatal(err)
				}
				log.Close()
			} else if !errors.Is(err, sqlitelog.ErrRolledBack) {
				t.Fatalf("restored, against what is known elsewhere: %v", err)
			}
			log, err := open(sqlitelog.Options{Restored: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := log.Audit(t.Context(), nil); err != nil {
				t.Error(err)
			}
			_, err = log.Get(t.Context(), ledger.AnchorKey(log.Trust().RootDID, sha256.Sum256([]byte{3})))
			if (err == nil) != tt.has {
				t.Errorf("what was acknowledged last: %v", err)
			}
			if _, err := log.Submit(t.Context(), w.anchor(4)); err != nil {
				t.Error(err)
			}
			log.Close()
			if log, err = open(sqlitelog.Options{}); err != nil { // without Restored
				t.Fatal(err)
			}
			log.Close()
			b, err := os.ReadFile(filepath.Join(dir, "log.db.head.restored"))
			if lines := strings.Count(string(b), "\n"); err != nil || lines != 1 {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
}

// TestKnownElsewhere: a folder that was put back whole looks right, and is refused for a
// checkpoint that is known elsewhere. What cannot be asked is not refused, and not opened.
func TestKnownElsewhere(t *testing.T) {
	w := newWorld(t)
	first := w.submit(w.anchor(1)).Checkpoint
	w.log.Close()
	whole := copyFolder(t, w.dir)
	w.log = w.open(sqlitelog.Options{})
	newest := w.submit(w.anchor(2)).Checkpoint
	other := newWorld(t)
	stranger := other.submit(other.anchor(1)).Checkpoint
	own := errors.New("own")
	for name, tt := range map[string]struct {
		known []byte
		err   error
		want  error
	}{
		"an older one": {first, nil, nil}, "a newer one": {newest, nil, sqlitelog.ErrRolledBack},
		"another ledger's": {stranger, nil, ledger.ErrSignature}, "none": {nil, own, own},
	} {
		log, err := sqlitelog.Open(t.Context(), whole, ledgertest.ZK{}, sqlitelog.Options{
			Clock: w.clock.Now, Known: func(context.Context) ([]byte, error) { return tt.known, tt.err },
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			log.Close()
		}
	}
}

// pending is the newest checkpoint that the log has signed.
func (w *world) pending() string {
	signed, _, err := w.log.Pending(w.Context(), 0)
	if err != nil {
		w.Fatal(err)
	}
	return string(signed)
}

// TestHeadCannotBeWritten: what it was for is not acknowledged, and nothing is signed after
// it.
func TestHeadCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	head := filepath.Join(w.dir, "log.db.head")
	if err := os.Rename(head, head+".away"); err != nil {
		t.Fatal(err)
	}
	op := w.anchor(1)
	if _, err := w.log.Submit(t.Context(), op); !errors.Is(err, headfile.ErrMissing) {
		t.Errorf("got %v", err)
	}
	before := w.pending()
	if _, err := w.log.Submit(t.Context(), w.anchor(2)); !errors.Is(err, headfile.ErrMissing) || w.pending() != before {
		t.Errorf("it goes on without a head: %v", err)
	}
	if err := os.Rename(head+".away", head); err != nil {
		t.Fatal(err)
	}
	w.submit(op)
}

// TestSubmittedAgainAfterADeath: another process committed and died before it noted that.
// Who submits the same again is told of it, and the head knows it then.
func TestSubmittedAgainAfterADeath(t *testing.T) {
	w := newWorld(t)
	before, op := copyFolder(t, w.dir), w.anchor(1)
	if _, err := w.open(sqlitelog.Options{}).Submit(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	moveIn(t, before, w.dir, "log.db.head")
	w.submit(op)
	dir := copyFolder(t, w.dir)
	for _, name := range databases {
		moveIn(t, before, dir, name)
	}
	if _, err := sqlitelog.Open(t.Context(), dir, ledgertest.ZK{}, sqlitelog.Options{Clock: w.clock.Now}); !errors.Is(err, sqlitelog.ErrRolledBack) {
		t.Errorf("got %v", err)
	}
}

// TestWitnessWentBack: a witness elsewhere that has forgotten what it signed does not open.
func TestWitnessWentBack(t *testing.T) {
	nowhere := t.TempDir()
	for name, tt := range map[string]struct {
		spoil func(dir, older string)
		want  error
	}{
		"its log is deleted": {func(dir, _ string) { moveIn(t, nowhere, dir, "witness.db-wal") }, sqlitelog.ErrRolledBack},
		"an older copy": {func(dir, older string) {
			moveIn(t, older, dir, "witness.db")
			moveIn(t, older, dir, "witness.db-wal")
		}, sqlitelog.ErrRolledBack},
		"the head is deleted": {func(dir, _ string) { moveIn(t, nowhere, dir, "witness.db.head") }, sqlitelog.ErrNoHead},
	} {
		w := newWitnessed(t, 1)
		running := w.witness(0)
		if _, err := running.Step(t.Context(), w.log); err != nil {
			t.Fatal(err)
		}
		older := copyFolder(t, w.dirs[0])
		w.submit(w.anchor(1))
		if _, err := running.Step(t.Context(), w.log); err != nil {
			t.Fatal(err)
		}
		dir := copyFolder(t, w.dirs[0])
		open := func(options sqlitelog.WitnessOptions) (*sqlitelog.Witness, error) {
			options.Clock = w.clock.Now
			return sqlitelog.OpenWitness(t.Context(), dir, w.log.Trust(), ledgertest.ZK{}, options)
		}
		tt.spoil(dir, older)
		if _, err := open(sqlitelog.WitnessOptions{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		for _, restored := range []bool{true, false} {
			witness, err := open(sqlitelog.WitnessOptions{Restored: restored})
			if err != nil {
				t.Fatalf("%s, restored %t: %v", name, restored, err)
			}
			witness.Close()
		}
		if b, err := os.ReadFile(filepath.Join(dir, "witness.db.head.restored")); err != nil || !slices.Contains(b, '\n') {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

// TestWentBackWhileOpen: databases that go back under an open ledger, or an open witness
// elsewhere, are noticed before anything more is signed.
func TestWentBackWhileOpen(t *testing.T) {
	w := newWitnessed(t, 1)
	running := w.witness(0)
	if _, err := running.Step(t.Context(), w.log); err != nil {
		t.Fatal(err)
	}
	const back = "UPDATE head SET value = CAST(x'0000000000000001' || substr(value, 9) AS BLOB)"
	mustExec(t, rawFile(t, w.world, "log.db"), back)
	mustExec(t, rawFile(t, w.world, "witness.db"), back)
	if _, err := w.log.Heartbeat(t.Context()); !errors.Is(err, sqlitelog.ErrRolledBack) {
		t.Errorf("the ledger: %v", err)
	}
	mustExec(t, rawFile(t, &world{dir: w.dirs[0]}, "witness.db"), back)
	if _, err := running.Step(t.Context(), w.log); !errors.Is(err, sqlitelog.ErrRolledBack) {
		t.Errorf("the witness: %v", err)
	}
}
