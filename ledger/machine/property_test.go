package machine_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// TestProperty: nothing accepted may stop the ledger, and the root can repair.
func TestProperty(t *testing.T) {
	ledgertest.Plays(t, time.Duration(long.Or(5, 1200))*time.Second, 400, newStage)
}

// newStage is a machine with small caps over a store in memory.
func newStage(t testing.TB) *ledgertest.Stage {
	w := newWorldWith(t, ledgertest.SmallZK{})
	const budget = 2000 // an agency meets it
	var err error
	w.machine, err = machine.New(ledgertest.SmallZK{}, w.founding, machine.Options{AgencyBudget: budget})
	if err != nil {
		t.Fatal(err)
	}
	first := must(machine.CurrentTrust(w.store))(t)
	return &ledgertest.Stage{
		AgencyBudget: budget,
		Founding:     w.founding, EpochLength: ledger.DefaultEpochLength,
		Root: w.root.key, Next: w.promised(1, w.root.key), Agreement: first,
		Now: func() time.Time { return w.now },
		Submit: func(ops ...*ledger.SignedOperation) error {
			w.now = w.now.Add(time.Second)
			_, err := w.machine.Apply(w.store, w.now, ops...)
			return err
		},
		CloseEpoch: func() (*ledger.Epoch, error) {
			w.now = w.now.Add(2 * ledger.DefaultEpochLength)
			commit, err := w.machine.Apply(w.store, w.now)
			if err != nil {
				return nil, err
			}
			b, err := machine.Value(w.store, ledger.EpochKey(commit.Head.State.Epoch))
			if err != nil {
				return nil, err
			}
			return ledger.ParseEpoch(b)
		},
		// A witness and a restart are what a replay is, where there is no file.
		Check: func() error {
			replayed := machine.NewMemory()
			err := w.machine.Audit(context.Background(), machine.ReadsOf(w.store), replayed, nil)
			if err == nil && !bytes.Equal(dump(t, replayed), dump(t, w.store)) {
				err = errors.New("a replay leads elsewhere")
			}
			return err
		},
	}
}
