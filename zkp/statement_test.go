package zkp_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hufu-id/hufu/zkp"
)

func TestYears(t *testing.T) {
	for _, tc := range []struct {
		birth, policy   string
		years           int
		atLeast, behind bool
	}{
		{"2008-11-21", "2026-11-20", 18, false, false},
		{"2008-11-21", "2026-11-21", 18, true, false}, // the birthday itself
		{"2008-11-21", "2026-11-22", 18, true, true},
		{"2008-02-29", "2026-02-28", 18, false, false}, // no 29 February in 2026
		{"2008-02-29", "2026-03-01", 18, true, false},
		{"2008-02-29", "2026-03-02", 18, true, true},
		{"2008-02-29", "2028-02-28", 20, false, false},
		{"2008-02-29", "2028-02-29", 20, true, false},
		{"2010-02-28", "2028-02-28", 18, true, false},
		{"2010-02-28", "2028-02-29", 18, true, true},
		{"2010-03-01", "2028-02-29", 18, false, false},
		{"2010-03-01", "2028-03-01", 18, true, false},
		{"1900-01-01", "2026-01-01", 126, true, false},
		{"2026-11-21", "2026-11-21", 0, true, false},
	} {
		var attrs zkp.Attributes
		attrs[1] = zkp.EncodeDate(day(t, tc.birth))
		policy := day(t, tc.policy)
		at, behind := zkp.AtLeastYears(1, tc.years, policy), zkp.AfterYears(1, tc.years, policy)
		if at.Holds(&attrs) != tc.atLeast {
			t.Errorf("born %s, at least %d on %s: %v", tc.birth, tc.years, tc.policy, !tc.atLeast)
		}
		if behind.Holds(&attrs) != tc.behind {
			t.Errorf("born %s, after %d on %s: %v", tc.birth, tc.years, tc.policy, !tc.behind)
		}
	}
	// Nobody can be that old: the question is refused rather than asked.
	if _, err := zkp.All(zkp.AtLeastYears(1, 200, day(t, "2026-11-21"))); !errors.Is(err, zkp.ErrStatement) {
		t.Errorf("200 years: %v", err)
	}
}

func TestBetween(t *testing.T) {
	for _, tc := range []struct {
		low, high         int64
		wantLow, wantHigh uint64
	}{
		{0, 0, 1, 1}, {-5, 3, 1, 4}, {3, math.MaxInt64, 4, 1 << 63}, {math.MinInt64, math.MaxInt64, 1, 1 << 63},
	} {
		p := zkp.Between(2, tc.low, tc.high)
		if p.Low != tc.wantLow || p.High != tc.wantHigh || p.Op != zkp.OpRange || p.Slot != 2 {
			t.Errorf("%d to %d: %+v", tc.low, tc.high, p)
		}
		if _, err := zkp.All(p); err != nil {
			t.Errorf("%d to %d: %v", tc.low, tc.high, err)
		}
	}
	for _, bounds := range [][2]int64{{1, 0}, {0, -1}, {-5, -3}, {math.MinInt64, math.MinInt64}} {
		if _, err := zkp.All(zkp.Between(2, bounds[0], bounds[1])); !errors.Is(err, zkp.ErrStatement) {
			t.Errorf("an empty range %v: %v", bounds, err)
		}
	}
	p := zkp.DateBetween(1, day(t, "1900-01-01"), day(t, "2026-11-21"))
	if p.Low != 1 || p.High != 46346 {
		t.Errorf("dates: %+v", p)
	}
}

func TestBuilders(t *testing.T) {
	p := zkp.Equal(0, number(5))
	for _, tc := range []struct {
		k, n  int
		table uint16
	}{
		{1, 1, 0xaaaa}, {2, 2, 0x8888}, {1, 2, 0xeeee}, {2, 3, 0xe8e8}, {4, 4, 0x8000}, {1, 4, 0xfffe},
	} {
		var all []zkp.Predicate
		for range tc.n {
			all = append(all, p)
		}
		s, err := zkp.AtLeast(tc.k, all...)
		if err != nil || s.Table != tc.table {
			t.Errorf("%d of %d: table %04x, %v, want %04x", tc.k, tc.n, s.Table, err, tc.table)
		}
	}
	for _, tc := range [][2]int{{0, 1}, {2, 1}, {-1, 2}, {1, 0}, {1, 5}} {
		if _, err := zkp.AtLeast(tc[0], make([]zkp.Predicate, tc[1])...); !errors.Is(err, zkp.ErrStatement) {
			t.Errorf("%d of %d: %v", tc[0], tc[1], err)
		}
	}
	if _, err := zkp.All(); !errors.Is(err, zkp.ErrStatement) {
		t.Error("a question that asks nothing")
	}
}

