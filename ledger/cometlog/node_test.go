package cometlog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

func TestFourNodes(t *testing.T) {
	c := newConsortium(t, 4, cometlog.TestnetOptions{Heartbeat: time.Second})
	op := c.anchor(1)
	r := c.submit(0, op)
	if r.Operations[0].Replayed || r.Height < r.Operations[0].Height {
		t.Errorf("%+v", r)
	}
	head, err := ledger.OpenCheckpoint(c.nodes[0].Trust(), r.Checkpoint)
	if err != nil || head.Size != r.Size {
		t.Fatal(head, err)
	}
	if _, err := c.view(0, ledger.AnchorKey(c.rootDID(), numbered(1))).Anchor(c.rootDID(), numbered(1)); err != nil {
		t.Error(err)
	}
	// Handed in again, here and elsewhere, it has no second effect.
	for _, node := range []int{0, 3} {
		again := c.submit(node, op)
		if node == 0 && !again.Operations[0].Replayed || again.Operations[0].Index != r.Operations[0].Index {
			t.Errorf("node %d: %+v", node, again)
		}
	}
	var refused *ledger.RefusedError
	_, err = c.nodes[1].Submit(t.Context(), c.sign(&ledger.Anchor{Hash: numbered(2), Count: 1, Agency: c.rootDID()}, newKey(t)))
	if !errors.As(err, &refused) || !errors.Is(err, ledger.ErrUnauthorised) {
		t.Error(err)
	}
	// An idle ledger stays fresh, in every node.
	for i := range c.nodes {
		if !eventually(func() bool { return c.view(i).Head.State.Height > r.Height }) {
			t.Errorf("node %d made no heartbeat", i)
		}
		if err := c.nodes[i].Audit(context.Background(), nil); err != nil {
			t.Error(err)
		}
	}
}

// TestClockBehind: a node whose clock is behind votes for no block, and follows the others.
func TestClockBehind(t *testing.T) {
	c := (&consortium{TB: t, zk: ledgertest.ZK{}, behind: map[int]time.Duration{3: 2 * time.Minute}}).run(4, cometlog.TestnetOptions{Heartbeat: time.Second})
	r := c.submit(0, c.anchor(1))
	if !eventually(func() bool { return c.nodes[3].Status().RefusedProposals > 0 }) {
		t.Error("it votes for blocks from its future")
	}
	if !eventually(func() bool { return c.view(3).Head.Size >= r.Size }) {
		t.Error("it does not follow")
	}
	if n := c.nodes[0].Status().RefusedProposals; n > 0 {
		t.Errorf("a node whose clock is right refused %d blocks", n)
	}
}

// eventually waits up to a minute for something to come true.
func eventually(what func() bool) bool {
	for range 600 {
		if what() {
			return true
		}
		time.Sleep(100 * time.Millisecond)
	}
	return false
}

// TestAloneAfterRestart: a node that starts while all others are away serves the newest
// checkpoint, with the signatures that the others gave.
func TestAloneAfterRestart(t *testing.T) {
	c := newConsortium(t, 4, cometlog.TestnetOptions{})
	c.submit(0, c.anchor(1))
	before, err := c.nodes[0].Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.nodes {
		c.stop(i)
	}
	c.start(0)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	after, err := c.nodes[0].Checkpoint(ctx)
	if err != nil {
		t.Fatal("nothing is served:", err)
	}
	client, err := ledger.NewClient(t.Context(), c.nodes[0].Trust(), c.nodes[0], ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err == nil {
		err = client.Follow(ctx)
	}
	if err != nil || client.Head().Size == 0 {
		t.Errorf("its checkpoint does not count: %v\n%s\n%s", err, before, after)
	}
}
