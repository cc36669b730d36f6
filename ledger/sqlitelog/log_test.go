package sqlitelog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

func is(err, target error) bool { return errors.Is(err, target) }

func hash(n byte) [32]byte { return sha256.Sum256([]byte{n}) }

func TestSubmittedIsProved(t *testing.T) {
	w := newWorld(t)
	r := w.submit(w.anchor(1), w.anchor(2))
	if r.Height != 1 || r.Size != 6 || len(r.Operations) != 2 || r.Operations[1].Index != 4 {
		t.Fatalf("receipt %+v", r)
	}
	v := w.view(ledger.AnchorKey(hash(1)), ledger.AnchorKey(hash(9)))
	if a, err := v.Anchor(hash(1)); err != nil || a.Agency != w.rootDID() {
		t.Fatal(a, err)
	}
	if _, err := v.Anchor(hash(9)); !is(err, ledger.ErrAbsent) {
		t.Fatal(err)
	}
	if !bytes.Equal(v.Head.Checkpoint, r.Checkpoint) {
		t.Fatal("proved under another checkpoint than the receipt's")
	}
	if value, err := w.log.Get(t.Context(), ledger.AnchorKey(hash(1))); err != nil || len(value) == 0 {
		t.Fatal(value, err)
	}
	if _, err := w.log.Get(t.Context(), ledger.AnchorKey(hash(9))); !is(err, ledger.ErrAbsent) {
		t.Fatal(err)
	}
}

