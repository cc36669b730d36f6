package sqlitelog_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// fsyncs measures the disk that a benchmark ran on: how often a second 4 KB can
// be appended to a file and synced.
func fsyncs(b *testing.B) float64 {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	began, n := time.Now(), 0
	for ; time.Since(began) < time.Second; n++ {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / time.Since(began).Seconds()
}

// BenchmarkAppend is one durable operation with its cosigned checkpoint, one
// after the other. The floor is the disk's fsync rate in the same run.
func BenchmarkAppend(b *testing.B) {
	for name, object := range kinds {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			ops := w.separately(object, b.N)
			floor := fsyncs(b)
			b.ResetTimer()
			for _, op := range ops {
				w.submit(op)
			}
			rate := float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(rate, "ops/s")
			b.ReportMetric(rate/floor, "fsyncs")
		})
	}
}

// BenchmarkAppendBatch is 1000 operations under one signature in one durable
// batch. Entries of a log of accesses stand in the log alone; anchors change the
// state map.
func BenchmarkAppendBatch(b *testing.B) {
	const size = 1000
	for name, object := range kinds {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				ops := w.together(object, n*size, size)
				b.StartTimer()
				w.submit(ops...)
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

var kinds = map[string]func(agency string, n int) ledger.Object{
	"log": func(agency string, n int) ledger.Object { return &ledger.Audit{Hash: numbered(n), Agency: agency} },
	"map": func(agency string, n int) ledger.Object {
		return &ledger.Anchor{Hash: numbered(n), Count: 1, Agency: agency}
	},
}

func numbered(n int) [32]byte { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n))) }

func (w *world) separately(object func(string, int) ledger.Object, count int) (ops []*ledger.SignedOperation) {
	for n := range count {
		ops = append(ops, w.sign(object(w.rootDID(), n), w.root))
	}
	return ops
}

func (w *world) together(object func(string, int) ledger.Object, from, count int) []*ledger.SignedOperation {
	w.Helper()
	var ops []*ledger.Operation
	for n := range count {
		op, err := ledger.NewOperation(object(w.rootDID(), from+n))
		if err != nil {
			w.Fatal(err)
		}
		ops = append(ops, op)
	}
	signed, err := ledger.SignBatch(w.log.Trust().ID(), ops, w.root)
	if err != nil {
		w.Fatal(err)
	}
	return signed
}

func filled(b *testing.B) (*world, string) {
	w := newWorld(b)
	for n := range 5 {
		w.submit(w.together(kinds["map"], n*1000, 1000)...)
	}
	return w, ledger.AnchorKey(w.rootDID(), numbered(1234))
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
		if _, err := ledger.Verify(w.log.Trust(), proof, ledger.VerifyOptions{Now: w.clock.Now()}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(proof.Bytes())), "bytes")
}

// BenchmarkAudit recomputes a ledger of 20,000 entries, or a million with -long:
// the log's hashes alone, then everything with its signatures, and opens it. Every
// tenth entry is an anchor in the state map, in batches of 1,000 under one
// signature; the last reported are proofs under that size.
func BenchmarkAudit(b *testing.B) {
	entries := long.Or(20_000, 1_000_000)
	w := newWorld(b)
	for n := 0; n < entries; n += 1000 {
		w.submit(append(w.together(kinds["log"], n, 900), w.together(kinds["map"], n, 100)...)...)
	}
	scaled := func(b *testing.B) {
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e6/float64(entries), "s/million")
	}
	for name, audit := range map[string]func(*sqlitelog.Log, context.Context) error{
		"hashes": (*sqlitelog.Log).AuditHashes, "signatures": func(l *sqlitelog.Log, ctx context.Context) error { return l.Audit(ctx, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				// One that has verified nothing yet.
				b.StopTimer()
				log := w.open(sqlitelog.Options{ReadOnly: true})
				b.StartTimer()
				if err := audit(log, context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			scaled(b)
		})
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if err := w.open(sqlitelog.Options{ReadOnly: true}).Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("prove", func(b *testing.B) {
		var proof *ledger.Proof
		for b.Loop() {
			var err error
			if proof, err = w.log.Prove(context.Background(), ledger.AnchorKey(w.rootDID(), numbered(entries-1000))); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(proof.Bytes())), "bytes")
	})
}

// BenchmarkAuditMemory audits a ledger of 100,000 entries, or a million with -long, a
// tenth of them anchors, and reports the most memory that the process had meanwhile, and
// what it had before.
func BenchmarkAuditMemory(b *testing.B) {
	entries := long.Or(100_000, 1_000_000)
	w := newWorld(b)
	for n := 0; n < entries; n += 1000 {
		w.submit(append(w.together(kinds["log"], n, 900), w.together(kinds["map"], n, 100)...)...)
	}
	w.log.Close()
	debug.FreeOSMemory()
	// The kernel measures the most anew from here on.
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600); err != nil {
		b.Skip(err)
	}
	before := residentMB(b, "VmRSS")
	for b.Loop() {
		log := w.open(sqlitelog.Options{ReadOnly: true})
		if err := log.Audit(context.Background(), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(residentMB(b, "VmHWM"), "peak-MB")
	b.ReportMetric(before, "before-MB")
	b.ReportMetric(float64(b.N*entries)/b.Elapsed().Seconds(), "entries/s")
}

// residentMB reads a figure of this process from the kernel.
func residentMB(b *testing.B, name string) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, name+": %f kB", &kilobytes); n == 1 {
			return kilobytes / 1000
		}
	}
	b.Skip("no", name)
	return 0
}
