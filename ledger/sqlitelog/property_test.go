package sqlitelog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// TestProperty: nothing accepted may stop the ledger in its files, which is opened again
// and followed by a witness elsewhere, and the root can repair.
func TestProperty(t *testing.T) {
	long.NotShort(t, "writes many batches")
	ledgertest.Plays(t, time.Duration(long.Or(5, 1200))*time.Second, long.Or(100, 400), newStage)
}

func newStage(t testing.TB) *ledgertest.Stage {
	w := newWitnessedOf(t, 1, ledgertest.SmallZK{})
	witness := w.witness(0)
	ctx := context.Background()
	return &ledgertest.Stage{
		AgencyBudget: machine.AgencyBudget,
		Founding:     w.log.Trust().Founding(), EpochLength: w.log.Trust().EpochLength,
		Root: w.root, Next: w.next, Agreement: w.agreement(), Now: w.clock.Now,
		Submit: func(ops ...*ledger.SignedOperation) error {
			w.clock.Add(time.Second)
			_, err := w.log.Submit(ctx, ops...)
			return err
		},
		CloseEpoch: func() (*ledger.Epoch, error) {
			w.clock.Add(2 * w.log.Trust().EpochLength)
			if _, err := w.log.Heartbeat(ctx); err != nil {
				return nil, err
			}
			proof, err := w.log.Prove(ctx)
			if err != nil {
				return nil, err
			}
			view, err := ledger.Verify(w.log.Trust(), proof, ledger.VerifyOptions{Now: w.clock.Now()})
			if err != nil {
				return nil, err
			}
			state := view.Head.State
			return &ledger.Epoch{Number: state.Epoch, RegistryRoot: state.RegistryRoot, RevocationRoot: state.RevocationRoot}, nil
		},
		Check: func() error {
			_, err := witness.Step(ctx, w.log)
			if err = errors.Join(err, w.log.Audit(ctx, nil), w.log.Close()); err != nil {
				return err
			}
			w.log, err = sqlitelog.Open(ctx, w.dir, ledgertest.SmallZK{}, sqlitelog.Options{Clock: w.clock.Now})
			return err
		},
	}
}
