package hufutest_test

import (
	"testing"

	"github.com/hufu-id/hufu/hufutest"
)

// TestCountry: both ways to answer are accepted, so that a test which spoils
// one thing is refused for that thing.
func TestCountry(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	for _, query := range []string{hufutest.Claims, hufutest.Proof} {
		if _, err := counter.Verify(t.Context(), c.Answer(citizen, counter, query)); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}
