package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

// shelf is a server that proves leaves, too; edit spoils a proof.
type shelf struct {
	*server
	edit func(*ledger.Inclusion)
	at   uint64 // size of the log under which it proves; 0 for all of it
}

func (s *shelf) ProveInclusion(_ context.Context, index uint64) (*ledger.Inclusion, error) {
	size := int64(len(s.leaves))
	if s.at != 0 {
		size = int64(s.at)
	}
	if int64(index) >= size {
		return nil, ledger.ErrNotIncluded
	}
	reader := hashes(s, s.leaves[:size])
	text := ledger.FormatCheckpoint(origin, uint64(size), must(tlog.TreeHash(size, reader))(s))
	p := &ledger.Inclusion{
		Checkpoint: s.sign(text, 1), Index: index, Leaf: s.leaves[index], Path: must(tlog.ProveRecord(size, int64(index), reader))(s),
	}
	if s.edit != nil {
		s.edit(p)
	}
	return p, nil
}

func (s *shelf) Entries(_ context.Context, from uint64) ([][]byte, error) {
	if from >= uint64(len(s.leaves)) {
		return nil, ledger.ErrAbsent
	}
	return s.leaves[from:min(from+2, uint64(len(s.leaves)))], nil
}

func newShelf(t *testing.T) (*shelf, *ledger.Client) {
	t.Helper()
	s := &shelf{server: &server{world: newWorld(t, 1, 1)}}
	c := must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	for range 3 {
		if err := c.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.leaves = append(s.leaves, []byte("operation"), []byte("another"))
		s.now = s.now.Add(time.Minute)
	}
	if err := c.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, c
}

func TestLeaves(t *testing.T) {
	s, c := newShelf(t)
	for i := range s.leaves {
		leaves, err := c.Leaves(t.Context(), uint64(i), 0)
		if err != nil || string(leaves[0]) != string(s.leaves[i]) || string(leaves[1]) != "first" {
			t.Fatalf("leaf %d: %q, %v", i, leaves, err)
		}
	}
	s.at = 6 // a server that lags, of the same log
	if _, err := c.Leaves(t.Context(), 3); err != nil {
		t.Errorf("under an earlier checkpoint: %v", err)
	}
	if _, err := c.Leaves(t.Context(), 8); !errors.Is(err, ledger.ErrNotIncluded) {
		t.Errorf("beyond it: %v", err)
	}
	s.at = 0
	for name, test := range map[string]struct {
		edit func(*ledger.Inclusion)
		want error
	}{
		"another leaf":    {func(p *ledger.Inclusion) { p.Leaf = []byte("forged") }, ledger.ErrNotIncluded},
		"another place":   {func(p *ledger.Inclusion) { p.Index++ }, ledger.ErrReader},
		"another path":    {func(p *ledger.Inclusion) { p.Path = p.Path[1:] }, ledger.ErrNotIncluded},
		"nobody's signed": {func(p *ledger.Inclusion) { p.Checkpoint = p.Checkpoint[:len(p.Checkpoint)-9] }, ledger.ErrFormat},
	} {
		s.edit = test.edit
		if leaves, err := c.Leaves(t.Context(), 3); !errors.Is(err, test.want) || leaves != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.edit = nil
	if _, err := c.Leaves(t.Context(), make([]uint64, 17)...); !errors.Is(err, ledger.ErrTooLarge) {
		t.Errorf("17 leaves: %v", err)
	}
	s.now = s.now.Add(1000 * time.Hour)
	client := must(ledger.NewClient(t.Context(), s.trust, s, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: func() time.Time { return s.now.Add(time.Hour * 24 * 365) }}))(t)
	if _, err := client.Leaves(t.Context(), 3); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("an old checkpoint: %v", err)
	}
	plain := must(s.client(s.server, ledger.NewMemoryTrustStore()))(t)
	if _, err := plain.Leaves(t.Context(), 3); !errors.Is(err, ledger.ErrReader) {
		t.Errorf("a reader that proves none: %v", err)
	}
	if _, err := plain.StateAfter(t.Context(), 3); !errors.Is(err, ledger.ErrReader) {
		t.Errorf("a reader that lists none: %v", err)
	}
}

// TestLeavesOfAFork: a leaf of another log than the client knows is none.
func TestLeavesOfAFork(t *testing.T) {
	for _, more := range []int{0, 1, 5} { // as long as what the client has seen, or longer
		s, c := newShelf(t)
		fork := s.copy()
		fork.leaves[3] = []byte("forged")
		for range more {
			fork.leaves = append(fork.leaves, []byte("more"))
		}
		s.server = fork
		if leaves, err := c.Leaves(t.Context(), 3); !errors.Is(err, ledger.ErrInconsistent) {
			t.Errorf("%d leaves more: %q, %v", more, leaves, err)
		}
		s.at = 5 // shorter
		if leaves, err := c.Leaves(t.Context(), 3); !errors.Is(err, ledger.ErrInconsistent) {
			t.Errorf("shorter: %q, %v", leaves, err)
		}
	}
}

func TestStateAfter(t *testing.T) {
	s, c := newShelf(t)
	for i := range s.leaves[:len(s.leaves)-1] {
		want := uint64(i + 1)
		for !ledger.IsStateLeaf(s.leaves[want]) {
			want++
		}
		if got, err := c.StateAfter(t.Context(), uint64(i)); err != nil || got != want {
			t.Errorf("after leaf %d: %d, %v, want %d", i, got, err, want)
		}
	}
	if _, err := c.StateAfter(t.Context(), uint64(len(s.leaves)-1)); err == nil {
		t.Error("a state after the last leaf")
	}
}
