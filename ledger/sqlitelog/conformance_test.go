package sqlitelog_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/remote"
)

// conforming is a fresh ledger as the suite wants it.
func conforming(t *testing.T) (*world, *ledgertest.World) {
	w := newWorld(t)
	return w, &ledgertest.World{
		Engines: []ledger.Ledger{w.log}, Trust: w.log.Trust(), Root: w.root, Next: w.next, Now: w.clock.Now,
		Agreement: w.agreement,
		CloseEpoch: func() {
			w.clock.Add(time.Hour)
			if _, err := w.log.Heartbeat(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func TestConformance(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) *ledgertest.World {
		_, world := conforming(t)
		return world
	})
}

// TestConformanceOverHTTP: whoever asks a server is no worse off.
func TestConformanceOverHTTP(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) *ledgertest.World {
		w, world := conforming(t)
		server := httptest.NewServer(remote.NewHandler(w.log, w.log.Trust(), remote.HandlerOptions{}))
		t.Cleanup(server.Close)
		client, err := remote.New(remote.Options{}, server.URL)
		if err != nil {
			t.Fatal(err)
		}
		world.Engines = []ledger.Ledger{client}
		return world
	})
}
