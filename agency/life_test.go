package agency_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

func TestCreate(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	w.works(a)
	keys := a.Keys()
	d := w.onLedger(a.DID())
	morning := time.Date(2026, 11, 21, 0, 0, 0, 0, zkp.Zone).Unix()
	if len(d.Keys) != 2 || d.Keys[0].ID != "sig-1" || d.Keys[1].ID != "zk-1" || d.Keys[0].From != morning || d.Keys[1].From != morning {
		t.Errorf("keys: %+v", d.Keys)
	}
	if keys.DID != a.DID() || keys.KeyID != a.DID()+"#sig-1" || !bytes.Equal(keys.Proof.ProofKey().Bytes(), d.Keys[1].Public) {
		t.Errorf("signs with %s", keys.KeyID)
	}
	if len(d.Next) != 1 {
		t.Errorf("commits to %d keys", len(d.Next))
	}
	_, err := agency.Apply(t.Context(), store, w.client(w.log), w.options())
	is(t, err, agency.ErrExists)
	again := w.open(store)
	if again.DID() != a.DID() || again.Keys().KeyID != keys.KeyID || !bytes.Equal(again.Keys().Proof.ProofKey().Bytes(), keys.Proof.ProofKey().Bytes()) {
		t.Error("another agency after Open")
	}
}

// TestCreateWithoutProofKey: the zero options make none.
func TestCreateWithoutProofKey(t *testing.T) {
	w := newWorld(t)
	a := w.enter(vault.NewMemoryStore(), agency.Options{Clock: w.clock})
	if a.Keys().Proof != nil || len(w.onLedger(a.DID()).Keys) != 1 {
		t.Error("a proof key that nobody asked for")
	}
	none(t, a.ReplaceProofKey(t.Context()))
	d := w.onLedger(a.DID())
	if a.Keys().Proof == nil || len(d.Keys) != 2 || d.Keys[1].ID != "zk-1" || d.Keys[0].Until != 0 {
		t.Errorf("keys: %+v", d.Keys)
	}
}