func TestGenesis(t *testing.T) {
	w := newWorld(t)
	v := w.view(ledger.DIDKey(w.rootDID()), ledger.TrustKey(0))
	d, err := v.DID(w.rootDID())
	if err != nil || len(d.SigningKeys(start)) != 1 {
		t.Fatal(d, err)
	}
	trust, err := v.Trust(0)
	if err != nil || trust.Witnesses[0] != w.log.Trust().WitnessKeys[0] || trust.Threshold != 1 {
		t.Fatal(trust, err)
	}
	if err := w.log.Audit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestReplayIsIdempotent(t *testing.T) {
	w := newWorld(t)
	op := w.anchor(1)
	first := w.submit(op)
	w.clock.Add(time.Minute)
	again := w.submit(op)
	if !again.Operations[0].Replayed || again.Operations[0].Index != first.Operations[0].Index || !bytes.Equal(again.Checkpoint, first.Checkpoint) {
		t.Fatalf("%+v", again)
	}
}

func TestRefusedLeavesNothing(t *testing.T) {
	w := newWorld(t)
	before := w.view().Head.Size
	_, err := w.log.Submit(t.Context(), w.anchor(1), w.sign(&ledger.Anchor{Hash: hash(2), Count: 1, Agency: w.rootDID()}, newKey(t)))
	var refused *machine.Refused
	if !errors.As(err, &refused) || refused.Index != 1 || !is(err, machine.ErrUnauthorised) {
		t.Fatal(err)
	}
	if w.view().Head.Size != before {
		t.Fatal("something was written")
	}
	if _, err := w.log.Submit(t.Context()); !is(err, ledger.ErrFormat) {
		t.Fatal("empty batch:", err)
	}
	w.submit(w.anchor(1))
}

func TestHeartbeat(t *testing.T) {
	w := newWorld(t)
	w.clock.Add(25 * time.Hour)
	err := ledger.Resolve(t.Context(), w.log, w.log.Trust(), w.clock.Now(), 0, func(*ledger.View) error { return nil })
	if !is(err, ledger.ErrStale) {
		t.Fatal(err)
	}
	older := openCheckpoint(t, w)
	if _, err := w.log.Heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	v := w.view()
	if v.Head.State.Epoch != w.log.Trust().EpochAt(w.clock.Now())-1 {
		t.Fatal("epoch not closed")
	}
	proof, err := w.log.ProveConsistency(t.Context(), older.Size, v.Head.Size)
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.CheckConsistency(older, v.Head, proof); err != nil {
		t.Fatal(err)
	}
}

func openCheckpoint(t *testing.T, w *world) *ledger.Head {
	p, err := w.log.Prove(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := ledger.OpenCheckpoint(w.log.Trust(), p.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func TestEpochSets(t *testing.T) {
	w := newWorld(t)
	agency := newKey(t)
	public, _ := ledger.DefaultSuites().MarshalKey(agency.Public())
	proofKey := bytes.Repeat([]byte{7}, 32)
	create := w.sign(&ledger.DID{Keys: []ledger.Key{
		{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public},
		{ID: "zk-1", Purpose: ledger.PurposeProof, Public: proofKey},
	}}, agency)
	did, err := ledger.DIDOf(create.Operation)
	if err != nil {
		t.Fatal(err)
	}
	const list = "https://example.org/status/1"
	w.submit(create,
		w.sign(&ledger.Accreditation{Agency: did, Action: ledger.ActionIssue, Region: "110000", Type: "urn:x", Accreditor: w.rootDID(), State: ledger.StateActive}, w.root),
		w.sign(&ledger.Schema{ID: "x", Version: 1, VCT: "urn:x", Owner: did}, agency),
		w.sign(&ledger.Status{URI: list, Issuer: did}, agency),
		w.sign(&ledger.Revocation{ProofKey: proofKey, List: list}, agency))
	w.clock.Add(time.Hour)
	r, err := w.log.Heartbeat(t.Context())
	if err != nil {
		t.Fatal(r, err)
	}
	epoch := w.view().Head.State.Epoch
	leaves, err := w.log.Registry(t.Context(), epoch)
	if err != nil || len(leaves) != 1 {
		t.Fatal(leaves, err)
	}
	revoked, err := w.log.Revoked(t.Context(), epoch)
	if err != nil || len(revoked) != 1 {
		t.Fatal(revoked, err)
	}
	if _, err := w.log.Registry(t.Context(), epoch+1); !is(err, ledger.ErrAbsent) {
		t.Fatal(err)
	}
	if _, err := w.log.Revoked(t.Context(), epoch+1); !is(err, ledger.ErrAbsent) {
		t.Fatal(err)
	}
	v := w.view(ledger.EpochKey(epoch), ledger.DIDKey(did), ledger.AccreditationKey(did, ledger.ActionIssue, "110000", "urn:x"))
	if e, err := v.Epoch(epoch); err != nil || e.RegistryRoot != v.Head.State.RegistryRoot {
		t.Fatal(e, err)
	}
	if err := w.log.Audit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestClockBackwards(t *testing.T) {
	w := newWorld(t)
	w.clock.Add(-time.Second)
	if _, err := w.log.Heartbeat(t.Context()); !is(err, machine.ErrClock) {
		t.Error(err)
	}
	if _, err := w.log.Submit(t.Context(), w.anchor(1)); !is(err, machine.ErrClock) {
		t.Error(err)
	}
}

// TestTwoProcesses: two open ledgers on one folder, and a reader, see each
// other's work at once.
func TestTwoProcesses(t *testing.T) {
	w := newWorld(t)
	other, reader := w.open(sqlitelog.Options{}), w.open(sqlitelog.Options{ReadOnly: true})
	var wg sync.WaitGroup
	for i, l := range []*sqlitelog.Log{w.log, other} {
		wg.Go(func() {
			for n := range 20 {
				if _, err := l.Submit(t.Context(), w.anchor(byte(100*i+n))); err != nil {
					t.Error(err)
				}
				if _, err := reader.Prove(t.Context(), ledger.AnchorKey(hash(byte(100*i+n)))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	p, err := reader.Prove(t.Context(), ledger.AnchorKey(hash(119)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ledger.Verify(reader.Trust(), start, 0, p)
	if err != nil || v.Head.State.Height != 40 {
		t.Fatal(v, err)
	}
	if _, err := v.Anchor(hash(119)); err != nil {
		t.Fatal(err)
	}
	if err := other.Audit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Submit(t.Context(), w.anchor(1)); !is(err, sqlitelog.ErrReadOnly) {
		t.Fatal(err)
	}
	if _, err := reader.Heartbeat(t.Context()); !is(err, sqlitelog.ErrReadOnly) {
		t.Fatal(err)
	}
}

func TestReopen(t *testing.T) {
	w := newWorld(t)
	before := w.submit(w.anchor(1))
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.key", "witness.key"} { // a reader needs neither
		if err := os.Rename(filepath.Join(w.dir, name), filepath.Join(w.dir, name+".away")); err != nil {
			t.Fatal(err)
		}
	}
	w.log = w.open(sqlitelog.Options{ReadOnly: true})
	if head := w.view().Head; head.Size != before.Size {
		t.Fatalf("size %d", head.Size)
	}
	if _, err := sqlitelog.Open(t.Context(), w.dir, hashZK{}, sqlitelog.Options{}); !is(err, fs.ErrNotExist) {
		t.Fatal("without keys:", err)
	}
	for _, name := range []string{"log.key", "witness.key"} {
		if err := os.Rename(filepath.Join(w.dir, name+".away"), filepath.Join(w.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	w.log = w.open(sqlitelog.Options{})
	if r := w.submit(w.anchor(2)); r.Size != before.Size+2 {
		t.Fatalf("size %d", r.Size)
	}
}

func TestInitRefusesAFolderInUse(t *testing.T) {
	w := newWorld(t)
	if _, err := sqlitelog.Init(t.Context(), w.dir, origin, hashZK{}, w.root, sqlitelog.InitOptions{}); !is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	if _, err := sqlitelog.Init(t.Context(), t.TempDir(), "a b", hashZK{}, w.root, sqlitelog.InitOptions{}); !is(err, ledger.ErrKey) {
		t.Fatal("origin:", err)
	}
	if _, err := sqlitelog.Init(t.Context(), t.TempDir(), origin, nil, w.root, sqlitelog.InitOptions{}); !is(err, machine.ErrConfig) {
		t.Fatal("no zk:", err)
	}
}

func TestModes(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"log.db", "log.key", "witness.key"} {
		info, err := os.Stat(filepath.Join(w.dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

// TestKeyFiles: a key that is open to others, malformed, or another one.
func TestKeyFiles(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"open to others": func(path string) error { return os.Chmod(path, 0o640) },
		"no PEM":         func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) },
		"no key": func(path string) error {
			return os.WriteFile(path, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600)
		},
		"swapped": func(path string) error {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(path), "witness.key"))
			return errors.Join(err, os.WriteFile(path, b, 0o600))
		},
		"trailing data": func(path string) error {
			b, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path, append(b, 'x'), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := spoil(filepath.Join(w.dir, "log.key")); err != nil {
				t.Fatal(err)
			}
			if _, err := sqlitelog.Open(t.Context(), w.dir, hashZK{}, sqlitelog.Options{}); !is(err, sqlitelog.ErrKeyFile) {
				t.Fatal(err)
			}
		})
	}
}

// TestDamagedFiles are reported and stay as they are.
func TestDamagedFiles(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		content string
		want    error
	}{
		"garbage":    {"log.db", string(bytes.Repeat([]byte("garbage "), 2000)), machine.ErrDamaged},
		"empty":      {"log.db", "", sqlitelog.ErrVersion},
		"trust file": {"trust.json", "{}", ledger.ErrKey},
		"no JSON":    {"trust.json", "", ledger.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.log.Close()
			path := filepath.Join(w.dir, c.file)
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, readOnly := range []bool{false, true} {
				if _, err := sqlitelog.Open(t.Context(), w.dir, hashZK{}, sqlitelog.Options{ReadOnly: readOnly}); err == nil {
					t.Fatal("opened")
				} else if !is(err, c.want) && !(readOnly && is(err, sqlitelog.ErrSetting)) {
					t.Error(err)
				}
			}
		})
	}
	for _, file := range []string{"log.db", "trust.json"} {
		w := newWorld(t)
		w.log.Close()
		if err := os.Remove(filepath.Join(w.dir, file)); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitelog.Open(t.Context(), w.dir, hashZK{}, sqlitelog.Options{}); !is(err, fs.ErrNotExist) {
			t.Error(file, err)
		}
		if _, err := os.Stat(filepath.Join(w.dir, file)); !is(err, fs.ErrNotExist) {
			t.Error(file, "was made again")
		}
	}
}

// raw opens the file behind the ledger's back.
func raw(t *testing.T, w *world) *sql.DB {
	db, err := sql.Open("sqlite3", filepath.Join(w.dir, "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestVersion(t *testing.T) {
	for _, pragma := range []string{"user_version", "application_id"} {
		w := newWorld(t)
		if _, err := raw(t, w).Exec("PRAGMA " + pragma + " = 77"); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlitelog.Open(t.Context(), w.dir, hashZK{}, sqlitelog.Options{}); !is(err, sqlitelog.ErrVersion) {
			t.Error(pragma, err)
		}
	}
}

// TestAuditFindsEveryRow changes, takes away and adds rows in every table.
func TestAuditFindsEveryRow(t *testing.T) {
	w := newWorld(t)
	w.submit(w.anchor(1))
	w.clock.Add(time.Hour)
	if _, err := w.log.Heartbeat(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := raw(t, w)
	for _, table := range tables() {
		column := "value"
		if table == "checkpoint" {
			column = "note"
		}
		for _, change := range []string{
			"UPDATE %[1]s SET %[2]s = CAST(%[2]s || x'00' AS BLOB) WHERE rowid_ = ?",
			"DELETE FROM %[1]s WHERE rowid_ = ?",
		} {
			for _, key := range keysOf(t, db, table) {
				text := fmt.Sprintf(change, table, column)
				text = string(bytes.Replace([]byte(text), []byte("rowid_"), []byte(keyColumn(table)), 1))
				auditAfter(t, w, db, table, text, key)
			}
		}
	}
	auditAfter(t, w, db, "checkpoint", "INSERT INTO checkpoint (height, note) VALUES (?, x'00')", 99)
	for _, owner := range []string{"log", "witness"} {
		auditAfter(t, w, db, owner+"_revoked", "INSERT INTO "+owner+"_revoked VALUES (?, x'0000000000000001')", make([]byte, 12))
	}
	if err := w.log.Audit(t.Context()); err != nil {
		t.Fatal("repaired, yet:", err)
	}
}

func tables() []string {
	all := []string{"checkpoint"}
	for _, table := range machine.Tables() {
		all = append(all, "log_"+string(table), "witness_"+string(table))
	}
	return all
}

func keyColumn(table string) string {
	if table == "checkpoint" {
		return "height"
	}
	return "key"
}

func keysOf(t *testing.T, db *sql.DB, table string) []any {
	rows, err := db.Query("SELECT " + keyColumn(table) + " FROM " + table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var keys []any
	for rows.Next() {
		var key any
		if err := rows.Scan(&key); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// auditAfter spoils one row, insists that the audit finds it, and repairs it.
func auditAfter(t *testing.T, w *world, db *sql.DB, table, change string, key any) {
	t.Helper()
	mustExec(t, db, "CREATE TABLE keep AS SELECT * FROM "+table)
	mustExec(t, db, change, key)
	var damaged *machine.DamagedError
	if err := w.log.Audit(context.Background()); !errors.As(err, &damaged) {
		t.Errorf("%s: %v", table, err)
	}
	mustExec(t, db, "DELETE FROM "+table)
	mustExec(t, db, "INSERT INTO "+table+" SELECT * FROM keep")
	mustExec(t, db, "DROP TABLE keep")
}

func mustExec(t *testing.T, db *sql.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.Exec(text, args...); err != nil {
		t.Fatal(text, err)
	}
}

// TestWitnessSeesAFalseMap: someone alters the log's own tables and the log goes
// on; its witness does not sign.
func TestWitnessSeesAFalseMap(t *testing.T) {
	w := newWorld(t)
	w.submit(w.anchor(1))
	db := raw(t, w)
	mustExec(t, db, "UPDATE log_node SET value = CAST(zeroblob(31) || x'01' AS BLOB) WHERE length(value) = 32")
	if _, err := w.log.Submit(t.Context(), w.anchor(2)); !is(err, machine.ErrDisagrees) {
		t.Fatal("state map:", err)
	}
	w = newWorld(t)
	w.submit(w.anchor(1))
	mustExec(t, raw(t, w), "UPDATE log_hash SET value = CAST(zeroblob(31) || x'01' AS BLOB) WHERE key = x'0000000000000006'")
	if _, err := w.log.Heartbeat(t.Context()); !is(err, machine.ErrDisagrees) {
		t.Fatal("log:", err)
	}
}

// TestOpenChecksTheHead: a newest checkpoint that is not of this log.
func TestOpenChecksTheHead(t *testing.T) {
	for _, change := range []string{
		"DELETE FROM checkpoint WHERE height = 1",
		"UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE height = 0) WHERE height = 1",
		"UPDATE checkpoint SET note = x'00' WHERE height = 1",
		"UPDATE log_head SET value = x'00'",
	} {
		w := newWorld(t)
		w.submit(w.anchor(1))
		mustExec(t, raw(t, w), change)
		if _, err := sqlitelog.Open(t.Context(), w.dir, hashZK{}, sqlitelog.Options{}); !is(err, machine.ErrDamaged) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.log.Submit(ctx, w.anchor(1)); !is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := w.log.Prove(ctx); !is(err, context.Canceled) {
		t.Error(err)
	}
	w.submit(w.anchor(1))
}
