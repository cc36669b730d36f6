package ceremony

import (
	"errors"
	"fmt"
)

// Reasons to refuse a ceremony's folder. A [*Refused] wraps one of them and names
// the contribution.
var (
	// ErrForm: a file is not what this version writes, byte for byte.
	ErrForm = errors.New("ceremony: malformed file")
	// ErrChain: a contribution is missing, stands in the place of another, or
	// is not built on the one before it.
	ErrChain = errors.New("ceremony: the chain of contributions is broken")
	// ErrSignature: the participant did not sign the contribution.
	ErrSignature = errors.New("ceremony: not signed by the participant")
	// ErrProof: the contribution is not the one before it multiplied by a
	// number that its maker knew.
	ErrProof = errors.New("ceremony: the contribution does not follow from the one before it")
	// ErrBeacon: the beacon value is not the one that the plan names.
	ErrBeacon = errors.New("ceremony: not the beacon of the plan")
	// ErrKeys: the keys are not the result of the contributions.
	ErrKeys = errors.New("ceremony: the keys are not those of this ceremony")
	// ErrTranscript: the transcript does not match the files.
	ErrTranscript = errors.New("ceremony: the transcript does not match the files")
	// ErrTooFew: there are fewer contributions than the plan's minimum.
	ErrTooFew = errors.New("ceremony: too few contributions")
	// ErrOtherKey: a participant's key in the plan that is not that agency's. This
	// package knows no ledger and never returns it: who publishes the keys compares.
	ErrOtherKey = errors.New("ceremony: another key than the agency's on the ledger")
)

// Reasons why nothing could be checked or done. The files may be right.
var (
	// ErrUnavailable: a file is missing or cannot be read.
	ErrUnavailable = errors.New("ceremony: a file is missing or unreadable")
	// ErrVersion: the plan names circuits that this version does not have.
	ErrVersion = errors.New("ceremony: for other circuits than this version's")
	// ErrPlan: the plan cannot be carried out.
	ErrPlan = errors.New("ceremony: unusable plan")
	// ErrMemory: the memory lies inside the ceremony's folder, and may have
	// come with it.
	ErrMemory = errors.New("ceremony: the memory may not lie in the ceremony's folder")
	// ErrExists: the folder holds a ceremony already.
	ErrExists = errors.New("ceremony: there is one in this folder already")
	// ErrBusy: another program is writing into the folder.
	ErrBusy = errors.New("ceremony: another program is writing into the folder")
	// ErrNotParticipant: the plan does not list the contributor, or lists
	// another key.
	ErrNotParticipant = errors.New("ceremony: not a participant")
	// ErrTurn: it is the turn of another participant; see [*NotYourTurn].
	ErrTurn = errors.New("ceremony: not your turn")
	// ErrAgain: the participant has contributed to this phase.
	ErrAgain = errors.New("ceremony: contributed already")
	// ErrSealed: the ceremony is over.
	ErrSealed = errors.New("ceremony: sealed already")
	// ErrTooEarly: the beacon's time has not come.
	ErrTooEarly = errors.New("ceremony: the beacon's time has not come")
	// ErrTooLate: the beacon's time has come. Somebody may know the value, so
	// nobody may contribute.
	ErrTooLate = errors.New("ceremony: the beacon's time has come")
)

// Refused means checked and false. Every other error means that something could
// not be checked or done.
type Refused struct {
	// Step is "phase1", "phase2/" and a circuit, or the name of a file.
	Step string
	// Number is the number of the contribution, from 1; 0 if the error is not
	// about one.
	Number int
	// Participant is the DID that the contribution names; empty if it is not
	// known.
	Participant string
	// Err wraps one of the sentinels above.
	Err error
}

// Error returns the place and the reason.
func (e *Refused) Error() string {
	where := e.Step
	if e.Number > 0 {
		where = fmt.Sprintf("%s, contribution %d", where, e.Number)
	}
	if e.Participant != "" {
		where += " of " + e.Participant
	}
	return where + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Refused) Unwrap() error { return e.Err }

// NotYourTurn names the participant whose turn it is. It wraps ErrTurn.
type NotYourTurn struct{ Next string }

// Error returns the DID of the participant whose turn it is.
func (e *NotYourTurn) Error() string { return ErrTurn.Error() + ": next is " + e.Next }

// Unwrap returns ErrTurn.
func (e *NotYourTurn) Unwrap() error { return ErrTurn }

// unavailable marks an error of the file system.
func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }
