package wallet_test

import (
	"testing"

	"github.com/hufu-id/hufu/internal/testworld"
)

// BenchmarkPresentProof measures what a citizen waits for: Present with a proof
// prepared beforehand.
func BenchmarkPresentProof(b *testing.B) {
	c := testworld.New(b, testworld.Options{})
	c.UseProver()
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	for b.Loop() {
		b.StopTimer()
		if _, err := citizen.Prepare(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
		_, ask := c.Ask(citizen, counter)
		b.StartTimer()
		c.Present(citizen, ask, testworld.Proof)
	}
}
