package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/remote"
)

// asNode makes the test's own program a hufu-node.
const asNode = "HUFU_TEST_AS_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(asNode) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// given are the ports that some test of this process has or had.
var given struct {
	sync.Mutex
	ports map[int]bool
}

// freePorts finds n free ports in a row, which no other test gets, and returns the
// first.
func freePorts(t testing.TB, n int) int {
	t.Helper()
	given.Lock()
	defer given.Unlock()
next:
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		first := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if first+n > 65535 {
			continue
		}
		for port := first; port < first+n; port++ {
			if given.ports[port] {
				continue next
			}
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				continue next
			}
			l.Close()
		}
		if given.ports == nil {
			given.ports = map[int]bool{}
		}
		for port := first; port < first+n; port++ {
			given.ports[port] = true
		}
		return first
	}
	t.Fatal("no free ports")
	return 0
}

// network is a test network of real processes.
type network struct {
	testing.TB
	dir       string
	addresses []string
	processes []*process
	trust     *ledger.TrustFile
	root      crypto.Signer
}

type process struct {
	*exec.Cmd
	done chan struct{}
	log  bytes.Buffer
}

func newNetwork(t testing.TB, nodes int, epoch, heartbeat time.Duration) *network {
	t.Helper()
	return newNetworkWith(t, nodes, epoch, heartbeat, func(*network) {})
}

// newNetworkWith lets change alter the folders before the nodes start.
func newNetworkWith(t testing.TB, nodes int, epoch, heartbeat time.Duration, change func(*network)) *network {
	t.Helper()
	long.NotShort(t, "starts processes")
	n := &network{TB: t, dir: filepath.Join(t.TempDir(), "testnet"), processes: make([]*process, nodes)}
	made := testnet{dir: n.dir, nodes: nodes, port: freePorts(t, 3*nodes), epoch: epoch, heartbeat: heartbeat, makeOnly: true, out: &bytes.Buffer{}}
	if err := made.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := load{dir: n.dir}
	_, trust, root, err := l.open()
	if err != nil {
		t.Fatal(err)
	}
	n.trust, n.root = trust, root
	change(n)
	for i := range nodes {
		n.addresses = append(n.addresses, n.address(i))
		n.start(i)
	}
	t.Cleanup(func() {
		for i := range n.processes {
			n.kill(i)
			if t.Failed() {
				t.Logf("node%d: %s", i, n.processes[i].log.String())
			}
		}
	})
	return n
}

func (n *network) folder(i int) string { return filepath.Join(n.dir, "node"+strconv.Itoa(i)) }

func (n *network) address(i int) string {
	n.Helper()
	config, err := cometlog.ReadConfig(n.folder(i))
	if err != nil {
		n.Fatal(err)
	}
	return "http://" + config.API
}

// start runs a node's process.
func (n *network) start(i int, flags ...string) {
	n.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], append([]string{"run", "--dir", filepath.Base(n.folder(i))}, flags...)...), done: make(chan struct{})}
	p.Dir = filepath.Dir(n.folder(i)) // a folder as people name it
	p.Env = append(os.Environ(), asNode+"=1")
	p.Stdout, p.Stderr = &p.log, &p.log
	if err := p.Start(); err != nil {
		n.Fatal(err)
	}
	go func() {
		p.Wait() // killed, most of the time
		close(p.done)
	}()
	n.processes[i] = p
}

// kill ends a process at once, wherever it is.
func (n *network) kill(i int) {
	n.processes[i].Process.Kill() // it may have ended
	<-n.processes[i].done
}

func (n *network) signal(i int, s syscall.Signal) {
	n.Helper()
	if err := n.processes[i].Process.Signal(s); err != nil {
		n.Fatal(err)
	}
}

// client asks one node and no other.
func (n *network) client(i int) *remote.Client {
	n.Helper()
	c, err := remote.New(remote.Options{}, n.addresses[i])
	if err != nil {
		n.Fatal(err)
	}
	return c
}

// all asks every node, the given one first.
func (n *network) all(first int) *remote.Client {
	n.Helper()
	addresses := append(append([]string{}, n.addresses[first:]...), n.addresses[:first]...)
	c, err := remote.New(remote.Options{}, addresses...)
	if err != nil {
		n.Fatal(err)
	}
	return c
}

func numbered(k int) [32]byte { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(k))) }

func (n *network) anchor(k int) *ledger.SignedOperation {
	return n.sign(&ledger.Anchor{Hash: numbered(k), Count: 1, Agency: n.trust.RootDID})
}

