package verifier_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verifier"
)

// TestReuse: what the ledger learns is seen once the time of reuse is over, and never
// later; ages are judged for each answer.
func TestReuse(t *testing.T) {
	const reuse = time.Minute
	setUp := func(t *testing.T) (*hufutest.Country, *hufutest.Holder, *verifier.Verifier, func() []byte) {
		c := hufutest.New(t, hufutest.Options{})
		citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
		v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Reuse = reuse })
		answer := func() []byte {
			return c.Answer(citizen, &hufutest.Counter{Verifier: v, Store: counter.Store}, hufutest.Claims)
		}
		accepted(t, v, answer())
		return c, citizen, v, answer
	}
	t.Run("revoked", func(t *testing.T) {
		c, citizen, v, answer := setUp(t)
		late := answer()
		if err := c.Desk.Revoke(t.Context(), citizen.Code); err != nil {
			t.Fatal(err)
		}
		c.Advance(reuse - time.Second)
		accepted(t, v, answer())
		c.Advance(time.Second)
		rejected(t, v, late, verifier.CheckStatus, status.ErrRevoked)
	})
	t.Run("accreditation suspended", func(t *testing.T) {
		c, _, v, answer := setUp(t)
		late := answer()
		c.Accredit(c.Office, ledger.ActionIssue, ledger.StateSuspended)
		c.Advance(reuse)
		rejected(t, v, late, verifier.CheckAccreditation, ledger.ErrSuspended)
		c.Accredit(c.Office, ledger.ActionIssue, ledger.StateActive)
		c.Advance(reuse)
		accepted(t, v, late)
	})
	t.Run("the list grows old under one checkpoint", func(t *testing.T) {
		c := hufutest.New(t, hufutest.Options{})
		counter := c.Counter(c.Policy(nil))
		v := open(t, c, counter, func(cfg *verifier.Config) {
			cfg.Reuse, cfg.Store = reuse, forgetful{counter.Store}
			cfg.Policies[0] = c.Policy(func(p hufutest.JSON) { p["maxAge"].(hufutest.JSON)["status"] = 300 })
		})
		made := &hufutest.Counter{Verifier: v, Store: counter.Store}
		answer := present(t, c, made, ask(t, made), asIs)
		accepted(t, v, answer)
		c.Advance(6 * time.Minute)
		unchecked(t, v, answer, verifier.CheckStatus, status.ErrStale)
	})
	t.Run("another list for the ledger's root", func(t *testing.T) {
		c, citizen, v, answer := setUp(t)
		before, _ := c.Public.Fetch(t.Context(), c.Desk.StatusURI())
		late := answer()
		if err := c.Desk.Revoke(t.Context(), citizen.Code); err != nil {
			t.Fatal(err)
		}
		_ = c.Public.Publish(t.Context(), c.Desk.StatusURI(), before)
		c.Advance(reuse)
		unchecked(t, v, late, verifier.CheckStatus, provenance.ErrStatusRoot)
	})
	t.Run("the checkpoint grows old", func(t *testing.T) {
		c := hufutest.New(t, hufutest.Options{})
		counter := c.Counter(c.Policy(nil))
		v := open(t, c, counter, func(cfg *verifier.Config) {
			cfg.Reuse, cfg.Store = 10*time.Minute, forgetful{counter.Store}
			cfg.Policies[0] = c.Policy(func(p hufutest.JSON) { p["maxAge"].(hufutest.JSON)["checkpoint"] = 60 })
		})
		made := &hufutest.Counter{Verifier: v, Store: counter.Store}
		answer := present(t, c, made, ask(t, made), asIs)
		accepted(t, v, answer)
		c.Advance(61 * time.Second)
		unchecked(t, v, answer, verifier.CheckCheckpoint, ledger.ErrStale)
		c.Heartbeat()
		accepted(t, v, answer)
	})
	c := hufutest.New(t, hufutest.Options{})
	for _, wrong := range []time.Duration{-1, 10*time.Minute + 1} {
		cfg := c.CounterConfig(c.Policy(nil))
		cfg.Reuse = wrong
		if _, err := verifier.New(cfg); !errors.Is(err, verifier.ErrConfig) {
			t.Errorf("reuse of %v: %v", wrong, err)
		}
	}
}
