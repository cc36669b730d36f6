package agency

import (
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// Reasons for which this package does nothing. They are wrapped: compare with
// errors.Is. A ledger that refuses answers with a *ledger.RefusedError.
var (
	// ErrConfig means a missing store, client, ledger or key.
	ErrConfig = errors.New("agency: incomplete configuration")
	// ErrNone means a vault without an agency: Apply makes one.
	ErrNone = errors.New("agency: no agency in this vault")
	// ErrExists means a vault that has an agency already: Open it.
	ErrExists = errors.New("agency: the vault has an agency already")
	// ErrNoDID means a root agency whose vault does not know its ledger: none was
	// founded with its keys, or Open has not met it.
	ErrNoDID = errors.New("agency: root agency without a ledger")
	// ErrNotRoot means a trust file whose root is another agency.
	ErrNotRoot = errors.New("agency: the ledger's root is another agency")
	// ErrRecord means a record in the vault that this package did not write.
	ErrRecord = errors.New("agency: malformed record in the vault")

	// ErrOffline means an agency that was opened without a ledger.
	ErrOffline = errors.New("agency: opened without a ledger")
	// ErrElsewhere means an agency whose keys are not in a vault (see WithKey),
	// so that its DID cannot be changed here.
	ErrElsewhere = errors.New("agency: keys are kept elsewhere")
	// ErrNoKey means that no signature key of the DID is at hand. Rotate makes
	// another.
	ErrNoKey = errors.New("agency: no signature key at hand")
	// ErrNoChangeKey means that no key at hand may change the DID: the safe lost
	// it, the vault is an older copy, or the DID can never change.
	ErrNoChangeKey = errors.New("agency: no key at hand may change the DID")
	// ErrUnknownKey means a key identifier that is not one of the DID.
	ErrUnknownKey = errors.New("agency: no such key")
	// ErrPending means a change of the DID that is stored and of which it is not
	// known whether the ledger has it. Settle finds out.
	ErrPending = errors.New("agency: not known whether the ledger took the change of the DID")
	// ErrRaced means that another process changed the agency at the same time.
	// Nothing was submitted; try again.
	ErrRaced = errors.New("agency: another process is changing this agency")

	// ErrAgreement means an operation that is not the agreement after the one that
	// holds, or an agreement that this agency must not sign as it is.
	ErrAgreement = errors.New("agency: not the consortium's next agreement")
	// ErrNoSay means that no key at hand may sign the consortium's next agreement.
	ErrNoSay = errors.New("agency: no key at hand may sign the next agreement")

	// ErrApplication means what is no application of a newcomer to this ledger, or one that
	// was altered.
	ErrApplication = errors.New("agency: no application to this ledger")
	// ErrNoGrant means that this agency gave no such accreditation, or ended it.
	ErrNoGrant = errors.New("agency: no such accreditation")
	// ErrTranscript means a key from a ceremony without the hash of its
	// transcript, or a single-party key with one.
	ErrTranscript = errors.New("agency: transcript does not fit the setup of the verifying key")
)

// An UncertainError says that a ledger gave no clear answer: the operations may
// be on it or not. Submit the same ones again, through the ledger's own Submit,
// and the answer is their first receipt.
type UncertainError struct {
	Operations []*ledger.SignedOperation
	Err        error
}

func (e *UncertainError) Error() string {
	return fmt.Sprintf("agency: not known whether the ledger took %d operations: %v", len(e.Operations), e.Err)
}

// Unwrap returns the ledger's error.
func (e *UncertainError) Unwrap() error { return e.Err }

// Is makes it a ledger.ErrUnreachable, whatever kept the answer away.
func (e *UncertainError) Is(target error) bool { return target == ledger.ErrUnreachable }

// isRefusal reports whether the ledger answered, and said no.
func isRefusal(err error) bool {
	var refused *ledger.RefusedError
	return errors.As(err, &refused)
}
