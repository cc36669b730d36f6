package verifier_test

import (
	"testing"

	"github.com/hufu-id/hufu/internal/testworld"
	"github.com/hufu-id/hufu/verifier"
)

// Two policies over one store: what was asked under the weak one is not an answer
// to the strong one, by claims or by proof, and stays good under its own.
func TestAnotherPolicy(t *testing.T) {
	c, citizen := proving(t)
	weak := c.Counter(c.Policy(nil))
	strong := open(t, c, weak, func(p *parts) {
		p.policy = c.Policy(func(policy testworld.JSON) {
			for _, q := range policy["dcql"].(testworld.JSON)["credentials"].([]any) {
				q.(testworld.JSON)["predicates"].([]any)[0].(testworld.JSON)["years"] = 90
			}
		})
	})
	for _, query := range []string{testworld.Claims, testworld.Proof} {
		answer := c.Answer(citizen, weak, query)
		rejected(t, strong, answer, verifier.CheckPolicy, verifier.ErrAnotherPolicy)
		accepted(t, weak.Verifier, answer)
	}
}
