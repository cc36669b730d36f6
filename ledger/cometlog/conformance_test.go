package cometlog_test

import (
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// epochLength is short enough to wait for.
const epochLength = 2 * time.Second

func TestConformance(t *testing.T) {
	long.NotShort(t, "waits for epochs")
	ledgertest.Run(t, func(t *testing.T) *ledgertest.World {
		c := newConsortium(t, 4, cometlog.TestnetOptions{EpochLength: epochLength, Heartbeat: time.Second})
		trust := c.nodes[0].Trust()
		w := &ledgertest.World{
			Trust: trust, Root: c.root, Next: c.next, Now: time.Now,
			Agreement:  c.agreement,
			CloseEpoch: c.closeEpoch,
		}
		for _, n := range c.nodes {
			w.Engines = append(w.Engines, n)
		}
		return w
	})
}

// agreement is the first.
func (c *consortium) agreement() *ledger.Agreement {
	c.Helper()
	first, err := c.view(0, ledger.AgreementKey(0)).Agreement(0)
	if err != nil {
		c.Fatal(err)
	}
	return first
}

// closeEpoch waits until every node knows an epoch that began after now.
func (c *consortium) closeEpoch() {
	c.Helper()
	began := ledger.EpochAt(time.Now(), epochLength) + 1
	for i := range c.nodes {
		if !eventually(func() bool { return c.view(i).Head.State.Epoch >= began }) {
			c.Fatal("no epoch was closed")
		}
	}
}
