package zkp_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/hufu-id/hufu/zkp"
)

func TestEncodeInteger(t *testing.T) {
	for _, tc := range []struct {
		v    int64
		want uint64
		err  error
	}{
		{0, 1, nil}, {1, 2, nil}, {math.MaxInt64, 1 << 63, nil},
		{-1, 0, zkp.ErrValue}, {math.MinInt64, 0, zkp.ErrValue},
	} {
		got, err := zkp.EncodeInteger(tc.v)
		if !errors.Is(err, tc.err) || got != number(tc.want) {
			t.Errorf("%d: %v, %v", tc.v, got, err)
		}
	}
}

func TestEncodeBool(t *testing.T) {
	if zkp.EncodeBool(false) != number(1) || zkp.EncodeBool(true) != number(2) {
		t.Error("false is 1 and true is 2")
	}
}

func TestEncodeString(t *testing.T) {
	composed, decomposed := text(t, "Zo\u00eb"), text(t, "Zoe\u0308")
	if composed != decomposed {
		t.Error("one name in two normal forms has two encodings")
	}
	if text(t, "Zoë") == text(t, "Zoe") || text(t, "a") == text(t, "a ") {
		t.Error("two texts have one encoding")
	}
	empty := text(t, "")
	if empty.IsZero() {
		t.Error("an empty text reads as absent")
	}
	if composed.IsUint64() {
		t.Error("a text could pass for a number")
	}
	if _, err := zkp.EncodeString("\xff"); !errors.Is(err, zkp.ErrValue) {
		t.Errorf("bytes that are not UTF-8: %v", err)
	}
}

func TestDays(t *testing.T) {
	for _, tc := range []struct {
		date string
		want zkp.Day
	}{
		{"1900-01-01", 0}, {"1900-02-28", 58}, {"1900-03-01", 59}, // 1900 was no leap year
		{"2000-02-29", 36583}, {"2000-03-01", 36584}, {"2026-11-21", 46345},
		{"2192-04-11", 106752}, {"9999-12-31", 2958463}, // beyond what a time.Duration holds
	} {
		got, err := zkp.ParseDay(tc.date)
		if err != nil || got != tc.want {
			t.Errorf("%s: day %d, %v, want %d", tc.date, got, err, tc.want)
		}
		if got.String() != tc.date {
			t.Errorf("%s is written back as %s", tc.date, got)
		}
		if zkp.EncodeDate(got) != number(uint64(tc.want)+1) {
			t.Errorf("%s: encoding is not the day plus one", tc.date)
		}
	}
}

func TestDaysRefused(t *testing.T) {
	for _, s := range []string{
		"", "1899-12-31", "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-01T00:00:00Z", " 2026-01-01", "2026/01/01", "10000-01-01",
	} {
		if _, err := zkp.ParseDay(s); !errors.Is(err, zkp.ErrValue) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := zkp.DayOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, zkp.ErrValue) {
		t.Errorf("year 10000: %v", err)
	}
}

// The day is the calendar's where the clock hangs, whatever UTC says, also
// where a change of the clocks makes it short.
func TestDayOfLocation(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*60*60)
	before, err := zkp.DayOf(time.Date(2026, 11, 21, 7, 59, 0, 0, shanghai)) // the 20th in UTC
	if err != nil || before != day(t, "2026-11-21") {
		t.Errorf("%s, %v", before, err)
	}
	for hour := range 24 {
		got, err := zkp.DayOf(time.Date(1986, 5, 4, hour, 30, 0, 0, shanghai))
		if err != nil || got != day(t, "1986-05-04") {
			t.Errorf("%d o'clock: %s, %v", hour, got, err)
		}
	}
}

// Whole days forward and back again.
func TestDayTimeRoundTrip(t *testing.T) {
	for d := zkp.Day(0); d < 3_000_000; d += 997 {
		if d.Time().Year() > 9999 {
			break
		}
		got, err := zkp.DayOf(d.Time())
		if err != nil || got != d {
			t.Fatalf("day %d comes back as %d, %v", d, got, err)
		}
	}
}

func TestToday(t *testing.T) {
	for _, tc := range []struct{ instant, want string }{
		{"2026-11-20T15:59:59Z", "2026-11-20"}, {"2026-11-20T16:00:00Z", "2026-11-21"},
	} {
		at, err := time.Parse(time.RFC3339, tc.instant)
		if err != nil {
			t.Fatal(err)
		}
		got, err := zkp.Today(at)
		if err != nil || got != day(t, tc.want) {
			t.Errorf("%s: %s, %v, want %s", tc.instant, got, err, tc.want)
		}
		again, err := zkp.Today(got.Start())
		if err != nil || again != got {
			t.Errorf("%s begins on %s, %v", got, again, err)
		}
		if eve, _ := zkp.Today(got.Start().Add(-time.Nanosecond)); eve != got-1 {
			t.Errorf("a moment before %s is %s", got, eve)
		}
	}
}
