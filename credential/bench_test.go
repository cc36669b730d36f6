package credential_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
)

// BenchmarkVerify measures what a counter does with one presentation: parse, issuer's
// signature, claims, key binding. The metric "floor-ratio" is its time over that of the
// two bare ECDSA verifications and one hash of the same bytes that nobody can do
// without: the quickest of many short runs of each, in turn.
func BenchmarkVerify(b *testing.B) {
	compact := present(b).Bytes()
	whole := func() {
		if _, err := judge(compact); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		whole()
	}
	const rounds, times = 40, 10
	least := [2]time.Duration{time.Hour, time.Hour}
	for range rounds {
		for i, run := range []func(){whole, floor(b, compact)} {
			start := time.Now()
			for range times {
				run()
			}
			least[i] = min(least[i], time.Since(start)/times)
		}
	}
	b.ReportMetric(float64(least[0])/float64(least[1]), "floor-ratio")
}

// floor is the bare cryptography of a presentation.
func floor(b *testing.B, compact []byte) func() {
	b.Helper()
	text := string(compact)
	first, binding := strings.Split(text, "~")[0], text[strings.LastIndex(text, "~")+1:]
	type check struct {
		public      *ecdsa.PublicKey
		signed, sig []byte
	}
	var checks []check
	for compact, public := range map[string]*ecdsa.PublicKey{first: &issuer.PublicKey, binding: &holder.PublicKey} {
		signed, sig := splitSignature(b, compact)
		checks = append(checks, check{public, []byte(signed), sig})
	}
	return func() {
		sha256.Sum256(compact)
		for _, c := range checks {
			digest := sha256.Sum256(c.signed)
			if !ecdsa.Verify(c.public, digest[:], new(big.Int).SetBytes(c.sig[:32]), new(big.Int).SetBytes(c.sig[32:])) {
				b.Fatal("the floor does not hold")
			}
		}
	}
}

func splitSignature(b *testing.B, compact string) (signed string, sig []byte) {
	b.Helper()
	dot := strings.LastIndex(compact, ".")
	sig, err := decode64(compact[dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	return compact[:dot], sig
}

func BenchmarkIssue(b *testing.B) {
	claims, hide := residence(), hiddenPaths()
	opts := credential.IssueOptions{Holder: holder.Public(), Digests: 12}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := credential.Issue(b.Context(), issuer, did.Header{}, claims, hide, opts); err != nil {
			b.Fatal(err)
		}
	}
}
