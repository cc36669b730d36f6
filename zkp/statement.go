package zkp

import (
	"fmt"
	"slices"
	"time"
)

// An Op is the operation of a predicate on one attribute. Every operation is
// false on an absent attribute.
type Op uint8

// Operations, with the circuit's numbers.
const (
	OpNone  Op = 0 // always false
	OpEq    Op = 1
	OpNe    Op = 2
	OpRange Op = 3
	OpIn    Op = 4 // CircuitShowSet only
	OpNotIn Op = 5 // CircuitShowSet only
)

// StatementSlots is the number of predicates in one show.
const StatementSlots = 4

// A Predicate asks about one attribute slot.
type Predicate struct {
	Op        Op
	Slot      uint8
	Value     Element // OpEq, OpNe
	Low, High uint64  // OpRange: encoded bounds, both included
	Set       *Set    // OpIn, OpNotIn
}

// A Statement is up to four predicates and the table of accepted outcomes. The
// outcome b0 … b3, one bit a predicate, is accepted if bit b0+2·b1+4·b2+8·b3 of
// Table is set.
type Statement struct {
	Predicates [StatementSlots]Predicate
	Table      uint16
}

// Equal asks for one value, encoded by EncodeString, EncodeDate, EncodeInteger
// or EncodeBool.
func Equal(slot int, value Element) Predicate {
	return Predicate{Op: OpEq, Slot: slotOf(slot), Value: value}
}

// NotEqual asks for a present value other than this one.
func NotEqual(slot int, value Element) Predicate {
	return Predicate{Op: OpNe, Slot: slotOf(slot), Value: value}
}

// OneOf asks for a value in the set.
func OneOf(slot int, set *Set) Predicate {
	return Predicate{Op: OpIn, Slot: slotOf(slot), Set: set}
}

// NoneOf asks for a present value that is not in the set.
func NoneOf(slot int, set *Set) Predicate {
	return Predicate{Op: OpNotIn, Slot: slotOf(slot), Set: set}
}

// slotOf keeps a slot that does not exist from becoming one that does: Check
// refuses the result.
func slotOf(slot int) uint8 {
	if slot < 0 || slot >= Slots {
		return Slots
	}
	return uint8(slot)
}

// Between asks for an integer from low to high, both included. A negative low
// becomes zero, because no attribute is negative. With a negative high, Check
// refuses the statement.
func Between(slot int, low, high int64) Predicate {
	return Predicate{Op: OpRange, Slot: slotOf(slot), Low: uint64(max(low, 0)) + 1, High: uint64(max(high, -1)) + 1}
}

// DateBetween asks for a date from low to high, both included.
func DateBetween(slot int, low, high Day) Predicate {
	return Predicate{Op: OpRange, Slot: slotOf(slot), Low: uint64(low) + 1, High: uint64(high) + 1}
}

// AtLeastYears asks for a birth date at least this many years before day, the
// birthday itself included. In a year without 29 February, a person born on
// that day comes of age on 1 March.
func AtLeastYears(slot, years int, day Day) Predicate {
	return Between(slot, 0, yearsBefore(day.Time(), years))
}

// AfterYears is AtLeastYears for rules that count from the day after the
// birthday, as mainland Chinese criminal law does.
func AfterYears(slot, years int, day Day) Predicate {
	return Between(slot, 0, yearsBefore(day.Time().AddDate(0, 0, -1), years))
}

