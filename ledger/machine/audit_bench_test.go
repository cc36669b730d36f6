package machine_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// BenchmarkReplay replays checkpoints of one anchor each, by an agency that is not
// the root: what an operation costs must not grow with the ledger.
func BenchmarkReplay(b *testing.B) {
	for _, checkpoints := range []int{2000, 8000} {
		b.Run(fmt.Sprint(checkpoints), func(b *testing.B) {
			w := newWorld(b)
			a := w.accredited()
			for n := range checkpoints {
				w.accept(w.sign(&ledger.Anchor{Hash: sha256.Sum256(fmt.Append(nil, n)), Count: 1, Agency: a.did}, a.key))
			}
			for b.Loop() {
				if err := w.audit(w.store); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*checkpoints), "µs/checkpoint")
		})
	}
}
