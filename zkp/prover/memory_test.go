//go:build unix

package prover_test

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// BenchmarkResident measures the peak resident memory of a process that opens
// the keys, prepares, shows and verifies once.
func BenchmarkResident(b *testing.B) {
	testKeys(b) // made before
	peak := int64(0)
	for b.Loop() {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPrepareShowVerify$")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		used := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
		if runtime.GOOS == "linux" {
			used *= 1 << 10 // kilobytes there, bytes elsewhere
		}
		peak = max(peak, used)
	}
	b.ReportMetric(float64(peak), "peak-bytes")
}
