package endpoint_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/endpoint"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

// BenchmarkAnswer is one answer through direct_post.jwt over HTTP on loopback, as HAIP has
// it: decrypted, judged, and kept in SQLite before it is acknowledged. Requests and answers
// are made before. It also reports the slowest of a hundred.
func BenchmarkAnswer(b *testing.B) {
	n := newCounter(b, hufutest.New(b, hufutest.Options{}), nil)
	store, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "counter.db"), sqlitestore.Options{Create: true})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	n.cfg.Store, n.cfg.Reuse = store, time.Minute
	v, err := verifier.New(n.cfg)
	if err != nil {
		b.Fatal(err)
	}
	handler, err := endpoint.New(endpoint.Config{Verifier: v, Base: n.base(), Token: token, Client: openid.ClientX509Hash, PerMinute: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	n.server.Config.Handler = handler // without the description's checks
	forms := make([]url.Values, b.N)
	for i := range forms {
		_, link := n.ask(haip)
		forms[i] = n.answer(n.fetch(link, "").Unverified, nil)
	}
	const clients = 4
	took := make([][]time.Duration, clients)
	b.ResetTimer()
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := c; i < len(forms); i += clients {
				began := time.Now()
				if status, answer := n.post(forms[i]); status != http.StatusOK {
					b.Errorf("%d %v", status, answer)
				}
				took[c] = append(took[c], time.Since(began))
			}
		})
	}
	group.Wait()
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	b.ReportMetric(float64(all[len(all)*99/100])/float64(time.Millisecond), "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}
