package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
)

// ready waits until every node answers.
func (n *network) ready() {
	n.Helper()
	for i := range n.processes {
		if !eventually(func() bool { _, err := n.head(i); return err == nil }) {
			n.Fatalf("node%d does not answer", i)
		}
	}
}

// TestOneNodeDies: the others go on, and it catches up when it is back.
func TestOneNodeDies(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Minute)
	n.ready()
	stop := n.loading(16)
	time.Sleep(2 * time.Second)
	n.kill(3)
	time.Sleep(6 * time.Second)
	n.start(3)
	time.Sleep(3 * time.Second)
	acknowledged, worst := stop()
	t.Logf("%d operations, the longest wait %v", len(acknowledged), worst)
	n.agree()
	n.holds(acknowledged)
}

// TestTwoNodesDie: nothing is acknowledged without a quorum, nothing forks, and it
// goes on when one is back.
func TestTwoNodesDie(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Minute)
	n.ready()
	stop := n.loading(8)
	time.Sleep(2 * time.Second)
	n.kill(2)
	n.kill(3)
	before := n.settled(0) // what was under way ends
	time.Sleep(3 * time.Second)
	after, err := n.head(0)
	if err != nil {
		t.Fatal("without a quorum readers get no answer:", err)
	}
	if after.Size != before {
		t.Errorf("the ledger went on without a quorum: %d, then %d", before, after.Size)
	}
	returned := time.Now()
	n.start(2)
	if err := n.submit(n.client(0), n.anchor(-1), time.Minute); err != nil {
		t.Fatal(err)
	}
	t.Logf("%v after the quorum's return", time.Since(returned))
	n.start(3)
	acknowledged, _ := stop()
	n.agree()
	n.holds(append(acknowledged, -1))
}

// TestAllNodesDie under load: what was acknowledged is there when they are back.
func TestAllNodesDie(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Minute)
	n.ready()
	for range 2 {
		stop := n.loading(16)
		time.Sleep(2 * time.Second)
		for i := range n.processes {
			n.kill(i)
		}
		returned := time.Now()
		for i := range n.processes {
			n.start(i)
		}
		if err := n.submit(n.all(0), n.anchor(int(returned.UnixNano())), time.Minute); err != nil {
			t.Fatal(err)
		}
		t.Logf("%v after the start", time.Since(returned))
		acknowledged, _ := stop()
		n.agree()
		n.holds(acknowledged)
	}
}

// TestOneNodeHangs: a node that does nothing is like one that is gone, and does
// not hurt when it goes on.
func TestOneNodeHangs(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Minute)
	n.ready()
	n.signal(1, syscall.SIGSTOP)
	for k := range 5 {
		if err := n.submit(n.client(0), n.anchor(k), 20*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	n.signal(1, syscall.SIGCONT)
	n.agree()
}

// TestWipedNode: a node that lost everything but its keys fetches it from the
// others.
func TestWipedNode(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Minute)
	n.ready()
	stop := n.loading(16)
	time.Sleep(3 * time.Second)
	acknowledged, _ := stop()
	n.kill(2)
	if err := os.RemoveAll(filepath.Join(n.folder(2), "data")); err != nil {
		t.Fatal(err)
	}
	n.start(2, "--votes-lost")
	began := time.Now()
	n.agree()
	t.Logf("%d operations in %v", len(acknowledged), time.Since(began))
	n.holds(acknowledged)
}

