package ledgertest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// receipts: what an engine acknowledges, a submitter that trusts nobody finds in its log,
// also where the ledger had it before, and across an agreement.
func (w *world) receipts() {
	engine := w.Engines[len(w.Engines)-1]
	client, err := ledger.NewClient(context.Background(), w.Trust, engine, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: w.Now})
	if err != nil {
		w.Fatal(err)
	}
	submitter := client.Submitter(engine)
	submit := func(ops ...*ledger.SignedOperation) *ledger.Receipt {
		w.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		r, err := submitter.Submit(ctx, ops...)
		if err != nil {
			w.Fatal(err)
		}
		return r
	}
	var batch []*ledger.SignedOperation
	for n := range 300 { // more than one tile holds
		batch = append(batch, w.sign(&ledger.Anchor{Hash: sha256.Sum256(fmt.Append(nil, "receipt", n)), Count: 1, Agency: w.Trust.RootDID}, w.Root))
	}
	first := submit(batch...)
	submit(w.sign(w.successor(), w.Next))
	again := submit(batch[299], batch[0])
	if again.Operations[0].Index != first.Operations[299].Index || again.Operations[1].Index != first.Operations[0].Index {
		w.Errorf("%+v", again.Operations)
	}
	first.Operations[7].Index++
	if err := client.VerifyReceipt(context.Background(), first, batch...); !errors.Is(err, ledger.ErrReceipt) {
		w.Error("another place:", err)
	}
}
