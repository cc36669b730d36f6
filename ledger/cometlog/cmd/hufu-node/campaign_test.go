package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
)

var campaignSeed = flag.Uint64("campaign.seed", 0, "seed of TestCampaign's faults; 0 is a fresh one, which the test prints")

// A campaign is a network under load and under faults.
type campaign struct {
	*network
	random *rand.Rand
	began  time.Time

	mu sync.Mutex
	// acknowledged are the ids of operations whose receipt came.
	acknowledged map[[32]byte]bool
	// failed counts submissions without a receipt: they may be on the ledger or not.
	failed int
}

// TestCampaign: four nodes under load are killed, stopped, hung and wiped at random, alone,
// in pairs and all at once. What was acknowledged is in the log of every node once, and all
// nodes have one log. With -long it takes five minutes.
func TestCampaign(t *testing.T) {
	t.Parallel()
	seed := *campaignSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	n := newNetwork(t, 4, time.Hour, time.Second)
	t.Logf("to do the same again: -campaign.seed %d", seed)
	c := &campaign{network: n, random: rand.New(rand.NewPCG(seed, 0)), began: time.Now(), acknowledged: map[[32]byte]bool{}}
	n.ready()
	stop := c.load(16)
	end := time.Now().Add(time.Duration(long.Or(20, 300)) * time.Second)
	count := map[string]int{}
	for time.Now().Before(end) && !t.Failed() {
		c.pause(time.Second)
		count[c.fault()]++
		c.alive()
	}
	stop()
	c.agree()
	c.alive()
	c.oneLog()
	t.Logf("faults %v: %d operations acknowledged, %d not", count, len(c.acknowledged), c.failed)
	if len(c.acknowledged) == 0 {
		t.Error("nothing was acknowledged")
	}
}

// load hands in operations until stop is called.
func (c *campaign) load(callers int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for caller := range callers {
		client := c.all(caller % len(c.addresses))
		wait.Go(func() {
			for k := caller * 1_000_000; ctx.Err() == nil; k++ {
				op := c.anchor(k)
				err := c.submit(client, op, 20*time.Second)
				c.mu.Lock()
				if err != nil {
					c.failed++
				} else {
					c.acknowledged[op.Operation.ID()] = true
				}
				c.mu.Unlock()
			}
		})
	}
	return func() {
		cancel()
		wait.Wait()
	}
}

// pause waits for a random part of a time.
func (c *campaign) pause(most time.Duration) {
	time.Sleep(time.Duration(c.random.Int64N(int64(most))))
}

// fault lets something happen to some nodes, mends it, and says what it was.
func (c *campaign) fault() string {
	c.Helper()
	some := c.random.Perm(len(c.processes))[:[]int{1, 1, 1, 2, 4}[c.random.IntN(5)]]
	what := []string{"kill", "end", "hang", "wipe"}[c.random.IntN(4)]
	if what == "wipe" {
		some = some[:1] // the others still know what they voted for
	}
	c.Logf("%5.1fs %s %v", time.Since(c.began).Seconds(), what, some)
	for _, i := range some {
		switch what {
		case "kill", "wipe":
			c.kill(i)
		case "end":
			c.signal(i, syscall.SIGTERM)
		case "hang":
			c.signal(i, syscall.SIGSTOP)
		}
	}
	if what == "wipe" {
		c.wiped(some[0])
		return what
	}
	c.pause(3 * time.Second)
	for _, i := range some {
		switch what {
		case "end":
			c.ended(i)
			c.start(i)
		case "kill":
			c.start(i)
		case "hang":
			c.signal(i, syscall.SIGCONT)
		}
	}
	return fmt.Sprintf("%s %d", what, len(some))
}

// ended waits for a process that was told to end, and insists that it did so in peace, or
// before it knew how.
func (c *campaign) ended(i int) {
	c.Helper()
	select {
	case <-c.processes[i].done:
	case <-time.After(time.Minute):
		c.Fatalf("node%d does not end", i)
	}
	state, ok := c.processes[i].ProcessState.Sys().(syscall.WaitStatus)
	if early := ok && state.Signaled() && state.Signal() == syscall.SIGTERM; !early && !c.processes[i].ProcessState.Success() {
		c.Errorf("node%d: %v: %s", i, c.processes[i].ProcessState, c.processes[i].log.String())
	}
}

