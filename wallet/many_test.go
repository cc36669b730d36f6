package wallet_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/wallet"
)

// BenchmarkTenThousandCards measures a wallet on disk that holds 10,000 credentials of
// which one answers: with twenty types, and in the worst case, where all are of the type
// that is asked for.
func BenchmarkTenThousandCards(b *testing.B) {
	b.Run("types=20", func(b *testing.B) { benchmarkCards(b, 20) })
	b.Run("types=1", func(b *testing.B) { benchmarkCards(b, 1) })
}

func benchmarkCards(b *testing.B, types int) {
	c := hufutest.New(b, hufutest.Options{})
	citizen := c.Wallet()
	store, err := sqlitevault.Create(b.Context(), filepath.Join(b.TempDir(), "wallet.db"), []byte("passphrase"), sqlitevault.Options{})
	if err != nil {
		b.Fatal(err)
	}
	citizen.Store, citizen.Keys = store, vault.NewSoftwareKeys(store)
	open := func() {
		if citizen.Wallet, err = wallet.New(c.WalletConfig(citizen)); err != nil {
			b.Fatal(err)
		}
	}
	open()
	c.Hold(citizen, c.Adult())
	multiply(b, c, store, 9_999, types)
	counter := c.Counter(c.Policy(nil))
	open()

	if damaged, err := citizen.Recheck(b.Context()); damaged != 0 || err != nil {
		b.Fatal(damaged, err)
	}
	open()
	before := heap()
	list(b, citizen.Wallet)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			open()
			list(b, citizen.Wallet)
		}
	})
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			list(b, citizen.Wallet)
		}
	})
	text := c.AskText(counter)
	b.Run("match", func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			start := time.Now()
			ask, err := citizen.ResolveRequest(b.Context(), text)
			took = append(took, time.Since(start))
			if err != nil || len(ask.Choices) != 1 {
				b.Fatal(ask, err)
			}
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
	})
	runtime.KeepAlive(citizen)
}

func list(b *testing.B, w *wallet.Wallet) {
	n := 0
	for s, err := range w.Credentials(b.Context()) {
		if err != nil || s.Err != nil {
			b.Fatal(err, s.Err)
		}
		n++
	}
	if n != 10_000 {
		b.Fatalf("%d credentials", n)
	}
}

// heap is what is in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// multiply stores a child's credential n times, under made-up ids and types.
func multiply(b *testing.B, c *hufutest.Country, to vault.Store, n, types int) {
	var record map[string]any
	err := c.Citizen(c.Child()).Store.View(b.Context(), func(tx vault.Tx) error {
		all, err := tx.List("credential")
		return errors.Join(err, json.Unmarshal(all[0].Value, &record))
	})
	values := make([][]byte, types)
	for i := range values {
		forgery := c.Forge(c.Child(), c.Key().Public())
		if i > 0 {
			forgery.Claims["vct"] = fmt.Sprintf("%s:%d", hufutest.Type, i)
		}
		record["text"] = forgery.Credential().String()
		var failed error
		values[i], failed = json.Marshal(record)
		err = errors.Join(err, failed)
	}
	err = errors.Join(err, to.Update(b.Context(), func(tx vault.Tx) error {
		for i := range n {
			id := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
			if err := tx.Put("credential", hex.EncodeToString(id[:]), values[i%types]); err != nil {
				return err
			}
		}
		return nil
	}))
	if err != nil {
		b.Fatal(err)
	}
}
