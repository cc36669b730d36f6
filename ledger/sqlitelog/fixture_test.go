package sqlitelog_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// years is the pause that the tests allow: they move the clock.
const years = 10 * 365 * 24 * time.Hour

// world is a fresh ledger with its root agency.
type world struct {
	testing.TB
	dir   string
	clock *clock
	root  crypto.Signer
	next  crypto.Signer // signs the next agreement
	log   *sqlitelog.Log
	zk    ledger.ZK // of a witnessed ledger
}

const origin = "ledger.example/test"

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, dir: t.TempDir(), clock: &clock{now: start}, root: newKey(t)}
	var err error
	w.log, err = sqlitelog.Init(t.Context(), w.dir, origin, ledgertest.ZK{}, w.root, w.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.log.Close() })
	return w
}

// options are those of a ledger whose root agency decides alone.
func (w *world) options() sqlitelog.InitOptions {
	w.Helper()
	var d ledger.Decider
	d, w.next = ledgertest.Decider(w, w.root)
	return sqlitelog.InitOptions{Clock: w.clock.Now, MaxPause: years, Deciders: []ledger.Decider{d}}
}

// agreement is the first.
func (w *world) agreement() *ledger.Agreement {
	w.Helper()
	chain, err := w.log.TrustChain(w.Context(), 0)
	if err != nil {
		w.Fatal(err)
	}
	t, err := ledger.ParseAgreement(chain[0].Operation.Body)
	if err != nil {
		w.Fatal(err)
	}
	return t
}

func (w *world) rootDID() string { return w.log.Trust().RootDID }

func (w *world) open(options sqlitelog.Options) *sqlitelog.Log {
	w.Helper()
	options.Clock = w.clock.Now
	l, err := sqlitelog.Open(w.Context(), w.dir, ledgertest.ZK{}, options)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	return l
}

// sign makes a signed operation.
func (w *world) sign(object ledger.Object, signers ...crypto.Signer) *ledger.SignedOperation {
	w.Helper()
	signed, err := ledger.SignObject(w.log.Trust().ID(), object, signers...)
	if err != nil {
		w.Fatal(err)
	}
	return signed
}

func (w *world) anchor(n byte) *ledger.SignedOperation {
	return w.sign(&ledger.Anchor{Hash: sha256.Sum256([]byte{n}), Count: 1, Agency: w.rootDID()}, w.root)
}

func (w *world) submit(ops ...*ledger.SignedOperation) *ledger.Receipt {
	w.Helper()
	r, err := w.log.Submit(w.Context(), ops...)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// view proves and verifies keys.
func (w *world) view(keys ...string) *ledger.View {
	w.Helper()
	proof, err := w.log.Prove(context.WithoutCancel(w.Context()), keys...)
	if err != nil {
		w.Fatal(err)
	}
	v, err := ledger.Verify(w.log.Trust(), proof, ledger.VerifyOptions{Now: w.clock.Now()})
	if err != nil {
		w.Fatal(err)
	}
	return v
}
