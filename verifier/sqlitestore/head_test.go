package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/headfile/headfiletest"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

func once(n int) verifier.OnceKey {
	return verifier.OnceKey{Pseudonym: [32]byte{byte(n), byte(n >> 8)}}
}

func accept(s *sqlitestore.Store, n int) error {
	id := fmt.Sprint("request ", n)
	if err := s.PutRequest(context.Background(), request(id)); err != nil {
		return err
	}
	return s.Accept(context.Background(), acceptance(id, once(n)))
}

// copyStore copies a store's files as a crash leaves them, but for memory.
func copyStore(t *testing.T, from string) (to string) {
	t.Helper()
	to = filepath.Join(t.TempDir(), "counter.db")
	for _, suffix := range []string{"", "-wal", ".head"} {
		b, err := os.ReadFile(from + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+suffix, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// TestWentBack: what takes a store back to an older state, or takes away what would tell,
// is refused. Restored accepts it, with a line about it, and the store in whose place it
// came is the older one from then on.
func TestWentBack(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, path, older string)
		want  error
		used  bool // what was used last is, after Restored
	}{
		"the log is deleted": {func(t *testing.T, path, _ string) { remove(t, path+"-wal") }, sqlitestore.ErrRolledBack, false},
		"the log is emptied": {func(t *testing.T, path, _ string) {
			if err := os.Truncate(path+"-wal", 0); err != nil {
				t.Fatal(err)
			}
		}, sqlitestore.ErrRolledBack, false},
		"an older copy": {func(t *testing.T, path, older string) {
			remove(t, path+"-wal")
			move(t, older, path)
		}, sqlitestore.ErrRolledBack, false},
		"the head is deleted": {func(t *testing.T, path, _ string) { remove(t, path+".head") }, sqlitestore.ErrNoHead, true},
		"the head is empty": {func(t *testing.T, path, _ string) {
			if err := os.Truncate(path+".head", 0); err != nil {
				t.Fatal(err)
			}
		}, sqlitestore.ErrNoHead, true},
		"another store's head": {func(t *testing.T, path, _ string) {
			other := filepath.Join(t.TempDir(), "other.db")
			open(t, other, sqlitestore.Options{Create: true}).Close()
			move(t, other+".head", path+".head")
		}, sqlitestore.ErrNoHead, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			original := filepath.Join(t.TempDir(), "counter.db")
			s := open(t, original, sqlitestore.Options{Create: true})
			if err := errors.Join(accept(s, 1), s.Close()); err != nil {
				t.Fatal(err)
			}
			older := copyStore(t, original)
			s = open(t, original, sqlitestore.Options{})
			if err := accept(s, 2); err != nil {
				t.Fatal(err)
			}
			path, untouched := copyStore(t, original), copyStore(t, original)
			tt.spoil(t, path, older)
			for _, opts := range []sqlitestore.Options{{}, {Create: true}} {
				_, err := sqlitestore.Open(t.Context(), path, opts)
				if !errors.Is(err, tt.want) || !errors.Is(err, verifier.ErrRolledBack) {
					t.Fatalf("got %v", err)
				}
			}
			restored := open(t, path, sqlitestore.Options{Restored: true})
			if err := accept(restored, 3); err != nil {
				t.Fatal(err)
			}
			if err := restored.PutRequest(t.Context(), request("again")); err != nil {
				t.Fatal(err)
			}
			if err := restored.Accept(t.Context(), acceptance("again", once(2))); errors.Is(err, verifier.ErrUsedOnce) != tt.used {
				t.Errorf("what was used last: %v", err)
			}
			restored.Close()
			if b, err := os.ReadFile(path + ".head.restored"); err != nil || strings.Count(string(b), "\n") != 1 {
				t.Errorf("%q, %v", b, err)
			}
			open(t, path, sqlitestore.Options{}).Close()  // without Restored
			for _, suffix := range []string{"", "-wal"} { // the store that was displaced
				move(t, untouched+suffix, path+suffix)
			}
			if _, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{}); !errors.Is(err, sqlitestore.ErrRolledBack) {
				t.Errorf("the store that was displaced came back: %v", err)
			}
		})
	}
}

// TestRestoredOfNothing writes no line where the store is the newest one.
func TestRestoredOfNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.db")
	open(t, path, sqlitestore.Options{Create: true}).Close()
	open(t, path, sqlitestore.Options{Restored: true}).Close()
	if _, err := os.Stat(path + ".head.restored"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestMissingStore: where only the head file is left, no empty store takes its place.
func TestMissingStore(t *testing.T) {
	for name, empty := range map[string]bool{"missing": false, "empty": true} {
		path := filepath.Join(t.TempDir(), "counter.db")
		open(t, path, sqlitestore.Options{Create: true}).Close()
		remove(t, path)
		if empty {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, restored := range []bool{false, true} {
			_, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{Create: true, Restored: restored})
			if !errors.Is(err, sqlitestore.ErrRolledBack) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) == empty {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Truncate(path+".head", 7); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{Create: true}); !errors.Is(err, sqlitestore.ErrNoHead) {
			t.Errorf("%s, and half a head: %v", name, err)
		}
	}
}

// TestWentBackWhileOpen: rows that go back under an open store are noticed by the next
// change.
func TestWentBackWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.db")
	s := open(t, path, sqlitestore.Options{Create: true})
	if err := accept(s, 1); err != nil {
		t.Fatal(err)
	}
	run(t, path, "UPDATE head SET counter = 1")
	if err := accept(s, 2); !errors.Is(err, sqlitestore.ErrRolledBack) {
		t.Errorf("got %v", err)
	}
}

// TestHeadCannotBeWritten: the change that it was for is not acknowledged, nothing is
// changed after it, and both go on when the file is back.
func TestHeadCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.db")
	s := open(t, path, sqlitestore.Options{Create: true})
	if err := s.PutRequest(t.Context(), request("first of its policy")); err != nil {
		t.Fatal(err)
	}
	move(t, path+".head", path+".away")
	if err := s.PutRequest(t.Context(), request("a")); err == nil {
		t.Error("acknowledged without a head")
	}
	if err := s.Accept(t.Context(), acceptance("a")); err == nil {
		t.Error("changed without a head")
	}
	move(t, path+".away", path+".head")
	if err := s.Accept(t.Context(), acceptance("a")); err != nil {
		t.Errorf("it does not go on, or changed meanwhile: %v", err)
	}
}

// TestCounter: a counter elsewhere notices a store that was put back with its head file.
func TestCounter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.db")
	counter := new(headfiletest.Counter)
	s := open(t, path, sqlitestore.Options{Create: true, Counter: counter})
	if err := accept(s, 1); err != nil {
		t.Fatal(err)
	}
	older := copyStore(t, path)
	if err := errors.Join(accept(s, 2), s.Close()); err != nil {
		t.Fatal(err)
	}
	before := counter.Value
	if _, err := sqlitestore.Open(t.Context(), older, sqlitestore.Options{Counter: counter}); !errors.Is(err, sqlitestore.ErrRolledBack) {
		t.Errorf("got %v", err)
	}
	own := errors.New("own")
	counter.Err = own
	if _, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{Counter: counter}); !errors.Is(err, own) || errors.Is(err, verifier.ErrRolledBack) {
		t.Errorf("no answer: %v", err)
	}
	counter.Err = nil
	s = open(t, older, sqlitestore.Options{Counter: counter, Restored: true})
	counter.Err = own
	if err := s.PutRequest(t.Context(), request("b")); !errors.Is(err, own) {
		t.Errorf("not raised: %v", err)
	}
	counter.Err = nil
	if err := accept(s, 3); err != nil {
		t.Error(err)
	}
	if counter.Value <= before+1 {
		t.Errorf("raised to %d, from %d", counter.Value, before)
	}
	s.Close()
	if _, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{Counter: counter}); !errors.Is(err, sqlitestore.ErrRolledBack) {
		t.Errorf("the store that was displaced: %v", err)
	}
}
