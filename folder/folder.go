// Package folder keeps an agency, a wallet or a counter in one folder each,
// next to the folder of a ledger, for programs that one person runs on one machine.
//
// A ledger's folder is one of package sqlitelog, or one that remote.Join made. Its
// folder public/ holds the public files; of a ledger elsewhere, those that were
// read. An agency's folder holds
//
//	agency.json  name, DID, and whether it is a root agency; nothing is secret
//	vault.db     its keys, encrypted (package sqlitevault)
//
// A wallet's and a counter's folder hold
//
//	trust.json     the ledger's trust file, whose fingerprint was checked
//	home.json      the path of the ledger's folder
//	vault.db       keys and credentials, encrypted
//	counter.db     what a counter must remember (verifier/sqlitestore)
//	*.generation   how new vault.db must be
//	*.head         how new counter.db must be
//	agency.json    a counter is an agency, too
//	policy.json    what a counter asks
//	ledger.bundle  what a counter stored to work without a network
//
// For example, a wallet is made with (*Home).NewWallet of a [NewHome], and opened with
// (*Home).OpenWallet of an [OpenHome]; wallet.Wallet has the rest.
//
// Not checked: trust.json is not held against its fingerprint again, since it lies
// in its owner's folder. That a folder is not an older copy shows as packages
// sqlitevault and truststore say.
package folder

import (
	"errors"
	"fmt"
	"time"

	"github.com/mattn/go-sqlite3"
)

// Options are common to all folders.
type Options struct {
	// Clock is the owner's; nil means time.Now.
	Clock func() time.Time
	// Patience is how long a vault or a counter's store may be held by another
	// program before ErrBusy; zero means as long as the context lasts.
	Patience time.Duration
	// Restored accepts vaults and counters' stores that their owner put back from an older
	// copy (sqlitevault.Options, sqlitestore.Options).
	Restored bool
	// MaxPause is how long a ledger on this machine may have stood still
	// (sqlitelog.Options).
	MaxPause time.Duration
	// RestoredLedger accepts ledgers on this machine that were put back
	// (sqlitelog.Options).
	RestoredLedger bool
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

// Reasons of an [*Error].
var (
	// ErrMissing means a folder that is not one of the kind asked for.
	ErrMissing = errors.New("folder: not there")
	// ErrNoLedger means a folder without a ledger.
	ErrNoLedger = errors.New("folder: no ledger")
	// ErrNoBundle means a counter that has stored no bundle.
	ErrNoBundle = errors.New("folder: no bundle")
	// ErrExists means a file or folder that would be overwritten.
	ErrExists = errors.New("folder: exists already")
	// ErrUnwritable means that a folder cannot be made.
	ErrUnwritable = errors.New("folder: cannot be written")
	// ErrMalformed means a file that is not what this package wrote.
	ErrMalformed = errors.New("folder: malformed file")
	// ErrVault means a vault that did not open: another passphrase, or damage.
	ErrVault = errors.New("folder: vault did not open")
	// ErrLedger means a ledger that did not open.
	ErrLedger = errors.New("folder: ledger did not open")
	// ErrNoFile means a file that is not there.
	ErrNoFile = errors.New("folder: no such file")
	// ErrUnreadable means a file that cannot be read.
	ErrUnreadable = errors.New("folder: cannot be read")
	// ErrTooLarge means a file that is larger than any of its kind.
	ErrTooLarge = errors.New("folder: file too large")
	// ErrEmpty means a file with nothing in it.
	ErrEmpty = errors.New("folder: empty file")
	// ErrQRText means a QR text that is not whole.
	ErrQRText = errors.New("folder: not a whole QR text")
	// ErrOtherKind means the QR text of another kind of message.
	ErrOtherKind = errors.New("folder: another kind of message")
	// ErrAddress means what is no address of a ledger.
	ErrAddress = errors.New("folder: not the address of a ledger")
	// ErrCounter means a counter's store that did not open.
	ErrCounter = errors.New("folder: counter did not open")
)

var (
	// ErrDamaged means a file of the owner's that was changed. An Error wraps it.
	ErrDamaged = errors.New("folder: a stored file was changed")
	// ErrBusy means a database that another program held for longer than
	// Options.Patience.
	ErrBusy = errors.New("folder: another program holds the database")
)

// IsBusy reports whether an error means that another program holds a database: ErrBusy, or
// that of a ledger, which waits for five seconds.
func IsBusy(err error) bool {
	var held sqlite3.Error
	return errors.Is(err, ErrBusy) || errors.As(err, &held) && held.Code == sqlite3.ErrBusy
}

// An Error says which file or folder could not be used.
type Error struct {
	Path string
	// Reason is one of the reasons above.
	Reason error
	// Err is the cause; nil where there is none.
	Err error
}

// Error names the path and the reason.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%v: %s", e.Reason, e.Path)
	}
	return fmt.Sprintf("%v: %s: %v", e.Reason, e.Path, e.Err)
}

// Unwrap returns the reason and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}
