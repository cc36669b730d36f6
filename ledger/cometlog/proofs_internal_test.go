package cometlog

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

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
