package verifier_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verifier"
)

// forgetful accepts the same answer again and again.
type forgetful struct{ verifier.Store }

func (forgetful) Accept(context.Context, verifier.Acceptance) error { return nil }

// underOneCheckpoint is a counter that does not ask for a newer checkpoint. It keeps
// public files in memory.
func underOneCheckpoint(t testing.TB, c *hufutest.Country, counter *hufutest.Counter) *verifier.Verifier {
	return open(t, c, counter, func(cfg *verifier.Config) {
		cfg.Reuse, cfg.Store = 10*time.Minute, forgetful{counter.Store}
		cfg.Public = publish.NewCached(c.Public, new(publish.Memory), publish.CacheOptions{Clock: c.Now})
	})
}

// BenchmarkVerifySDJWT is a whole decision on disclosed claims, from the second one
// under a checkpoint, without the write of its acceptance. "floor-ratio" is its time
// over that of the bare ECDSA verifications and hashes of the same bytes, which nobody
// can do without: the quickest of many short runs of each, in turn.
func BenchmarkVerifySDJWT(b *testing.B) {
	c := hufutest.New(b, hufutest.Options{})
	counter := c.Counter(c.Policy(nil))
	v := underOneCheckpoint(b, c, counter)
	var holder *ecdsa.PublicKey
	answer := present(b, c, counter, ask(b, counter), func(s *shown) { holder = s.holder.Public().(*ecdsa.PublicKey) })
	_, _, text := c.Response(answer)
	bare := bareChecks(b, text, c.Office.Key.Public().(*ecdsa.PublicKey), holder)
	verify := func() { accepted(b, v, answer) }
	verify()
	const rounds, times = 20, 20
	least := [2]time.Duration{time.Hour, time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		verify()
	}
	for range rounds {
		for i, run := range []func(){verify, bare} {
			start := time.Now()
			for range times {
				run()
			}
			least[i] = min(least[i], time.Since(start)/times)
		}
	}
	b.ReportMetric(float64(least[0])/float64(least[1]), "floor-ratio")
	b.ReportMetric(float64(least[1].Nanoseconds()), "floor-ns")
}

// bareChecks verifies the issuer's and the holder's signature, and hashes what is hashed.
func bareChecks(t testing.TB, text string, issuer, holder *ecdsa.PublicKey) func() {
	t.Helper()
	parts := strings.Split(text, "~")
	split := func(jws string) (signed, sig []byte) {
		dot := strings.LastIndex(jws, ".")
		sig, err := base64.RawURLEncoding.DecodeString(jws[dot+1:])
		if err != nil {
			t.Fatal(err)
		}
		return []byte(jws[:dot]), sig
	}
	credential, first := split(parts[0])
	binding, second := split(parts[len(parts)-1])
	check := func(public *ecdsa.PublicKey, signed, sig []byte) {
		digest := sha256.Sum256(signed)
		if !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
			t.Fatal("the bare checks do not hold")
		}
	}
	return func() {
		check(issuer, credential, first)
		check(holder, binding, second)
		sha256.Sum256([]byte(text))
		for _, disclosure := range parts[1 : len(parts)-1] {
			sha256.Sum256([]byte(disclosure))
		}
	}
}

// BenchmarkVerifyProof is a whole decision on a zero-knowledge proof, from the second one
// under a checkpoint, without the write of its acceptance.
func BenchmarkVerifyProof(b *testing.B) {
	c, citizen := proving(b)
	counter := c.Counter(c.Policy(nil))
	v := underOneCheckpoint(b, c, counter)
	answer := c.Answer(citizen, counter, hufutest.Proof)
	accepted(b, v, answer)
	b.ReportAllocs()
	for b.Loop() {
		accepted(b, v, answer)
	}
}

// BenchmarkVerifyFirst asks the ledger for each answer.
func BenchmarkVerifyFirst(b *testing.B) {
	c := hufutest.New(b, hufutest.Options{})
	counter := c.Counter(c.Policy(nil))
	v := open(b, c, counter, func(cfg *verifier.Config) { cfg.Store = forgetful{counter.Store} })
	answer := present(b, c, counter, ask(b, counter), asIs)
	for b.Loop() {
		accepted(b, v, answer)
	}
}
