package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/internal/long"
)

// commandsOf are commands that need a stored file, by file.
var commandsOf = []struct {
	file string
	args []string
}{
	{"root/agency.json", []string{"agency", "schema"}},
	{"root/vault.db", []string{"agency", "schema"}},
	{"agency/agency.json", []string{"issue", "--csv", "residents.csv", "--out", "new"}},
	{"agency/vault.db", []string{"issue", "--csv", "residents.csv", "--out", "new"}},
	{"ledger/trust.json", []string{"ledger", "show"}},
	{"ledger/log.key", []string{"ledger", "show"}},
	{"ledger/log.db", []string{"ledger", "show"}},
	{"ledger/log.db", []string{"agency", "accredit", "--to", "agency"}},
	{"wallet/home.json", []string{"wallet", "list"}},
	{"wallet/trust.json", []string{"wallet", "list"}},
	{"wallet/vault.db", []string{"wallet", "list"}},
	{"ledger/log.db", []string{"wallet", "present", "request.jwt", "--with", "claims", "--yes", "--out", "new.json"}},
	{"wallet/vault.db.generation", []string{"wallet", "list"}},
	{"agency/vault.db.generation", []string{"issue", "--csv", "residents.csv", "--out", "new"}},
	{"ledger/log.db.head", []string{"ledger", "show"}},
	{"counter/counter.db.head", []string{"verify", "answer.json"}},
	{"counter/home.json", []string{"verify", "answer.json"}},
	{"counter/agency.json", []string{"verify", "answer.json"}},
	{"counter/trust.json", []string{"verify", "answer.json"}},
	{"counter/vault.db", []string{"verify", "answer.json"}},
	{"counter/counter.db", []string{"verify", "answer.json"}},
	{"ledger/log.db", []string{"verify", "answer.json"}},
	{"ledger/public/*.json", []string{"verify", "answer.json"}},
	{"ledger/public/*.type", []string{"request", "--out", "new.jwt"}},
	{"ledger/public/*.jwt", []string{"verify", "answer.json"}},
}

// TestBadState damages what commands stored themselves. That is never a
// refusal of what was brought: the answer is "could not".
func TestBadState(t *testing.T) {
	long.NotShort(t, "a hundred commands")
	newCountry(t)
	for _, c := range commandsOf {
		matches, err := filepath.Glob(c.file)
		if err != nil || len(matches) != 1 {
			t.Fatalf("%s: %v", c.file, matches)
		}
		file := matches[0]
		good := readFile(t, file)
		for name, bad := range map[string][]byte{
			"missing": nil, "empty": {}, "truncated": good[:len(good)/2], "random": noise(8192), "foreign": sample("residents.csv"),
		} {
			t.Run(strings.Join(c.args[:2], " ")+"/"+c.file+"/"+name, func(t *testing.T) {
				defer restore(t, file, good)
				if bad == nil {
					if err := os.Remove(file); err != nil {
						t.Fatal(err)
					}
				} else {
					writeFile(t, file, bad)
				}
				before := snapshot(t)
				got := hufu(c.args...)
				assertSentence(t, got, exitUnknown)
				delete(before, file) // SQLite may have begun to repair it
				if strings.HasPrefix(file, "ledger/public/") {
					delete(before, "counter/counter.db") // which keeps the newest checkpoint seen
				}
				assertKept(t, before)
			})
		}
	}
	stillGood(t)
}

// TestDamagedReaderState: what a reader remembers of a ledger is never guessed.
func TestDamagedReaderState(t *testing.T) {
	newCountry(t)
	const file = "ledger/reader.trust"
	if got := hufu("ledger", "show"); got.code != 0 {
		t.Fatal(got)
	}
	good := readFile(t, file)
	for name, bad := range map[string][]byte{"empty": {}, "truncated": good[:len(good)/2], "random": noise(8192)} {
		writeFile(t, file, bad)
		t.Run(name, func(t *testing.T) { assertSentence(t, hufu("ledger", "show"), exitUnknown) })
	}
	writeFile(t, file, good)
	stillGood(t)
}

// assertKept is assertUnchanged for the files of a snapshot alone.
func assertKept(t *testing.T, before map[string][32]byte) {
	t.Helper()
	after := snapshot(t)
	for path, hash := range before {
		if now, there := after[path]; !there || now != hash {
			t.Errorf("%s was changed", path)
		}
	}
}

// restore puts a file back, without what SQLite may have left beside it.
func restore(t *testing.T, file string, good []byte) {
	t.Helper()
	writeFile(t, file, good)
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		_ = os.Remove(file + suffix)
	}
}

