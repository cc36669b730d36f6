package machine

import (
	"errors"
	"fmt"
)

// What can go wrong beside a refusal, which comes as a *ledger.RefusedError.
var (
	// ErrClock means a time before that of the last checkpoint.
	ErrClock = errors.New("machine: clock runs backwards")
	// ErrConfig means a machine that lacks something it cannot do without.
	ErrConfig = errors.New("machine: incomplete configuration")
	// ErrDamaged means a store that does not hold what the log leads to.
	ErrDamaged = errors.New("machine: store damaged")
)

// DamagedError says which row of a store is not what the log leads to. It wraps
// [ErrDamaged].
type DamagedError struct {
	Table Table
	// Key is the row's key.
	Key []byte
	// Problem is "changed", "missing" or "added".
	Problem string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%v: table %s, key %x: %s", ErrDamaged, e.Table, e.Key, e.Problem)
}

// Unwrap returns [ErrDamaged].
func (e *DamagedError) Unwrap() error { return ErrDamaged }
