package agency_test

import (
	"context"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/vault"
)

// TestApply: the same application until the ledger has the agency. It goes as a file to any
// agency with an accreditation, which needs nothing else, and the newcomer finds that it is
// admitted, whoever handed it in.
func TestApply(t *testing.T) {
	w := newWorld(t)
	office, _ := w.create()
	store := vault.NewMemoryStore()
	first, err := agency.Apply(t.Context(), store, w.client(w.log), w.options())
	none(t, err)
	again, err := agency.Apply(t.Context(), store, w.client(w.log), w.options())
	none(t, err)
	if string(first.Bytes()) != string(again.Bytes()) {
		t.Error("another application the second time")
	}
	_, err = agency.Open(t.Context(), store, w.client(w.log), w.log, w.options())
	is(t, err, ledger.ErrNotAdmitted)
	signs, err := agency.OpenOffline(t.Context(), store, w.options())
	if err != nil || signs.Keys().Key == nil || signs.Keys().KeyID != signs.DID()+"#sig-1" {
		t.Errorf("without a ledger: %v", err)
	}
	file, err := ledger.ParseSignedOperation(first.Bytes())
	none(t, err)
	_, err = office.Admit(t.Context(), file)
	refused(t, err, ledger.ErrNotAdmitted) // the office has no accreditation itself
	none(t, w.root.Accredit(t.Context(), agency.Grant{
		To: office.DID(), Action: ledger.ActionVerify, Type: vct, Region: region, Subject: ledgertest.SubjectOf(office.DID()),
	}))
	did, err := office.Admit(t.Context(), file)
	none(t, err)
	again2, err := w.root.Admit(t.Context(), file) // it is there already
	if err != nil || again2 != did {
		t.Errorf("admitted again: %s, %v", again2, err)
	}
	a := w.open(store)
	w.works(a)
	if a.DID() != did || a.DID() != signs.DID() {
		t.Error("another DID")
	}
	_, err = agency.Apply(t.Context(), store, w.client(w.log), w.options())
	is(t, err, agency.ErrExists)
	none(t, a.Rotate(t.Context()))
}

// TestEnter: the second start finds the agency of the first, one that waits goes on waiting,
// and who stops waiting has lost nothing.
func TestEnter(t *testing.T) {
	w, store := newWorld(t), vault.NewMemoryStore()
	ctx, cancel := context.WithCancel(t.Context())
	enter := func(apply func(context.Context, *ledger.SignedOperation) error) (*agency.Agency, error) {
		return agency.Enter(ctx, store, w.client(w.log), w.log, w.options(), apply)
	}
	_, err := enter(func(context.Context, *ledger.SignedOperation) error { return errLine })
	is(t, err, errLine)
	var file []byte
	_, err = enter(func(_ context.Context, application *ledger.SignedOperation) error {
		file = application.Bytes()
		cancel()
		return nil
	})
	is(t, err, context.Canceled)
	ctx = t.Context()
	first, err := enter(func(ctx context.Context, application *ledger.SignedOperation) error {
		if string(application.Bytes()) != string(file) {
			t.Error("another application")
		}
		return w.admit(ctx, application)
	})
	none(t, err)
	again, err := enter(func(context.Context, *ledger.SignedOperation) error { return errors.New("asked again") })
	none(t, err)
	if again.DID() != first.DID() {
		t.Errorf("%s, then %s", first.DID(), again.DID())
	}
	w.works(again)
}

// TestAdmitRefuses what is no application to this ledger.
func TestAdmitRefuses(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	elsewhere, err := agency.Apply(t.Context(), vault.NewMemoryStore(), other.client(other.log), w.options())
	none(t, err)
	entry, err := ledger.SignObject(w.root.Keys().Ledger, anchor(w.root.DID(), 1), newKey(t))
	none(t, err)
	altered, err := agency.Apply(t.Context(), vault.NewMemoryStore(), w.client(w.log), w.options())
	none(t, err)
	altered.Operation.Nonce[0] ^= 1
	for name, file := range map[string]*ledger.SignedOperation{"another ledger's": elsewhere, "an anchor": entry, "altered": altered} {
		if _, err := w.root.Admit(t.Context(), file); !errors.Is(err, agency.ErrApplication) {
			t.Errorf("%s: %v", name, err)
		}
	}
	off, err := agency.OpenOffline(t.Context(), w.rootStore, w.options())
	none(t, err)
	whole, err := agency.Apply(t.Context(), vault.NewMemoryStore(), w.client(w.log), w.options())
	none(t, err)
	_, err = off.Admit(t.Context(), whole)
	is(t, err, agency.ErrOffline)
}

// TestAdmittedMeanwhile: another agency's copy reached the ledger first. The receipt does not
// fit this agency's copy, and the newcomer is there all the same.
func TestAdmittedMeanwhile(t *testing.T) {
	w := newWorld(t)
	store := vault.NewMemoryStore()
	application, err := agency.Apply(t.Context(), store, w.client(w.log), w.options())
	none(t, err)
	w.log.submit = func(ops []*ledger.SignedOperation) (*ledger.Receipt, error) {
		first, err := ledger.Countersign(w.root.Keys().Ledger, application, w.root.Keys().Key)
		none(t, err)
		if _, err := w.log.Log.Submit(t.Context(), first); err != nil {
			return nil, err
		}
		return w.log.Log.Submit(t.Context(), ops...)
	}
	none(t, w.admit(t.Context(), application))
	w.log.submit = nil
	w.works(w.open(store))
}
