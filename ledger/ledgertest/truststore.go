package ledgertest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// TestTrustStore runs the contract of ledger.TrustStore against the stores that open
// returns, each of them empty and for one subtest.
func TestTrustStore(t *testing.T, open func(t *testing.T) ledger.TrustStore) {
	for name, run := range map[string]func(*testing.T, ledger.TrustStore){
		"empty":            emptyTrust,
		"compare and swap": swapTrust,
		"copies":           copyTrust,
		"race":             raceTrust,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func emptyTrust(t *testing.T, s ledger.TrustStore) {
	if b, err := s.Load(t.Context()); b != nil || err != nil {
		t.Errorf("an empty store has %q, %v", b, err)
	}
	if swapped, err := s.CompareAndSwap(t.Context(), []byte("one"), []byte("two")); swapped || err != nil {
		t.Errorf("an empty store was compared as full: %v, %v", swapped, err)
	}
}

func swapTrust(t *testing.T, s ledger.TrustStore) {
	steps := []struct {
		old, next string
		swapped   bool
	}{
		{"", "one", true}, {"", "two", false}, {"two", "three", false}, {"one", "two", true}, {"one", "three", false},
	}
	for i, step := range steps {
		var old []byte
		if step.old != "" {
			old = []byte(step.old)
		}
		swapped, err := s.CompareAndSwap(t.Context(), old, []byte(step.next))
		if swapped != step.swapped || err != nil {
			t.Fatalf("step %d: %v, %v", i, swapped, err)
		}
	}
	if b, err := s.Load(t.Context()); string(b) != "two" || err != nil {
		t.Errorf("it holds %q, %v", b, err)
	}
}

func copyTrust(t *testing.T, s ledger.TrustStore) {
	value := []byte("one")
	if swapped, err := s.CompareAndSwap(t.Context(), nil, value); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	value[0] = 'x'
	first, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first[0] = 'y'
	if b, err := s.Load(t.Context()); string(b) != "one" || err != nil {
		t.Errorf("a caller's bytes reach the store: %q, %v", b, err)
	}
}

// raceTrust lets many count: every successful swap must be of another value.
func raceTrust(t *testing.T, s ledger.TrustStore) {
	const workers, each = 4, 10
	if swapped, err := s.CompareAndSwap(t.Context(), nil, []byte("0")); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	var done atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for n := 0; n < each; {
				old, err := s.Load(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				var count int
				fmt.Sscan(string(old), &count)
				swapped, err := s.CompareAndSwap(t.Context(), old, fmt.Append(nil, count+1))
				if err != nil {
					t.Error(err)
					return
				}
				if swapped {
					n++
					done.Add(1)
				}
			}
		})
	}
	wait.Wait()
	if b, err := s.Load(t.Context()); string(b) != fmt.Sprint(done.Load()) || err != nil {
		t.Errorf("%d swaps lead to %q, %v", done.Load(), b, err)
	}
}
