package machine

import (
	"errors"
	"fmt"
)

// Reasons for which an operation is refused, beside ledger.ErrSignature,
// ledger.ErrSuite and what an object's Check returns.
var (
	// ErrUnknownKind means an operation of a kind that has no rule.
	ErrUnknownKind = errors.New("machine: unknown kind of operation")
	// ErrUnsigned means an operation without a signature.
	ErrUnsigned = errors.New("machine: operation not signed")
	// ErrUnauthorised means that none of the signers may do this.
	ErrUnauthorised = errors.New("machine: signer may not do this")
	// ErrConflict means an operation that does not fit the current state: what
	// is write-once is there already, a sequence does not grow, a key was
	// taken away.
	ErrConflict = errors.New("machine: conflicts with the current state")
	// ErrFull means that there is no room for what the operation adds.
	ErrFull = errors.New("machine: no room left")
	// ErrMissing means that something an operation refers to does not exist.
	ErrMissing = errors.New("machine: refers to something absent")
	// ErrTooLarge means a batch of more than MaxBatch operations.
	ErrTooLarge = errors.New("machine: batch too large")
)

var (
	// ErrClock means a time before that of the last checkpoint.
	ErrClock = errors.New("machine: clock runs backwards")
	// ErrConfig means a machine that lacks something it cannot do without.
	ErrConfig = errors.New("machine: incomplete configuration")
	// ErrDamaged means a store that does not hold what the log leads to.
	ErrDamaged = errors.New("machine: store damaged")
	// ErrDisagrees means a witness that reached another state than the log.
	ErrDisagrees = errors.New("machine: witness reached another state")
)

// Refused says which operation of a batch was refused and why. The whole batch
// is without effect.
type Refused struct {
	// Index counts operations of the batch from 0.
	Index int
	// Kind is the operation's.
	Kind string
	// Reason wraps the sentinel.
	Reason error
}

func (r *Refused) Error() string {
	return fmt.Sprintf("machine: operation %d (%.16q) refused: %v", r.Index, r.Kind, r.Reason)
}

// Unwrap returns the reason.
func (r *Refused) Unwrap() error { return r.Reason }

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
