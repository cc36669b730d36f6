package sqlitevault_test

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
)

// execute changes a file behind the vault's back.
func execute(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	statements = append([]string{"ATTACH DATABASE '" + beside(path) + "' AS old"}, statements...)
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(statement, err)
		}
	}
}

// beside is a database next to a vault, for copies of its tables: a vault with
// another table in it is none.
func beside(path string) string { return path + ".old" }

func query(t testing.TB, path, statement string, to ...any) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(statement).Scan(to...); err != nil {
		t.Fatal(statement, err)
	}
}

// tamperedVault has records a and b of one kind, both tagged, and a copy of
// everything from before a's second version and c's deletion.
func tamperedVault(t *testing.T) (path string) {
	path = vaultPath(t)
	s := create(t, path)
	put(t, s, "a", "one", vault.Tag{Name: "type", Value: "x"})
	put(t, s, "b", "two", vault.Tag{Name: "type", Value: "y"})
	put(t, s, "c", "three")
	s.Close()
	execute(t, path,
		"CREATE TABLE old.old_record AS SELECT * FROM record", "CREATE TABLE old.old_body AS SELECT * FROM body",
		"CREATE TABLE old.old_tag AS SELECT * FROM tag", "CREATE TABLE old.old_slot AS SELECT * FROM slot",
		"CREATE TABLE old.old_vault AS SELECT * FROM vault")
	s = open(t, path)
	put(t, s, "a", "four", vault.Tag{Name: "type", Value: "z"})
	update(t, s, func(tx vault.Tx) error { return tx.Delete("credential", "c") })
	s.Close()
	return path
}

const firstID, lastID = "(SELECT min(id) FROM record)", "(SELECT max(id) FROM record)"

func TestTampering(t *testing.T) {
	t.Parallel()
	const swap = "CREATE TEMP TABLE swap AS SELECT * FROM "
	newer := "(SELECT id FROM record WHERE version = 2)"
	gone := "(SELECT id FROM old_record WHERE id NOT IN (SELECT id FROM record))"
	restore := []string{
		"PRAGMA foreign_keys = off",
		"INSERT OR REPLACE INTO record SELECT * FROM old_record WHERE id = " + newer,
		"INSERT OR REPLACE INTO body SELECT * FROM old_body WHERE id IN (SELECT id FROM old_record WHERE version = 1) AND id IN (SELECT id FROM record)",
	}
	tests := []struct {
		name       string
		statements []string
		// atOpen is what Open says; nil where only reading the row can tell.
		atOpen error
	}{
		{"ciphertext of a row", []string{"UPDATE body SET sealed = randomblob(length(sealed)) WHERE id = " + firstID}, nil},
		{"ciphertexts swapped", []string{swap + "body", "UPDATE body SET sealed = (SELECT sealed FROM swap WHERE swap.id <> body.id)"}, nil},
		{"body removed", []string{"DELETE FROM body WHERE id = " + firstID}, nil},
		{"seals swapped", []string{swap + "record", "UPDATE record SET (nonce, mac) = (SELECT nonce, mac FROM swap WHERE swap.id <> record.id)"}, sqlitevault.ErrIntegrity},
		{"version raised", []string{"UPDATE record SET version = 9 WHERE id = " + firstID}, sqlitevault.ErrIntegrity},
		{"epoch raised", []string{"UPDATE record SET epoch = 2 WHERE id = " + firstID}, sqlitevault.ErrIntegrity},
		{"kind changed", []string{"UPDATE record SET kind = randomblob(16) WHERE id = " + firstID}, sqlitevault.ErrIntegrity},
		{"column of another type", []string{"UPDATE record SET version = 'x' WHERE id = " + firstID}, sqlitevault.ErrIntegrity},
		{"row restored", restore, sqlitevault.ErrIntegrity},
		{"row removed", []string{"PRAGMA foreign_keys = on", "DELETE FROM record WHERE id = " + lastID}, sqlitevault.ErrIntegrity},
		{"row brought back", []string{"INSERT INTO record SELECT * FROM old_record WHERE id = " + gone, "INSERT INTO body SELECT * FROM old_body WHERE id NOT IN (SELECT id FROM body)"}, sqlitevault.ErrIntegrity},
		{"tag removed", []string{"DELETE FROM tag WHERE record = " + firstID}, sqlitevault.ErrIntegrity},
		{"tags swapped", []string{"UPDATE tag SET record = CASE record WHEN " + firstID + " THEN " + lastID + " ELSE " + firstID + " END"}, sqlitevault.ErrIntegrity},
		{"tag brought back", []string{"INSERT OR IGNORE INTO tag SELECT * FROM old_tag WHERE record IN (SELECT id FROM record)"}, sqlitevault.ErrIntegrity},
		{"head restored", []string{"DELETE FROM vault", "INSERT INTO vault SELECT * FROM old_vault"}, sqlitevault.ErrRolledBack},
		{"counter raised", []string{"UPDATE vault SET counter = counter + 1"}, sqlitevault.ErrIntegrity},
		{"digest changed", []string{"UPDATE vault SET rows = randomblob(32)"}, sqlitevault.ErrIntegrity},
		{"digest cut", []string{"UPDATE vault SET rows = x'00'"}, sqlitevault.ErrIntegrity},
		{"epoch of the vault", []string{"UPDATE vault SET epoch = 2"}, vault.ErrLocked},
		{"commitment", []string{"UPDATE vault SET commitment = randomblob(32)"}, vault.ErrLocked},
		{"wallet id", []string{"UPDATE vault SET wallet = randomblob(16)"}, vault.ErrLocked},
		{"seal of the root key", []string{"UPDATE slot SET wrapped = randomblob(48)"}, vault.ErrLocked},
		{"nonce of the slot cut", []string{"UPDATE slot SET nonce = x'00'"}, vault.ErrLocked},
		{"salt", []string{"UPDATE slot SET salt = randomblob(16)"}, vault.ErrLocked},
		{"passes lowered", []string{"UPDATE slot SET time = 3"}, vault.ErrLocked},
		{"memory below the bound", []string{"UPDATE slot SET memory = 8"}, sqlitevault.ErrKDF},
		{"memory above the bound", []string{"UPDATE slot SET memory = 1 << 30"}, sqlitevault.ErrKDF},
		{"slot added", []string{"INSERT INTO slot SELECT 'other', memory, time, threads, salt, nonce, wrapped FROM slot"}, sqlitevault.ErrIntegrity},
		{"slot removed", []string{"DELETE FROM slot"}, vault.ErrLocked},
	}
	template := tamperedVault(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := copyFile(t, template)
			execute(t, path, tt.statements...)
			s, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{})
			if tt.atOpen != nil {
				if !errors.Is(err, tt.atOpen) {
					t.Errorf("Open: got %v, want %v", err, tt.atOpen)
				}
				return
			}
			if err != nil {
				t.Fatalf("Open reads the sealed bytes: %v", err)
			}
			defer s.Close()
			_, errA := value(t, s, "a")
			_, errB := value(t, s, "b")
			if !errors.Is(errA, sqlitevault.ErrIntegrity) && !errors.Is(errB, sqlitevault.ErrIntegrity) {
				t.Errorf("reading: %v and %v, want ErrIntegrity", errA, errB)
			}
		})
	}
}

