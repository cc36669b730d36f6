package sqlitestore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
	"github.com/hufu-id/hufu/verifier/verifiertest"
)

var _ verifier.Store = (*sqlitestore.Store)(nil)

func open(t testing.TB, path string, opts sqlitestore.Options) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	verifiertest.TestStore(t, func(t *testing.T) verifier.Store {
		return open(t, filepath.Join(t.TempDir(), "counter.db"), sqlitestore.Options{Create: true})
	})
}

func request(id string) verifier.Request {
	now := time.Now()
	return verifier.Request{ID: id, Object: []byte("object"), Nonce: "nonce of " + id, Created: now, Expires: now.Add(time.Hour)}
}

func acceptance(id string, once ...verifier.OnceKey) verifier.Acceptance {
	return verifier.Acceptance{RequestID: id, Nonce: "nonce of " + id, Once: once, At: time.Now()}
}

// Two handles stand for two processes: they share the file and nothing else.
func TestTwoHandlesOneWinner(t *testing.T) {
	const rounds = 25
	path := filepath.Join(t.TempDir(), "counter.db")
	first := open(t, path, sqlitestore.Options{Create: true})
	second := open(t, path, sqlitestore.Options{})
	for round := range rounds {
		shared := fmt.Sprintf("shared %d", round)
		if err := first.PutRequest(t.Context(), request(shared)); err != nil {
			t.Fatal(err)
		}
		pseudonym := verifier.OnceKey{Pseudonym: [32]byte{byte(round)}}
		var replays, uses atomic.Int32
		var group sync.WaitGroup
		for i, s := range []*sqlitestore.Store{first, second} {
			group.Go(func() {
				count(t, &replays, s.Accept(t.Context(), acceptance(shared)), verifier.ErrReplayed)
				own := fmt.Sprintf("own %d %d", i, round)
				if err := s.PutRequest(t.Context(), request(own)); err != nil {
					t.Error(err)
				}
				count(t, &uses, s.Accept(t.Context(), acceptance(own, pseudonym)), verifier.ErrUsedOnce)
			})
		}
		group.Wait()
		if replays.Load() != 1 || uses.Load() != 1 {
			t.Fatalf("round %d: %d and %d winners, want one each", round, replays.Load(), uses.Load())
		}
	}
}

// count counts a win, and takes only the named loss.
func count(t *testing.T, wins *atomic.Int32, err, loss error) {
	t.Helper()
	switch {
	case err == nil:
		wins.Add(1)
	case !errors.Is(err, loss):
		t.Errorf("the loser got %v, want %v", err, loss)
	}
}

