package verifier_test

import (
	"testing"

	"github.com/hufu-id/hufu/hufutest"
)

// benchmarkVerify measures Verify from the bytes of the answer to the decision:
// ledger proofs, signatures, the status list, and the checkpoint's consistency.
func benchmarkVerify(b *testing.B, query string) {
	c, citizen := proving(b)
	counter := c.Counter(c.Policy(nil))
	for b.Loop() {
		b.StopTimer()
		answer := c.Answer(citizen, counter, query)
		b.StartTimer()
		if _, err := counter.Verify(b.Context(), answer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifySDJWT(b *testing.B) { benchmarkVerify(b, hufutest.Claims) }

func BenchmarkVerifyProof(b *testing.B) { benchmarkVerify(b, hufutest.Proof) }
