package cometlog_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// failing is zero knowledge that breaks in the middle of a block.
type failing struct {
	ledgertest.ZK
	armed *atomic.Bool
}

func (f failing) Roots(leaves [][32]byte, revoked [][ledger.HandleSize]byte) (registry, revocation [32]byte, err error) {
	if f.armed.Load() {
		panic("no block can be applied any more")
	}
	return f.ZK.Roots(leaves, revoked)
}

// TestConsensusFailure: a node that can apply no block says so, and takes nothing more.
func TestConsensusFailure(t *testing.T) {
	armed := new(atomic.Bool)
	c := newConsortiumOf(t, 1, failing{armed: armed}, cometlog.TestnetOptions{EpochLength: time.Second, Heartbeat: time.Second})
	c.submit(0, c.anchor(1))
	if err := c.nodes[0].Ready(); err != nil {
		t.Error("a node that runs is not ready:", err)
	}
	armed.Store(true)
	select {
	case <-c.nodes[0].Done():
	case <-time.After(time.Minute):
		t.Fatal("the node goes on as if nothing had happened")
	}
	if err := c.nodes[0].Ready(); !errors.Is(err, cometlog.ErrStopped) {
		t.Error(err)
	}
	if _, err := c.nodes[0].Submit(t.Context(), c.anchor(2)); !errors.Is(err, cometlog.ErrStopped) {
		t.Error(err)
	}
}
