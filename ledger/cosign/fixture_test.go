package cosign_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

const origin = "ledger.example/test"

var start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// world is a consortium of four nodes, of which the first is this engine. Its
// database is in memory.
type world struct {
	testing.TB
	root    crypto.Signer
	next    crypto.Signer // signs the next agreement
	machine *machine.Machine
	store   *machine.Memory
	now     time.Time
	nodes   []*ledger.NoteSigner
	trust   *ledger.TrustFile

	published *cosign.Published
	mu        sync.Mutex
	spread    [][]byte
	// open counts snapshots that were not rolled back.
	open int
}

// newWorld has three of four nodes sign; signers are this engine's.
func newWorld(t testing.TB, signers ...int) *world {
	t.Helper()
	w := &world{TB: t, store: machine.NewMemory(), now: start}
	w.root = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		w.nodes = append(w.nodes, must(ledger.NewCosigner(origin+"/"+name, key, func() time.Time { return w.now }))(t))
	}
	public := must(ledger.DefaultSuites().MarshalKey(w.root.Public()))(t)
	root := &ledger.DID{Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public}}}
	agreement := &ledger.Agreement{Witnesses: w.keys(), K: 3, Deciders: []ledger.Decider{w.decide()}, Threshold: 1}
	founding, first, err := ledger.Found(origin, root, agreement, w.root)
	if err != nil {
		t.Fatal(err)
	}
	w.trust = must(ledger.NewTrust(ledger.TrustFile{
		Origin: origin, RootDID: founding.RootDID, First: founding.First, WitnessKeys: w.keys(), K: 3, Next: agreement.Next(), Threshold: 1,
	}))(t)
	w.machine = must(machine.New(ledgertest.ZK{}, founding, machine.Options{}))(t)
	must(w.machine.Apply(w.store, w.now, first...))(t)
	own := make([]note.Signer, len(signers))
	for i, n := range signers {
		own[i] = w.nodes[n]
	}
	w.published = cosign.New(cosign.Options{Trust: w.trust, Signers: own, Snapshot: w.snapshot, Spread: w.keepSpread})
	return w
}

func (w *world) keys() (keys []string) {
	for _, node := range w.nodes {
		keys = append(keys, node.VerifierKey())
	}
	return keys
}

// decide is the root's say in an agreement.
func (w *world) decide() (d ledger.Decider) {
	w.Helper()
	d, w.next = ledgertest.Decider(w, w.root)
	return d
}

// agreement is the next one, signed.
func (w *world) agreement(k int, witnesses ...string) *ledger.SignedOperation {
	w.Helper()
	next := must(machine.CurrentTrust(w.store))(w).Successor()
	key := w.next
	next.K, next.Witnesses, next.Deciders = uint32(k), witnesses, []ledger.Decider{w.decide()}
	return must(ledger.SignObject(w.trust.ID(), next, key))(w)
}

func (w *world) keepSpread(signed []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spread = append(w.spread, signed)
}

// snapshot counts. The machine's own memory is what it reads.
type snapshot struct {
	machine.Store
	w *world
}

func (w *world) snapshot(context.Context) (cosign.Snapshot, error) {
	w.count(1)
	return &snapshot{w.store, w}, nil
}

func (s *snapshot) Rollback() error {
	s.w.count(-1)
	return nil
}

func (w *world) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open += n
}

// opened waits until as many snapshots are open: the one that readers had last is
// given back in the background.
func (w *world) opened(want int) {
	w.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		open := w.open
		w.mu.Unlock()
		if open == want {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("%d snapshots are open, want %d", open, want)
		}
	}
}

// apply makes a checkpoint and passes nothing on.
func (w *world) apply(ops ...*ledger.SignedOperation) machine.Head {
	w.Helper()
	w.now = w.now.Add(time.Second)
	return must(w.machine.Apply(w.store, w.now, ops...))(w).Head
}

// commit makes a checkpoint that the engine commits.
func (w *world) commit() machine.Head {
	w.Helper()
	head := w.apply()
	if err := w.published.Committed(w.Context(), head, nil); err != nil {
		w.Fatal(err)
	}
	return head
}

// signed is a node's signature on a head.
func (w *world) signed(head machine.Head, nodes ...int) []byte {
	w.Helper()
	var signers []note.Signer
	for _, n := range nodes {
		signers = append(signers, w.nodes[n])
	}
	text := ledger.FormatCheckpoint(origin, head.Size, head.Root)
	return must(note.Sign(&note.Note{Text: text}, signers...))(w)
}

// isPublished insists on a height, and that its checkpoint counts.
func (w *world) isPublished(height uint64) {
	w.Helper()
	size, reached, checkpoint, err := w.published.Await(w.Context(), height)
	if err != nil || reached != height {
		w.Fatalf("height %d, want %d: %v", reached, height, err)
	}
	head, err := ledger.OpenCheckpoint(w.trust, checkpoint)
	if err != nil || head.Size != size {
		w.Fatalf("checkpoint of %d leaves: %v", size, err)
	}
}

// isWaiting insists that a height is not published.
func (w *world) isWaiting(height uint64) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 10*time.Millisecond)
	defer cancel()
	if _, reached, _, err := w.published.Await(ctx, height); err == nil {
		w.Fatalf("height %d is published", reached)
	}
}
