package sqlitelog_test

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// witnessed is a ledger of which k of three must sign: its own witness, and two
// elsewhere.
type witnessed struct {
	*world
	dirs [2]string
}

func newWitnessed(t testing.TB, k int) *witnessed {
	t.Helper()
	return newWitnessedOf(t, k, ledgertest.ZK{})
}

func newWitnessedOf(t testing.TB, k int, zk ledger.ZK) *witnessed {
	t.Helper()
	w := &witnessed{world: &world{TB: t, dir: t.TempDir(), clock: &clock{now: start}, root: newKey(t), zk: zk}}
	options := w.options()
	options.K = k
	for i, name := range []string{"witness.example/a", "witness.example/b"} {
		w.dirs[i] = t.TempDir()
		vkey, err := sqlitelog.CreateWitness(t.Context(), w.dirs[i], name)
		if err != nil {
			t.Fatal(err)
		}
		options.Witnesses = append(options.Witnesses, vkey)
	}
	var err error
	if w.log, err = sqlitelog.Init(t.Context(), w.dir, origin, zk, w.root, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.log.Close() })
	return w
}

func (w *witnessed) witness(i int) *sqlitelog.Witness {
	w.Helper()
	witness, err := sqlitelog.OpenWitness(context.Background(), w.dirs[i], w.log.Trust(), w.zk, sqlitelog.WitnessOptions{Clock: w.clock.Now})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { witness.Close() })
	return witness
}

// follow lets a witness step until the test ends.
func (w *witnessed) follow(witness *sqlitelog.Witness, log ledger.Witnessed) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if _, err := witness.Step(ctx, log); err != nil && ctx.Err() == nil {
				w.Error(err)
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	w.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// TestWitnessesElsewhere: nothing counts before enough have signed, and then it
// does; what readers see meanwhile is the state before, unchanged.
func TestWitnessesElsewhere(t *testing.T) {
	w := newWitnessed(t, 2)
	first, second := w.witness(0), w.witness(1)
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.log.Prove(impatient); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("readers see what too few have signed:", err)
	}
	if size, err := first.Step(t.Context(), w.log); err != nil || size == 0 {
		t.Fatal(size, err)
	}
	before := w.view().Head
	op := w.anchor(1)
	waiting, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if _, err := w.log.Submit(waiting, op); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("acknowledged without witnesses:", err)
	}
	if v := w.view(ledger.AnchorKey(w.rootDID(), hash(1))); v.Head.Size != before.Size {
		t.Error("readers see what too few have signed")
	}
	if _, err := second.Step(t.Context(), w.log); err != nil {
		t.Fatal(err)
	}
	v := w.view(ledger.AnchorKey(w.rootDID(), hash(1)))
	if _, err := v.Anchor(w.rootDID(), hash(1)); err != nil {
		t.Error("enough have signed:", err)
	}
	if r := w.submit(op); !r.Operations[0].Replayed {
		t.Errorf("%+v", r)
	}
	// All three sign: no more are needed, and none is lost.
	if _, err := first.Step(t.Context(), w.log); err != nil {
		t.Fatal(err)
	}
	if size, err := first.Step(t.Context(), w.log); err != nil || size != 0 {
		t.Error("signed twice:", size, err)
	}
	if err := w.log.Audit(t.Context(), nil); err != nil {
		t.Error(err)
	}
	// Closed and opened again, what was signed counts at once.
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	w.log = w.open(sqlitelog.Options{})
	if again := w.view().Head; again.Size != v.Head.Size {
		t.Errorf("size %d, was %d", again.Size, v.Head.Size)
	}
}

