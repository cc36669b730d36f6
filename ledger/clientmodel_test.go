package ledger_test

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
)

// clientModel walks a client through servers, restarts and time, and knows what it
// must answer. The first server is the log; the others are replicas that stand still,
// or forks that grow on their own.
type clientModel struct {
	*testing.T
	r        *rand.Rand
	log      *server
	replicas []*server
	forks    []*server
	agency   *ecdsa.PrivateKey
	store    ledger.TrustStore
	client   *ledger.Client

	seen    [][]byte // leaves of the highest checkpoint that was accepted
	history []string
}

// step does one thing at random.
func (m *clientModel) step() {
	switch m.r.IntN(10) {
	case 0:
		m.note("grow")
		m.log.put(anchorOf(byte(m.r.IntN(200))))
		m.log.prove()
	case 1:
		m.note("agree")
		m.log.agree(m.T, m.agency)
		m.log.prove()
	case 2:
		m.note("replica")
		replica := m.log.copy()
		replica.frozen = true
		m.replicas = append(m.replicas, replica)
	case 3:
		m.note("fork")
		fork := m.log.copy()
		fork.put(anchorOf(byte(200 + m.r.IntN(50))))
		fork.prove()
		m.forks = append(m.forks, fork)
	case 4:
		m.note("restart")
		m.open(m.log)
	case 5:
		d := time.Duration(m.r.IntN(60)) * 24 * time.Hour
		m.note("wait " + d.String())
		m.pass(d)
	case 6:
		if len(m.replicas) > 0 {
			m.ask("replica", m.replicas[m.r.IntN(len(m.replicas))])
		}
	case 7:
		if len(m.forks) > 0 {
			m.ask("fork", m.forks[m.r.IntN(len(m.forks))])
		}
	default:
		m.ask("log", m.log)
	}
}

func (m *clientModel) note(what string) { m.history = append(m.history, what) }

func (m *clientModel) pass(d time.Duration) {
	now := m.log.now.Add(d)
	for _, s := range slices.Concat([]*server{m.log}, m.replicas, m.forks) {
		s.now = now
	}
}

func (m *clientModel) open(s *server) {
	c, err := m.log.client(s, m.store)
	if err != nil {
		m.Fatal(m.history, err)
	}
	m.client = c
}

// ask resolves through a server and holds the answer against the model.
func (m *clientModel) ask(kind string, s *server) {
	m.note("ask " + kind)
	m.open(s)
	followed := m.client.Followed()
	err := m.client.Resolve(m.Context(), func(v *ledger.View) error { return nil }, ledger.ResolveOptions{})
	consistent := m.consistent(s)
	switch {
	case err == nil:
		if !consistent || len(s.leaves) < len(m.seen) {
			m.Fatal(m.history, "a fork was accepted, or the client went back")
		}
		if got := m.client.Trust().Number; int(got) != len(s.chain) {
			m.Fatal(m.history, "followed to agreement", got, "of", len(s.chain))
		}
		m.seen = slices.Clone(s.leaves)
	case errors.Is(err, ledger.ErrInconsistent):
		if consistent {
			m.Fatal(m.history, "an honest server is called a fork:", err)
		}
	case errors.Is(err, ledger.ErrBehind):
		if len(s.leaves) >= len(m.seen) {
			m.Fatal(m.history, "size", len(s.leaves), "is called behind", len(m.seen))
		}
	case errors.Is(err, ledger.ErrBootstrap):
		if m.log.now.Sub(followed) <= m.log.trust.MaxAge.Trust {
			m.Fatal(m.history, err, "after", m.log.now.Sub(followed))
		}
		m.store, m.seen = ledger.NewMemoryTrustStore(), nil // as after a new trust file
	case errors.Is(err, ledger.ErrStale):
		if kind == "log" {
			m.Fatal(m.history, err)
		}
	case errors.Is(err, ledger.ErrNotWitnessed):
		if int(m.client.Trust().Number) <= len(s.chain) {
			m.Fatal(m.history, "signed by the witnesses of agreement", len(s.chain), "and refused:", err)
		}
	default:
		m.Fatal(m.history, err)
	}
	if kind == "log" && err != nil && consistent && !errors.Is(err, ledger.ErrBootstrap) {
		m.Fatal(m.history, "the log itself is refused:", err)
	}
}

// consistent reports whether a server's log and what was seen have one beginning.
func (m *clientModel) consistent(s *server) bool {
	for i := range min(len(m.seen), len(s.leaves)) {
		if string(s.leaves[i]) != string(m.seen[i]) {
			return false
		}
	}
	return true
}

// TestClientModel searches for an order of things in which a client goes back, takes a
// fork, calls a server that lags a fork, or stays with old witnesses.
func TestClientModel(t *testing.T) {
	for seed := range uint64(long.Or(40, 4000)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s, agency := consortium(t)
			s.prove()
			m := &clientModel{T: t, r: rand.New(rand.NewPCG(seed, 1)), log: s, agency: agency, store: ledger.NewMemoryTrustStore()}
			for range 60 {
				m.step()
			}
		})
	}
}
