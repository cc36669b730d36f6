package cometlog

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// counting counts how often a proof of a use is verified.
type counting struct {
	ledgertest.ZK
	checked *atomic.Int64
}

func (c counting) CheckUse(proof []byte, owner, event string, payload [32]byte, schema string, version uint32, statement [32]byte, epoch uint64, day uint32, registry, revocation [32]byte, key func(string) ([]byte, bool, error)) ([32]byte, error) {
	c.checked.Add(1)
	return c.ZK.CheckUse(proof, owner, event, payload, schema, version, statement, epoch, day, registry, revocation, key)
}

// driven is the application of a node whose consensus is the test.
type driven struct {
	testing.TB
	*app
	node    *Node
	root    crypto.Signer
	now     time.Time
	height  int64
	checked *atomic.Int64
}

var keyBytes = []byte("a verifying key")

func drive(t testing.TB, options Options) *driven {
	t.Helper()
	d := &driven{TB: t, now: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC), checked: new(atomic.Int64)}
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d.root = root
	clock := func() time.Time { return d.now }
	dirs, err := Testnet(filepath.Join(t.TempDir(), "net"), 1, root, TestnetOptions{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	d.node = new(Node)
	if d.node.config, err = ReadConfig(dirs[0]); err != nil {
		t.Fatal(err)
	}
	var genesis *Genesis
	if d.node.trust, genesis, err = readGenesis(dirs[0]); err != nil {
		t.Fatal(err)
	}
	options.Clock = clock
	if d.app, err = d.node.newApp(t.Context(), dirs[0], genesis, counting{checked: d.checked}, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(d.app.close(), d.node.closeDatabase()); err != nil {
			t.Error(err)
		}
	})
	if _, err := d.InitChain(t.Context(), &abci.RequestInitChain{Time: d.now}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *driven) rootDID() string { return d.node.trust.RootDID }

// tx is a transaction of operations that the root signs.
func (d *driven) tx(objects ...ledger.Object) []byte {
	d.Helper()
	ops, err := ledger.SignObjects(d.node.trust.ID(), objects, d.root)
	if err != nil {
		d.Fatal(err)
	}
	return ledger.FormatBatch(ops)
}

func (d *driven) anchor(n int) ledger.Object {
	return &ledger.Anchor{Hash: sha256.Sum256(fmt.Append(nil, n)), Count: 1, Agency: d.rootDID()}
}

// proposed asks for this node's vote.
func (d *driven) proposed(at time.Time, txs ...[]byte) bool {
	d.Helper()
	r, err := d.ProcessProposal(d.Context(), &abci.RequestProcessProposal{Time: at, Txs: txs, Height: d.height + 1})
	if err != nil {
		d.Fatal(err)
	}
	return r.Status == abci.ResponseProcessProposal_ACCEPT
}

// decided applies a block, and insists that every transaction is accepted.
func (d *driven) decided(txs ...[]byte) {
	d.Helper()
	d.height++
	r, err := d.FinalizeBlock(d.Context(), &abci.RequestFinalizeBlock{Time: d.now, Txs: txs, Height: d.height})
	if err != nil {
		d.Fatal(err)
	}
	for i, result := range r.TxResults {
		if result.Code != abci.CodeTypeOK {
			d.Fatalf("transaction %d: %s", i, result.Log)
		}
	}
	if _, err := d.Commit(d.Context(), nil); err != nil {
		d.Fatal(err)
	}
}

// admitted hands a transaction in.
func (d *driven) admitted(tx []byte, again bool) *abci.ResponseCheckTx {
	d.Helper()
	kind := abci.CheckTxType_New
	if again {
		kind = abci.CheckTxType_Recheck
	}
	r, err := d.CheckTx(d.Context(), &abci.RequestCheckTx{Tx: tx, Type: kind})
	if err != nil {
		d.Fatal(err)
	}
	return r
}

var question = ledger.Question{Schema: "cn.resident", Version: 1, Statement: sha256.Sum256([]byte("of age"))}

// counts puts on the ledger what uses need, and closes an epoch.
func (d *driven) counts() {
	d.Helper()
	d.decided(d.tx(
		&ledger.Rule{ID: "count", Version: 1, Hash: sha256.Sum256([]byte("policy")), Owner: d.rootDID(), MaxAge: 3600 * 24, Question: question},
		&ledger.KeyFile{File: keyBytes, Agency: d.rootDID()},
		&ledger.VK{Circuit: ledgertest.UseCircuit, KeyHash: sha256.Sum256(keyBytes), TranscriptHash: sha256.Sum256([]byte("ceremony")), Setup: ledger.SetupCeremony, State: ledger.VKActive},
	))
	d.now = d.now.Add(time.Hour)
	d.decided()
}

// use is the n-th person's.
func (d *driven) use(n int) ledger.Object {
	d.Helper()
	person, payload := sha256.Sum256(fmt.Append(nil, "person", n)), sha256.Sum256(fmt.Append(nil, n))
	tx, err := d.db.Snapshot(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	defer tx.Rollback()
	head, err := headOf(tx)
	if err != nil {
		d.Fatal(err)
	}
	s := head.State
	return &ledger.Use{
		Nullifier: ledgertest.NullifierOf(person, d.rootDID(), "poll"), Rule: "count", Version: 1, Event: "poll", Epoch: s.Epoch, Payload: payload,
		Proof: ledgertest.UsedBy(person, d.rootDID(), "poll", payload, question, s.Epoch, s.RegistryRoot, s.RevocationRoot, keyBytes),
	}
}

// TestHostileProposal: a node votes for no block that costs it dearly or means nothing, and
// for every block that a good node makes.
func TestHostileProposal(t *testing.T) {
	d := drive(t, Options{})
	d.counts()
	uses := make([]ledger.Object, blockUses)
	for n := range uses {
		uses[n] = d.use(n)
	}
	full, one, anchor := d.tx(uses...), d.tx(d.use(blockUses)), d.tx(d.anchor(1))
	var large [][]byte
	for n := range 3 {
		file := &ledger.KeyFile{File: make([]byte, 7<<10), Agency: d.rootDID()}
		var files []ledger.Object
		for range 100 {
			files = append(files, file)
		}
		file.File[0] = byte(n)
		large = append(large, d.tx(files...))
	}
	if !d.proposed(d.now, full, anchor) || !d.proposed(d.now) || !d.proposed(d.now, large[:2]...) {
		t.Error("a good block was refused")
	}
	for name, txs := range map[string][][]byte{
		"malformed":     {anchor, []byte("x")},
		"nothing":       {nil},
		"repeated":      {anchor, anchor},
		"too many uses": {full, one},
		"too large":     large,
	} {
		if d.proposed(d.now, txs...) {
			t.Errorf("%s: accepted", name)
		}
		made, err := d.PrepareProposal(t.Context(), &abci.RequestPrepareProposal{Txs: txs, MaxTxBytes: 21 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if len(made.Txs) >= len(txs) || !d.proposed(d.now, made.Txs...) {
			t.Errorf("%s: a good node proposes %d of %d", name, len(made.Txs), len(txs))
		}
	}
	if made, err := d.PrepareProposal(t.Context(), &abci.RequestPrepareProposal{Txs: [][]byte{anchor}, MaxTxBytes: 10}); err != nil || len(made.Txs) > 0 {
		t.Error("more bytes than CometBFT has place for:", err)
	}
	if r := d.admitted(d.tx(append(uses, d.use(blockUses))...), false); r.Code == abci.CodeTypeOK {
		t.Error("a transaction that no block has place for waits for ever")
	}
}

// TestProposedTime: this node's clock judges a proposal, and no block that is decided.
func TestProposedTime(t *testing.T) {
	d := drive(t, Options{})
	d.decided()
	last := d.now
	d.now = d.now.Add(time.Hour)
	for name, c := range map[string]struct {
		at   time.Time
		want bool
	}{
		"now":                       {d.now, true},
		"a minute ahead":            {d.now.Add(time.Minute), true},
		"more":                      {d.now.Add(time.Minute + time.Second), false},
		"eighty years ahead":        {d.now.AddDate(80, 0, 0), false},
		"before this node's clock":  {last, true},
		"before the ledger's":       {last.Add(-time.Millisecond), false},
		"long before both, forever": {time.Unix(0, 0), false},
	} {
		if got := d.proposed(c.at); got != c.want {
			t.Errorf("%s: accepted %v, want %v", name, got, c.want)
		}
	}
	// The others decided it: a node whose clock is behind follows.
	d.now = d.now.Add(-30 * time.Minute)
	at := last.Add(time.Hour)
	if _, err := d.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{Time: at, Txs: [][]byte{d.tx(d.anchor(1))}, Height: 2}); err != nil {
		t.Error(err)
	}
}

// TestProposedAfterAPause: all clocks may be wrong alike. Where a ledger stood still for
// long, its operators say so.
func TestProposedAfterAPause(t *testing.T) {
	d := drive(t, Options{})
	d.decided()
	pause := 31 * 24 * time.Hour
	d.now = d.now.Add(pause)
	if d.proposed(d.now) {
		t.Error("a month is nothing")
	}
	var refused *ledger.PauseError
	if err := d.inTime(d.now); !errors.As(err, &refused) || !errors.Is(err, ledger.ErrPause) {
		t.Error(err)
	}
	d.node.app, d.node.stopped = d.app, make(chan struct{})
	if err := d.node.Ready(); !errors.Is(err, ErrBehind) || !errors.Is(err, ledger.ErrPause) {
		t.Error("an operator does not hear why:", err)
	}
	told := drive(t, Options{MaxPause: 2 * pause})
	told.decided()
	told.now = told.now.Add(pause)
	if !told.proposed(told.now) {
		t.Error("the operator said so")
	}
}

// TestUseProvedOnce: a use that comes in, waits through a block, is proposed and decided
// is verified once, and again under another verifying key.
func TestUseProvedOnce(t *testing.T) {
	d := drive(t, Options{})
	d.counts()
	tx := d.tx(d.use(1))
	for _, again := range []bool{false, true} {
		if r := d.admitted(tx, again); r.Code != abci.CodeTypeOK {
			t.Fatal(r.Log)
		}
		d.decided(d.tx(d.anchor(int(d.height))))
	}
	if !d.proposed(d.now, tx) {
		t.Fatal("refused")
	}
	d.decided(tx)
	if n := d.checked.Load(); n != 1 {
		t.Errorf("verified %d times", n)
	}
}

// TestProvedUnderItsKey: what was proved says nothing of another proof, and nothing under
// another verifying key.
func TestProvedUnderItsKey(t *testing.T) {
	type arguments struct {
		proof                string
		owner, event, schema string
		payload, statement   [32]byte
		version, day         uint32
		epoch                uint64
		registry, revocation [32]byte
	}
	checked := new(atomic.Int64)
	zk := newProvedOnce(counting{checked: checked})
	good := arguments{owner: "did:hufu:a", event: "poll", schema: question.Schema, version: question.Version, statement: question.Statement, epoch: 7, day: 8}
	good.proof = string(ledgertest.UsedBy([32]byte{1}, good.owner, good.event, good.payload, question, good.epoch, good.registry, good.revocation, keyBytes))
	key, ceremony, missing := keyBytes, true, error(nil)
	check := func(a arguments) error {
		_, err := zk.CheckUse([]byte(a.proof), a.owner, a.event, a.payload, a.schema, a.version, a.statement, a.epoch, a.day, a.registry, a.revocation,
			func(string) ([]byte, bool, error) { return key, ceremony, missing })
		return err
	}
	if err := errors.Join(check(good), check(good)); err != nil || checked.Load() != 1 {
		t.Error(err, checked.Load())
	}
	// What it was verified under before must not count: each change alone makes it false.
	for name, change := range map[string]func(a *arguments){
		"proof":      func(a *arguments) { a.proof = a.proof[:63] + "x" },
		"owner":      func(a *arguments) { a.owner = "did:hufu:b" },
		"boundary":   func(a *arguments) { a.owner, a.event = a.owner+a.event[:1], a.event[1:] },
		"event":      func(a *arguments) { a.event = "another" },
		"schema":     func(a *arguments) { a.schema = "another" },
		"payload":    func(a *arguments) { a.payload[0]++ },
		"statement":  func(a *arguments) { a.statement[0]++ },
		"version":    func(a *arguments) { a.version++ },
		"epoch":      func(a *arguments) { a.epoch++ },
		"registry":   func(a *arguments) { a.registry[0]++ },
		"revocation": func(a *arguments) { a.revocation[0]++ },
	} {
		bad := good
		if change(&bad); check(bad) == nil {
			t.Errorf("another %s: remembered", name)
		}
	}
	before, tomorrow := checked.Load(), good
	tomorrow.day++ // the stand-in does not ask for it
	if err := check(tomorrow); err != nil || checked.Load() != before+1 {
		t.Error("another day: remembered", err)
	}
	key = []byte("another")
	if check(good) == nil {
		t.Error("remembered under another key")
	}
	key, ceremony = keyBytes, false
	if check(good) == nil {
		t.Error("remembered though the key is of one party now")
	}
	ceremony, missing = true, ledger.ErrMissing
	if err := check(good); !errors.Is(err, ledger.ErrMissing) {
		t.Error("remembered though the key is retired:", err)
	}
	for n := range 3 * rememberedProofs {
		zk.keep(sha256.Sum256(fmt.Append(nil, n)), proved{})
	}
	if len(zk.young)+len(zk.old) > 2*rememberedProofs {
		t.Error("remembers everything")
	}
}