func TestIncomplete(t *testing.T) {
	w := newWorld(t)
	store, client := vault.NewMemoryStore(), w.client(w.log)
	key, id := newKey(t), w.root.Keys().KeyID
	for name, open := range map[string]func() error{
		"apply, no store":   func() error { _, err := agency.Apply(t.Context(), nil, client, agency.Options{}); return err },
		"apply, no client":  func() error { _, err := agency.Apply(t.Context(), store, nil, agency.Options{}); return err },
		"open, no ledger":   func() error { _, err := agency.Open(t.Context(), store, client, nil, agency.Options{}); return err },
		"offline, no store": func() error { _, err := agency.OpenOffline(t.Context(), nil, agency.Options{}); return err },
		"root, no store":    func() error { _, err := agency.PrepareRoot(t.Context(), nil, agency.Options{}); return err },
		"no key":            func() error { _, err := agency.WithKey(id, nil, client, w.log, agency.Options{}); return err },
		"no key id":         func() error { _, err := agency.WithKey("", key, client, w.log, agency.Options{}); return err },
		"a DID, no key id":  func() error { _, err := agency.WithKey(w.root.DID(), key, client, w.log, agency.Options{}); return err },
		"nothing to submit": func() error { _, err := w.root.Submit(t.Context()); return err },
	} {
		if err := open(); !errors.Is(err, agency.ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	w := newWorld(t)
	store := vault.NewMemoryStore()
	_, err := agency.Open(t.Context(), store, w.client(w.log), w.log, w.options())
	is(t, err, agency.ErrNone)
	_, err = agency.OpenOffline(t.Context(), store, w.options())
	is(t, err, agency.ErrNone)
	did := w.root.DID()
	for name, value := range map[string]string{
		"no JSON":        `agency`,
		"unknown member": `{"did":"` + did + `","since":1}`,
		"no object":      `{"did":"` + did + `"}`,
		"no operation":   `{"did":"` + did + `","pending":"AQ=="}`,
		"half a root":    `{"keys":[{"id":"a","public":"AQ=="}]}`,
	} {
		none(t, store.Update(t.Context(), func(tx vault.Tx) error { return tx.Put("agency", "self", []byte(value)) }))
		if _, err := agency.Open(t.Context(), store, w.client(w.log), w.log, w.options()); !errors.Is(err, agency.ErrRecord) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestOffline(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	off, err := agency.OpenOffline(t.Context(), store, w.options())
	none(t, err)
	w.works(off)
	if off.DID() != a.DID() {
		t.Error("another DID")
	}
	_, err = off.Submit(t.Context(), anchor(a.DID(), 1))
	is(t, err, agency.ErrOffline)
	is(t, off.Accredit(t.Context(), agency.Grant{To: w.root.DID()}), agency.ErrOffline)
	for name, change := range changes {
		if err := change(t.Context(), off); !errors.Is(err, agency.ErrOffline) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	none(t, off.Settle(t.Context()))
}

// TestRotate: the old key ends, the new one signs, and the private keys that
// nobody needs any more are gone.
func TestRotate(t *testing.T) {
	w := newWorld(t)
	old, store := w.root.Keys().Key, w.rootStore
	w.advance(time.Hour)
	_, err := w.root.Submit(t.Context(), anchor(w.root.DID(), 1))
	none(t, err)
	none(t, w.root.Rotate(t.Context()))
	w.works(w.root)
	if id := w.root.Keys().KeyID; id != w.root.DID()+"#sig-2" {
		t.Errorf("signs with %s", id)
	}
	stale, err := ledger.SignObject(w.root.Keys().Ledger, anchor(w.root.DID(), 2), old)
	none(t, err)
	_, err = w.log.Log.Submit(t.Context(), stale)
	refused(t, err, ledger.ErrUnauthorised)
	_, err = w.root.Submit(t.Context(), anchor(w.root.DID(), 2))
	none(t, err)

	d := w.onLedger(w.root.DID())
	if len(d.Keys) != 2 || d.Keys[0].Until != w.clock().Unix() || d.Keys[1].Until != 0 || d.Sequence != 1 {
		t.Errorf("keys: %+v", d.Keys)
	}
	infos, err := vault.NewSoftwareKeys(store).Keys(t.Context())
	none(t, err)
	if len(infos) != 3 { // to sign with, to change with, and for the next agreement
		t.Errorf("%d private keys", len(infos))
	}
	w.works(w.open(store))
}

// TestFullDID: a DID holds 32 keys. The change that would be one too many leaves
// nothing behind.
func TestFullDID(t *testing.T) {
	w := newWorld(t)
	none(t, w.root.Change(t.Context(), func(d *ledger.DID) {
		for n := range 31 {
			d.Keys = append(d.Keys, ledger.PublicKey{ID: fmt.Sprintf("desk-%d", n), Purpose: ledger.PurposeSignature, Public: marshal(t, newKey(t).Public())})
		}
	}))
	is(t, w.root.Rotate(t.Context()), ledger.ErrValue)
	w.works(w.root)
	if infos, err := vault.NewSoftwareKeys(w.rootStore).Keys(t.Context()); err != nil || len(infos) != 3 {
		t.Errorf("%d private keys, %v", len(infos), err)
	}
}

// TestRotateAtOnce: a key that was made this very second ends a second later,
// because a key cannot end before it begins.
func TestRotateAtOnce(t *testing.T) {
	w := newWorld(t)
	none(t, w.root.Rotate(t.Context()))
	if k := w.onLedger(w.root.DID()).Keys[0]; k.Until != k.From+1 {
		t.Errorf("from %d until %d", k.From, k.Until)
	}
}

// TestReplaceProofKey: both keys cover the day of the change.
func TestReplaceProofKey(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	old := a.Keys().Proof.ProofKey()
	none(t, a.ReplaceProofKey(t.Context()))
	w.works(a)
	if a.Keys().Proof.ProofKey().Equal(old) || a.Keys().KeyID != a.DID()+"#sig-1" {
		t.Error("the proof key was to change, and no other")
	}
	d := w.onLedger(a.DID())
	today := ledger.Day(start)
	if _, until, ok := d.Keys[1].Days(); !ok || until != today {
		t.Errorf("the old key counts until day %d, today is %d", until, today)
	}
	if from, _, ok := d.Keys[2].Days(); !ok || from != today || d.Keys[2].ID != "zk-2" {
		t.Errorf("the new key counts from day %d, today is %d", from, today)
	}
	if !w.open(store).Keys().Proof.ProofKey().Equal(a.Keys().Proof.ProofKey()) {
		t.Error("another proof key after Open")
	}
	w.advance(24 * time.Hour)
	none(t, a.Rotate(t.Context())) // the old seed goes now
	if seeds := strings.Count(string(recordOf(t, store)), `"seed"`); seeds != 1 {
		t.Errorf("%d seeds", seeds)
	}
}

func recordOf(t *testing.T, store vault.Store) (value []byte) {
	t.Helper()
	none(t, store.View(t.Context(), func(tx vault.Tx) error {
		r, err := tx.Get("agency", "self")
		value = r.Value
		return err
	}))
	return value
}

func TestMarkCompromised(t *testing.T) {
	w := newWorld(t)
	since := start.Add(-time.Hour)
	a, _ := w.create()
	is(t, a.MarkCompromised(t.Context(), "sig-9", since), agency.ErrUnknownKey)

	none(t, a.MarkCompromised(t.Context(), a.Keys().KeyID, since))
	w.works(a)
	d := w.onLedger(a.DID())
	if d.Keys[0].CompromisedFrom != since.Unix() || d.Keys[0].ValidAt(since) || a.Keys().KeyID != a.DID()+"#sig-2" {
		t.Errorf("keys: %+v", d.Keys)
	}

	proof := a.Keys().Proof.ProofKey()
	none(t, a.MarkCompromised(t.Context(), "zk-1", time.Time{}))
	d = w.onLedger(a.DID())
	if d.Keys[1].CompromisedFrom != 1 || a.Keys().Proof.ProofKey().Equal(proof) || a.Keys().KeyID != a.DID()+"#sig-2" {
		t.Errorf("keys: %+v", d.Keys)
	}

	// It was earlier still, and no other key is replaced.
	none(t, a.MarkCompromised(t.Context(), "sig-1", since.Add(-time.Hour)))
	none(t, a.MarkCompromised(t.Context(), "sig-1", since))
	d = w.onLedger(a.DID())
	if d.Keys[0].CompromisedFrom != since.Add(-time.Hour).Unix() || len(d.Keys) != 4 {
		t.Errorf("keys: %+v", d.Keys)
	}
	w.works(a)
}

func TestDeactivate(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	none(t, a.Deactivate(t.Context()))
	if d := w.onLedger(a.DID()); !d.Deactivated || len(d.Next) != 0 {
		t.Error("not deactivated")
	}
	for name, change := range changes {
		if err := change(t.Context(), a); !errors.Is(err, ledger.ErrDeactivated) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if !w.open(store).Object().Deactivated {
		t.Error("Open does not know")
	}
}

// TestChange adds a key that another office keeps. It stays when the agency's own
// key is rotated.
func TestChange(t *testing.T) {
	w := newWorld(t)
	branch := newKey(t)
	none(t, w.root.Change(t.Context(), func(d *ledger.DID) {
		d.Keys = append(d.Keys, ledger.PublicKey{ID: "sig-2", Purpose: ledger.PurposeSignature, Public: marshal(t, branch.Public())})
		d.Sequence, d.Next, d.ID = 7, nil, "nobody" // not for the edit to say
	}))
	if id := w.root.Keys().KeyID; id != w.root.DID()+"#sig-1" {
		t.Errorf("signs with %s", id)
	}
	none(t, w.root.Rotate(t.Context()))
	if id := w.root.Keys().KeyID; id != w.root.DID()+"#sig-3" {
		t.Errorf("signs with %s", id)
	}
	elsewhere, err := agency.WithKey(w.root.DID()+"#sig-2", branch, w.client(w.log), w.log, agency.Options{Clock: w.clock})
	none(t, err)
	_, err = elsewhere.Submit(t.Context(), anchor(w.root.DID(), 1))
	none(t, err)
	if elsewhere.DID() != w.root.DID() || elsewhere.Object() != nil || elsewhere.Keys().Key != crypto.Signer(branch) {
		t.Error("another agency")
	}
	for name, change := range changes {
		if err := change(t.Context(), elsewhere); !errors.Is(err, agency.ErrElsewhere) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	is(t, elsewhere.Settle(t.Context()), agency.ErrElsewhere)
}

// TestObjectIsACopy: what a caller does to it is nobody's change.
func TestObjectIsACopy(t *testing.T) {
	w := newWorld(t)
	d := w.root.Object()
	d.Keys[0].Public[5] ^= 1
	d.Keys[0].Until, d.Next[0][0] = 5, 5
	w.works(w.root)
}

// TestSafe: change keys live in a store of their own, which a change must reach.
func TestSafe(t *testing.T) {
	w := newWorld(t)
	store, desk, safe := vault.NewMemoryStore(), vault.NewSoftwareKeys(vault.NewMemoryStore()), vault.NewSoftwareKeys(vault.NewMemoryStore())
	opts := w.options()
	opts.Keys, opts.Safe = desk, safe
	a := w.enter(store, opts)
	for name, want := range map[vault.KeyStore]string{desk: "agency", safe: "agency-change"} {
		infos, err := name.Keys(t.Context())
		if err != nil || len(infos) != 1 || infos[0].Spec.Purpose != want {
			t.Errorf("%s: %v, %v", want, infos, err)
		}
	}
	opts.Safe = nil
	without, err := agency.Open(t.Context(), store, w.client(w.log), w.log, opts)
	none(t, err)
	w.works(without)
	is(t, without.Rotate(t.Context()), agency.ErrNoChangeKey)

	none(t, a.Rotate(t.Context()))
	w.works(a)
}

// TestLostSignatureKey: the key in the safe takes the agency back.
func TestLostSignatureKey(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	keys := vault.NewSoftwareKeys(store)
	infos, err := keys.Keys(t.Context())
	none(t, err)
	i := slices.IndexFunc(infos, func(i vault.KeyInfo) bool { return i.Spec.Purpose == "agency" })
	none(t, keys.DeleteKey(t.Context(), infos[i].ID))
	again := w.open(store)
	if again.Keys().Key != nil {
		t.Fatal("the key was not lost")
	}
	_, err = again.Submit(t.Context(), anchor(a.DID(), 1))
	is(t, err, agency.ErrNoKey)
	none(t, again.Rotate(t.Context()))
	w.works(again)
	if k := w.onLedger(a.DID()).Keys[0]; k.Until == 0 {
		t.Error("the lost key is in force")
	}
}

// TestOlderVault: a copy from before the last change cannot change the DID, and
// nothing reaches the ledger.
func TestOlderVault(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	copied := vault.NewMemoryStore()
	none(t, store.View(t.Context(), func(from vault.Tx) error {
		return copied.Update(t.Context(), func(to vault.Tx) error {
			for _, kind := range []string{"agency", "key"} {
				list, err := from.List(kind)
				none(t, err)
				for _, r := range list {
					none(t, to.Put(r.Kind, r.ID, r.Value))
				}
			}
			return nil
		})
	}))
	none(t, a.Rotate(t.Context()))
	older := w.open(copied)
	refused(t, older.Rotate(t.Context()), ledger.ErrConflict)
	is(t, older.Rotate(t.Context()), agency.ErrNoChangeKey)
	w.works(a)
}

// stubborn is a key store that deletes nothing while told so.
type stubborn struct {
	vault.KeyStore
	refuse bool
}

func (s *stubborn) DeleteKey(ctx context.Context, id string) error {
	if s.refuse {
		return vault.ErrLocked
	}
	return s.KeyStore.DeleteKey(ctx, id)
}

// TestKeysThatCannotBeDeletedNow stay in the record for the next time.
func TestKeysThatCannotBeDeletedNow(t *testing.T) {
	w := newWorld(t)
	keys := &stubborn{KeyStore: vault.NewSoftwareKeys(vault.NewMemoryStore()), refuse: true}
	opts := w.options()
	opts.Keys = keys
	a := w.enter(vault.NewMemoryStore(), opts)
	for _, want := range []int{4, 2} {
		none(t, a.Rotate(t.Context()))
		infos, err := keys.Keys(t.Context())
		none(t, err)
		if len(infos) != want {
			t.Errorf("%d private keys, want %d", len(infos), want)
		}
		keys.refuse = false
	}
}

// rival is a safe in which another process changes the agency in between.
type rival struct {
	vault.KeyStore
	meanwhile func()
}

func (r *rival) Generate(ctx context.Context, spec vault.KeySpec) (vault.Key, error) {
	if do := r.meanwhile; do != nil {
		r.meanwhile = nil
		do()
	}
	return r.KeyStore.Generate(ctx, spec)
}

func TestTwoProcesses(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	b := w.open(store)
	none(t, a.Rotate(t.Context()))
	none(t, b.Rotate(t.Context())) // reads the vault first
	w.works(b)
	none(t, a.Settle(t.Context()))
	w.works(a)

	r := &rival{KeyStore: vault.NewSoftwareKeys(store), meanwhile: func() { none(t, b.Rotate(t.Context())) }}
	opts := w.options()
	opts.Safe = r
	slow, err := agency.Open(t.Context(), store, w.client(w.log), w.log, opts)
	none(t, err)
	before := len(w.log.submitted)
	is(t, slow.Rotate(t.Context()), agency.ErrRaced)
	if infos, err := vault.NewSoftwareKeys(store).Keys(t.Context()); err != nil || len(infos) != 2 {
		t.Errorf("%d private keys, %v", len(infos), err)
	}
	if n := len(w.log.submitted) - before; n != 1 { // the rival's
		t.Errorf("%d submissions", n)
	}
	none(t, slow.Rotate(t.Context()))
	w.works(slow)
}

// TestTwoProcessesSettle: both find the same interrupted change, and the slower
// one takes what the other stored.
func TestTwoProcessesSettle(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	w.log.submit = func([]*ledger.SignedOperation) (*ledger.Receipt, error) { return nil, errLine }
	is(t, a.Rotate(t.Context()), agency.ErrPending)
	w.log.submit = nil
	w.log.prove = func() error {
		w.log.prove = nil
		none(t, w.open(store).Rotate(t.Context()))
		return nil
	}
	none(t, a.Settle(t.Context()))
	w.works(a)
	if id := a.Keys().KeyID; id != a.DID()+"#sig-3" {
		t.Errorf("signs with %s", id)
	}
}

// locked is a key store that does not open.
type locked struct{ vault.KeyStore }

func (locked) Key(context.Context, string) (vault.Key, error) { return nil, vault.ErrLocked }
func (locked) Generate(context.Context, vault.KeySpec) (vault.Key, error) {
	return nil, vault.ErrLocked
}

// TestLockedKeys: a key store that does not open is not one that lost its keys.
func TestLockedKeys(t *testing.T) {
	w := newWorld(t)
	_, store := w.create()
	opts := w.options()
	opts.Keys = locked{}
	_, err := agency.Open(t.Context(), store, w.client(w.log), w.log, opts)
	is(t, err, vault.ErrLocked)
	_, err = agency.Apply(t.Context(), vault.NewMemoryStore(), w.client(w.log), opts)
	is(t, err, vault.ErrLocked)
	opts = w.options()
	opts.Safe = locked{}
	a, err := agency.Open(t.Context(), store, w.client(w.log), w.log, opts)
	none(t, err)
	is(t, a.Rotate(t.Context()), vault.ErrLocked)
	w.works(a)
	none(t, store.Close())
	_, err = agency.Open(t.Context(), store, w.client(w.log), w.log, w.options())
	is(t, err, vault.ErrClosed)
}

func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	var running sync.WaitGroup
	for n := range 6 {
		running.Go(func() {
			if err := w.root.Rotate(t.Context()); err != nil {
				t.Error(err)
			}
		})
		running.Go(func() {
			// The key may have ended between signing and submission.
			_, err := w.root.Submit(t.Context(), anchor(w.root.DID(), byte(n)))
			if err != nil && !errors.Is(err, ledger.ErrUnauthorised) {
				t.Error(err)
			}
			_, _ = w.root.Keys(), w.root.Object()
		})
	}
	running.Wait()
	w.works(w.root)
	if n := len(w.root.Object().Keys); n != 7 {
		t.Errorf("%d keys after six rotations", n)
	}
}