func copyFile(t *testing.T, from string) (to string) {
	t.Helper()
	to = vaultPath(t)
	files := map[string]string{from: to, from + ".generation": to + ".generation"}
	if _, err := os.Stat(beside(from)); err == nil {
		files[beside(from)] = beside(to)
	}
	for from, to := range files {
		content, err := os.ReadFile(from)
		if err := errors.Join(err, os.WriteFile(to, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// A change by somebody without the keys is noticed by a vault that is open.
func TestTamperingWhileOpen(t *testing.T) {
	path := tamperedVault(t)
	s := open(t, path)
	execute(t, path, "PRAGMA foreign_keys = on", "DELETE FROM record WHERE id = "+firstID)
	_, errA := value(t, s, "a")
	if !errors.Is(errA, sqlitevault.ErrIntegrity) {
		t.Errorf("got %v", errA)
	}
	err := s.Update(t.Context(), func(tx vault.Tx) error { return tx.Put("credential", "d", nil) })
	if !errors.Is(err, sqlitevault.ErrIntegrity) {
		t.Errorf("a damaged vault took a change: %v", err)
	}
}

// The whole content goes back to an older state, all of it authentic.
func TestRollbackWhileOpen(t *testing.T) {
	path := tamperedVault(t)
	s := open(t, path)
	execute(t, path, "DELETE FROM record", "DELETE FROM body", "DELETE FROM tag", "DELETE FROM vault",
		"INSERT INTO record SELECT * FROM old_record", "INSERT INTO body SELECT * FROM old_body",
		"INSERT INTO tag SELECT * FROM old_tag", "INSERT INTO vault SELECT * FROM old_vault")
	if _, err := value(t, s, "a"); !errors.Is(err, sqlitevault.ErrRolledBack) {
		t.Errorf("got %v, want ErrRolledBack", err)
	}
	s.Close()
	if _, err := sqlitevault.Open(t.Context(), path, passphrase, sqlitevault.Options{}); !errors.Is(err, sqlitevault.ErrRolledBack) {
		t.Errorf("opened anew: %v", err)
	}
}

// Every wrong secret and every damage to the slot read the same.
func TestLockedSaysNothing(t *testing.T) {
	template := vaultPath(t)
	create(t, template).Close()
	var messages []string
	for statement, secret := range map[string]string{
		"SELECT 1": "wrong",
		"SELECT 2": "",
		"UPDATE slot SET wrapped = randomblob(48)": string(passphrase),
		"UPDATE slot SET salt = x''":               string(passphrase),
		"UPDATE vault SET commitment = x''":        string(passphrase),
	} {
		path := copyFile(t, template)
		execute(t, path, statement)
		_, err := sqlitevault.Open(t.Context(), path, []byte(secret), sqlitevault.Options{})
		if !errors.Is(err, vault.ErrLocked) {
			t.Fatalf("%s: %v", statement, err)
		}
		messages = append(messages, err.Error())
	}
	for _, message := range messages {
		if message != vault.ErrLocked.Error() {
			t.Errorf("%q differs from %q", message, vault.ErrLocked)
		}
	}
}

// Nothing that was put in, deleted or not, stands in the files in the clear,
// and of what was deleted not even the sealed bytes remain.
func TestCanaries(t *testing.T) {
	path := vaultPath(t)
	s := create(t, path)
	const kind, id, tagName, tagValue = "canary-kind", "canary-id", "canary-tag-name", "canary-tag-value"
	large := "canary-" + rand.Text() + strings.Repeat("x", 20_000)
	for range 20 {
		update(t, s, func(tx vault.Tx) error {
			return tx.Put(kind, id, []byte(large), vault.Tag{Name: tagName, Value: tagValue})
		})
	}
	canaries := []string{"canary", kind, id, tagName, tagValue, string(passphrase)}
	grep(t, path, "while stored", canaries...)

	var sealed, nonce []byte
	query(t, path, "SELECT sealed FROM body", &sealed)
	query(t, path, "SELECT nonce FROM record", &nonce)
	pieces := []string{string(nonce)}
	for i := 0; i+32 <= len(sealed); i += 997 {
		pieces = append(pieces, string(sealed[i:i+32]))
	}
	if !found(t, path, pieces...) {
		t.Fatal("the search does not find what is there")
	}
	update(t, s, func(tx vault.Tx) error { return tx.Delete(kind, id) })
	grep(t, path, "after deletion", append(pieces, canaries...)...)
	if err := s.ChangePassphrase(t.Context(), passphrase, []byte("next canary"), quick); err != nil {
		t.Fatal(err)
	}
	s.Close()
	grep(t, path, "after closing", append(pieces, canaries...)...)
}

func grep(t *testing.T, path, when string, canaries ...string) {
	t.Helper()
	if found(t, path, canaries...) {
		t.Errorf("%s: a canary stands in the files", when)
	}
}

func found(t *testing.T, path string, canaries ...string) bool {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal("no files to search", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, canary := range canaries {
			if bytes.Contains(content, []byte(canary)) {
				return true
			}
		}
	}
	return false
}

// The old slot must not stay in the files once the passphrase has changed.
func TestOldSlotIsGone(t *testing.T) {
	path := vaultPath(t)
	s := create(t, path)
	var wrapped []byte
	query(t, path, "SELECT wrapped FROM slot", &wrapped)
	if err := s.ChangePassphrase(t.Context(), passphrase, []byte("next"), quick); err != nil {
		t.Fatal(err)
	}
	grep(t, path, "after the change", string(wrapped))
}

// A process that dies leaves database and log as they are at that moment. All
// that was acknowledged is in them; where the log was cut short since, the
// counter tells.
func TestCrash(t *testing.T) {
	path := vaultPath(t)
	s := create(t, path)
	put(t, s, "a", "one")
	early := copyFiles(t, path)
	put(t, s, "a", "two")
	newest := s.Generation()

	wantValue(t, open(t, copyFiles(t, path)), "a", "two")

	opts := sqlitevault.Options{MinGeneration: newest} // which no copy takes back
	if _, err := sqlitevault.Open(t.Context(), early, passphrase, opts); !errors.Is(err, sqlitevault.ErrRolledBack) {
		t.Errorf("an older copy: %v", err)
	}
	wantValue(t, open(t, early), "a", "one") // as the package comment says
	cut := copyFiles(t, path)
	log, err := os.ReadFile(cut + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(cut+"-wal", int64(len(log)-1)); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlitevault.Open(t.Context(), cut, passphrase, sqlitevault.Options{}); !errors.Is(err, sqlitevault.ErrRolledBack) {
		t.Errorf("a log cut short: %v", err)
	}
}

// copyFiles copies database and log, not the shared memory beside them.
func copyFiles(t *testing.T, from string) (to string) {
	t.Helper()
	to = copyFile(t, from)
	log, err := os.ReadFile(from + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to+"-wal", log, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}
