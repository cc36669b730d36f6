package feed

import "errors"

var (
	// ErrFormat means a file that is malformed, too large, or stored under the
	// name of another.
	ErrFormat = errors.New("feed: malformed file")
	// ErrMissing means that a file is not there. A feed that changes during the
	// reading looks like this too: read again.
	ErrMissing = errors.New("feed: a file is missing")
	// ErrEpoch means that the feed does not hold this epoch yet, or no longer.
	ErrEpoch = errors.New("feed: epoch not in the feed")
	// ErrNoEpoch means that the ledger has closed no epoch yet.
	ErrNoEpoch = errors.New("feed: the ledger has closed no epoch yet")
	// ErrSource means that a ledger's sets do not lead to its own roots, or do
	// not follow from those that the feed holds.
	ErrSource = errors.New("feed: the ledger does not agree with itself or with this feed")
	// ErrBusy means that another export into the directory is running.
	ErrBusy = errors.New("feed: another export is under way")
)
