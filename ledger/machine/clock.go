package machine

import (
	"time"

	"github.com/hufu-id/hufu/ledger"
)

const (
	// Tolerance is how far the clocks of a ledger's machines may differ.
	Tolerance = 60 * time.Second
	// MaxPause is how long a ledger may go without a checkpoint before an operator has
	// to say that it stood still.
	MaxPause = 30 * 24 * time.Hour
)

// NextTime returns the time of the checkpoint after the one of last, for an engine whose
// clock says now: now, or last where the clock is behind it by at most [Tolerance]. An
// engine asks before it makes a checkpoint. One that follows takes the time that it is
// given. A zero last is of a ledger without a checkpoint. A maxPause of zero means
// [MaxPause].
//
// The error is [ErrClock] for a clock that is further behind, and a [*ledger.PauseError]
// for one that is more than maxPause ahead: a clock that is wrong once would close the
// ledger until that time has come.
func NextTime(last, now time.Time, maxPause time.Duration) (time.Time, error) {
	if maxPause == 0 {
		maxPause = MaxPause
	}
	switch {
	case last.IsZero():
		return now, nil
	case now.Before(last.Add(-Tolerance)):
		return time.Time{}, ErrClock
	case now.Before(last):
		return last, nil
	case now.Sub(last) > maxPause:
		return time.Time{}, &ledger.PauseError{Last: last, Now: now, Max: maxPause}
	}
	return now, nil
}
