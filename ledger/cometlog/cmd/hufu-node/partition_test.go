package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger/cometlog"
)

// wire carries the connections from one node to another, until it is cut.
type wire struct {
	from, to int
	target   string
	listener net.Listener

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newWire(t testing.TB, from, to int, target string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{from: from, to: to, target: target, listener: l}
	t.Cleanup(func() {
		l.Close()
		w.set(true)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	return w
}

func (w *wire) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer far.Close()
	w.mu.Lock()
	if w.cut {
		w.mu.Unlock()
		return
	}
	w.conns = append(w.conns, near, far)
	w.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			io.Copy(pair[0], pair[1]) // until it is cut
			done <- struct{}{}
		}()
	}
	<-done
}

// set cuts the wire or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut = cut; cut {
		for _, c := range w.conns {
			c.Close()
		}
		w.conns = nil
	}
}

// wired is a network whose nodes reach each other over wires.
type wired struct {
	*network
	wires []*wire
}

func newWired(t testing.TB, nodes int) *wired {
	t.Helper()
	w := new(wired)
	w.network = newNetworkWith(t, nodes, time.Hour, time.Minute, func(n *network) {
		for i := range nodes {
			w.rewire(n, i)
		}
	})
	return w
}

// rewire puts a wire in place of each of a node's peers.
func (w *wired) rewire(n *network, i int) {
	n.Helper()
	config, err := cometlog.ReadConfig(n.folder(i))
	if err != nil {
		n.Fatal(err)
	}
	for k, peer := range config.Peers {
		id, address, _ := strings.Cut(peer, "@")
		to := k // the node itself is not among its peers
		if k >= i {
			to++
		}
		wire := newWire(n, i, to, address)
		w.wires = append(w.wires, wire)
		config.Peers[k] = id + "@" + wire.listener.Addr().String()
	}
	b, err := json.Marshal(config)
	if err != nil {
		n.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(n.folder(i), "node.json"), b, 0o600); err != nil {
		n.Fatal(err)
	}
}

// split cuts every wire between two sides; with none, all are mended.
func (w *wired) split(side ...int) {
	in := map[int]bool{}
	for _, i := range side {
		in[i] = true
	}
	for _, wire := range w.wires {
		wire.set(len(side) > 0 && in[wire.from] != in[wire.to])
	}
}

// TestPartition: in halves, neither goes on and nothing forks; with three on one
// side, they go on, and the fourth catches up when the network is whole.
func TestPartition(t *testing.T) {
	t.Parallel()
	w := newWired(t, 4)
	w.ready()
	stop := w.loading(8)
	time.Sleep(2 * time.Second)
	w.split(0, 1)
	before := []uint64{w.settled(0), w.settled(2)} // what was under way ends
	time.Sleep(3 * time.Second)
	if after := []uint64{w.size(0), w.size(2)}; after[0] != before[0] || after[1] != before[1] {
		t.Errorf("half a network goes on: sizes %v, then %v", before, after)
	}
	w.split()
	mended := time.Now()
	if err := w.submit(w.client(0), w.anchor(-1), time.Minute); err != nil {
		t.Fatal(err)
	}
	t.Logf("%v after the network was whole again", time.Since(mended))

	w.split(3)
	if err := w.submit(w.client(0), w.anchor(-2), time.Minute); err != nil {
		t.Error("three of four:", err)
	}
	alone := w.settled(3)
	time.Sleep(2 * time.Second)
	if w.size(3) != alone {
		t.Error("one of four goes on")
	}
	w.split()
	acknowledged, _ := stop()
	w.agree()
	w.holds(append(acknowledged, -1, -2))
}

func (n *network) size(i int) uint64 {
	n.Helper()
	head, err := n.head(i)
	if err != nil {
		n.Fatal(err)
	}
	return head.Size
}
