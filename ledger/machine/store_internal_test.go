package machine

import (
	"errors"
	"slices"
	"testing"
)

// TestBatchScan: what a batch wrote hides what was there, in one order.
func TestBatchScan(t *testing.T) {
	base := NewMemory()
	for _, key := range []string{"a1", "a3", "b1"} {
		put(t, base, key, "old")
	}
	b := newBatch(base)
	for _, key := range []string{"a3", "a2", "a4"} {
		put(t, b, key, "new")
	}
	var got []string
	err := b.Scan(TableValue, []byte("a"), func(key, value []byte) error {
		got = append(got, string(key)+string(value))
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"a1old", "a2new", "a3new", "a4new"}) {
		t.Fatal(got, err)
	}
	stop := errors.New("stop")
	if err := b.Scan(TableValue, nil, func(_, _ []byte) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if value, _ := base.Get(TableValue, []byte("a2")); value != nil {
		t.Fatal("written before its time")
	}
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	if value, _ := base.Get(TableValue, []byte("a2")); string(value) != "new" {
		t.Fatalf("%q", value)
	}
}

func put(t *testing.T, s Store, key, value string) {
	t.Helper()
	if err := s.Put(TableValue, []byte(key), []byte(value)); err != nil {
		t.Fatal(err)
	}
}
