package agency_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// TestPrepareRoot: the same keys until the ledger stands, and none after.
func TestPrepareRoot(t *testing.T) {
	w := newWorld(t)
	store := vault.NewMemoryStore()
	first, err := agency.PrepareRoot(t.Context(), store, w.options())
	none(t, err)
	again, err := agency.PrepareRoot(t.Context(), store, w.options())
	none(t, err)
	if first.Next != again.Next || !bytes.Equal(marshal(t, first.Key.Public()), marshal(t, again.Key.Public())) {
		t.Error("other keys the second time")
	}
	_, err = agency.OpenOffline(t.Context(), store, w.options())
	is(t, err, agency.ErrNoDID)
	_, err = agency.Apply(t.Context(), store, w.client(w.log), w.options())
	is(t, err, agency.ErrExists)
	_, err = agency.Open(t.Context(), store, w.client(w.log), w.log, w.options())
	is(t, err, agency.ErrNotRoot) // of this ledger
	_, err = agency.PrepareRoot(t.Context(), w.rootStore, w.options())
	is(t, err, agency.ErrExists)
	if w.root.DID() != w.log.Trust().RootDID {
		t.Error("the root agency has another DID than the trust file says")
	}
}

// TestRootWithAnotherNextKey: a ledger that was founded with the key and without
// its change key would never change.
func TestRootWithAnotherNextKey(t *testing.T) {
	w := newWorld(t)
	store := vault.NewMemoryStore()
	root, err := agency.PrepareRoot(t.Context(), store, w.options())
	none(t, err)
	l, err := sqlitelog.Init(t.Context(), t.TempDir(), "test.example/other", new(zkp.Accumulator), root.Key,
		sqlitelog.InitOptions{Clock: w.clock, Deciders: []ledger.Decider{root.Decider}})
	none(t, err)
	defer l.Close()
	_, err = agency.Open(t.Context(), store, w.clientOf(l.Trust(), l), l, w.options())
	is(t, err, agency.ErrNotRoot)
}

// TestAgencyOfAnotherLedger: a vault's agency signs for the ledger on which it was created.
func TestAgencyOfAnotherLedger(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t)
	_, err := agency.Open(t.Context(), w.rootStore, w.clientOf(other.log.Trust(), other.log), other.log, w.options())
	is(t, err, agency.ErrConfig)
	off, err := agency.OpenOffline(t.Context(), w.rootStore, w.options())
	none(t, err)
	if off.Keys().Ledger != w.log.Trust().ID() || off.Keys().Ledger == other.log.Trust().ID() {
		t.Error("the keys name another ledger than the agency's")
	}
}

func TestCrashInPrepareRoot(t *testing.T) {
	w := newWorld(t)
	for at := 1; ; at++ {
		for _, after := range []bool{false, true} {
			c := &crash{at: at, after: after}
			store := vault.NewMemoryStore()
			_, err := agency.PrepareRoot(t.Context(), crashingStore{store, c}, w.options())
			if !c.dead {
				none(t, err)
				if at <= 3 { // two keys and a record
					t.Errorf("over after %d steps", at)
				}
				return
			}
			is(t, err, errCrash)
			root, err := agency.PrepareRoot(t.Context(), store, w.options())
			none(t, err)
			l, err := sqlitelog.Init(t.Context(), t.TempDir(), "test.example/other", new(zkp.Accumulator), root.Key,
				sqlitelog.InitOptions{Clock: w.clock, NextKeys: [][32]byte{root.Next}, Deciders: []ledger.Decider{root.Decider}})
			none(t, err)
			a, err := agency.Open(t.Context(), store, w.clientOf(l.Trust(), l), l, w.options())
			none(t, errors.Join(err, l.Close()))
			if a.DID() != l.Trust().RootDID {
				t.Error("not the root")
			}
		}
	}
}

// TestRootNeedsItsLedger: without an answer the agency has no DID, and the next
// Open finds it.
func TestRootNeedsItsLedger(t *testing.T) {
	w := newWorld(t)
	store := vault.NewMemoryStore()
	root, err := agency.PrepareRoot(t.Context(), store, w.options())
	none(t, err)
	l, err := sqlitelog.Init(t.Context(), t.TempDir(), "test.example/other", new(zkp.Accumulator), root.Key,
		sqlitelog.InitOptions{Clock: w.clock, NextKeys: [][32]byte{root.Next}, Deciders: []ledger.Decider{root.Decider}})
	none(t, err)
	defer l.Close()
	broken := &faulty{Log: l, prove: func() error { return errLine }}
	_, err = agency.Open(t.Context(), store, w.clientOf(l.Trust(), broken), broken, w.options())
	is(t, err, errLine)
	a, err := agency.Open(t.Context(), store, w.clientOf(l.Trust(), l), l, w.options())
	none(t, err)
	none(t, a.Rotate(t.Context()))
	if a.Keys().KeyID != l.Trust().RootDID+"#sig-2" {
		t.Errorf("signs with %s", a.Keys().KeyID)
	}
}
