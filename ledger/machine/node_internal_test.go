package machine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// TestLeavesTogether: leaves that are set together make the rows that they make one after
// the other, in whatever parts and order, and each proof leads to the root.
func TestLeavesTogether(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for round := range 60 {
		one, many := NewMemory(), NewMemory()
		values := map[string][]byte{}
		for range 1 + random.IntN(6) {
			waiting := newBatch(many)
			for range random.IntN(1 + round) {
				key, value := fmt.Sprint("key/", random.IntN(3*round+1)), []byte{1, byte(random.IntN(3))}
				index := statemap.Index(key)
				if round%2 == 1 {
					copy(index[:], "the same beginning") // two paths part late
				}
				hash := statemap.Leaf(index, value)
				if _, err := setLeaves(one, []leaf{{index, hash}}); err != nil {
					t.Fatal(err)
				}
				waiting.leaves[index], values[key] = hash, value
			}
			if _, err := setLeaves(many, waiting.changedLeaves()); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := nodesOf(t, one), nodesOf(t, many); !slices.EqualFunc(a, b, func(x, y row) bool {
			return bytes.Equal(x.key, y.key) && bytes.Equal(x.value, y.value)
		}) {
			t.Fatalf("round %d: %d rows one after the other, %d together", round, len(a), len(b))
		}
		root, err := stateRoot(many)
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range values {
			if round%2 == 1 {
				break // those indexes are no keys'
			}
			proof, err := proveKey(many, key)
			if err != nil {
				t.Fatal(err)
			}
			if led, err := statemap.Root(proof, key, value); err != nil || led != root {
				t.Fatalf("round %d: the proof of %s leads elsewhere: %v", round, key, err)
			}
		}
	}
}

func nodesOf(t *testing.T, store Store) (all []row) {
	t.Helper()
	err := store.Scan(TableNode, nil, func(key, value []byte) error {
		all = append(all, row{slices.Clone(key), slices.Clone(value)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
