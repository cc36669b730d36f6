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
	decider, _ := ledgertest.Decider(t, root)
	dirs, err := Testnet(filepath.Join(t.TempDir(), "net"), 1, root, TestnetOptions{Clock: clock, Deciders: []ledger.Decider{decider}})
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
		Nullifier: ledgertest.NullifierOf(person, d.rootDID(), "poll"), Owner: d.rootDID(), Rule: "count", Version: 1, Event: "poll", Epoch: s.Epoch, Payload: payload,
		Proof: ledgertest.UsedBy(person, d.rootDID(), "poll", payload, question, s.Epoch, s.RegistryRoot, s.RevocationRoot, keyBytes),
	}
}
