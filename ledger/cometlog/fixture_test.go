package cometlog_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// freePorts finds ports that nobody listens on.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// consortium is some nodes in this process.
type consortium struct {
	testing.TB
	zk    ledger.ZK
	dirs  []string
	root  crypto.Signer
	next  crypto.Signer // signs the next agreement
	nodes []*cometlog.Node
	// behind is how far nodes' clocks are behind.
	behind map[int]time.Duration
}

func newConsortium(t testing.TB, n int, options cometlog.TestnetOptions) *consortium {
	t.Helper()
	return newConsortiumOf(t, n, ledgertest.ZK{}, options)
}

func newConsortiumOf(t testing.TB, n int, zk ledger.ZK, options cometlog.TestnetOptions) *consortium {
	t.Helper()
	return (&consortium{TB: t, zk: zk}).run(n, options)
}

// run starts n nodes.
func (c *consortium) run(n int, options cometlog.TestnetOptions) *consortium {
	t := c.TB
	t.Helper()
	c.root, c.nodes = newKey(t), make([]*cometlog.Node, n)
	options.Ports = freePorts(t, 3*n)
	if options.EpochLength == 0 {
		options.EpochLength = time.Hour
	}
	var d ledger.Decider
	d, c.next = ledgertest.Decider(t, c.root)
	options.Deciders = []ledger.Decider{d}
	var err error
	if c.dirs, err = cometlog.Testnet(t.TempDir(), n, c.root, options); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { c.start(i) })
	}
	wg.Wait()
	t.Cleanup(func() {
		for i := range c.nodes {
			c.stop(i)
		}
	})
	return c
}

func (c *consortium) start(i int) {
	c.Helper()
	log, err := os.OpenFile(filepath.Join(c.dirs[i], "node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { log.Close() })
	clock := func() time.Time { return time.Now().Add(-c.behind[i]) }
	n, err := cometlog.Open(context.Background(), c.dirs[i], c.zk, cometlog.Options{Log: log, Verbose: testing.Verbose(), Clock: clock})
	if err != nil {
		c.Error(err)
		return
	}
	c.nodes[i] = n
}

func (c *consortium) stop(i int) {
	c.Helper()
	if c.nodes[i] == nil {
		return
	}
	if err := c.nodes[i].Close(); err != nil {
		c.Error(err)
	}
	c.nodes[i] = nil
}

func (c *consortium) rootDID() string { return c.nodes[0].Trust().RootDID }

func numbered(n int) [32]byte { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n))) }

func (c *consortium) sign(object ledger.Object, signers ...crypto.Signer) *ledger.SignedOperation {
	c.Helper()
	signed, err := ledger.SignObject(c.nodes[0].Trust().ID(), object, signers...)
	if err != nil {
		c.Fatal(err)
	}
	return signed
}

func (c *consortium) anchor(n int) *ledger.SignedOperation {
	return c.sign(&ledger.Anchor{Hash: numbered(n), Count: 1, Agency: c.rootDID()}, c.root)
}

func (c *consortium) submit(node int, ops ...*ledger.SignedOperation) *ledger.Receipt {
	c.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := c.nodes[node].Submit(ctx, ops...)
	if err != nil {
		c.Fatal(err)
	}
	return r
}

// view proves keys at a node and verifies them as any reader does.
func (c *consortium) view(node int, keys ...string) *ledger.View {
	c.Helper()
	proof, err := c.nodes[node].Prove(context.Background(), keys...)
	if err != nil {
		c.Fatal(err)
	}
	v, err := ledger.Verify(c.nodes[node].Trust(), proof, ledger.VerifyOptions{Now: time.Now()})
	if err != nil {
		c.Fatal(err)
	}
	return v
}
