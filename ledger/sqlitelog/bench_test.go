package sqlitelog_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

func (w *world) anchors(from, count int) []*ledger.SignedOperation {
	var ops []*ledger.SignedOperation
	for n := range count {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(from+n)))
		ops = append(ops, w.sign(&ledger.Anchor{Hash: sum, Count: 1, Agency: w.rootDID()}, w.root))
	}
	return ops
}

// BenchmarkAppend is one durable operation with its cosigned checkpoint.
func BenchmarkAppend(b *testing.B) {
	w := newWorld(b)
	ops := w.anchors(0, b.N)
	b.ResetTimer()
	for _, op := range ops {
		w.submit(op)
	}
}

// BenchmarkAppendBatch is 1000 operations, each signed on its own, in one
// durable batch.
func BenchmarkAppendBatch(b *testing.B) {
	const size = 1000
	w := newWorld(b)
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		ops := w.anchors(n*size, size)
		b.StartTimer()
		w.submit(ops...)
	}
	b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "ops/s")
}

func filled(b *testing.B) (*world, string) {
	w := newWorld(b)
	for n := range 5 {
		w.submit(w.anchors(n*1000, 1000)...)
	}
	return w, w.anchors(1234, 1)[0].Operation.Key
}

// BenchmarkProve proves one key of 5000.
func BenchmarkProve(b *testing.B) {
	w, key := filled(b)
	for b.Loop() {
		if _, err := w.log.Prove(context.Background(), key); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyProof verifies it.
func BenchmarkVerifyProof(b *testing.B) {
	w, key := filled(b)
	proof, err := w.log.Prove(context.Background(), key)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ledger.Verify(w.log.Trust(), w.clock.Now(), 0, proof); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(proof.Bytes())), "bytes")
}
