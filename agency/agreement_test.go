package agency_test

import (
	"context"
	"testing"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// agreement is the one that holds.
func (w *world) agreement() *ledger.Agreement {
	w.Helper()
	t, err := w.client(w.log).Agreement(w.Context())
	none(w, err)
	return t
}

// proposal is the next agreement, with seats for nominations.
func (w *world) proposal(threshold uint32, nominated ...*ledger.Nomination) *ledger.SignedOperation {
	w.Helper()
	next := w.agreement().Successor()
	next.Threshold = threshold
	for _, n := range nominated {
		none(w, next.Seat(w.log.Trust().ID(), n))
	}
	op, err := ledger.Unsigned(next)
	none(w, err)
	return op
}

func (w *world) nominate(a *agency.Agency) *ledger.Nomination {
	w.Helper()
	n, err := a.Nominate(w.Context())
	none(w, err)
	return n
}

func (w *world) signAgreement(op *ledger.SignedOperation, by *agency.Agency) *ledger.SignedOperation {
	w.Helper()
	signed, err := by.SignAgreement(w.Context(), op)
	none(w, err)
	return signed
}

// TestAgreements: one agency decides, then two of two, then one leaves again. Each signs
// with the key that the agreement before committed to.
func TestAgreements(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	office, _ := w.create()
	first := w.nominate(w.root)
	if again := w.nominate(w.root); again.Decider.Next != first.Decider.Next {
		t.Error("another key for the same agreement")
	}
	known := w.agreement().Deciders[0].Next
	op := w.proposal(2, first, w.nominate(office))
	_, err := office.SignAgreement(ctx, op)
	is(t, err, agency.ErrNoSay)
	_, err = w.log.Submit(ctx, w.signAgreement(op, w.root))
	none(t, err)

	if w.nominate(w.root).Decider.Next == known {
		t.Error("promises a key that has signed")
	}

	// Both sign, each on its own copy.
	stale := op
	op = w.proposal(1, w.nominate(w.root), w.nominate(office))
	_, err = w.root.SignAgreement(ctx, stale)
	is(t, err, agency.ErrAgreement)
	_, err = w.root.Agree(ctx, nil)
	is(t, err, agency.ErrNoSay)
	_, err = w.log.Submit(ctx, w.signAgreement(op, w.root))
	refused(t, err, ledger.ErrUnauthorised)
	both, err := ledger.Merge(w.signAgreement(op, w.root), w.signAgreement(op, office))
	none(t, err)
	_, err = w.log.Submit(ctx, both)
	none(t, err)

	// A key that has signed is known: an agreement that counts on it again is not signed.
	next := w.agreement().Successor()
	none(t, next.Unseat(w.nominate(w.root).Decider.Name()))
	kept, err := ledger.Unsigned(next)
	none(t, err)
	_, err = office.SignAgreement(ctx, kept)
	is(t, err, agency.ErrAgreement)
	none(t, next.Seat(w.log.Trust().ID(), w.nominate(office)))
	op, err = ledger.Unsigned(next)
	none(t, err)
	_, err = w.log.Submit(ctx, w.signAgreement(op, office))
	none(t, err)
	_, err = w.root.SignAgreement(ctx, w.proposal(1, w.nominate(office)))
	is(t, err, agency.ErrNoSay)
	if got := w.agreement(); got.Number != 3 || len(got.Deciders) != 1 {
		t.Errorf("agreement %d of %d", got.Number, len(got.Deciders))
	}
}

// TestAgreementAfterRotation: the next agreement names the key that is in use then.
func TestAgreementAfterRotation(t *testing.T) {
	w := newWorld(t)
	none(t, w.root.Rotate(t.Context()))
	if agreed, err := w.root.Agree(t.Context(), nil); err != nil || agreed.Number != 1 {
		t.Fatal(err)
	}
	office, _ := w.create()
	_, err := office.Agree(t.Context(), nil)
	is(t, err, agency.ErrNoSay)
	object := w.root.Object()
	if got := w.agreement().Deciders[0].Key; string(got) != string(object.Keys[len(object.Keys)-1].Public) {
		t.Error("decides with the old key")
	}
}

// TestAgreementNeedsTheLedger: nothing is signed without it, nor where keys are elsewhere.
func TestAgreementNeedsTheLedger(t *testing.T) {
	w := newWorld(t)
	off, err := agency.OpenOffline(t.Context(), w.rootStore, w.options())
	none(t, err)
	_, err = off.Nominate(t.Context())
	is(t, err, agency.ErrOffline)
	key, err := w.root.Signer()
	none(t, err)
	elsewhere, err := agency.WithKey(w.root.DID()+"#sig-1", key, w.client(w.log), w.log, w.options())
	none(t, err)
	_, err = elsewhere.Nominate(t.Context())
	is(t, err, agency.ErrElsewhere)
	anchor, err := ledger.Unsigned(&ledger.Anchor{Hash: [32]byte{1}, Count: 1, Agency: w.root.DID()})
	none(t, err)
	_, err = w.root.SignAgreement(t.Context(), anchor)
	is(t, err, agency.ErrAgreement)
}

// TestCrashInAgreement stops the program before and after every step of a nomination and a
// signature. No key that may be known is promised for the next agreement, and the agency
// can sign the one after.
func TestCrashInAgreement(t *testing.T) {
	everyStep(t, func(c *crash) (over bool) {
		w := newWorld(t)
		crashing, err := agency.Open(t.Context(), crashingStore{w.rootStore, c}, w.client(crashingLog{w.log.Log, c}), crashingLog{w.log.Log, c}, w.options())
		none(t, err)
		n, err := crashing.Nominate(t.Context())
		var signed *ledger.SignedOperation
		if err == nil {
			signed, err = crashing.SignAgreement(t.Context(), w.proposal(1, n))
		}
		if err != nil {
			is(t, err, errCrash)
		}
		if signed != nil {
			_, err = w.log.Submit(t.Context(), signed)
			none(t, err)
		}
		for range 2 {
			again := w.open(w.rootStore)
			_, err = w.log.Submit(t.Context(), w.signAgreement(w.proposal(1, w.nominate(again)), again))
			none(t, err)
			w.works(again)
		}
		keys, err := vault.NewSoftwareKeys(w.rootStore).Keys(t.Context())
		if err != nil || !c.dead && len(keys) > 4 {
			t.Error(len(keys), "private keys,", err)
		}
		return !c.dead
	})
}

// unsure is a vault that stores a change and says that it failed, once.
type unsure struct {
	vault.Store
	fails int // which change from now on, 0 for none
}

func (u *unsure) Update(ctx context.Context, change func(vault.Tx) error) error {
	err := u.Store.Update(ctx, change)
	if u.fails--; err == nil && u.fails == 0 {
		err = errLine
	}
	return err
}

// TestNominationPerhapsStored: a key that the record may name is not deleted, else the
// agency would promise a key that it does not have, and lose its say.
func TestNominationPerhapsStored(t *testing.T) {
	w := newWorld(t)
	store := &unsure{Store: w.rootStore}
	root := w.open(store)
	store.fails = 2 // the key, then the record
	_, err := root.Nominate(t.Context())
	is(t, err, errLine)
	for range 2 {
		_, err := root.Agree(t.Context(), nil)
		none(t, err)
	}
}
