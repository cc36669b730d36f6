package agency_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

const (
	vct     = "urn:test:resident:1"
	region  = "110101"
	beijing = "110000"
)

// start is in the morning of a day in Beijing.
var start = time.Date(2026, 11, 21, 10, 5, 0, 0, zkp.Zone)

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want: %v", err, want)
	}
}

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused insists on a ledger's refusal for a reason.
func refused(t testing.TB, err, reason error) {
	t.Helper()
	var r *ledger.RefusedError
	if !errors.As(err, &r) || !errors.Is(err, reason) {
		t.Fatalf("got %v, want a refusal: %v", err, reason)
	}
}

// world is a ledger with its root agency and a clock that stands still.
type world struct {
	testing.TB
	log       *faulty
	root      *agency.Agency
	rootStore vault.Store

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, now: start, rootStore: vault.NewMemoryStore()}
	root, err := agency.PrepareRoot(t.Context(), w.rootStore, w.options())
	none(t, err)
	l, err := sqlitelog.Init(t.Context(), t.TempDir(), "test.example/ledger", new(zkp.Accumulator), root.Key,
		sqlitelog.InitOptions{Clock: w.clock, NextKeys: [][32]byte{root.Next}, Deciders: []ledger.Decider{root.Decider}})
	none(t, err)
	t.Cleanup(func() { l.Close() })
	w.log = &faulty{Log: l}
	w.root = w.open(w.rootStore)
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	_, err := w.log.Heartbeat(w.Context())
	none(w, err)
}

// client reads the world's ledger.
func (w *world) client(reader ledger.Reader) *ledger.Client {
	w.Helper()
	return w.clientOf(w.log.Trust(), reader)
}

func (w *world) clientOf(trust *ledger.TrustFile, reader ledger.Reader) *ledger.Client {
	w.Helper()
	c, err := ledger.NewClient(w.Context(), trust, reader, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: w.clock})
	none(w, err)
	return c
}

func (w *world) options() agency.Options { return agency.Options{Clock: w.clock, ProofKey: true} }

// create makes an agency in a vault of its own.
func (w *world) create() (*agency.Agency, vault.Store) {
	w.Helper()
	store := vault.NewMemoryStore()
	return w.enter(store, w.options()), store
}

// enter makes an agency in a vault, or opens it; the root agency admits it.
func (w *world) enter(store vault.Store, opts agency.Options) *agency.Agency {
	w.Helper()
	a, err := agency.Enter(w.Context(), store, w.client(w.log), w.log, opts, w.admit)
	none(w, err)
	return a
}

func (w *world) admit(ctx context.Context, application *ledger.SignedOperation) error {
	_, err := w.root.Admit(ctx, application)
	return err
}

func (w *world) open(store vault.Store) *agency.Agency {
	w.Helper()
	a, err := agency.Open(w.Context(), store, w.client(w.log), w.log, w.options())
	none(w, err)
	return a
}

// onLedger is a DID as the ledger proves it.
func (w *world) onLedger(did string) *ledger.DID {
	w.Helper()
	d, err := ledger.ParseDID(did, w.value(ledger.DIDKey(did)))
	none(w, err)
	return d
}

// value is what the ledger holds under a key; nil where it holds nothing.
func (w *world) value(key string) (value []byte) {
	w.Helper()
	err := w.client(w.log.Log).Resolve(w.Context(), func(view *ledger.View) (err error) {
		value, err = view.Get(key)
		return err
	}, ledger.ResolveOptions{Keys: []string{key}})
	if !errors.Is(err, ledger.ErrAbsent) {
		none(w, err)
	}
	return value
}

// works insists that an agency signs with a key in force, and that its DID is
// the ledger's.
func (w *world) works(a *agency.Agency) {
	w.Helper()
	d := w.onLedger(a.DID())
	if !bytes.Equal(d.Bytes(), a.Object().Bytes()) {
		w.Fatal("the agency's DID is not the ledger's")
	}
	key := a.Keys()
	if key.Key == nil {
		w.Fatal("no signature key")
	}
	public := marshal(w, key.Key.Public())
	for _, k := range d.SigningKeys(w.clock()) {
		if bytes.Equal(k, public) {
			return
		}
	}
	w.Fatalf("%s is not in force", key.KeyID)
}

func marshal(t testing.TB, key crypto.PublicKey) []byte {
	t.Helper()
	b, err := ledger.DefaultSuites().MarshalKey(key)
	none(t, err)
	return b
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	return key
}

// anchor is an object that only an accredited agency may submit.
func anchor(did string, n byte) *ledger.Anchor {
	return &ledger.Anchor{Hash: sha256.Sum256([]byte{n}), Count: 1, Agency: did}
}

// faulty is a ledger that can be made to fail, or to lie.
type faulty struct {
	*sqlitelog.Log
	// submit and prove, where set, come before the ledger itself.
	submit func(ops []*ledger.SignedOperation) (*ledger.Receipt, error)
	prove  func() error
	replay *ledger.Proof // where set, the answer to every question

	mu        sync.Mutex
	submitted [][]*ledger.SignedOperation
	proved    *ledger.Proof // last
}

func (l *faulty) Submit(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	l.mu.Lock()
	l.submitted = append(l.submitted, ops)
	l.mu.Unlock()
	if l.submit != nil {
		return l.submit(ops)
	}
	return l.Log.Submit(ctx, ops...)
}

func (l *faulty) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	if l.prove != nil {
		if err := l.prove(); err != nil {
			return nil, err
		}
	}
	if l.replay != nil {
		return l.replay, nil
	}
	p, err := l.Log.Prove(ctx, keys...)
	l.mu.Lock()
	l.proved = p
	l.mu.Unlock()
	return p, err
}

var (
	errLine  = errors.New("no line to the ledger")
	errCrash = errors.New("the program stopped here")
)

// crash lets a program stop at one of its steps: each write to the vault, each
// batch and each question to the ledger.
type crash struct {
	at    int
	after bool // the step takes effect before the program stops
	n     int
	dead  bool
}

func (c *crash) step(do func() error) error {
	c.n++
	if c.dead || c.n == c.at && !c.after {
		c.dead = true
		return errCrash
	}
	if err := do(); err != nil {
		return err
	}
	if c.n == c.at {
		c.dead = true
		return errCrash
	}
	return nil
}

type crashingStore struct {
	vault.Store
	crash *crash
}

func (s crashingStore) Update(ctx context.Context, fn func(vault.Tx) error) error {
	return s.crash.step(func() error { return s.Store.Update(ctx, fn) })
}

type crashingLog struct {
	*sqlitelog.Log
	crash *crash
}

func (l crashingLog) Submit(ctx context.Context, ops ...*ledger.SignedOperation) (r *ledger.Receipt, err error) {
	err = l.crash.step(func() error {
		r, err = l.Log.Submit(ctx, ops...)
		return err
	})
	return r, err
}

func (l crashingLog) Prove(ctx context.Context, keys ...string) (p *ledger.Proof, err error) {
	err = l.crash.step(func() error {
		p, err = l.Log.Prove(ctx, keys...)
		return err
	})
	return p, err
}
