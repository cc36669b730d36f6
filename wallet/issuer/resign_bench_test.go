package issuer_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// BenchmarkResign signs a whole office anew, over a vault on disk: 100,000 credentials
// with -long. It reports the greatest heap seen after a batch.
func BenchmarkResign(b *testing.B) {
	people := long.Or(1000, 100_000)
	c := hufutest.New(b, hufutest.Options{})
	o := &office{c: c, agency: c.NewAgency()}
	c.Accredit(o.agency, ledger.ActionIssue, ledger.StateActive)
	store, err := sqlitevault.Create(b.Context(), filepath.Join(b.TempDir(), "vault"), []byte("a passphrase"), sqlitevault.Options{})
	none(b, err)
	defer store.Close()
	o.cfg = c.DeskConfig(o.agency)
	o.cfg.Store, o.store = store, store
	o.Desk, err = issuer.New(o.cfg)
	none(b, err)
	none(b, o.Publish(b.Context()))
	o.fill(b, people)
	for b.Loop() {
		b.StopTimer()
		o.agency.MarkCompromised(o.agency.KeyID, c.Now())
		o.cfg.Keys = o.agency.Issuer()
		o.Desk, err = issuer.New(o.cfg)
		none(b, err)
		var most, seen uint64
		b.StartTimer()
		done, err := o.Resign(b.Context(), issuer.ResignOptions{Progress: func(r issuer.Resigned) {
			if seen++; seen%50 == 1 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}})
		none(b, err)
		if done.Signed != people {
			b.Fatalf("%+v", done)
		}
		b.ReportMetric(float64(most)/(1<<20), "MB-heap")
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*people), "us/credential")
}

// fill issues to many people. That each commitment is anchored is left out: it concerns
// the ledger and takes longest.
func (o *office) fill(b *testing.B, people int) {
	b.Helper()
	started := time.Now()
	cfg := o.cfg
	cfg.Ledger = submitter(func(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
		if len(ops) == 1 && ops[0].Operation.Kind == ledger.KindAnchor {
			return nil, nil
		}
		return o.c.Log.Submit(ctx, ops...)
	})
	desk, err := issuer.New(cfg)
	none(b, err)
	rows := func(yield func(issuer.Row, error) bool) {
		for n := range people {
			r := hufutest.NewResident("周某", fmt.Sprintf("%d-%02d-%02d", 1930+n/90000, n/7500%12+1, n/300%25+1), "110101", n%300)
			if !yield(issuer.Row{Claims: claimsOf(r)}, nil) {
				return
			}
		}
	}
	offers, refused, err := desk.ImportRows(b.Context(), rows, issuer.ImportOptions{})
	none(b, err)
	if len(refused) > 0 {
		b.Fatalf("refused: %v", refused[0])
	}
	for _, offer := range offers {
		_, err := desk.Answer(b.Context(), o.apply(b, offer, asIs))
		none(b, err)
	}
	b.Logf("issued in %v", time.Since(started).Round(time.Second))
}