// TestWrongPassphrase: one constant sentence, whoever is asked.
func TestWrongPassphrase(t *testing.T) {
	long.NotShort(t, "eighteen commands")
	needKeys(t)
	newCountry(t)
	t.Setenv("HUFU_PASSPHRASE", "not it")
	before := snapshot(t)
	for _, args := range [][]string{
		{"ledger", "init", "--ledger", "other"},
		{"agency", "schema"},
		{"agency", "accredit", "--to", "agency"},
		{"agency", "suspend", "--to", "agency"},
		{"agency", "end", "--to", "agency"},
		{"issue", "--csv", "residents.csv", "--out", "new"},
		{"issue", "--application", "next-application.json", "--out", "new.json"},
		{"revoke", "--offer", "offers/offer-001.json", "--yes"},
		{"wallet", "apply", "offers/offer-003.json", "--out", "new.json"},
		{"wallet", "receive", "response.json"},
		{"wallet", "prepare"},
		{"wallet", "present", "request.jwt", "--yes", "--out", "new.json"},
		{"wallet", "list"},
		{"wallet", "show", "0"},
		{"wallet", "history"},
		{"request", "--out", "new.jwt"},
		{"verify", "answer.json"},
		{"zkp", "setup", "--allow-single-party-unsafe"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			got := hufu(args...)
			assertSentence(t, got, exitUnknown)
			if !strings.Contains(got.err, "did not open. The passphrase is wrong, or the vault is damaged. Enter the passphrase again.") {
				t.Errorf("another sentence: %q", got.err)
			}
			assertUnchanged(t, before)
		})
	}
	t.Setenv("HUFU_PASSPHRASE", testPassphrase)
	stillGood(t)
}

// TestLockedDatabase holds databases as another program might, those of the
// roles at once because each command waits for seconds.
func TestLockedDatabase(t *testing.T) {
	long.NotShort(t, "waits ten seconds for locks")
	newCountry(t)
	before := snapshot(t)
	whileLocked(t, map[string][]string{"ledger/log.db": {"agency", "accredit", "--to", "agency"}})
	for _, file := range []string{"root/vault.db", "root/vault.db.generation"} { // reading is not locked: the newest checkpoint is noted
		before[file] = snapshot(t)[file]
	}
	whileLocked(t, map[string][]string{
		"wallet/vault.db":    {"wallet", "apply", "offers/offer-003.json", "--out", "new.json"},
		"counter/counter.db": {"request", "--out", "new.jwt"},
	})
	assertUnchanged(t, before)
	stillGood(t)
}

// whileLocked runs commands, each while its file is locked.
func whileLocked(t *testing.T, commands map[string][]string) {
	t.Helper()
	var answers sync.WaitGroup
	for file, args := range commands {
		unlock := lock(t, file)
		defer unlock()
		answers.Go(func() {
			got := hufu(args...)
			assertSentence(t, got, exitUnknown)
			if !strings.Contains(got.err, "database") {
				t.Errorf("%s: another sentence: %q", file, got.err)
			}
		})
	}
	answers.Wait()
}

// lock takes and keeps a write lock on a database.
func lock(t *testing.T, file string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+file+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestUnwritable writes where nothing can be written: below a regular file,
// which stops even an administrator, and into a read-only folder.
func TestUnwritable(t *testing.T) {
	long.NotShort(t, "twenty commands")
	fingerprint := newCountry(t)
	if err := os.Mkdir("readonly", 0o500); err != nil {
		t.Fatal(err)
	}
	places := []string{"residents.csv/below"}
	if os.Geteuid() != 0 { // an administrator writes anywhere
		places = append(places, "readonly/inside")
	}
	pinned := []string{"--trust", "ledger/trust.json", "--fingerprint", fingerprint}
	before := snapshot(t)
	for _, place := range places {
		for _, args := range [][]string{
			{"agency", "init", "--agency", place},
			{"agency", "init", "--root", "--agency", place},
			slices.Concat([]string{"wallet", "init", "--wallet", place}, pinned),
			slices.Concat([]string{"counter", "init", "--counter", place}, pinned),
			{"issue", "--csv", "residents.csv", "--out", place},
			{"issue", "--application", "next-application.json", "--out", place},
			{"wallet", "apply", "offers/offer-003.json", "--out", place},
			{"wallet", "present", "request.jwt", "--with", "claims", "--yes", "--out", place},
			{"request", "--out", place},
			{"demo", "--keep", place},
		} {
			t.Run(strings.Join(args[:2], " ")+"/"+place, func(t *testing.T) {
				assertSentence(t, hufu(args...), exitUnknown)
				assertUnchanged(t, before)
			})
		}
	}
	stillGood(t)
}

// TestNothingIsOverwritten: what exists is refused before anything is used up.
func TestNothingIsOverwritten(t *testing.T) {
	long.NotShort(t, "twenty commands")
	fingerprint := newCountry(t)
	pinned := []string{"--trust", "ledger/trust.json", "--fingerprint", fingerprint}
	mustHufu(t, "agency", "init", "--root", "--agency", "other-root")
	before := snapshot(t)
	for _, args := range [][]string{
		{"agency", "init"},
		{"agency", "init", "--root", "--agency", "root"},
		{"ledger", "init", "--root", "other-root"},
		slices.Concat([]string{"wallet", "init"}, pinned),
		slices.Concat([]string{"wallet", "init", "--wallet", "agency"}, pinned),
		slices.Concat([]string{"counter", "init"}, pinned),
		slices.Concat([]string{"counter", "init", "--counter", "agency"}, pinned),
		{"issue", "--csv", "residents.csv"},
		{"issue", "--application", "next-application.json", "--out", "response.json"},
		{"wallet", "apply", "offers/offer-003.json"},
		{"wallet", "present", "request.jwt", "--with", "claims", "--yes"},
		{"request"},
		{"demo", "--keep", "offers"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			got := hufu(args...)
			assertSentence(t, got, exitUnknown)
			if !strings.Contains(got.err, "exists already") {
				t.Errorf("another sentence: %q", got.err)
			}
			assertUnchanged(t, before)
		})
	}
	stillGood(t)
}
