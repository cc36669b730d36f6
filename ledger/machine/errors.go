package machine

import (
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// Errors of this package. A refusal comes as a *ledger.RefusedError.
var (
	// ErrClock means a time before that of the last checkpoint. It wraps
	// ledger.ErrClock.
	ErrClock = fmt.Errorf("machine: clock runs backwards: %w", ledger.ErrClock)
	// ErrConfig means a machine without something that it needs.
	ErrConfig = errors.New("machine: incomplete configuration")
	// ErrDamaged means a store whose content is not the result of its log. It wraps
	// ledger.ErrDamaged.
	ErrDamaged = fmt.Errorf("machine: store damaged: %w", ledger.ErrDamaged)
	// ErrGone means a state that a store no longer holds. Ask again for the newest. It
	// wraps ledger.ErrUnreachable: nothing was refused.
	ErrGone = fmt.Errorf("machine: the ledger has moved on from this state: %w", ledger.ErrUnreachable)
)

// A DamagedError names a row of a store that is not the result of the log. It
// wraps [ErrDamaged].
type DamagedError struct {
	Table Table
	// Key is the row's key.
	Key []byte
	// Problem is "changed", "missing" or "added", or describes a wrong leaf or
	// head.
	Problem string
}

// Error states the table, the key and the problem.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%v: table %s, key %x: %s", ErrDamaged, e.Table, e.Key, e.Problem)
}

// Unwrap returns [ErrDamaged].
func (e *DamagedError) Unwrap() error { return ErrDamaged }
