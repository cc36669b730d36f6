package sqlitevault_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/vault/vaulttest"
)

var _ vault.Store = (*sqlitevault.Store)(nil)

var passphrase = []byte("correct horse battery staple")

// quick is the least that the bounds allow, to keep the tests short.
var quick = sqlitevault.Options{KDF: sqlitevault.KDF{MemoryKiB: 32 << 10, Time: 2, Threads: 4}}

func create(t testing.TB, path string) *sqlitevault.Store {
	t.Helper()
	s, err := sqlitevault.Create(t.Context(), path, passphrase, quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func open(t testing.TB, path string) *sqlitevault.Store {
	t.Helper()
	s, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func vaultPath(t testing.TB) string { return filepath.Join(t.TempDir(), "wallet.db") }

func TestStore(t *testing.T) {
	vaulttest.TestStore(t, func(t *testing.T) vault.Store { return create(t, vaultPath(t)) })
}

func TestKeyStore(t *testing.T) {
	vaulttest.TestKeyStore(t, func(t *testing.T) vault.KeyStore {
		return vault.NewSoftwareKeys(create(t, vaultPath(t)))
	})
}

func update(t testing.TB, s *sqlitevault.Store, fn func(vault.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, s *sqlitevault.Store, id, value string, tags ...vault.Tag) {
	t.Helper()
	update(t, s, func(tx vault.Tx) error { return tx.Put("credential", id, []byte(value), tags...) })
}

// value reads one record, or says why it cannot.
func value(t testing.TB, s *sqlitevault.Store, id string) (string, error) {
	t.Helper()
	var record vault.Record
	err := s.View(t.Context(), func(tx vault.Tx) (err error) {
		record, err = tx.Get("credential", id)
		return err
	})
	return string(record.Value), err
}

func wantValue(t testing.TB, s *sqlitevault.Store, id, want string) {
	t.Helper()
	if got, err := value(t, s, id); err != nil || got != want {
		t.Errorf("record %s is %q, %v, want %q", id, got, err, want)
	}
}

func TestReopen(t *testing.T) {
	path := vaultPath(t)
	s := create(t, path)
	tag := vault.Tag{Name: "type", Value: "resident"}
	put(t, s, "a", "one", tag)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	wantValue(t, s, "a", "one")
	err := s.View(t.Context(), func(tx vault.Tx) error {
		records, err := tx.List("credential", tag)
		if len(records) != 1 || records[0].ID != "a" {
			t.Errorf("tags after reopening: %v", records)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := s.Audit(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCounter(t *testing.T) {
	path := vaultPath(t)
	s := create(t, path)
	put(t, s, "a", "1")
	update(t, s, func(vault.Tx) error { return nil })
	update(t, s, func(tx vault.Tx) error { return tx.Delete("credential", "a") })
	if got := s.Generation(); got != 3 {
		t.Errorf("counter %d after two changes of a new vault, want 3", got)
	}
	s.Close()
	open(t, path)
	opts := sqlitevault.Options{MinGeneration: 3}
	again, err := sqlitevault.Open(t.Context(), path, passphrase, opts)
	if err != nil {
		t.Fatalf("as new as it was seen: %v", err)
	}
	again.Close()
	opts.MinGeneration = 4
	if _, err := sqlitevault.Open(t.Context(), path, passphrase, opts); !errors.Is(err, sqlitevault.ErrRolledBack) {
		t.Errorf("older than it was seen: %v", err)
	}
}

func TestPassphrase(t *testing.T) {
	path := vaultPath(t)
	s := create(t, path)
	put(t, s, "a", "one")
	next := []byte("another passphrase")
	if err := s.ChangePassphrase(t.Context(), next, next, quick); !errors.Is(err, vault.ErrLocked) {
		t.Errorf("changed without the old passphrase: %v", err)
	}
	if err := s.ChangePassphrase(t.Context(), passphrase, nil, quick); !errors.Is(err, sqlitevault.ErrPassphrase) {
		t.Errorf("changed to nothing: %v", err)
	}
	if err := s.ChangePassphrase(t.Context(), passphrase, next, quick); err != nil {
		t.Fatal(err)
	}
	put(t, s, "b", "two")
	s.Close()
	if _, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{}); !errors.Is(err, vault.ErrLocked) {
		t.Errorf("the old passphrase: %v", err)
	}
	s, err := sqlitevault.Open(t.Context(), path, next, sqlitevault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantValue(t, s, "a", "one")
	wantValue(t, s, "b", "two")
}

// A weaker choice at a change of passphrase keeps the stronger parameters.
func TestNoDowngrade(t *testing.T) {
	path := vaultPath(t)
	strong := sqlitevault.Options{KDF: sqlitevault.KDF{MemoryKiB: 48 << 10, Time: 3, Threads: 4}}
	s, err := sqlitevault.Create(t.Context(), path, passphrase, strong)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.ChangePassphrase(t.Context(), passphrase, []byte("next"), quick); err != nil {
		t.Fatal(err)
	}
	var memory, time int
	query(t, path, "SELECT memory, time FROM slot", &memory, &time)
	if memory != 48<<10 || time != 3 {
		t.Errorf("parameters fell to %d KiB, %d passes", memory, time)
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	existing := filepath.Join(dir, "existing")
	if err := os.WriteFile(existing, []byte("something of its owner's"), 0o600); err != nil {
		t.Fatal(err)
	}
	weak := func(memory, time uint32, threads uint8) sqlitevault.Options {
		return sqlitevault.Options{KDF: sqlitevault.KDF{MemoryKiB: memory, Time: time, Threads: threads}}
	}
	tests := []struct {
		name, path string
		passphrase []byte
		opts       sqlitevault.Options
		want       error
	}{
		{"existing file", existing, passphrase, quick, fs.ErrExist},
		{"missing folder", filepath.Join(dir, "no", "vault"), passphrase, quick, fs.ErrNotExist},
		{"no passphrase", filepath.Join(dir, "1"), nil, quick, sqlitevault.ErrPassphrase},
		{"little memory", filepath.Join(dir, "2"), passphrase, weak(31<<10, 3, 4), sqlitevault.ErrKDF},
		{"much memory", filepath.Join(dir, "3"), passphrase, weak(257<<10, 3, 4), sqlitevault.ErrKDF},
		{"one pass", filepath.Join(dir, "4"), passphrase, weak(64<<10, 1, 4), sqlitevault.ErrKDF},
		{"many passes", filepath.Join(dir, "5"), passphrase, weak(64<<10, 11, 4), sqlitevault.ErrKDF},
		{"many lanes", filepath.Join(dir, "6"), passphrase, weak(64<<10, 3, 17), sqlitevault.ErrKDF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := sqlitevault.Create(t.Context(), tt.path, tt.passphrase, tt.opts); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("refusals left files: %v, %v", entries, err)
	}
	if content, err := os.ReadFile(existing); err != nil || string(content) != "something of its owner's" {
		t.Error("an existing file was touched")
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := filepath.Join(dir, "foreign")
	execute(t, foreign, "CREATE TABLE vault (x)")
	later := filepath.Join(dir, "later")
	create(t, later).Close()
	execute(t, later, "PRAGMA user_version = 2")
	triggered := filepath.Join(dir, "triggered")
	create(t, triggered).Close()
	execute(t, triggered, "CREATE TRIGGER forget AFTER INSERT ON tag BEGIN DELETE FROM tag; END")
	instead := filepath.Join(dir, "instead")
	create(t, instead).Close()
	execute(t, instead, "DROP INDEX tag_record", "CREATE TRIGGER tag_record AFTER INSERT ON tag BEGIN DELETE FROM tag; END")
	tests := []struct {
		name, path string
		want       error
	}{
		{"missing", filepath.Join(dir, "missing"), fs.ErrNotExist},
		{"empty", write("empty", nil), sqlitevault.ErrFormat},
		{"no database", write("zeros", make([]byte, 8192)), sqlitevault.ErrFormat},
		{"another database", foreign, sqlitevault.ErrFormat},
		{"a later version", later, sqlitevault.ErrFormat},
		{"a trigger", triggered, sqlitevault.ErrFormat},
		{"a trigger instead of an index", instead, sqlitevault.ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, _ := os.ReadFile(tt.path)
			if _, err := sqlitevault.Open(t.Context(), tt.path, passphrase, sqlitevault.Options{}); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			after, _ := os.ReadFile(tt.path)
			if !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("Open made the missing file")
	}
}

// TestOpenCreates: only a file that is missing is made, and a passphrase that is wrong
// later stays wrong.
func TestOpenCreates(t *testing.T) {
	path, opts := vaultPath(t), quick
	opts.Create = true
	for _, secret := range []string{"first", "second", "first"} {
		s, err := sqlitevault.Open(t.Context(), path, []byte(secret), opts)
		if secret == "second" {
			if !errors.Is(err, vault.ErrLocked) {
				t.Errorf("another passphrase: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sqlitevault.Open(t.Context(), vaultPath(t), nil, opts); !errors.Is(err, sqlitevault.ErrPassphrase) {
		t.Errorf("a new vault without a passphrase: %v", err)
	}
}

func TestFileMode(t *testing.T) {
	path := vaultPath(t)
	put(t, create(t, path), "a", "one")
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) < 3 {
		t.Fatalf("expected the database and its two log files: %v, %v", entries, err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", entry.Name(), info.Mode(), err)
		}
	}
}

func TestClosed(t *testing.T) {
	s := create(t, vaultPath(t))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Audit(t.Context()); !errors.Is(err, vault.ErrClosed) {
		t.Errorf("Audit: %v", err)
	}
	if err := s.ChangePassphrase(t.Context(), passphrase, passphrase, quick); !errors.Is(err, vault.ErrClosed) {
		t.Errorf("ChangePassphrase: %v", err)
	}
}

// A vault that could not be finished leaves no file behind.
func TestCreateCancelled(t *testing.T) {
	path := vaultPath(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlitevault.Create(ctx, path, passphrase, quick); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// Two handles stand for two processes. Each holds the vault for a while in
// turn, and neither ever sees it busy.
func TestTwoHandles(t *testing.T) {
	const rounds = 30
	path := vaultPath(t)
	first := create(t, path)
	put(t, first, "counter", "")
	handles := []*sqlitevault.Store{first, open(t, path)}
	var group sync.WaitGroup
	for _, s := range handles {
		group.Go(func() {
			for range rounds {
				err := s.Update(t.Context(), func(tx vault.Tx) error {
					r, err := tx.Get("credential", "counter")
					if err != nil {
						return err
					}
					return tx.Put("credential", "counter", append(r.Value, '+'))
				})
				if err != nil {
					t.Error(err)
				}
				if _, err := value(t, s, "counter"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for _, s := range handles {
		wantValue(t, s, "counter", strings.Repeat("+", 2*rounds))
	}
}

// A process that holds the file longer than SQLite's own patience delays the
// other, and does not fail it.
func TestLongHolder(t *testing.T) {
	long.NotShort(t, "waits for longer than the busy timeout of 5 s")
	t.Parallel()
	path := vaultPath(t)
	first := create(t, path)
	second := open(t, path)
	held := make(chan struct{})
	go first.Update(t.Context(), func(tx vault.Tx) error {
		close(held)
		time.Sleep(5300 * time.Millisecond)
		return tx.Put("credential", "a", []byte("first"))
	})
	<-held
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := second.Update(ctx, func(tx vault.Tx) error { return tx.Put("credential", "c", nil) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("beyond its context: %v", err)
	}
	put(t, second, "b", "second")
	wantValue(t, second, "a", "first")
}

// fill puts ten thousand credentials of four kilobytes, each with two tags.
func fill(b *testing.B, s *sqlitevault.Store) {
	b.Helper()
	value := bytes.Repeat([]byte("credential"), 400)
	update(b, s, func(tx vault.Tx) error {
		for i := range 10_000 {
			err := tx.Put("credential", strconv.Itoa(i), value,
				vault.Tag{Name: "type", Value: strconv.Itoa(i % 100)}, vault.Tag{Name: "batch", Value: strconv.Itoa(i / 10)})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkOpen opens a vault of ten thousand credentials; the time of
// Argon2id alone stands beside it.
func BenchmarkOpen(b *testing.B) {
	path := vaultPath(b)
	s := create(b, path)
	fill(b, s)
	s.Close()
	empty := vaultPath(b)
	create(b, empty).Close()
	var alone time.Duration
	for b.Loop() {
		start := time.Now()
		open(b, empty).Close()
		alone += time.Since(start)
		open(b, path).Close()
	}
	b.ReportMetric(float64(alone.Milliseconds())/float64(b.N), "ms/empty-vault")
}

func BenchmarkList(b *testing.B) {
	s := create(b, vaultPath(b))
	fill(b, s)
	tag := vault.Tag{Name: "batch", Value: "7"}
	for b.Loop() {
		err := s.View(b.Context(), func(tx vault.Tx) error {
			_, err := tx.List("credential", tag)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s := create(b, vaultPath(b))
	for b.Loop() {
		put(b, s, "a", "one")
	}
}
