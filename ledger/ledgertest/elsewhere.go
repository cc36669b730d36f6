package ledgertest

import (
	"context"
	"errors"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// elsewhere: what is signed for a ledger that was founded anew, under the same origin and
// by the same root agency, does not count here, and nothing of this log counts there.
func (w *world) elsewhere() {
	anew := w.Trust.Founding()
	anew.First[0] ^= 1
	a := w.agency()
	for _, object := range w.objects(a) {
		signed, err := ledger.SignObject(anew.ID(), object, a.key, w.Root)
		if err != nil {
			w.Fatal(err)
		}
		w.refuse(ledger.ErrSignature, signed)
	}
	together, err := ledger.SignBatch(anew.ID(), []*ledger.Operation{w.anchor(1).Operation, w.anchor(2).Operation}, w.Root)
	if err != nil {
		w.Fatal(err)
	}
	w.refuse(ledger.ErrSignature, together...)

	there, err := machine.New(ZK{}, anew, machine.Options{EpochLength: w.Trust.EpochLength})
	if err != nil {
		w.Fatal(err)
	}
	w.submit(w.anchor(1))
	leaves, err := w.Engines[0].Entries(context.Background(), 0)
	if err != nil {
		w.Fatal(err)
	}
	tried := 0
	for _, leaf := range leaves {
		if ledger.IsStateLeaf(leaf) {
			continue
		}
		op, err := ledger.ParseSignedOperation(leaf)
		if err != nil {
			w.Fatal(err)
		}
		tried++
		if _, err := there.Apply(machine.NewMemory(), w.Now(), op); !errors.Is(err, ledger.ErrSignature) {
			w.Errorf("an operation of kind %s counts on another ledger: %v", op.Operation.Kind, err)
		}
	}
	if tried < 4 {
		w.Errorf("only %d operations were tried", tried)
	}
}
