package verifier_test

import (
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
)

// TestOnce: one answer a person and event; the next person is welcome.
func TestOnce(t *testing.T) {
	c, citizen := proving(t)
	policy := c.Policy(func(p hufutest.JSON) {
		hufutest.Once(p)
		onlyProof(p)
	})
	counter := c.Counter(policy)
	first := accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Proof))
	again := c.Answer(citizen, counter, hufutest.Proof)
	rejected(t, counter.Verifier, again, verifier.CheckOnce, verifier.ErrUsedOnce)
	state, _, _ := c.Response(again)
	failures(t, counter, state, 1)

	neighbour := c.Citizen(c.OtherAdult())
	second := accepted(t, counter.Verifier, c.Answer(neighbour, counter, hufutest.Proof))
	if first.Pseudonym == "" || first.Pseudonym == second.Pseudonym {
		t.Error("two people under one name, or none")
	}
	t.Run("another event of the counter", func(t *testing.T) {
		v := open(t, c, counter, func(cfg *verifier.Config) {
			cfg.Policies[0] = c.Policy(func(p hufutest.JSON) {
				onlyProof(p)
				hufutest.Once(p)
				p["scope"].(hufutest.JSON)["event"] = "card-2027"
			})
		})
		result := accepted(t, v, c.Answer(citizen, &hufutest.Counter{Verifier: v, Store: counter.Store}, hufutest.Proof))
		if result.Pseudonym == first.Pseudonym {
			t.Error("one name in two events")
		}
	})
}

// TestPairwise: one name at one counter, another at the next.
func TestPairwise(t *testing.T) {
	c, citizen := proving(t)
	policy := c.Policy(func(p hufutest.JSON) {
		onlyProof(p)
		p["scope"] = hufutest.JSON{"kind": "pairwise"}
	})
	gym := c.NewAgency()
	c.Accredit(gym, ledger.ActionVerify, ledger.StateActive)
	here, there := c.Counter(policy), c.CounterOf(gym, policy)
	var names []string
	for _, counter := range []*hufutest.Counter{here, here, there} {
		names = append(names, accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Proof)).Pseudonym)
	}
	if names[0] == "" || names[0] != names[1] || names[0] == names[2] {
		t.Error("a pairwise name is not one a counter")
	}
}