// yearsBefore counts in days since 1900-01-01. It is negative before that day.
func yearsBefore(day time.Time, years int) int64 {
	y, m, d := day.Date()
	t := time.Date(y-years, m, d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d { // 29 February of a year that has none
		t = t.AddDate(0, 0, -t.Day())
	}
	return daysSince1900(t)
}

// All accepts if every predicate holds. The error is ErrStatement.
func All(predicates ...Predicate) (Statement, error) {
	return AtLeast(len(predicates), predicates...)
}

// Any accepts if one predicate holds. The error is ErrStatement.
func Any(predicates ...Predicate) (Statement, error) { return AtLeast(1, predicates...) }

// AtLeast accepts if k of the predicates hold. The error is ErrStatement.
func AtLeast(k int, predicates ...Predicate) (Statement, error) {
	n := len(predicates)
	if n == 0 || n > StatementSlots || k < 1 || k > n {
		return Statement{}, fmt.Errorf("%w: %d of %d predicates", ErrStatement, k, n)
	}
	var s Statement
	copy(s.Predicates[:], predicates)
	for outcome := range 16 {
		count := 0
		for i := range n {
			count += outcome >> i & 1
		}
		if count >= k {
			s.Table |= 1 << outcome
		}
	}
	return s, s.Check()
}

// Split asks for all predicates in as few statements as it can: four predicates
// each, of which one may ask about a set. Every statement is one show. The
// error is ErrStatement if it takes more than MaxShows.
func Split(predicates ...Predicate) ([]Statement, error) {
	var groups [][]Predicate
	for _, p := range predicates {
		at := slices.IndexFunc(groups, func(g []Predicate) bool {
			return len(g) < StatementSlots && (p.Set == nil || !slices.ContainsFunc(g, hasSet))
		})
		if at < 0 {
			groups = append(groups, nil)
			at = len(groups) - 1
		}
		groups[at] = append(groups[at], p)
	}
	if len(groups) == 0 || len(groups) > MaxShows {
		return nil, fmt.Errorf("%w: %d predicates need %d shows, from 1 to %d are taken", ErrStatement, len(predicates), len(groups), MaxShows)
	}
	out := make([]Statement, len(groups))
	for i, g := range groups {
		var err error
		if out[i], err = All(g...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func hasSet(p Predicate) bool { return p.Set != nil }

// Circuit returns the circuit that proves this statement: CircuitShowSet if it
// asks about a set, otherwise CircuitShow.
func (s *Statement) Circuit() Circuit {
	if s.set() != nil {
		return CircuitShowSet
	}
	return CircuitShow
}

// set returns the set that the statement asks about, or nil.
func (s *Statement) set() *Set {
	if i := slices.IndexFunc(s.Predicates[:], hasSet); i >= 0 {
		return s.Predicates[i].Set
	}
	return nil
}

// Check refuses what the circuits do not bound themselves: operations and slots
// out of range, operands that do not belong to the operation, a second set, and
// a table that is constant or not monotone. The error is ErrStatement.
func (s *Statement) Check() error {
	sets := 0
	for i, p := range s.Predicates {
		if err := p.check(); err != nil {
			return fmt.Errorf("predicate %d: %w", i+1, err)
		}
		if hasSet(p) {
			sets++
		}
	}
	if sets > 1 {
		return fmt.Errorf("%w: %d sets, a show asks about one", ErrStatement, sets)
	}
	if s.Table&1 != 0 || s.Table == 0 {
		return fmt.Errorf("%w: table constant, or true on nothing", ErrStatement)
	}
	for outcome := range 16 {
		for bit := range StatementSlots {
			more := outcome | 1<<bit
			if s.Table>>outcome&1 == 1 && s.Table>>more&1 == 0 {
				return fmt.Errorf("%w: table not monotone", ErrStatement)
			}
		}
	}
	return nil
}

func (p Predicate) check() error {
	if p.Slot >= Slots {
		return fmt.Errorf("%w: slot %d of %d", ErrStatement, p.Slot, Slots)
	}
	valued, ranged := !p.Value.IsZero(), p.Low != 0 || p.High != 0
	if hasSet(p) != (p.Op == OpIn || p.Op == OpNotIn) {
		return fmt.Errorf("%w: a set goes with in and notin, and they with a set", ErrStatement)
	}
	switch p.Op {
	case OpNone:
		if valued || ranged || p.Slot != 0 {
			return fmt.Errorf("%w: operands without an operation", ErrStatement)
		}
	case OpEq, OpNe:
		if !valued || ranged {
			return fmt.Errorf("%w: equality needs one value, and not zero", ErrStatement)
		}
	case OpRange:
		if valued || p.Low == 0 || p.High < p.Low {
			return fmt.Errorf("%w: an empty range", ErrStatement)
		}
	case OpIn, OpNotIn:
		if valued || ranged {
			return fmt.Errorf("%w: a set and another operand", ErrStatement)
		}
	default:
		return fmt.Errorf("%w: operation %d", ErrStatement, p.Op)
	}
	return nil
}

// operands returns P0 and P1 as the circuit reads them.
func (p Predicate) operands() (p0, p1 Element) {
	if p.Op == OpRange {
		return small(p.Low), small(p.High)
	}
	return p.Value, Element{}
}

// Holds reports whether the predicate is true of the attributes, in the clear.
func (p Predicate) Holds(attrs *Attributes) bool {
	v := attrs[p.Slot]
	if v.IsZero() {
		return false
	}
	switch p.Op {
	case OpEq:
		return v.Equal(&p.Value)
	case OpNe:
		return !v.Equal(&p.Value)
	case OpRange:
		return v.IsUint64() && v.Uint64() >= p.Low && v.Uint64() <= p.High
	case OpIn:
		return p.Set.Contains(v)
	case OpNotIn:
		return !p.Set.Contains(v)
	}
	return false
}

// Outcome evaluates the statement in the clear. It returns the bit of each
// predicate, and whether the table accepts them.
func (s *Statement) Outcome(attrs *Attributes) (bits [StatementSlots]bool, accepted bool) {
	at := 0
	for i, p := range s.Predicates {
		if bits[i] = p.Holds(attrs); bits[i] {
			at |= 1 << i
		}
	}
	return bits, s.Table>>at&1 == 1
}
