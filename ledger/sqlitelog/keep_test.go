package sqlitelog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

func size(w *world) uint64 {
	w.Helper()
	signed, err := w.log.Checkpoint(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	head, err := ledger.OpenCheckpoint(w.log.Trust(), signed)
	if err != nil {
		w.Fatal(err)
	}
	return head.Size
}

func TestCloseEpoch(t *testing.T) {
	w := newWorld(t)
	before := size(w)
	for _, c := range []struct {
		pass time.Duration
		want uint64
	}{{time.Minute, before}, {ledger.DefaultEpochLength, before + 1}, {0, before + 1}} {
		w.clock.Add(c.pass)
		if err := w.log.CloseEpoch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := size(w); got != c.want {
			t.Errorf("after %v: %d leaves, want %d", c.pass, got, c.want)
		}
	}
}

func TestKeep(t *testing.T) {
	w := newWorld(t)
	before := size(w)
	ctx, stop := context.WithCancel(t.Context())
	kept := make(chan error, 1)
	go func() { kept <- w.log.Keep(ctx, time.Millisecond, 0) }()
	for size(w) < before+2 {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-kept; err != nil {
		t.Errorf("stopped: %v", err)
	}
}

func TestKeepFindsDamage(t *testing.T) {
	w := newWorld(t)
	mustExec(t, raw(t, w), "UPDATE value SET value = CAST(value || x'00' AS BLOB)")
	if err := w.log.Keep(t.Context(), 0, time.Millisecond); !errors.Is(err, machine.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestWitnessFollow(t *testing.T) {
	w := newWitnessed(t, 1)
	witness := w.witness(0)
	ctx, stop := context.WithCancel(t.Context())
	silent := &silentOnce{Witnessed: w.log}
	var sizes []uint64
	if err := witness.Follow(ctx, silent, time.Millisecond, func(size uint64) { sizes = append(sizes, size); stop() }); err != nil {
		t.Fatal(err)
	}
	if !silent.asked || len(sizes) != 1 || sizes[0] != size(w.world) {
		t.Errorf("signed %v", sizes)
	}
	if err := witness.Follow(t.Context(), other{Witnessed: w.log}, time.Millisecond, nil); !errors.Is(err, errOther) {
		t.Errorf("got %v", err)
	}
}

// silentOnce does not answer the first question.
type silentOnce struct {
	ledger.Witnessed
	asked bool
}

func (s *silentOnce) Pending(ctx context.Context, from uint64) ([]byte, [][]byte, error) {
	if !s.asked {
		s.asked = true
		return nil, nil, ledger.ErrUnreachable
	}
	return s.Witnessed.Pending(ctx, from)
}

var errOther = errors.New("another error")

type other struct{ ledger.Witnessed }

func (other) Pending(context.Context, uint64) ([]byte, [][]byte, error) { return nil, nil, errOther }