// While another process holds the file, a call waits for as long as its
// context lasts; then nothing has been consumed.
func TestHeldFile(t *testing.T) {
	long.NotShort(t, "waits for the busy timeout of 5 s")
	t.Parallel()
	path := filepath.Join(t.TempDir(), "counter.db")
	s := open(t, path, sqlitestore.Options{Create: true})
	if err := s.PutRequest(t.Context(), request("a")); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Accept(ctx, acceptance("a")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.Accept(t.Context(), acceptance("a")); err != nil {
		t.Error(err)
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.db")
	key := verifier.OnceKey{Scope: [32]byte{1}, Pseudonym: [32]byte{2}}
	s := open(t, path, sqlitestore.Options{Create: true})
	for _, err := range []error{
		s.PutRequest(t.Context(), request("a")),
		s.PutRequest(t.Context(), request("b")),
		s.CountFailure(t.Context(), "a"),
		s.Accept(t.Context(), acceptance("a", key)),
		s.PutPolicy(t.Context(), [32]byte{1}, []byte("policy")),
		s.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, path, sqlitestore.Options{})
	r, err := s.Request(t.Context(), "a")
	if err != nil || r.Failures != 1 {
		t.Errorf("request after reopening: %+v, %v", r, err)
	}
	if err := s.Accept(t.Context(), acceptance("a")); !errors.Is(err, verifier.ErrReplayed) {
		t.Errorf("replay after reopening: %v", err)
	}
	if err := s.Accept(t.Context(), acceptance("b", key)); !errors.Is(err, verifier.ErrUsedOnce) {
		t.Errorf("second use after reopening: %v", err)
	}
	if got, err := s.Policy(t.Context(), [32]byte{1}); err != nil || string(got) != "policy" {
		t.Errorf("policy after reopening: %q, %v", got, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.db")
	if _, err := sqlitestore.Open(t.Context(), missing, sqlitestore.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Error("Open made the missing file")
	}
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		opts sqlitestore.Options
	}{
		{"text", writeText, sqlitestore.Options{Create: true}},
		{"empty without Create", func(t *testing.T, path string) { run(t, path, "VACUUM") }, sqlitestore.Options{}},
		{"another database", func(t *testing.T, path string) { run(t, path, "CREATE TABLE x (y)") }, sqlitestore.Options{Create: true}},
		{"a later version", func(t *testing.T, path string) {
			s := open(t, path, sqlitestore.Options{Create: true})
			s.Close()
			run(t, path, "PRAGMA user_version = 4")
		}, sqlitestore.Options{Create: true}},
		{"a view", func(t *testing.T, path string) {
			s := open(t, path, sqlitestore.Options{Create: true})
			s.Close()
			run(t, path, "CREATE VIEW v AS SELECT 1")
		}, sqlitestore.Options{}},
		{"a trigger", func(t *testing.T, path string) {
			s := open(t, path, sqlitestore.Options{Create: true})
			s.Close()
			run(t, path, "CREATE TRIGGER forget AFTER UPDATE ON nonce BEGIN UPDATE nonce SET used = 0; END")
		}, sqlitestore.Options{}},
		{"a trigger that passes for SQLite's own", func(t *testing.T, path string) {
			s := open(t, path, sqlitestore.Options{Create: true})
			s.Close()
			run(t, path, "CREATE TRIGGER sqlite7 AFTER UPDATE ON nonce BEGIN UPDATE nonce SET used = 0; END")
		}, sqlitestore.Options{}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, fmt.Sprint(i))
			tt.make(t, path)
			before, _ := os.ReadFile(path)
			if _, err := sqlitestore.Open(t.Context(), path, tt.opts); !errors.Is(err, sqlitestore.ErrFormat) {
				t.Errorf("got %v, want ErrFormat", err)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestAdministratorsIndex: one more index changes no answer.
func TestAdministratorsIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.db")
	s := open(t, path, sqlitestore.Options{Create: true})
	if err := errors.Join(s.PutRequest(t.Context(), request("a")), s.Accept(t.Context(), acceptance("a")), s.Close()); err != nil {
		t.Fatal(err)
	}
	run(t, path, "CREATE INDEX by_correlation ON request (correlation)")
	s = open(t, path, sqlitestore.Options{})
	if err := s.Accept(t.Context(), acceptance("a")); !errors.Is(err, verifier.ErrReplayed) {
		t.Errorf("got %v", err)
	}
}

func writeText(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run changes a file behind the store's back.
func run(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestFileMode(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "counter.db"), sqlitestore.Options{Create: true})
	if err := s.PutRequest(t.Context(), request("a")); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
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

func TestOddPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory#%41.db")
	open(t, path, sqlitestore.Options{Create: true})
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// BenchmarkAccept asks and accepts: two durable transactions.
func BenchmarkAccept(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "counter.db"), sqlitestore.Options{Create: true})
	for i := 0; b.Loop(); i++ {
		if err := s.PutRequest(b.Context(), request(fmt.Sprint(i))); err != nil {
			b.Fatal(err)
		}
		if err := s.Accept(b.Context(), acceptance(fmt.Sprint(i))); err != nil {
			b.Fatal(err)
		}
	}
}
