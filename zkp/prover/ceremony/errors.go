package ceremony

import (
	"errors"
	"fmt"
)

// What a transcript is refused for; a [*Refused] wraps one of them and names
// the contribution.
var (
	// ErrForm: a file that is not what this version writes, byte for byte.
	ErrForm = errors.New("ceremony: malformed file")
	// ErrChain: a contribution that is missing, in another's place, or not
	// built on the one before it.
	ErrChain = errors.New("ceremony: the chain of contributions is broken")
	// ErrSignature: a contribution that its participant did not sign.
	ErrSignature = errors.New("ceremony: not signed by the participant")
	// ErrProof: a contribution that does something else to the one before it
	// than multiply with a number that its maker knew.
	ErrProof = errors.New("ceremony: the contribution does not follow from the one before it")
	// ErrBeacon: a beacon value that is not the one the plan asked for.
	ErrBeacon = errors.New("ceremony: not the beacon of the plan")
	// ErrKeys: keys that are not what the contributions lead to.
	ErrKeys = errors.New("ceremony: the keys are not those of this ceremony")
	// ErrTranscript: a transcript that says something else than the files.
	ErrTranscript = errors.New("ceremony: the transcript does not match the files")
	// ErrTooFew: fewer contributions than the plan's minimum.
	ErrTooFew = errors.New("ceremony: too few contributions")
)

// Why nothing could be checked or done; the files may be right.
var (
	// ErrUnavailable: a file that is missing or cannot be read.
	ErrUnavailable = errors.New("ceremony: a file is missing or unreadable")
	// ErrVersion: circuits that this version does not have.
	ErrVersion = errors.New("ceremony: for other circuits than this version's")
	// ErrPlan: a plan that cannot be carried out.
	ErrPlan = errors.New("ceremony: unusable plan")
	// ErrMemory: a memory that lies inside the ceremony's folder, and may have
	// come with it.
	ErrMemory = errors.New("ceremony: the memory may not lie in the ceremony's folder")
	// ErrExists: a folder with a ceremony in it.
	ErrExists = errors.New("ceremony: there is one in this folder already")
	// ErrBusy: another program is writing into the folder.
	ErrBusy = errors.New("ceremony: another program is writing into the folder")
	// ErrNotParticipant: somebody whom the plan does not list, or with another
	// key.
	ErrNotParticipant = errors.New("ceremony: not a participant")
	// ErrTurn: it is somebody else's turn; see [*NotYourTurn].
	ErrTurn = errors.New("ceremony: not your turn")
	// ErrAgain: the participant has contributed to this phase.
	ErrAgain = errors.New("ceremony: contributed already")
	// ErrSealed: the ceremony is over.
	ErrSealed = errors.New("ceremony: sealed already")
	// ErrTooEarly: the beacon's time has not come.
	ErrTooEarly = errors.New("ceremony: the beacon's time has not come")
	// ErrTooLate: the beacon may be known, so that nobody may contribute.
	ErrTooLate = errors.New("ceremony: the beacon's time has come")
)

// Refused means checked and false. Every other error means that something
// could not be checked or done.
type Refused struct {
	// Step is "phase1", "phase2/" and a circuit, or the name of a file.
	Step string
	// Number of the contribution, from 1; 0 where it is not about one.
	Number int
	// Participant is the DID that the contribution names; empty where none is
	// known.
	Participant string
	// Err wraps one of the sentinels above.
	Err error
}

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

// Unwrap gives the reason.
func (e *Refused) Unwrap() error { return e.Err }

// NotYourTurn says whose turn it is.
type NotYourTurn struct{ Next string }

func (e *NotYourTurn) Error() string { return ErrTurn.Error() + ": next is " + e.Next }

// Unwrap gives ErrTurn.
func (e *NotYourTurn) Unwrap() error { return ErrTurn }

// unavailable marks an error of the file system.
func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }
