package sqlitevault_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/hufu-id/hufu/internal/headfile/headfiletest"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
)

const generation = ".generation"

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWentBack: what takes a vault back to an older state, or takes away what would
// tell, is noticed; whoever says that it was put back on purpose opens it, and the
// vault in whose place it came is the older one from then on.
func TestWentBack(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, path, older, stranger string)
		want  error
		has   string // what record a is after Restored
	}{
		"the log is deleted": {func(t *testing.T, path, _, _ string) {
			if err := os.Remove(path + "-wal"); err != nil {
				t.Fatal(err)
			}
		}, sqlitevault.ErrRolledBack, "one"},
		"the log is emptied": {func(t *testing.T, path, _, _ string) { writeFile(t, path+"-wal", nil) }, sqlitevault.ErrRolledBack, "one"},
		"an older copy": {func(t *testing.T, path, older, _ string) {
			writeFile(t, path, readFile(t, older))
			writeFile(t, path+"-wal", nil)
		}, sqlitevault.ErrRolledBack, "one"},
		"the generation is deleted": {func(t *testing.T, path, _, _ string) {
			if err := os.Remove(path + generation); err != nil {
				t.Fatal(err)
			}
		}, sqlitevault.ErrNoGeneration, "three"},
		"the generation is empty": {func(t *testing.T, path, _, _ string) { writeFile(t, path+generation, nil) }, sqlitevault.ErrNoGeneration, "three"},
		"the generation is longer": {func(t *testing.T, path, _, _ string) {
			writeFile(t, path+generation, append(readFile(t, path+generation), 0))
		}, sqlitevault.ErrNoGeneration, "three"},
		"both slots changed": {func(t *testing.T, path, _, _ string) {
			b := readFile(t, path+generation)
			b[23]++
			b[512+23]++
			writeFile(t, path+generation, b)
		}, sqlitevault.ErrNoGeneration, "three"},
		"another vault's generation": {func(t *testing.T, path, _, stranger string) {
			writeFile(t, path+generation, readFile(t, stranger+generation))
		}, sqlitevault.ErrNoGeneration, "three"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			original, stranger := vaultPath(t), vaultPath(t)
			create(t, stranger).Close()
			s := create(t, original)
			put(t, s, "a", "one")
			s.Close()
			older := copyFile(t, original)
			s = open(t, original)
			put(t, s, "a", "two")
			put(t, s, "a", "three")
			newest := s.Generation()
			path := copyFiles(t, original) // as a crash leaves them
			untouched := copyFiles(t, original)
			tt.spoil(t, path, older, stranger)
			_, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{})
			if !errors.Is(err, tt.want) || !errors.Is(err, vault.ErrRolledBack) || !errors.Is(err, vault.ErrDamaged) {
				t.Fatalf("got %v", err)
			}
			if _, err := sqlitevault.Open(t.Context(), path, []byte("wrong"), sqlitevault.Options{Restored: true}); !errors.Is(err, vault.ErrLocked) {
				t.Errorf("restored without the passphrase: %v", err)
			}
			if _, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{Restored: true, MinGeneration: newest + 1}); !errors.Is(err, sqlitevault.ErrRolledBack) {
				t.Errorf("restored against a generation kept elsewhere: %v", err)
			}
			restored, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{Restored: true})
			if err != nil {
				t.Fatal(err)
			}
			wantValue(t, restored, "a", tt.has)
			if restored.Generation() <= newest {
				t.Errorf("generation %d, after %d", restored.Generation(), newest)
			}
			restored.Close()
			if lines := readFile(t, path+generation+".restored"); bytes.Count(lines, []byte("\n")) != 1 {
				t.Errorf("noted as %q", lines)
			}
			again := open(t, path) // without Restored
			wantValue(t, again, "a", tt.has)
			put(t, again, "a", "four")
			again.Close()
			for _, suffix := range []string{"", "-wal"} { // the vault that was displaced
				writeFile(t, path+suffix, readFile(t, untouched+suffix))
			}
			if _, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{}); !errors.Is(err, sqlitevault.ErrRolledBack) {
				t.Errorf("the vault that was displaced came back: %v", err)
			}
		})
	}
}

// TestRestoredOfNothing changes nothing where the vault is the newest one.
func TestRestoredOfNothing(t *testing.T) {
	path := vaultPath(t)
	s := create(t, path)
	put(t, s, "a", "one")
	before := s.Generation()
	s.Close()
	s, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{Restored: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Generation() != before {
		t.Errorf("generation %d, before %d", s.Generation(), before)
	}
}

// TestStrongerCounter: one elsewhere notices a vault that was put back with its generation,
// also where that is lost. What cannot be asked is not refused, and not opened.
func TestStrongerCounter(t *testing.T) {
	path, counter, own := vaultPath(t), new(headfiletest.Counter), errors.New("own")
	opts := quick
	opts.Counter = counter
	s, err := sqlitevault.Create(t.Context(), path, passphrase, opts)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "a", "one")
	older := copyFiles(t, path)
	put(t, s, "a", "two")
	newest := s.Generation()
	s.Close()
	if counter.Value != newest {
		t.Errorf("raised to %d of %d", counter.Value, newest)
	}
	if _, err := sqlitevault.Open(t.Context(), older, passphrase, opts); !errors.Is(err, sqlitevault.ErrRolledBack) {
		t.Errorf("got %v", err)
	}
	counter.Err = own
	if _, err := sqlitevault.Open(t.Context(), path, passphrase, opts); !errors.Is(err, own) || errors.Is(err, vault.ErrRolledBack) {
		t.Errorf("no answer: %v", err)
	}
	counter.Err = nil
	if err := os.Remove(older + generation); err != nil {
		t.Fatal(err)
	}
	opts.Restored = true
	if s, err = sqlitevault.Open(t.Context(), older, passphrase, opts); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Generation() <= newest || counter.Value != s.Generation() {
		t.Errorf("generation %d, counter %d, newest %d", s.Generation(), counter.Value, newest)
	}
	counter.Err = own
	put(t, s, "a", "three") // on the disk; the next one waits
	update := func() error {
		return s.Update(t.Context(), func(tx vault.Tx) error { return tx.Put("credential", "a", nil) })
	}
	if err := update(); !errors.Is(err, own) {
		t.Errorf("it goes on without the counter: %v", err)
	}
	counter.Err = nil
	if err := update(); err != nil {
		t.Error(err)
	}
}

// TestVaultAhead: a process that dies between the commit and the note after it leaves a
// vault that is newer than told, and a slot that it was just writing does not count.
func TestVaultAhead(t *testing.T) {
	path := vaultPath(t)
	s := create(t, path)
	put(t, s, "a", "one")
	told := readFile(t, path+generation)
	put(t, s, "a", "two")
	newest := s.Generation()
	s.Close()
	torn := readFile(t, path+generation)
	at := bytes.Index(torn, binary.BigEndian.AppendUint64([]byte("hufu/headfile/1\n"), newest))
	torn[at+60]++
	for name, b := range map[string][]byte{"older": told, "torn": torn} {
		writeFile(t, path+generation, b)
		s := open(t, path)
		wantValue(t, s, "a", "two")
		s.Close()
		older := copyFile(t, path)
		if string(readFile(t, older+generation)) == string(b) {
			t.Errorf("%s: opening did not catch up", name)
		}
	}
}

// TestVaultIsMissing: where only the file beside it is left, no empty vault takes its
// place.
func TestVaultIsMissing(t *testing.T) {
	path := vaultPath(t)
	create(t, path).Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	opts := quick
	opts.Create = true
	for name, make := range map[string]func(context.Context, string, []byte, sqlitevault.Options) (*sqlitevault.Store, error){
		"Open": sqlitevault.Open, "Create": sqlitevault.Create,
	} {
		if _, err := make(t.Context(), path, passphrase, opts); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s made a file", name)
		}
	}
}
