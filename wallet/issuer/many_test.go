package issuer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// onDisk is an office whose desk keeps its records in a file.
func onDisk(b *testing.B) *office {
	o := newOfficeIn(b, hufutest.New(b, hufutest.Options{}), 1<<20)
	store, err := sqlitevault.Create(b.Context(), filepath.Join(b.TempDir(), "desk.db"), []byte("passphrase"), sqlitevault.Options{})
	none(b, err)
	b.Cleanup(func() { none(b, store.Close()) })
	o.store, o.cfg.Store = store, store
	o.Desk, err = issuer.New(o.cfg)
	none(b, err)
	none(b, o.Publish(b.Context()))
	return o
}

// BenchmarkAnswer measures what an application costs at a desk on disk, which has issued
// nothing or, with -long, half a million credentials.
func BenchmarkAnswer(b *testing.B) {
	for _, n := range []int{0, 500_000} {
		b.Run(fmt.Sprintf("issued=%d", n), func(b *testing.B) {
			if n > 0 {
				long.Only(b)
			}
			o := onDisk(b)
			offers, wrong, err := o.Import(b.Context(), residents(2_000), o.importOptions())
			if len(wrong) > 0 || err != nil {
				b.Fatal(wrong, err)
			}
			answer := func(i int) {
				b.StopTimer()
				envelope := o.apply(b, offers[i], asIs)
				b.StartTimer()
				_, err := o.Answer(b.Context(), envelope)
				none(b, err)
			}
			answer(0)
			multiply(b, o.store, n)
			for i := 1; b.Loop(); i++ {
				answer(i)
			}
		})
	}
}

// BenchmarkImport measures 100,000 rows. MB is the most memory that the process has had:
// run it alone.
func BenchmarkImport(b *testing.B) {
	o := onDisk(b)
	for b.Loop() {
		offers, wrong, err := o.Import(b.Context(), residents(100_000), o.importOptions())
		if len(offers) != 100_000 || len(wrong) > 0 || err != nil {
			b.Fatal(len(offers), len(wrong), err)
		}
	}
	b.ReportMetric(peak(b), "MB")
}

func (o *office) importOptions() issuer.ImportOptions {
	return issuer.ImportOptions{Type: openid.ConfigurationID(o.c.Schema.ID, 1)}
}

// residents is a table of n residents.
func residents(n int) *strings.Reader {
	var rows strings.Builder
	rows.WriteString(hufutest.Header + "\n")
	for i := range n {
		born := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i/900)
		rows.WriteString(hufutest.NewResident("李雷", born.Format(time.DateOnly), hufutest.Region, i%900+1).Row() + "\n")
	}
	return strings.NewReader(rows.String())
}

// multiply stores what the desk keeps of its one credential n times, under other names.
func multiply(b *testing.B, store vault.Store, n int) {
	kinds := []string{"credential", "offer", "person", "commitment"}
	var one []vault.Record
	err := store.View(b.Context(), func(tx vault.Tx) error {
		for _, kind := range kinds {
			all, err := tx.List(kind)
			if err != nil {
				return err
			}
			one = append(one, longest(all))
		}
		return nil
	})
	none(b, err)
	const batch = 10_000
	for from := 0; from < n; from += batch {
		none(b, store.Update(context.Background(), func(tx vault.Tx) error {
			for i := from; i < from+batch; i++ {
				for _, r := range one {
					if err := tx.Put(r.Kind, fmt.Sprintf("%s/%d", r.ID, i), r.Value); err != nil {
						return err
					}
				}
			}
			return nil
		}))
	}
}

// longest is the record that says most: an offer that was taken up.
func longest(all []vault.Record) vault.Record {
	return slices.MaxFunc(all, func(a, b vault.Record) int { return len(a.Value) - len(b.Value) })
}

var peakLine = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// peak is the most memory that this process has had, in megabytes.
func peak(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("there is no /proc")
	}
	kB, err := strconv.Atoi(string(peakLine.FindSubmatch(status)[1]))
	none(b, err)
	return float64(kB) * 1024 / 1e6
}
