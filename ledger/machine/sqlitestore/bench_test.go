//go:build unix

package sqlitestore_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// BenchmarkApply applies batches of 500 anchors, without a snapshot and under one of the
// state before: what it costs to keep what is replaced.
func BenchmarkApply(b *testing.B) {
	for _, snapshots := range []bool{false, true} {
		b.Run(fmt.Sprintf("snapshots=%v", snapshots), func(b *testing.B) {
			const size = 500
			db := open(b, create(b), sqlitestore.Options{})
			m, root, sign := machineOf(b, db)
			made, used := 0, time.Duration(0)
			var held *sqlitestore.Snapshot
			for b.Loop() {
				b.StopTimer()
				var ops []*ledger.Operation
				for range size {
					made++
					hash := [32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), uint64(made)))
					ops = append(ops, must(ledger.NewOperation(&ledger.Anchor{Hash: hash, Count: 1, Agency: root}))(b))
				}
				prepared := m.Prepare(sign(ops...))
				before := cpu()
				b.StartTimer()
				if snapshots {
					if held != nil {
						held.Rollback()
					}
					held = snapshot(b, db)
				}
				err := db.Update(b.Context(), func(tx *sqlitestore.Tx) error {
					_, err := m.ApplyPrepared(tx, time.Now(), prepared)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				used += cpu() - before
			}
			b.ReportMetric(float64(used.Microseconds())/float64(b.N*size), "cpu-µs/operation")
		})
	}
}

// cpu is the time that the processors have spent on this process.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// machineOf founds a ledger in a database.
func machineOf(t testing.TB, db *sqlitestore.DB) (m *machine.Machine, root string, sign func(...*ledger.Operation) []*ledger.SignedOperation) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	public := must(ledger.DefaultSuites().MarshalKey(key.Public()))(t)
	create := must(ledger.NewOperation(&ledger.DID{Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public}}}))(t)
	root = must(ledger.DIDOf(create))(t)
	founding := ledger.Founding{Origin: "ledger.example", RootDID: root, First: [32]byte{1}}
	m = must(machine.New(ledgertest.ZK{}, founding, machine.Options{}))(t)
	err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
		_, err := m.Apply(tx, time.Now(), must(ledger.Sign(founding.ID(), create, key))(t))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, root, func(ops ...*ledger.Operation) []*ledger.SignedOperation {
		return must(ledger.SignBatch(founding.ID(), ops, key))(t)
	}
}