// TestWitnessesOverHTTP under load: every acknowledged operation counts.
func TestWitnessesOverHTTP(t *testing.T) {
	w := newWitnessed(t, 3)
	server := httptest.NewServer(remote.NewHandler(w.log, w.log.Trust(), remote.HandlerOptions{}))
	t.Cleanup(server.Close)
	client, err := remote.New(remote.Options{}, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.follow(w.witness(0), client)
	w.follow(w.witness(1), w.log)
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			r, err := client.Submit(ctx, w.anchor(byte(n)))
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := ledger.OpenCheckpoint(w.log.Trust(), r.Checkpoint); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := w.log.AddCosignature(t.Context(), []byte("hello")); !is(err, ledger.ErrFormat) {
		t.Error("no note:", err)
	}
	stranger := newWitnessed(t, 1)
	checkpoint, err := stranger.log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.log.AddCosignature(t.Context(), checkpoint); !is(err, ledger.ErrSignature) {
		t.Error("a stranger's signature:", err)
	}
}

// liar shows a witness another log than it has.
type liar struct {
	*sqlitelog.Log
	pending func(from uint64) ([]byte, [][]byte, error)
}

func (l liar) Pending(_ context.Context, from uint64) ([]byte, [][]byte, error) {
	return l.pending(from)
}

// TestWitnessIsNotFooled: a witness signs only what it reached itself.
func TestWitnessIsNotFooled(t *testing.T) {
	w := newWitnessed(t, 1)
	w.submit(w.anchor(1))
	honest := func(from uint64) ([]byte, [][]byte, error) { return w.log.Pending(t.Context(), from) }
	old, _, err := honest(0)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		lie  func(from uint64) ([]byte, [][]byte, error)
		want error
	}{
		"an altered leaf": {func(from uint64) ([]byte, [][]byte, error) {
			signed, leaves, err := honest(from)
			for i, leaf := range leaves {
				if ledger.IsStateLeaf(leaf) {
					leaves[i] = bytes.Clone(leaf)
					leaves[i][40] ^= 1 // the state root
				}
			}
			return signed, leaves, err
		}, machine.ErrDamaged},
		"a leaf left out": {func(from uint64) ([]byte, [][]byte, error) {
			signed, leaves, err := honest(from)
			if len(leaves) > 1 {
				leaves = leaves[1:]
			}
			return signed, leaves, err
		}, machine.ErrDamaged},
		"another's checkpoint": {func(from uint64) ([]byte, [][]byte, error) {
			signed, leaves, err := honest(from)
			signed = bytes.Replace(signed, []byte("ledger.example"), []byte("leader.example"), 1)
			return signed, leaves, err
		}, sqlitelog.ErrDisagrees},
	} {
		t.Run(name, func(t *testing.T) {
			if size, err := w.witness(0).Step(t.Context(), liar{w.log, c.lie}); !is(err, c.want) || size != 0 {
				t.Errorf("signed %d: %v", size, err)
			}
		})
	}
	witness := w.witness(1)
	if _, err := witness.Step(t.Context(), w.log); err != nil {
		t.Fatal(err)
	}
	w.submit(w.anchor(2))
	if _, err := witness.Step(t.Context(), w.log); err != nil {
		t.Fatal(err)
	}
	// The log goes back: evidence, and no signature.
	_, err = witness.Step(t.Context(), liar{w.log, func(uint64) ([]byte, [][]byte, error) { return old, nil, nil }})
	var evidence *ledger.InconsistentError
	if !errors.As(err, &evidence) || evidence.Newer.Size >= evidence.Older.Size {
		t.Error("a log that goes back:", err)
	}
}

func TestWitnessFolder(t *testing.T) {
	w := newWitnessed(t, 1)
	if _, err := sqlitelog.CreateWitness(t.Context(), w.dirs[0], "witness.example/a"); err == nil {
		t.Error("a witness's key was overwritten")
	}
	if _, err := sqlitelog.CreateWitness(t.Context(), t.TempDir(), "a b"); !is(err, ledger.ErrKey) {
		t.Error(err)
	}
	stranger := t.TempDir()
	if _, err := sqlitelog.CreateWitness(t.Context(), stranger, "witness.example/c"); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlitelog.OpenWitness(t.Context(), stranger, w.log.Trust(), ledgertest.ZK{}, sqlitelog.WitnessOptions{}); !is(err, cosign.ErrKeyFile) {
		t.Error("a witness that nobody named:", err)
	}
}

// TestAgreementAddsWitnesses: from the block of an agreement on that asks for a
// second witness, nothing counts without it.
func TestAgreementAddsWitnesses(t *testing.T) {
	w := newWitnessed(t, 1)
	trust := w.log.Trust()
	next := w.agreement().Successor()
	next.K = 2
	next.Deciders[0], _ = ledgertest.Decider(t, w.root)
	agreed := w.sign(next, w.next)
	waiting, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if _, err := w.log.Submit(waiting, agreed); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("an agreement that asks for two counts with one:", err)
	}
	if _, err := w.witness(0).Step(t.Context(), w.log); err != nil {
		t.Fatal(err)
	}
	r := w.submit(agreed)
	followed, err := trust.Follow(agreed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.OpenCheckpoint(followed, r.Checkpoint); err != nil {
		t.Error(err)
	}
}

// TestAgreementNamesAnotherWitness: where the agreement names only one elsewhere, this
// ledger's own witness counts for nothing, now and after the ledger is opened again.
func TestAgreementNamesAnotherWitness(t *testing.T) {
	w := newWitnessed(t, 1)
	trust := w.log.Trust()
	elsewhere := w.witness(0)
	next := w.agreement().Successor()
	next.Witnesses = next.Witnesses[1:2]
	next.Deciders[0], _ = ledgertest.Decider(t, w.root)
	agreed := w.sign(next, w.next)
	followed, err := trust.Follow(agreed)
	if err != nil {
		t.Fatal(err)
	}
	counts := func(op *ledger.SignedOperation) {
		t.Helper()
		waiting, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer stop()
		if _, err := w.log.Submit(waiting, op); !errors.Is(err, context.DeadlineExceeded) {
			t.Error("it counts without the witness that the agreement names:", err)
		}
		if _, err := elsewhere.Step(t.Context(), w.log); err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.OpenCheckpoint(followed, w.submit(op).Checkpoint); err != nil {
			t.Error(err)
		}
	}
	counts(agreed)
	counts(w.anchor(1))
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	w.log = w.open(sqlitelog.Options{})
	counts(w.anchor(2))
}
