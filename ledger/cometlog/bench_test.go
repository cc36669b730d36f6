package cometlog_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
)

// BenchmarkFourNodes hands in anchors, each signed on its own, at four nodes in
// one process. hufu-node load measures processes.
func BenchmarkFourNodes(b *testing.B) {
	c := newConsortium(b, 4, cometlog.TestnetOptions{})
	ops := make([]*ledger.SignedOperation, b.N)
	for n := range ops {
		ops[n] = c.anchor(n)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for worker := range 512 {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(ops) {
					return
				}
				if _, err := c.nodes[worker%4].Submit(context.Background(), ops[n]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
