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

// BenchmarkVerify measures what a counter does with one presentation: parse,
// issuer's signature, claims, key binding. The metric "floor-ratio" is its time
// over that of the two bare ECDSA verifications and one hash of the same bytes
// that nobody can do without.
func BenchmarkVerify(b *testing.B) {
	compact := present(b).Bytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := accept(compact); err != nil {
			b.Fatal(err)
		}
	}
	perOp := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(perOp)/float64(floor(b, compact)), "floor-ratio")
}

// floor times the bare cryptography of a presentation.
func floor(b *testing.B, compact []byte) time.Duration {
	b.Helper()
	text := string(compact)
	first, binding := strings.Split(text, "~")[0], text[strings.LastIndex(text, "~")+1:]
	type check struct {
		public *ecdsa.PublicKey
		digest [32]byte
		r, s   *big.Int
	}
	var checks []check
	for compact, public := range map[string]*ecdsa.PublicKey{first: &issuer.PublicKey, binding: &holder.PublicKey} {
		jws, err := did.ParseJWS(compact, did.AnyTypeUnsafe, did.JWSOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := jws.Verify(public); err != nil {
			b.Fatal(err)
		}
		signed, sig := splitSignature(b, compact)
		checks = append(checks, check{public, sha256.Sum256([]byte(signed)),
			new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])})
	}
	const rounds = 200
	start := time.Now()
	for range rounds {
		sha256.Sum256(compact)
		for _, c := range checks {
			if !ecdsa.Verify(c.public, c.digest[:], c.r, c.s) {
				b.Fatal("the floor does not hold")
			}
		}
	}
	return time.Since(start) / rounds
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
