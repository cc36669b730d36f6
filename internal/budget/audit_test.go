package budget_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// TestAuditBudget: what an audit keeps in memory does not grow with the ledger.
func TestAuditBudget(t *testing.T) {
	m, store, grow := ledgerOf(t)
	take := func(anchors int) int64 {
		grow(anchors)
		scratch, err := sqlitestore.NewScratch(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer scratch.Close()
		before, most, calls := live(), int64(0), 0
		err = m.Audit(t.Context(), machine.ReadsOf(store), scratch, func(machine.Progress) {
			if calls++; calls%2 == 0 {
				most = max(most, live()-before)
			}
		})
		if err != nil || calls < 20 {
			t.Fatal(calls, err)
		}
		return most
	}
	const few, many = 2000, 8000
	short, long := take(few), take(many-few)
	t.Logf("%d anchors: %d bytes at a time, %d: %d", few, short, many, long)
	if long > short+4<<20 {
		t.Errorf("%d bytes at a time for %d anchors, %d for %d", short, few, long, many)
	}
}

// live is how many bytes are in use.
func live() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// ledgerOf is a ledger in memory, which grow fills with anchors.
func ledgerOf(t *testing.T) (m *machine.Machine, store *machine.Memory, grow func(anchors int)) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	create, err := ledger.NewOperation(&ledger.DID{Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public}}})
	if err != nil {
		t.Fatal(err)
	}
	root, err := ledger.DIDOf(create)
	if err != nil {
		t.Fatal(err)
	}
	founding := ledger.Founding{Origin: "ledger.example", RootDID: root, First: [32]byte{1}}
	if m, err = machine.New(ledgertest.ZK{}, founding, machine.Options{}); err != nil {
		t.Fatal(err)
	}
	store = machine.NewMemory()
	apply := func(ops ...*ledger.SignedOperation) {
		if _, err := m.Apply(store, time.Now(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := ledger.Sign(founding.ID(), create, key)
	if err != nil {
		t.Fatal(err)
	}
	apply(signed)
	made := 0
	return m, store, func(anchors int) {
		for range anchors / 200 {
			var ops []*ledger.Operation
			for range 200 {
				made++
				op, err := ledger.NewOperation(&ledger.Anchor{Hash: [32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), uint64(made))), Count: 1, Agency: root})
				if err != nil {
					t.Fatal(err)
				}
				ops = append(ops, op)
			}
			batch, err := ledger.SignBatch(founding.ID(), ops, key)
			if err != nil {
				t.Fatal(err)
			}
			apply(batch...)
		}
	}
}
