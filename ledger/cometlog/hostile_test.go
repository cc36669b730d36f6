package cometlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/remote"
)

// BenchmarkProveBesideHostileReaders asks a node for proofs of one key, over HTTP, while
// sixteen readers ask for proofs of 256 absent keys as fast as they get answers. It
// reports the 99th percentile.
func BenchmarkProveBesideHostileReaders(b *testing.B) {
	for _, hostile := range []int{0, 16} {
		b.Run(fmt.Sprint(hostile), func(b *testing.B) {
			c := newConsortium(b, 4, cometlog.TestnetOptions{})
			for n := 0; n < 2000; n += 500 {
				var ops []*ledger.SignedOperation
				for k := range 500 {
					ops = append(ops, c.anchor(n+k))
				}
				c.submit(0, ops...)
			}
			server := httptest.NewServer(remote.NewHandler(c.nodes[0], c.nodes[0].Trust(), remote.HandlerOptions{}))
			defer server.Close()
			stop := make(chan struct{})
			var readers sync.WaitGroup
			defer readers.Wait()
			defer close(stop)
			for reader := range hostile {
				readers.Go(func() { askAbsent(server.URL, reader, stop) })
			}
			client, err := remote.New(remote.Options{}, server.URL)
			if err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				began := time.Now()
				if _, err := client.Prove(context.Background(), ledger.AnchorKey(c.rootDID(), numbered(n%2000))); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		})
	}
}

func askAbsent(url string, reader int, stop chan struct{}) {
	for round := 0; ; round++ {
		select {
		case <-stop:
			return
		default:
		}
		var keys []string
		for n := range 256 {
			keys = append(keys, ledger.AnchorKey("stranger", numbered(1_000_000*(reader+1)+1000*round+n)))
		}
		body, _ := json.Marshal(map[string]any{"keys": keys})
		response, err := http.Post(url+"/v1/prove", "application/json", bytes.NewReader(body))
		if err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	}
}
