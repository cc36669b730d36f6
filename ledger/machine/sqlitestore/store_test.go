package sqlitestore_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func create(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := sqlitestore.Create(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string, options sqlitestore.Options) *sqlitestore.DB {
	t.Helper()
	db := must(sqlitestore.Open(t.Context(), path, options))(t)
	t.Cleanup(func() { db.Close() })
	return db
}

func put(t testing.TB, db *sqlitestore.DB, key, value string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
		return tx.Put(machine.TableValue, []byte(key), []byte(value))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, store machine.Store, key string) string {
	t.Helper()
	return string(must(store.Get(machine.TableValue, []byte(key)))(t))
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger?mode=memory.db")
	err := sqlitestore.Create(t.Context(), path, func(tx *sqlitestore.Tx) error {
		return tx.Put(machine.TableValue, []byte("key"), []byte("value"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	if err := sqlitestore.Create(t.Context(), path, nil); !errors.Is(err, fs.ErrExist) {
		t.Error("a second time:", err)
	}
	db := open(t, path, sqlitestore.Options{})
	err = db.View(t.Context(), func(tx *sqlitestore.Tx) error {
		if get(t, tx, "key") != "value" {
			t.Error("what was filled in is not there")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestCreateCutShort: a file that was not filled is no ledger.
func TestCreateCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	own := errors.New("own")
	if err := sqlitestore.Create(t.Context(), path, func(*sqlitestore.Tx) error { return own }); !errors.Is(err, own) {
		t.Error(err)
	}
	if _, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{}); !errors.Is(err, sqlitestore.ErrVersion) {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("garbage "), 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		nowhere:                                  fs.ErrNotExist,
		garbage:                                  machine.ErrDamaged,
		altered(t, "PRAGMA user_version = 77"):   sqlitestore.ErrVersion,
		altered(t, "PRAGMA application_id = 77"): sqlitestore.ErrVersion,
		altered(t, "CREATE TRIGGER sqlite7 AFTER INSERT ON value BEGIN DELETE FROM value; END"): sqlitestore.ErrVersion,
		altered(t, "ALTER TABLE engine ADD COLUMN more"):                                        sqlitestore.ErrVersion,
		altered(t, "CREATE TRIGGER x AFTER INSERT ON value BEGIN DELETE FROM value; END"):       sqlitestore.ErrVersion,
	} {
		for _, options := range []sqlitestore.Options{{}, {ReadOnly: true}, {Copy: true}} {
			if _, err := sqlitestore.Open(t.Context(), path, options); !errors.Is(err, want) {
				t.Errorf("%s, %+v: %v", filepath.Base(path), options, err)
			}
		}
	}
	if _, err := os.Stat(nowhere); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a missing file was made")
	}
}

// altered is a database that somebody else has changed.
func altered(t *testing.T, statement string) string {
	path := create(t)
	db := must(sql.Open("sqlite3", path))(t)
	must(db.Exec(statement))(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLikeMemory: tables behave as those of machine.Memory, over a restart too.
func TestLikeMemory(t *testing.T) {
	path, memory := create(t), machine.NewMemory()
	db := must(sqlitestore.Open(t.Context(), path, sqlitestore.Options{}))(t)
	keys := []string{"a", "a\x00", "a\xff", "a\xff\xff", "ab", "b", "\xff", "\xff\xff", "\xff\xffz"}
	err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
		for _, table := range machine.Tables() {
			for n, key := range append(keys, keys[:3]...) { // the last three change a value
				value := fmt.Append(nil, table, n)
				if err := errors.Join(tx.Put(table, []byte(key), value), memory.Put(table, []byte(key), value)); err != nil {
					return err
				}
			}
		}
		return machine.Compare(tx, memory)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	db = open(t, path, sqlitestore.Options{ReadOnly: true})
	err = db.View(t.Context(), func(tx *sqlitestore.Tx) error {
		for _, prefix := range append(keys, "", "x", "a\xfe") {
			if got, want := scan(t, tx, prefix), scan(t, memory, prefix); got != want {
				t.Errorf("prefix %q: %q, want %q", prefix, got, want)
			}
		}
		return machine.Compare(tx, memory)
	})
	if err != nil {
		t.Error(err)
	}
}

func scan(t *testing.T, store machine.Store, prefix string) (rows string) {
	err := store.Scan(machine.TableValue, []byte(prefix), func(key, value []byte) error {
		rows += fmt.Sprintf("%q: %q, ", key, value)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return rows
}

func TestScanStops(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{})
	put(t, db, "a", "1")
	put(t, db, "b", "2")
	own := errors.New("own")
	ctx, cancel := context.WithCancel(t.Context())
	err := db.View(ctx, func(tx *sqlitestore.Tx) error {
		if err := tx.Scan(machine.TableValue, nil, func(key, _ []byte) error { return own }); !errors.Is(err, own) {
			t.Error(err)
		}
		return tx.Scan(machine.TableValue, nil, func(key, _ []byte) error {
			if string(key) == "b" {
				t.Error("goes on after its end")
			}
			cancel()
			return nil
		})
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestRollback: nothing of it stays, in the file or in memory.
func TestRollback(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{})
	put(t, db, "key", "old")
	own := errors.New("own")
	err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
		if err := tx.Put(machine.TableValue, []byte("key"), []byte("new")); err != nil {
			return err
		}
		if get(t, tx, "key") != "new" {
			t.Error("a transaction does not see its own changes")
		}
		return own
	})
	if !errors.Is(err, own) {
		t.Error(err)
	}
	tx := must(db.Begin(t.Context()))(t)
	if got := get(t, tx, "key"); got != "old" {
		t.Error(got)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
}

// TestAnotherWriter: what a writer remembers ends where another process writes.
func TestAnotherWriter(t *testing.T) {
	path := create(t)
	first, second := open(t, path, sqlitestore.Options{}), open(t, path, sqlitestore.Options{})
	put(t, first, "key", "first")
	put(t, second, "key", "second")
	err := first.Update(t.Context(), func(tx *sqlitestore.Tx) error {
		if got := get(t, tx, "key"); got != "second" {
			t.Error(got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReadOnly(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{ReadOnly: true})
	if _, err := db.Begin(t.Context()); !errors.Is(err, sqlitestore.ErrReadOnly) {
		t.Error(err)
	}
	if err := db.Update(t.Context(), func(*sqlitestore.Tx) error { return nil }); !errors.Is(err, sqlitestore.ErrReadOnly) {
		t.Error(err)
	}
	err := db.View(t.Context(), func(tx *sqlitestore.Tx) error { return tx.SetEngineState("name", []byte("value")) })
	if err == nil {
		t.Error("a snapshot writes")
	}
}

func TestCheckpointsAndEngineState(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{})
	err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
		return errors.Join(tx.SetCheckpoint(7, []byte("first")), tx.SetCheckpoint(7, []byte("second")), tx.SetCheckpoint(8, []byte("third")),
			tx.SetEngineState("name", []byte("old")), tx.SetEngineState("name", []byte("new")))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(tx *sqlitestore.Tx) error {
		for height, want := range map[uint64]string{6: "", 7: "second", 8: "third"} {
			if got := must(tx.Checkpoint(height))(t); string(got) != want {
				t.Errorf("height %d: %q", height, got)
			}
		}
		if n := must(tx.Checkpoints())(t); n != 2 {
			t.Errorf("%d checkpoints", n)
		}
		if got := must(tx.EngineState("name"))(t); string(got) != "new" {
			t.Errorf("%q", got)
		}
		if got := must(tx.EngineState("other"))(t); got != nil {
			t.Errorf("%q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestClosed(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{})
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Error(err)
	}
	if _, err := db.Begin(t.Context()); !errors.Is(err, sql.ErrConnDone) {
		t.Error(err)
	}
	if _, err := db.Snapshot(t.Context()); !errors.Is(err, sql.ErrConnDone) {
		t.Error(err)
	}
}

// TestMachine: a ledger in a file passes the audit of one in memory.
func TestMachine(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{})
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	public := must(ledger.DefaultSuites().MarshalKey(key.Public()))(t)
	create := must(ledger.NewOperation(&ledger.DID{Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public}}}))(t)
	root := must(ledger.DIDOf(create))(t)
	founding := ledger.Founding{Origin: "ledger.example", RootDID: root, First: [32]byte{1}}
	sign := func(object ledger.Object) *ledger.SignedOperation {
		return must(ledger.SignObject(founding.ID(), object, key))(t)
	}
	m := must(machine.New(ledgertest.ZK{}, founding, machine.Options{}))(t)
	apply := func(ops ...*ledger.SignedOperation) error {
		return db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
			_, err := m.Apply(tx, time.Now(), ops...)
			return err
		})
	}
	if err := apply(must(ledger.Sign(founding.ID(), create, key))(t)); err != nil {
		t.Fatal(err)
	}
	for n := range byte(40) {
		if err := apply(sign(&ledger.Anchor{Hash: sha256.Sum256([]byte{n}), Count: 1, Agency: root})); err != nil {
			t.Fatal(err)
		}
	}
	audit := func() error {
		scratch := must(sqlitestore.NewScratch(t.Context(), t.TempDir()))(t)
		return errors.Join(m.Audit(t.Context(), reads(db), scratch, nil), scratch.Close())
	}
	if err := audit(); err != nil {
		t.Error(err)
	}
	err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
		anchor := ledger.AnchorKey(root, sha256.Sum256([]byte{3}))
		return tx.Put(machine.TableValue, []byte(anchor), []byte("another"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := audit(); !errors.Is(err, machine.ErrDamaged) {
		t.Error("a changed row:", err)
	}
}
