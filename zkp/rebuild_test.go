package zkp_test

import (
	"math/rand/v2"
	"testing"

	"github.com/hufu-id/hufu/zkp"
)

// Sizes of a large country: what a wallet without a feed, or a ledger that
// starts, must hash before the first proof of an epoch.
const (
	manyRevoked = 1_000_000
	manyIssuers = 10_000
)

// randomHandles makes distinct sorted handles, spread as real ones are.
func randomHandles(n int) [][zkp.HandleSize]byte {
	random := rand.NewChaCha8([32]byte{7})
	out := make([][zkp.HandleSize]byte, n)
	for i := range out {
		_, _ = random.Read(out[i][:])
	}
	return sortHandles(out)
}

// BenchmarkRebuild builds both trees of an epoch from the public sets, and of a
// feed's part what a wallet builds.
func BenchmarkRebuild(b *testing.B) {
	revoked := randomHandles(manyRevoked)
	leaves := make([][32]byte, manyIssuers)
	for i := range leaves {
		e := number(uint64(i + 1))
		leaves[i] = e.Bytes()
	}
	b.Run("1M revoked, 10k issuers", func(b *testing.B) {
		for b.Loop() {
			if _, err := zkp.NewRegistry(leaves); err != nil {
				b.Fatal(err)
			}
			if _, err := zkp.NewRevocation(revoked); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("a part of 3 bits", func(b *testing.B) {
		mine, roots := partOf(revoked, 3, 5), whole(b, revoked).BucketRoots()
		for b.Loop() {
			if _, err := zkp.NewRevocationPart(roots, 3, 5, mine); err != nil {
				b.Fatal(err)
			}
		}
	})
}
