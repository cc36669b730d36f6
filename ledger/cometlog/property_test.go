package cometlog_test

import (
	"context"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// TestProperty: nothing accepted may stop four nodes, each of which replays and signs for
// itself, and the root can repair.
func TestProperty(t *testing.T) {
	long.Landing(t, "waits for epochs of three plays")
	ledgertest.Plays(t, time.Duration(long.Or(0, 1200))*time.Second, long.Or(20, 200), newStage)
}

// newStage is four nodes in this process. They are not stopped in between, because a node
// that starts again at once in the same process does not find its peers; TestCampaign of
// hufu-node stops processes.
func newStage(t testing.TB) *ledgertest.Stage {
	c := newConsortiumOf(t, 4, ledgertest.SmallZK{}, cometlog.TestnetOptions{EpochLength: epochLength, Heartbeat: time.Second})
	trust := c.nodes[0].Trust()
	turn := 0
	return &ledgertest.Stage{
		AgencyBudget: machine.AgencyBudget,
		Founding:     trust.Founding(), EpochLength: trust.EpochLength, Root: c.root, Next: c.next, Agreement: c.agreement(), Now: time.Now,
		Submit: func(ops ...*ledger.SignedOperation) error {
			turn++
			_, err := c.nodes[turn%len(c.nodes)].Submit(context.Background(), ops...)
			return err
		},
		CloseEpoch: func() (*ledger.Epoch, error) {
			c.closeEpoch()
			state := c.view(0).Head.State
			return &ledger.Epoch{Number: state.Epoch, RegistryRoot: state.RegistryRoot, RevocationRoot: state.RevocationRoot}, nil
		},
		Check: func() error {
			for _, n := range c.nodes {
				if err := n.Audit(context.Background(), nil); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