func TestStatementCheck(t *testing.T) {
	value, set := number(5), newSet(t, number(5))
	good := zkp.Equal(0, value)
	for name, s := range map[string]zkp.Statement{
		"table zero":             {Predicates: one(good), Table: 0},
		"table of all ones":      {Predicates: one(good), Table: 0xffff},
		"true on nothing":        {Predicates: one(good), Table: 0xaaab},
		"not monotone":           {Predicates: one(good), Table: 0x0002},
		"not monotone at 7":      {Predicates: one(good), Table: 0xaa2a},
		"negation":               {Predicates: one(good), Table: 0x5554},
		"slot 16":                {Predicates: one(zkp.Predicate{Op: zkp.OpEq, Slot: 16, Value: value}), Table: 0xaaaa},
		"slot 255":               {Predicates: one(zkp.Equal(-1, value)), Table: 0xaaaa},
		"op 6":                   {Predicates: one(zkp.Predicate{Op: 6, Value: value}), Table: 0xaaaa},
		"op 255":                 {Predicates: one(zkp.Predicate{Op: 255, Value: value}), Table: 0xaaaa},
		"in with a value":        {Predicates: one(zkp.Predicate{Op: zkp.OpIn, Set: set, Value: value}), Table: 0xaaaa},
		"not in with a range":    {Predicates: one(zkp.Predicate{Op: zkp.OpNotIn, Set: set, Low: 1, High: 2}), Table: 0xaaaa},
		"eq with a set":          {Predicates: one(zkp.Predicate{Op: zkp.OpEq, Value: value, Set: set}), Table: 0xaaaa},
		"none with a set":        {Predicates: one(zkp.Predicate{Set: set}), Table: 0xaaaa},
		"two sets":               {Predicates: [4]zkp.Predicate{zkp.OneOf(0, set), zkp.NoneOf(1, set)}, Table: 0xaaaa},
		"in needs a set":         {Predicates: one(zkp.Predicate{Op: zkp.OpIn, Value: value}), Table: 0xaaaa},
		"not in needs a set":     {Predicates: one(zkp.Predicate{Op: zkp.OpNotIn, Value: value}), Table: 0xaaaa},
		"eq with absence":        {Predicates: one(zkp.Equal(0, zkp.Element{})), Table: 0xaaaa},
		"ne with absence":        {Predicates: one(zkp.NotEqual(0, zkp.Element{})), Table: 0xaaaa},
		"eq with a range":        {Predicates: one(zkp.Predicate{Op: zkp.OpEq, Value: value, High: 1}), Table: 0xaaaa},
		"range with a value":     {Predicates: one(zkp.Predicate{Op: zkp.OpRange, Value: value, Low: 1, High: 2}), Table: 0xaaaa},
		"range from absence":     {Predicates: one(zkp.Predicate{Op: zkp.OpRange, Low: 0, High: 2}), Table: 0xaaaa},
		"range back to front":    {Predicates: one(zkp.Predicate{Op: zkp.OpRange, Low: 3, High: 2}), Table: 0xaaaa},
		"none with a value":      {Predicates: one(zkp.Predicate{Op: zkp.OpNone, Value: value}), Table: 0xaaaa},
		"none with a slot":       {Predicates: one(zkp.Predicate{Op: zkp.OpNone, Slot: 3}), Table: 0xaaaa},
		"none with an upper end": {Predicates: one(zkp.Predicate{Op: zkp.OpNone, High: 3}), Table: 0xaaaa},
		"last predicate":         {Predicates: [4]zkp.Predicate{good, {}, {}, zkp.Equal(16, value)}, Table: 0xaaaa},
	} {
		if err := s.Check(); !errors.Is(err, zkp.ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := zkp.Statement{Predicates: one(good), Table: 0xaaaa}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func one(p zkp.Predicate) [zkp.StatementSlots]zkp.Predicate {
	return [zkp.StatementSlots]zkp.Predicate{p}
}

// There are 168 monotone functions of four bits; two of them are constant.
func TestMonotoneTables(t *testing.T) {
	allowed := 0
	for table := range 1 << 16 {
		s := zkp.Statement{Predicates: one(zkp.Equal(0, number(5))), Table: uint16(table)}
		if s.Check() == nil {
			allowed++
		}
	}
	if allowed != 166 {
		t.Errorf("%d tables allowed, want 166", allowed)
	}
}

// A slot that does not exist must never be another slot.
func TestBuildersKeepTheSlot(t *testing.T) {
	for _, slot := range []int{-1, 16, 255, 256, 257, 1 << 20} {
		for name, p := range map[string]zkp.Predicate{
			"Equal": zkp.Equal(slot, number(5)), "NotEqual": zkp.NotEqual(slot, number(5)),
			"Between": zkp.Between(slot, 1, 2), "DateBetween": zkp.DateBetween(slot, 1, 2),
			"AtLeastYears": zkp.AtLeastYears(slot, 18, 46345), "AfterYears": zkp.AfterYears(slot, 18, 46345),
		} {
			if _, err := zkp.All(p); !errors.Is(err, zkp.ErrStatement) {
				t.Errorf("%s of slot %d: %v", name, slot, err)
			}
		}
	}
}

// Outcome against the definition, written another way.
func TestOutcome(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var attrs zkp.Attributes
		for i := range 4 {
			attrs[i] = number(uint64(random.IntN(4))) // 0 is absence
		}
		var s zkp.Statement
		s.Table = uint16(random.IntN(1 << 16))
		row := 0
		for i := range s.Predicates {
			p := zkp.Predicate{Op: zkp.Op(random.IntN(4)), Slot: uint8(random.IntN(4))}
			a, b := uint64(1+random.IntN(3)), uint64(1+random.IntN(3))
			value := attrs[p.Slot].Uint64()
			holds := false
			switch p.Op {
			case zkp.OpEq:
				p.Value, holds = number(a), value == a
			case zkp.OpNe:
				p.Value, holds = number(a), value != 0 && value != a
			case zkp.OpRange:
				p.Low, p.High, holds = a, b, a <= value && value <= b
			}
			s.Predicates[i] = p
			if holds {
				row += 1 << i
			}
		}
		bits, accepted := s.Outcome(&attrs)
		got := 0
		for i, b := range bits {
			if b {
				got += 1 << i
			}
		}
		if got != row || accepted != (s.Table&(1<<row) != 0) {
			t.Fatalf("%+v of %v: bits %04b, want %04b; accepted %v", s, attrs, got, row, accepted)
		}
	}
	var attrs zkp.Attributes
	attrs[0] = text(t, "朝阳区")
	if p := zkp.Between(0, 0, math.MaxInt64); p.Holds(&attrs) {
		t.Error("a text lies in a range of numbers")
	}
}
