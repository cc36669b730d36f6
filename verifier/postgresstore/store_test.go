package postgresstore_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hufu-id/hufu/internal/postgrestest"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/postgresstore"
	"github.com/hufu-id/hufu/verifier/verifiertest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

func open(t *testing.T, address string, opts postgresstore.Options) *postgresstore.Store {
	t.Helper()
	s, err := postgresstore.Open(t.Context(), address, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	server := postgrestest.Start(t)
	verifiertest.TestStore(t, func(t *testing.T) verifier.Store {
		return open(t, server.Database(t), postgresstore.Options{Create: true})
	})
}

func TestOpen(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	if _, err := postgresstore.Open(t.Context(), address, postgresstore.Options{}); !errors.Is(err, postgresstore.ErrFormat) {
		t.Error("an absent store:", err)
	}
	open(t, address, postgresstore.Options{Create: true})
	open(t, address, postgresstore.Options{Create: true})
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "UPDATE hufu_counter.store SET format = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := postgresstore.Open(t.Context(), address, postgresstore.Options{}); !errors.Is(err, postgresstore.ErrFormat) {
		t.Error("a store of another version:", err)
	}
}

func request(id string) verifier.Request {
	now := time.Now()
	return verifier.Request{ID: id, Object: []byte("object"), Nonce: "nonce of " + id, Created: now, Expires: now.Add(time.Hour)}
}

func acceptance(id string, person byte) verifier.Acceptance {
	return verifier.Acceptance{
		RequestID: id, Nonce: "nonce of " + id, At: time.Now(),
		Once: []verifier.OnceKey{{Scope: [32]byte{1}, Pseudonym: [32]byte{person}}},
	}
}

// TestTwoCounters: of two counters on two machines one takes a request, and one a person.
func TestTwoCounters(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	stores := []*postgresstore.Store{open(t, address, postgresstore.Options{Create: true}), open(t, address, postgresstore.Options{})}
	const persons, rivals = 20, 8
	var taken [persons]atomic.Int32
	var same [persons]atomic.Int32
	for p := range persons {
		if err := stores[0].PutRequest(t.Context(), request("shared "+strconv.Itoa(p))); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for r := range rivals {
		group.Go(func() {
			s := stores[r%2]
			for p := range persons {
				id := strconv.Itoa(r) + "-" + strconv.Itoa(p)
				if err := s.PutRequest(t.Context(), request(id)); err != nil {
					t.Error(err)
				}
				switch err := s.Accept(t.Context(), acceptance(id, byte(p))); {
				case err == nil:
					taken[p].Add(1)
				case !errors.Is(err, verifier.ErrUsedOnce):
					t.Error(err)
				}
				bare := acceptance("shared "+strconv.Itoa(p), 0)
				bare.Once = nil
				switch err := s.Accept(t.Context(), bare); {
				case err == nil:
					same[p].Add(1)
				case !errors.Is(err, verifier.ErrReplayed):
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for p := range persons {
		if n, m := taken[p].Load(), same[p].Load(); n != 1 || m != 1 {
			t.Errorf("person %d was taken %d times, and one request %d times", p, n, m)
		}
	}
}

// TestManyKeysInAnyOrder: two answers with the same pseudonyms in opposite order do not
// wait for each other.
func TestManyKeysInAnyOrder(t *testing.T) {
	s := open(t, postgrestest.Start(t).Database(t), postgresstore.Options{Create: true})
	var group sync.WaitGroup
	for i := range 20 {
		for _, reversed := range []bool{false, true} {
			group.Go(func() {
				id := strconv.Itoa(i) + strconv.FormatBool(reversed)
				a := acceptance(id, 0)
				a.Once = nil
				for k := range 10 {
					if reversed {
						k = 9 - k
					}
					a.Once = append(a.Once, verifier.OnceKey{Scope: [32]byte{byte(i)}, Pseudonym: [32]byte{byte(k)}})
				}
				if err := s.PutRequest(t.Context(), request(id)); err != nil {
					t.Error(err)
				}
				if err := s.Accept(t.Context(), a); err != nil && !errors.Is(err, verifier.ErrUsedOnce) {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
}

// TestServerDies: what was accepted before the server was killed is not accepted again.
func TestServerDies(t *testing.T) {
	server := postgrestest.Start(t)
	s := open(t, server.Database(t), postgresstore.Options{Create: true})
	const many = 2000
	accepted := map[string]bool{}
	var mu sync.Mutex
	var next atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				n := next.Add(1)
				id := strconv.FormatInt(n, 10)
				if n > many || s.PutRequest(t.Context(), request(id)) != nil {
					return
				}
				a := acceptance(id, 0)
				a.Once = []verifier.OnceKey{{Scope: [32]byte{1}, Pseudonym: [32]byte{byte(n), byte(n >> 8)}}}
				if s.Accept(t.Context(), a) != nil {
					return
				}
				mu.Lock()
				accepted[id] = true
				mu.Unlock()
			}
		})
	}
	time.Sleep(400 * time.Millisecond)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	if len(accepted) == 0 {
		t.Fatal("nothing was accepted before the server was killed")
	}
	for id := range accepted {
		if err := s.Accept(t.Context(), acceptance(id, 0)); !errors.Is(err, verifier.ErrReplayed) {
			t.Fatalf("request %s is accepted again: %v", id, err)
		}
	}
}

func TestTrustStore(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	first := open(t, address, postgresstore.Options{Create: true}).TrustStore("a.example")
	second := open(t, address, postgresstore.Options{}).TrustStore("a.example")
	swap := func(s *postgresstore.TrustStore, old, next []byte, want bool) {
		t.Helper()
		if got, err := s.CompareAndSwap(t.Context(), old, next); err != nil || got != want {
			t.Errorf("%q to %q: %v, %v", old, next, got, err)
		}
	}
	if state, err := first.Load(t.Context()); state != nil || err != nil {
		t.Error(state, err)
	}
	swap(first, []byte("x"), []byte("y"), false)
	swap(first, nil, []byte("one"), true)
	swap(second, nil, []byte("two"), false)
	swap(second, []byte("one"), []byte("two"), true)
	swap(first, []byte("one"), []byte("three"), false)
	if state, err := first.Load(t.Context()); string(state) != "two" || err != nil {
		t.Errorf("%q, %v", state, err)
	}
}
