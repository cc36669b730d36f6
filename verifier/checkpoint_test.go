package verifier_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/zkp"
)

// copyOf opens a copy of the ledger as it stands: what somebody shows who
// wants the counter to see another history.
func copyOf(t *testing.T, c *hufutest.Country) *sqlitelog.Log {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(c.Dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.key", "witness.key"} { // CopyFS follows the umask
		if err := os.Chmod(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := sqlitelog.Open(t.Context(), dir, new(zkp.Accumulator), sqlitelog.Options{Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

// reads lets a counter with the same memory read another ledger.
func reads(c *hufutest.Country, counter *hufutest.Counter, r ledger.Reader) func(*verifier.Config) {
	return func(cfg *verifier.Config) { cfg.Ledger = c.ClientOver(r, counter.Trust) }
}

func TestCheckpoint(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	counter := c.Counter(c.Policy(nil))

	t.Run("stale", func(t *testing.T) {
		c.Advance(24*time.Hour + time.Second)
		defer c.Heartbeat()
		answer := present(t, c, counter, ask(t, counter), asIs)
		unchecked(t, counter.Verifier, answer, verifier.CheckCheckpoint, ledger.ErrStale)
		asked, _, _ := c.Response(answer)
		failures(t, counter, asked, 0)
	})
	if err := c.Desk.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("policy is stricter than the trust file", func(t *testing.T) {
		policy := c.Policy(func(p hufutest.JSON) { p["maxAge"].(hufutest.JSON)["checkpoint"] = 60 })
		strict := c.Counter(policy)
		c.Advance(61 * time.Second)
		defer c.Heartbeat()
		unchecked(t, strict.Verifier, c.Answer(citizen, strict, hufutest.Claims), verifier.CheckCheckpoint, ledger.ErrStale)
	})
	t.Run("too few witnesses", func(t *testing.T) {
		trust := *c.Log.Trust()
		trust.WitnessKeys, trust.K = append(trust.WitnessKeys[:1:1], absentWitness(t)), 2
		two, err := ledger.NewTrust(trust)
		if err != nil {
			t.Fatal(err)
		}
		client, err := ledger.NewClient(t.Context(), two, c.Log, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Ledger = client })
		unchecked(t, v, c.Answer(citizen, counter, hufutest.Claims), verifier.CheckCheckpoint, ledger.ErrNotWitnessed)
	})
	t.Run("no line", func(t *testing.T) {
		v := open(t, c, counter, reads(c, counter, noLedger{}))
		answer := c.Answer(citizen, counter, hufutest.Claims)
		unchecked(t, v, answer, verifier.CheckCheckpoint, errNoLine)
		accepted(t, counter.Verifier, answer)
	})
}

// absentWitness is the key of a witness that nobody runs.
func absentWitness(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ledger.NewCosigner("witness.example/absent", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return signer.VerifierKey()
}

type noLedger struct{}

func (noLedger) TrustChain(context.Context, uint64) ([]*ledger.SignedOperation, error) {
	return nil, errNoLine
}

func (noLedger) Prove(context.Context, ...string) (*ledger.Proof, error) { return nil, errNoLine }

func (noLedger) ProveConsistency(context.Context, uint64, uint64) ([]tlog.Hash, error) {
	return nil, errNoLine
}

// TestCheckpointRemembered: a counter that has seen one history takes no other.
func TestCheckpointRemembered(t *testing.T) {
	t.Run("rolled back", func(t *testing.T) {
		c := hufutest.New(t, hufutest.Options{})
		citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
		before := copyOf(t, c)
		c.Heartbeat()
		accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Claims))
		v := open(t, c, counter, reads(c, counter, before))
		answer := c.Answer(citizen, counter, hufutest.Claims)
		unchecked(t, v, answer, verifier.CheckCheckpoint, ledger.ErrBehind)
		accepted(t, counter.Verifier, answer)
	})
	for name, grow := range map[string]int{"forked": 2, "forked, of one size": 1} {
		t.Run(name, func(t *testing.T) {
			c := hufutest.New(t, hufutest.Options{})
			citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
			fork := copyOf(t, c)
			c.Heartbeat()
			c.Advance(time.Second) // another time, another checkpoint
			for range grow {
				if _, err := fork.Heartbeat(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Claims))
			v := open(t, c, counter, reads(c, counter, fork))
			answer := c.Answer(citizen, counter, hufutest.Claims)
			rejected(t, v, answer, verifier.CheckCheckpoint, ledger.ErrInconsistent)
			asked, _, _ := c.Response(answer)
			failures(t, counter, asked, 1)
			accepted(t, counter.Verifier, answer)
		})
	}
	t.Run("no proof that it grew", func(t *testing.T) {
		c := hufutest.New(t, hufutest.Options{})
		citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
		accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Claims))
		c.Heartbeat()
		v := open(t, c, counter, reads(c, counter, silent{c.Log}))
		answer := c.Answer(citizen, counter, hufutest.Claims)
		unchecked(t, v, answer, verifier.CheckCheckpoint, errNoLine)
		accepted(t, counter.Verifier, answer)
	})
}

// silent proves values and never that the log only grew.
type silent struct{ ledger.Reader }

func (silent) ProveConsistency(context.Context, uint64, uint64) ([]tlog.Hash, error) {
	return nil, errNoLine
}

// TestClock: a counter whose clock is behind the ledger's cannot tell how fresh
// anything is.
func TestClock(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Clock = c.Late(2 * time.Minute) })
	answer := c.Answer(citizen, counter, hufutest.Claims)
	unchecked(t, v, answer, verifier.CheckClock, ledger.ErrClock)
	asked, _, _ := c.Response(answer)
	failures(t, counter, asked, 0)
	accepted(t, counter.Verifier, answer)
}