// wiped takes a node's data away and does what docs/consortium.md says: the node votes once
// the others are a block further.
func (c *campaign) wiped(i int) {
	c.Helper()
	voted := c.voted(i)
	if err := os.RemoveAll(filepath.Join(c.folder(i), "data")); err != nil {
		c.Fatal(err)
	}
	c.start(i)
	if !voted { // it cannot contradict itself
		if !eventually(func() bool { _, err := c.head(i); return err == nil }) {
			c.Fatalf("node%d does not come back", i)
		}
		return
	}
	select {
	case <-c.processes[i].done:
	case <-time.After(time.Minute):
		c.Fatalf("node%d votes and does not know what it voted for", i)
	}
	if said := c.processes[i].log.String(); !strings.Contains(said, "--votes-lost") {
		c.Errorf("node%d: %s", i, said)
	}
	other := c.client((i + 1) % len(c.processes))
	for range 2 { // in two blocks
		if err := c.submit(other, c.anchor(-int(time.Now().UnixNano())), time.Minute); err != nil {
			c.Fatalf("three of four do not go on: %v", err)
		}
	}
	c.start(i, "--votes-lost")
	if !eventually(func() bool { _, err := c.head(i); return err == nil }) {
		c.Fatalf("node%d does not come back", i)
	}
}

// voted reports whether a node has ever voted: one that only fetched blocks has not.
func (c *campaign) voted(i int) bool {
	c.Helper()
	b, err := os.ReadFile(filepath.Join(c.folder(i), "data", "vote.state"))
	if err != nil {
		c.Fatal(err)
	}
	var state struct {
		Height string `json:"height"`
	}
	if err := json.Unmarshal(b, &state); err != nil {
		c.Fatal(err)
	}
	return state.Height != "0"
}

// alive insists that no node has ended by itself.
func (c *campaign) alive() {
	c.Helper()
	for i, p := range c.processes {
		select {
		case <-p.done:
			c.Errorf("node%d has ended by itself: %s", i, p.log.String())
		default:
		}
	}
}

// oneLog reads the log of every node: each has the leaves of the others, states and their
// roots among them, every operation once, and all that was acknowledged.
func (c *campaign) oneLog() {
	c.Helper()
	first := c.leaves(0)
	times := map[[32]byte]int{}
	for _, leaf := range first {
		if op, err := ledger.ParseSignedOperation(leaf); err == nil {
			times[op.Operation.ID()]++
		} else if !ledger.IsStateLeaf(leaf) {
			c.Error("a leaf that is neither an operation nor a state:", err)
		}
	}
	for id, n := range times {
		if n != 1 {
			c.Errorf("operation %x is in the log %d times", id[:4], n)
		}
	}
	for id := range c.acknowledged {
		if times[id] == 0 {
			c.Errorf("operation %x was acknowledged and is lost", id[:4])
		}
	}
	for i := 1; i < len(c.processes); i++ {
		leaves := c.leaves(i)
		for k := range min(len(leaves), len(first)) {
			if !bytes.Equal(leaves[k], first[k]) {
				c.Errorf("leaf %d of node%d is another than that of node0", k, i)
				break
			}
		}
	}
	c.Logf("%d leaves, %d operations", len(first), len(times))
}

// leaves reads a node's whole log as of its newest checkpoint.
func (c *campaign) leaves(i int) (leaves [][]byte) {
	c.Helper()
	head, err := c.head(i)
	if err != nil {
		c.Fatal(err)
	}
	client := c.client(i)
	for uint64(len(leaves)) < head.Size {
		some, err := client.Entries(context.Background(), uint64(len(leaves)))
		if err != nil {
			c.Fatal(err)
		}
		leaves = append(leaves, some...)
	}
	return leaves[:head.Size]
}
