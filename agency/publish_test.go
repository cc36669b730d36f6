package agency_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
)

func schema(t *testing.T, from, to string) *credential.Schema {
	t.Helper()
	b, err := os.ReadFile("../hufutest/testdata/resident.schema.json")
	none(t, err)
	s, err := credential.ParseSchema([]byte(strings.Replace(string(b), from, to, 1)))
	none(t, err)
	return s
}

func TestPublishSchema(t *testing.T) {
	w := newWorld(t)
	s := schema(t, "", "")
	none(t, w.root.PublishSchema(t.Context(), s))
	o, err := ledger.ParseSchema(w.value(ledger.SchemaKey(s.ID, uint32(s.Version))))
	none(t, err)
	if o.Hash != s.Hash() || o.VCT != s.VCT || o.Attributes != s.Slots() || o.Owner != w.root.DID() {
		t.Errorf("got %+v", o)
	}
	before := len(w.log.submitted)
	none(t, w.root.PublishSchema(t.Context(), s))
	if len(w.log.submitted) != before {
		t.Error("submitted twice")
	}
	refused(t, w.root.PublishSchema(t.Context(), schema(t, `"en": "name"`, `"en": "Name"`)), ledger.ErrConflict)
	stranger, _ := w.create()
	refused(t, stranger.PublishSchema(t.Context(), schema(t, `"version": 1`, `"version": 2`)), ledger.ErrUnauthorised)
	w.log.prove = func() error { return errLine }
	is(t, w.root.PublishSchema(t.Context(), s), errLine)
}

func verifyingKey(t *testing.T, c zkp.Circuit, setup zkp.Setup) *zkp.VerifyingKey {
	t.Helper()
	_, _, g1, beta := bn254.Generators()
	var gamma, delta bn254.G2Affine
	gamma.Add(&beta, &beta)
	delta.Add(&gamma, &beta)
	ic := make([]bn254.G1Affine, c.PublicInputs()+1)
	for i := range ic {
		ic[i] = g1
	}
	k, err := zkp.NewVerifyingKey(c, setup, g1, beta, gamma, delta, ic)
	none(t, err)
	return k
}

func TestPublishVerifyingKeys(t *testing.T) {
	w := newWorld(t)
	prepare, show := verifyingKey(t, zkp.CircuitPrepare, zkp.SetupSingleParty), verifyingKey(t, zkp.CircuitShow, zkp.SetupSingleParty)
	made := verifyingKey(t, zkp.CircuitShowSet, zkp.SetupCeremony)
	transcript := [32]byte{1}
	is(t, w.root.PublishVerifyingKeys(t.Context(), transcript, prepare), agency.ErrTranscript)
	is(t, w.root.PublishVerifyingKeys(t.Context(), [32]byte{}, made), agency.ErrTranscript)
	office, _ := w.create()
	refused(t, office.PublishVerifyingKeys(t.Context(), [32]byte{}, prepare), ledger.ErrUnauthorised)

	none(t, w.root.PublishVerifyingKeys(t.Context(), [32]byte{}, prepare))
	none(t, w.root.PublishVerifyingKeys(t.Context(), [32]byte{}, prepare, show)) // show is new
	none(t, w.root.PublishVerifyingKeys(t.Context(), transcript, made))
	for key, want := range map[*zkp.VerifyingKey]ledger.VK{
		prepare: {Setup: ledger.SetupSingleParty}, show: {Setup: ledger.SetupSingleParty},
		made: {Setup: ledger.SetupCeremony, TranscriptHash: transcript},
	} {
		want.Circuit, want.KeyHash, want.State = string(key.Circuit()), key.Hash(), ledger.VKActive
		o, err := ledger.ParseVK(w.value(ledger.VKKey(string(key.Circuit()))))
		none(t, err)
		if *o != want {
			t.Errorf("got %+v", o)
		}
	}
	if n := len(w.log.submitted[len(w.log.submitted)-2]); n != 1 {
		t.Errorf("%d operations for one new key", n)
	}
	none(t, w.root.PublishVerifyingKeys(t.Context(), [32]byte{}))
}

func TestSubmit(t *testing.T) {
	w := newWorld(t)
	did := w.root.DID()
	receipt, err := w.root.Submit(t.Context(), anchor(did, 1), anchor(did, 2))
	none(t, err)
	if len(receipt.Operations) != 2 {
		t.Errorf("%d operations", len(receipt.Operations))
	}
	_, err = w.root.Submit(t.Context(), anchor(did, 3), anchor(did, 1))
	refused(t, err, ledger.ErrConflict)
	if w.value(anchor(did, 3).Key()) != nil {
		t.Error("half of a batch was taken")
	}
	_, err = w.root.Submit(t.Context(), &ledger.Anchor{Agency: did})
	is(t, err, ledger.ErrValue)
}

// TestUncertain: the answer is lost. The same operations, submitted again, are
// answered with their first receipt.
func TestUncertain(t *testing.T) {
	w := newWorld(t)
	did := w.root.DID()
	var first *ledger.Receipt
	w.log.submit = func(ops []*ledger.SignedOperation) (_ *ledger.Receipt, err error) {
		first, err = w.log.Log.Submit(t.Context(), ops...)
		return nil, errors.Join(errLine, err)
	}
	_, err := w.root.Submit(t.Context(), anchor(did, 1))
	is(t, err, errLine)
	var uncertain *agency.UncertainError
	if !errors.As(err, &uncertain) || len(uncertain.Operations) != 1 || !strings.Contains(err.Error(), errLine.Error()) {
		t.Fatalf("got %v", err)
	}
	w.log.submit = nil
	again, err := w.log.Submit(t.Context(), uncertain.Operations...)
	none(t, err)
	if again.Operations[0].ID != first.Operations[0].ID || !again.Operations[0].Replayed {
		t.Errorf("got %+v", again.Operations[0])
	}
}
