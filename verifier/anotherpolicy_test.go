package verifier_test

import (
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/verifier"
)

// Two counters with different policies over one store: an answer is judged by the
// policy that its request was made under, at either of them, by claims or by proof.
func TestAnotherPolicy(t *testing.T) {
	c, citizen := proving(t)
	weak := c.Counter(c.Policy(nil))
	strong := open(t, c, weak, func(cfg *verifier.Config) {
		cfg.Policies[0] = c.Policy(func(policy hufutest.JSON) {
			for _, q := range policy["dcql"].(hufutest.JSON)["credentials"].([]any) {
				q.(hufutest.JSON)["predicates"].([]any)[0].(hufutest.JSON)["years"] = 90
			}
		})
	})
	for _, query := range []string{hufutest.Claims, hufutest.Proof} {
		answer := c.Answer(citizen, weak, query)
		repeated(t, weak.Verifier, answer, accepted(t, strong, answer))
		rejected(t, weak.Verifier, respelt(answer), verifier.CheckReplay, verifier.ErrReplayed)
	}
}
