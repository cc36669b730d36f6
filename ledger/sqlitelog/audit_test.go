package sqlitelog_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// TestAuditOfALedgerThatGoesOn: submissions come while an audit runs, and it is sound
// nevertheless; what is altered meanwhile, it finds.
func TestAuditOfALedgerThatGoesOn(t *testing.T) {
	w := newWorld(t)
	for n := range byte(10) {
		w.submit(w.anchor(n))
	}
	more := byte(10)
	var last machine.Progress
	err := w.log.Audit(t.Context(), func(p machine.Progress) {
		if more < 60 {
			w.submit(w.anchor(more))
			more++
		}
		last = p
	})
	if err != nil || more < 30 {
		t.Fatal(more, err)
	}
	if last.Leaves != last.Size || last.Size < 60 || last.Rows < last.Leaves {
		t.Error("progress:", last)
	}
	db := raw(t, w)
	var damaged *machine.DamagedError
	altered := false
	err = w.log.Audit(t.Context(), func(p machine.Progress) {
		if p.Rows > 0 && !altered { // the last table comes later
			altered = true
			mustExec(t, db, "INSERT INTO room VALUES (x'00', x'00')")
		}
	})
	if !errors.As(err, &damaged) || damaged.Table != machine.TableRoom {
		t.Error("altered meanwhile:", err)
	}
}

// TestAuditEnds: an audit ends with its context, and leaves no temporary file, whether it
// succeeded, was cancelled or failed.
func TestAuditEnds(t *testing.T) {
	w := newWorld(t)
	for n := range byte(10) {
		w.submit(w.anchor(n))
	}
	names := func() (names []string) {
		entries, err := os.ReadDir(w.dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	before := names()
	for name, stop := range map[string]func(machine.Progress) bool{
		"replaying": func(p machine.Progress) bool { return p.Leaves > 5 },
		"comparing": func(p machine.Progress) bool { return p.Rows > 0 },
		"never":     func(machine.Progress) bool { return false },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		stopped := false
		err := w.log.Audit(ctx, func(p machine.Progress) {
			if stop(p) {
				stopped = true
				cancel()
			}
		})
		if stopped != errors.Is(err, context.Canceled) || !stopped && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if after := names(); !slices.Equal(before, after) {
			t.Errorf("%s: %v", name, after)
		}
	}
	mustExec(t, raw(t, w), "DELETE FROM history")
	if err := w.log.Audit(t.Context(), nil); !errors.Is(err, machine.ErrDamaged) {
		t.Error(err)
	}
	if after := names(); !slices.Equal(before, after) {
		t.Error("after an error:", after)
	}
	t.Setenv("TMPDIR", t.TempDir())
	readOnly := w.open(sqlitelog.Options{ReadOnly: true})
	if err := readOnly.Audit(t.Context(), nil); !errors.Is(err, machine.ErrDamaged) {
		t.Error("read only:", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Error("read only:", left, err)
	}
}
