package wasm_test

import "testing"

// BenchmarkSize prints how large each module is, as it is and as a server would
// send it.
func BenchmarkSize(b *testing.B) {
	for _, name := range []string{"zkp", "verifier", "prover"} {
		b.Run(name, func(b *testing.B) {
			raw, compressed := gzipped(b, build(b, name))
			b.ReportMetric(float64(raw), "bytes")
			b.ReportMetric(float64(compressed), "gzip-bytes")
			b.ReportMetric(0, "ns/op")
		})
	}
}
