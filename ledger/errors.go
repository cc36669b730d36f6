package ledger

import (
	"errors"
	"fmt"
	"time"
)

// Reasons to refuse bytes, a proof or a claim about the ledger. Errors wrap
// them: compare with errors.Is.
var (
	// ErrFormat means bytes that are malformed or not in their only canonical
	// encoding.
	ErrFormat = errors.New("ledger: not in canonical form")
	// ErrTooLarge means bytes that exceed their cap.
	ErrTooLarge = errors.New("ledger: too large")
	// ErrKey means a string that is not a key of the state map.
	ErrKey = errors.New("ledger: not a ledger key")
	// ErrValue means a field of an object that is out of range.
	ErrValue = errors.New("ledger: object field out of range")
	// ErrSubject means a name, a code or a contact of an agency that is missing or
	// malformed.
	ErrSubject = errors.New("ledger: not a name, a code or a contact of an agency")
	// ErrSuite means a signature algorithm that is unknown or not allowed.
	ErrSuite = errors.New("ledger: signature suite not allowed")
	// ErrSignature means a signature that does not verify.
	ErrSignature = errors.New("ledger: signature does not verify")
	// ErrFingerprint means a trust file that is not the pinned one.
	ErrFingerprint = errors.New("ledger: trust file does not match its fingerprint")

	// ErrTrustChain means agreements of a consortium that do not follow from
	// the given trust file.
	ErrTrustChain = errors.New("ledger: not an agreement of this consortium")
	// ErrBootstrap means that the trust was renewed too long ago to follow it
	// to today's: a new trust file and its fingerprint must come another way.
	ErrBootstrap = errors.New("ledger: trust file too old, get a new one")

	// ErrOrigin means a checkpoint of another log.
	ErrOrigin = errors.New("ledger: checkpoint of another log")
	// ErrNotWitnessed means fewer cosignatures than the trust file requires.
	ErrNotWitnessed = errors.New("ledger: too few witnesses cosigned")
	// ErrStale means a checkpoint whose cosignatures are too old. It comes as a
	// *StaleError.
	ErrStale = errors.New("ledger: checkpoint too old")
	// ErrClock means a checkpoint from the future: the ledger's clock or the
	// reader's is wrong, and nobody can judge freshness.
	ErrClock = errors.New("ledger: checkpoint is from the future")
	// ErrPause means a ledger that made no checkpoint for longer than its operator
	// allows: it stood still, or the machine's clock is ahead. It comes as a *PauseError.
	ErrPause = errors.New("ledger: no checkpoint for too long")
	// ErrNotIncluded means a proof that does not lead to the signed root.
	ErrNotIncluded = errors.New("ledger: proof does not lead to the signed root")
	// ErrInconsistent means two checkpoints of which neither extends the other.
	// It comes as an *InconsistentError.
	ErrInconsistent = errors.New("ledger: checkpoints contradict each other")
	// ErrRolledBack means a ledger's own database that is older than it was before, or
	// that has another history: nothing may be signed on it.
	ErrRolledBack = errors.New("ledger: the ledger's database went back to an older state")
	// ErrBehind means that a server does not know the newest state that the
	// reader has seen. Another server may. It comes as a *BehindError.
	ErrBehind = errors.New("ledger: server is behind what was seen before")
	// ErrTrustStore means that the value in a TrustStore is not one that a [Client]
	// wrote for its trust file.
	ErrTrustStore = errors.New("ledger: trust store is damaged")
	// ErrClient means that an argument of [NewClient] is missing.
	ErrClient = errors.New("ledger: incomplete client")
	// ErrUnreachable means that no answer came from the ledger: a question stays
	// open, and a submitted batch may be on the ledger or not. A reader's own
	// errors of this kind wrap it.
	ErrUnreachable = errors.New("ledger: no reply")
	// ErrRules means that the consortium has agreed on newer rules than this program
	// knows. An engine does not judge by the old ones: install a newer program.
	ErrRules = errors.New("ledger: kept by rules that this program does not know")
	// ErrDamaged means a ledger whose store is not the result of its log. An
	// engine's own errors of this kind wrap it.
	ErrDamaged = errors.New("ledger: store damaged")
	// ErrReader means a Reader whose answer omits what it was asked for.
	ErrReader = errors.New("ledger: reader did not answer what was asked")

	// ErrReceipt means a receipt that the ledger does not bear out: the batch may be on
	// it or not.
	ErrReceipt = errors.New("ledger: receipt does not hold")

	// ErrAbsent means that the ledger provably has no such object.
	ErrAbsent = errors.New("ledger: no such object")
	// ErrNotProved means that the proof says nothing about a key. It comes as a
	// *NotProvedError.
	ErrNotProved = errors.New("ledger: not covered by the proof")
	// ErrRetired means a verifying key that must no longer be used.
	ErrRetired = errors.New("ledger: verifying key retired")
	// ErrExpired means a status object or a grant whose validity has ended.
	ErrExpired = errors.New("ledger: past its own validity")
	// ErrGrantRevoked means a grant that its citizen revoked.
	ErrGrantRevoked = errors.New("ledger: grant revoked")

	// ErrNotAccredited means that no chain of accreditations in force leads to
	// the trust root. If an accreditation exists and fails, it comes as an
	// *AccreditationError with one of the reasons below.
	ErrNotAccredited = errors.New("ledger: not accredited")
	// ErrSuspended means an accreditation that its accreditor suspended.
	ErrSuspended = errors.New("ledger: accreditation suspended")
	// ErrEnded means an accreditation that ended in good standing before.
	ErrEnded = errors.New("ledger: accreditation ended")
	// ErrAccreditationRevoked means an accreditation that its accreditor ended for
	// cause.
	ErrAccreditationRevoked = errors.New("ledger: accreditation revoked")
	// ErrNotInForce means an accreditation outside its period.
	ErrNotInForce = errors.New("ledger: accreditation not in force")
	// ErrDeactivated means an agency whose DID is deactivated.
	ErrDeactivated = errors.New("ledger: agency deactivated")
	// ErrChain means an accreditation that its accreditor was not entitled to
	// give, or a chain of more than MaxChain links.
	ErrChain = errors.New("ledger: accreditation chain broken")
)

