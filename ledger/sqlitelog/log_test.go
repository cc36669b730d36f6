package sqlitelog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
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
	v := w.view(ledger.AnchorKey(w.rootDID(), hash(1)), ledger.AnchorKey(w.rootDID(), hash(9)))
	if a, err := v.Anchor(w.rootDID(), hash(1)); err != nil || a.Agency != w.rootDID() {
		t.Fatal(a, err)
	}
	if _, err := v.Anchor(w.rootDID(), hash(9)); !is(err, ledger.ErrAbsent) {
		t.Fatal(err)
	}
	if !bytes.Equal(v.Head.Checkpoint, r.Checkpoint) {
		t.Fatal("proved under another checkpoint than the receipt's")
	}
	if value, err := w.log.Get(t.Context(), ledger.AnchorKey(w.rootDID(), hash(1))); err != nil || len(value) == 0 {
		t.Fatal(value, err)
	}
	if _, err := w.log.Get(t.Context(), ledger.AnchorKey(w.rootDID(), hash(9))); !is(err, ledger.ErrAbsent) {
		t.Fatal(err)
	}
}

func TestGenesis(t *testing.T) {
	w := newWorld(t)
	v := w.view(ledger.DIDKey(w.rootDID()), ledger.AgreementKey(0))
	d, err := v.DID(w.rootDID())
	if err != nil || len(d.SigningKeys(start)) != 1 {
		t.Fatal(d, err)
	}
	trust, err := v.Agreement(0)
	if err != nil || trust.Witnesses[0] != w.log.Trust().WitnessKeys[0] || trust.Threshold != 1 {
		t.Fatal(trust, err)
	}
	if err := w.log.Audit(t.Context(), nil); err != nil {
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
	var refused *ledger.RefusedError
	if !errors.As(err, &refused) || refused.Index != 1 || !is(err, ledger.ErrUnauthorised) {
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
	client, err := ledger.NewClient(t.Context(), w.log.Trust(), w.log, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Follow(t.Context()); !is(err, ledger.ErrStale) {
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
	create := w.sign(&ledger.DID{Keys: []ledger.PublicKey{
		{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public},
		{ID: "zk-1", Purpose: ledger.PurposeProof, Public: proofKey},
	}}, agency, w.root)
	did, err := ledger.DIDOf(create.Operation)
	if err != nil {
		t.Fatal(err)
	}
	const list = "https://example.org/status/1"
	w.submit(create,
		w.sign(&ledger.Accreditation{Agency: did, Action: ledger.ActionIssue, Region: "110000", Type: "urn:x", Accreditor: w.rootDID(), State: ledger.StateActive, Subject: ledgertest.SubjectOf(did)}, w.root),
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
	if err := w.log.Audit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

// TestClockBackwards: clocks differ by a minute at most, as SECURITY.md asks. A clock that
// is behind by more makes no checkpoint.
func TestClockBackwards(t *testing.T) {
	w := newWorld(t)
	w.clock.Add(-time.Minute)
	w.submit(w.anchor(0))
	if at := w.view().Head.State.Time(); !at.Equal(start) {
		t.Errorf("the ledger's time went from %v to %v", start, at)
	}
	w.clock.Add(-time.Millisecond)
	if _, err := w.log.Heartbeat(t.Context()); !is(err, machine.ErrClock) {
		t.Error(err)
	}
	if _, err := w.log.Submit(t.Context(), w.anchor(1)); !is(err, machine.ErrClock) {
		t.Error(err)
	}
}

// TestClockFarAhead: a clock that is wrong once does not close the ledger for eighty years.
// A ledger that stood still goes on where its operator says so.
func TestClockFarAhead(t *testing.T) {
	w := newWorld(t)
	w.log.Close()
	w.log = w.open(sqlitelog.Options{})
	const away = 80 * 365 * 24 * time.Hour
	w.clock.Add(away)
	var pause *ledger.PauseError
	if _, err := w.log.Heartbeat(t.Context()); !errors.As(err, &pause) || !pause.Last.Equal(start) || !pause.Now.Equal(w.clock.Now()) {
		t.Error(err)
	}
	if _, err := w.log.Submit(t.Context(), w.anchor(1)); !is(err, ledger.ErrPause) {
		t.Error(err)
	}
	w.clock.Add(machine.MaxPause - away)
	w.submit(w.anchor(1))
	w.clock.Add(away)
	told := w.open(sqlitelog.Options{MaxPause: away})
	if _, err := told.Heartbeat(t.Context()); err != nil {
		t.Error("the operator said so:", err)
	}
	w.submit(w.anchor(2))
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
				if _, err := reader.Prove(t.Context(), ledger.AnchorKey(w.rootDID(), hash(byte(100*i+n)))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	p, err := reader.Prove(t.Context(), ledger.AnchorKey(w.rootDID(), hash(119)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ledger.Verify(reader.Trust(), p, ledger.VerifyOptions{Now: start})
	if err != nil || v.Head.State.Height != 40 {
		t.Fatal(v, err)
	}
	if _, err := v.Anchor(w.rootDID(), hash(119)); err != nil {
		t.Fatal(err)
	}
	if err := other.Audit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Submit(t.Context(), w.anchor(1)); !is(err, sqlitestore.ErrReadOnly) {
		t.Fatal(err)
	}
	if _, err := reader.Heartbeat(t.Context()); !is(err, sqlitestore.ErrReadOnly) {
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
	if _, err := sqlitelog.Open(t.Context(), w.dir, ledgertest.ZK{}, sqlitelog.Options{}); !is(err, fs.ErrNotExist) {
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

// TestFailedCommit: what SQLite did not commit is not reported as done. A deferred
// foreign key that cannot hold makes the commit itself fail, and nothing before.
func TestFailedCommit(t *testing.T) {
	w := newWorld(t)
	db := raw(t, w)
	mustExec(t, db, "CREATE TABLE above (id INTEGER PRIMARY KEY)")
	mustExec(t, db, "CREATE TABLE below (id INTEGER REFERENCES above (id) DEFERRABLE INITIALLY DEFERRED)")
	mustExec(t, db, "CREATE TRIGGER failing AFTER INSERT ON checkpoint BEGIN INSERT INTO below VALUES (NEW.height); END")
	op := w.anchor(1)
	if r, err := w.log.Submit(t.Context(), op); err == nil || r != nil {
		t.Fatal("reported as done:", r)
	}
	if v := w.view(ledger.AnchorKey(w.rootDID(), hash(1))); v.Head.State.Height != 0 {
		t.Fatal("written")
	}
	mustExec(t, db, "DROP TRIGGER failing")
	if r := w.submit(op); r.Operations[0].Replayed {
		t.Fatal("it was written, after all")
	}
}