// TestDamagedNode: a row that no operation reads is changed on disk. The node
// finds it when it starts, says where, and stops.
func TestDamagedNode(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Minute)
	n.ready()
	if err := n.submit(n.client(0), n.anchor(1), time.Minute); err != nil {
		t.Fatal(err)
	}
	n.agree()
	n.kill(1)
	damage(t, filepath.Join(n.folder(1), "data", "ledger.db"))
	n.start(1)
	select {
	case <-n.processes[1].done:
	case <-time.After(30 * time.Second):
		t.Fatal("a damaged node goes on")
	}
	if code := n.processes[1].ProcessState.ExitCode(); code == 0 {
		t.Error("a damaged node ends as if all were well")
	}
	if err := n.submit(n.client(0), n.anchor(2), time.Minute); err != nil {
		t.Error("the others:", err)
	}
	n.start(1) // as after its data folder was moved away
	n.kill(1)
	if err := os.RemoveAll(filepath.Join(n.folder(1), "data")); err != nil {
		t.Fatal(err)
	}
	n.start(1)
	select {
	case <-n.processes[1].done:
	case <-time.After(30 * time.Second):
		t.Fatal("a node votes that does not know what it voted for")
	}
	if said := n.processes[1].log.String(); !strings.Contains(said, "--votes-lost") {
		t.Errorf("does not say what to do: %s", said)
	}
	n.start(1, "--votes-lost")
	n.agree()
}

// TestJoinAndLeave: a fifth agency joins by an agreement, catches up and signs;
// then the first leaves.
func TestJoinAndLeave(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, time.Hour, time.Second)
	n.ready()
	var members []cometlog.Member
	for i := range 4 {
		m, err := cometlog.ReadMember(n.folder(i))
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, *m)
	}
	port := freePorts(t, 2)
	config := cometlog.NodeConfig{Name: "hufu.example/fifth", Origin: n.trust.Origin, Listen: localhost(port), API: localhost(port + 1)}
	fifth, err := cometlog.CreateMember(n.folder(4), config)
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := os.ReadFile(filepath.Join(n.folder(0), "genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cometlog.Join(n.folder(4), n.trust, genesis, members); err != nil {
		t.Fatal(err)
	}
	n.processes, n.addresses = append(n.processes, nil), append(n.addresses, n.address(4))
	n.start(4)
	n.agree()

	n.change(1, append(members, *fifth))
	n.agree()
	n.change(2, append(members[1:], *fifth))
	n.kill(0) // it has left
	if err := n.submit(n.client(1), n.anchor(1), time.Minute); err != nil {
		t.Error("without the one that left:", err)
	}
	// Four of the new five would not do for the old file: it is followed.
	if n.trust.Number != 2 || len(n.trust.WitnessKeys) != 4 {
		t.Errorf("followed to agreement %d of %d nodes", n.trust.Number, len(n.trust.WitnessKeys))
	}
	n.kill(2) // one of four may fail, the fifth among the three that remain
	if err := n.submit(n.client(1), n.anchor(2), time.Minute); err != nil {
		t.Error("the one that joined does not count:", err)
	}
	n.start(0)
	n.start(2)
}

// change makes an agreement and follows it.
func (n *network) change(number uint64, members []cometlog.Member) {
	n.Helper()
	held, err := n.client(1).TrustChain(context.Background(), number-1)
	if err != nil {
		n.Fatal(err)
	}
	before, err := ledger.ParseAgreement(held[len(held)-1].Operation.Body)
	if err != nil {
		n.Fatal(err)
	}
	keys := safe(filepath.Join(n.dir, safeName))
	own, err := keys.nominate(n.trust.Origin, n.trust.ID(), before, n.root)
	if err != nil {
		n.Fatal(err)
	}
	agreement, err := cometlog.Agreement(before, members, []ledger.Decider{own.Decider}, 1)
	if err != nil {
		n.Fatal(err)
	}
	signs, err := keys.promised(forAgreement, before.Next())
	if err == nil {
		err = signs.use()
	}
	if err != nil {
		n.Fatal(err)
	}
	signed, err := ledger.SignObject(n.trust.ID(), agreement, signs.signer)
	if err != nil {
		n.Fatal(err)
	}
	if err := n.submit(n.client(1), signed, time.Minute); err != nil {
		n.Fatal(err)
	}
	chain, err := n.client(1).TrustChain(context.Background(), n.trust.Number+1)
	if err != nil {
		n.Fatal(err)
	}
	if n.trust, err = n.trust.Follow(chain...); err != nil {
		n.Fatal(err)
	}
}