// A StaleError says how old the checkpoint is. It wraps [ErrStale].
type StaleError struct {
	// AsOf is the time of the k-th newest cosignature: k witnesses signed then
	// or later.
	AsOf time.Time
	// Age is the time from AsOf to the decision.
	Age time.Duration
	// MaxAge is the greatest allowed age.
	MaxAge time.Duration
}

// Error states the age and the bound.
func (e *StaleError) Error() string {
	return fmt.Sprintf("%v: cosigned %s ago, at most %s allowed", ErrStale, e.Age, e.MaxAge)
}

// Unwrap returns [ErrStale].
func (e *StaleError) Unwrap() error { return ErrStale }

// A PauseError says when the ledger made its last checkpoint, and what the clock of its
// machine says. It wraps [ErrPause].
type PauseError struct {
	Last, Now time.Time
	// Max is the longest time that the operator allows between two checkpoints.
	Max time.Duration
}

// Error states both times and what to do.
func (e *PauseError) Error() string {
	return fmt.Sprintf("%v: the last is of %s, and this machine's clock says %s: set the clock right, or, if the ledger stood still so long, start it once with a longer pause than %s",
		ErrPause, e.Last.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339), e.Max)
}

// Unwrap returns [ErrPause].
func (e *PauseError) Unwrap() error { return ErrPause }

// A NotProvedError names the keys that a decision needs and the proof does not
// cover. [Client.Resolve] fetches them. It wraps [ErrNotProved].
type NotProvedError struct{ Keys []string }

// Error states the number of keys, and none of them.
func (e *NotProvedError) Error() string {
	return fmt.Sprintf("%v: %d keys", ErrNotProved, len(e.Keys))
}

// Unwrap returns [ErrNotProved].
func (e *NotProvedError) Unwrap() error { return ErrNotProved }

// An InconsistentError carries two signed checkpoints that cannot both belong
// to one append-only log: evidence that anyone can check. It wraps
// [ErrInconsistent].
type InconsistentError struct {
	Older, Newer *Head
	// Err is the check that failed.
	Err error
}

// Error states both sizes and the check that failed.
func (e *InconsistentError) Error() string {
	return fmt.Sprintf("%v: sizes %d and %d: %v", ErrInconsistent, e.Older.Size, e.Newer.Size, e.Err)
}

// Unwrap returns [ErrInconsistent].
func (e *InconsistentError) Unwrap() error { return ErrInconsistent }

// A BehindError carries a checkpoint that is older than the newest one seen and
// does not contradict it. It says nothing about the question. It wraps
// [ErrBehind].
type BehindError struct {
	// Seen is the highest checkpoint that the reader knows.
	Seen *Head
	// Given is the checkpoint in the server's answer.
	Given *Head
}

// Error states both sizes.
func (e *BehindError) Error() string {
	return fmt.Sprintf("%v: size %d, seen before %d", ErrBehind, e.Given.Size, e.Seen.Size)
}

// Unwrap returns [ErrBehind].
func (e *BehindError) Unwrap() error { return ErrBehind }

// An AccreditationError says which accreditation in a chain failed, and why. It
// wraps [ErrNotAccredited] and Reason.
type AccreditationError struct {
	// Key is the ledger key of the accreditation that failed.
	Key string
	// Reason is ErrSuspended, ErrEnded, ErrAccreditationRevoked, ErrNotInForce,
	// ErrDeactivated, ErrChain or ErrAbsent.
	Reason error
}

// Error states the reason.
func (e *AccreditationError) Error() string {
	return fmt.Sprintf("%v: %v", ErrNotAccredited, e.Reason)
}

// Unwrap returns [ErrNotAccredited] and the reason.
func (e *AccreditationError) Unwrap() []error { return []error{ErrNotAccredited, e.Reason} }