func (n *network) sign(object ledger.Object) *ledger.SignedOperation {
	n.Helper()
	signed, err := ledger.SignObject(n.trust.ID(), object, n.root)
	if err != nil {
		n.Fatal(err)
	}
	return signed
}

// submit hands an operation in until it is acknowledged.
func (n *network) submit(c *remote.Client, op *ledger.SignedOperation, within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for {
		r, err := c.Submit(ctx, op)
		if err == nil {
			_, err = ledger.OpenCheckpoint(n.trust, r.Checkpoint)
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("not acknowledged within %v: %w", within, err)
		}
	}
}

// head is what a node says, verified.
func (n *network) head(i int) (*ledger.Head, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	proof, err := n.client(i).Prove(ctx)
	if err != nil {
		return nil, err
	}
	view, err := ledger.Verify(n.trust, proof, ledger.VerifyOptions{Now: time.Now()})
	if err != nil {
		return nil, err
	}
	return view.Head, nil
}

// settled waits until a node's ledger has stood still for a second, and returns
// its size.
func (n *network) settled(i int) (size uint64) {
	n.Helper()
	still := time.Now()
	if !eventually(func() bool {
		head, err := n.head(i)
		if err != nil || head.Size != size {
			still = time.Now()
		}
		if err == nil {
			size = head.Size
		}
		return time.Since(still) > time.Second
	}) {
		n.Fatalf("node%d goes on and on", i)
	}
	return size
}

// agree waits until every node is as far as the first, and insists that they all
// tell one story: each one's checkpoint extends, or is extended by, the others'.
func (n *network) agree() {
	n.Helper()
	n.ready()
	if err := n.submit(n.all(0), n.anchor(int(time.Now().UnixNano())), time.Minute); err != nil {
		n.Fatal(err)
	}
	first, err := n.head(0)
	if err != nil {
		n.Fatal(err)
	}
	for i := range n.processes {
		if !eventually(func() bool {
			head, err := n.head(i)
			return err == nil && head.Size >= first.Size
		}) {
			n.Fatalf("node%d does not catch up", i)
		}
		head, err := n.head(i)
		if err != nil {
			n.Fatal(err)
		}
		proof, err := n.client(i).ProveConsistency(context.Background(), first.Size, head.Size)
		if err != nil {
			n.Fatal(err)
		}
		if err := ledger.CheckConsistency(first, head, proof); err != nil {
			n.Errorf("node%d: %v", i, err)
		}
	}
}

// holds insists that every node holds what was acknowledged.
func (n *network) holds(acknowledged []int) {
	n.Helper()
	for i := range n.processes {
		for from := 0; from < len(acknowledged); from += 200 {
			var keys []string
			for _, k := range acknowledged[from:min(from+200, len(acknowledged))] {
				keys = append(keys, ledger.AnchorKey(n.trust.RootDID, numbered(k)))
			}
			proof, err := n.client(i).Prove(context.Background(), keys...)
			if err != nil {
				n.Fatal(err)
			}
			view, err := ledger.Verify(n.trust, proof, ledger.VerifyOptions{Now: time.Now()})
			if err != nil {
				n.Fatal(err)
			}
			for _, key := range keys {
				if _, err := view.Get(key); err != nil {
					n.Errorf("node%d lost %s: %v", i, key, err)
				}
			}
		}
	}
}

// eventually waits up to two minutes for something to come true, however long it takes
// to look.
func eventually(what func() bool) bool {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if what() {
			return true
		}
	}
	return false
}

// loading hands operations in at all nodes until stop is called, which returns
// those that were acknowledged and the longest wait.
func (n *network) loading(callers int) (stop func() (acknowledged []int, worst time.Duration)) {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var acknowledged []int
	var worst time.Duration
	var wg sync.WaitGroup
	for caller := range callers {
		client := n.all(caller % len(n.addresses))
		wg.Go(func() {
			for k := caller * 1_000_000; ctx.Err() == nil; k++ {
				began := time.Now()
				if n.submit(client, n.anchor(k), 20*time.Second) != nil {
					continue // not acknowledged: it may be there or not
				}
				mu.Lock()
				acknowledged, worst = append(acknowledged, k), max(worst, time.Since(began))
				mu.Unlock()
			}
		})
	}
	return func() ([]int, time.Duration) {
		cancel()
		wg.Wait()
		return acknowledged, worst
	}
}

func localhost(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// damage changes the newest anchor's value, as a fault of the disk might.
func damage(t testing.TB, path string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Exec("UPDATE value SET value = CAST(value || x'00' AS BLOB) WHERE key = (SELECT max(key) FROM value WHERE key < CAST('b' AS BLOB))")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := result.RowsAffected(); err != nil || rows != 1 {
		t.Fatal(rows, err)
	}
}
