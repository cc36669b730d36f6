package zkp

import (
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Slots is the number of attribute slots of a credential. The last slot,
// BindingSlot, holds the day on which the holder's secret was bound.
const (
	Slots       = 16
	BindingSlot = 15
)

// Attributes holds the encoded claims in the schema's slot order. Zero means
// absent.
type Attributes [Slots]Element

// Hash returns the attrHash: one width-16 compression of the slots.
func (a *Attributes) Hash() Element { return Compress(16, a[:]...) }

// A Day is a date, as whole days since 1900-01-01.
type Day uint32

const (
	// DayBits is the width of a day inside the circuits: until the year 4770.
	DayBits = 20
	// ValidityBits bounds the validity of a credential: fewer than 2^16 days,
	// 179 years, lie between its first day and its last.
	ValidityBits = 16
)

var dayZero = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// DayOf returns the calendar day of t in the location that t carries. The error
// is ErrValue for a year before 1900 or after 9999.
func DayOf(t time.Time) (Day, error) {
	y, m, d := t.Date()
	if y < 1900 || y > 9999 {
		return 0, fmt.Errorf("%w: a date before 1900 or after 9999", ErrValue)
	}
	return Day(daysSince1900(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))), nil
}

// daysSince1900 counts in seconds, because a time.Duration holds only 292
// years.
func daysSince1900(t time.Time) int64 { return (t.Unix() - dayZero.Unix()) / (24 * 60 * 60) }

// ParseDay reads a date written as 2006-01-02. The error is ErrValue.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%w: not a date written as year-month-day", ErrValue)
	}
	return DayOf(t)
}

// Zone is the time zone of days: Asia/Shanghai, UTC+8 without summer time since
// 1991.
var Zone = time.FixedZone("UTC+8", 8*60*60)

// Today returns the day of t in Zone. The error is ErrValue.
func Today(t time.Time) (Day, error) { return DayOf(t.In(Zone)) }

// Time returns the day as a date, at midnight UTC.
func (d Day) Time() time.Time { return dayZero.AddDate(0, 0, int(d)) }

// Start returns the day's first instant in Zone.
func (d Day) Start() time.Time {
	y, m, day := d.Time().Date()
	return time.Date(y, m, day, 0, 0, 0, 0, Zone)
}

// String writes the day as 2006-01-02.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// EncodeInteger encodes 0 ≤ v < 2^63 as v+1. The error is ErrValue.
func EncodeInteger(v int64) (Element, error) {
	if v < 0 {
		return Element{}, fmt.Errorf("%w: a negative number", ErrValue)
	}
	var e Element
	e.SetUint64(uint64(v) + 1)
	return e, nil
}

// EncodeDate encodes a day as days since 1900-01-01, plus one.
func EncodeDate(d Day) Element {
	var e Element
	e.SetUint64(uint64(d) + 1)
	return e
}

// EncodeBool encodes false as 1 and true as 2.
func EncodeBool(v bool) Element {
	var e Element
	e.SetUint64(1)
	if v {
		e.SetUint64(2)
	}
	return e
}

// EncodeString hashes the NFC form of s, so that a name typed on two keyboards
// has one encoding. The result is never zero. The error is ErrValue for text
// that is not UTF-8.
func EncodeString(s string) (Element, error) {
	if !utf8.ValidString(s) {
		return Element{}, fmt.Errorf("%w: text that is not UTF-8", ErrValue)
	}
	e := HashToField("string", norm.NFC.Bytes([]byte(s)))
	if e.IsZero() {
		return Element{}, fmt.Errorf("%w: text that hashes to zero", ErrValue)
	}
	return e, nil
}
