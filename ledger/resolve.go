package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// maxRounds bounds how often Resolve asks again.
const maxRounds = 32

// Reader is a ledger to read from. Nothing it answers is believed unverified.
type Reader interface {
	// Prove returns a proof of presence or absence of each key, all under the
	// newest checkpoint. A reader that holds a part of the ledger, as Offline
	// does, leaves out the keys of which it knows nothing.
	Prove(ctx context.Context, keys ...string) (*Proof, error)
	// ProveConsistency proves that the log of size to extends that of size
	// from (RFC 9162, section 2.1.4).
	ProveConsistency(ctx context.Context, from, to uint64) ([]tlog.Hash, error)
}

// Resolve runs judge over values of the ledger without knowing beforehand which
// it will need: where judge fails with a [*NotProvedError], the missing keys
// are fetched and judge runs again, with everything proved anew under one
// checkpoint. So judge must have no effect but its result. keys are those that
// the caller knows it will need; now and maxAge are as in [Verify].
//
// The error is judge's, Verify's, the reader's, or [ErrReader] where the reader
// leaves out a key or judge is not content after 32 rounds.
func Resolve(ctx context.Context, reader Reader, trust *TrustFile, now time.Time, maxAge time.Duration, judge func(*View) error, keys ...string) error {
	if now.IsZero() {
		now = time.Now()
	}
	asked := map[string]bool{}
	for _, key := range keys {
		asked[key] = true
	}
	for range maxRounds {
		proof, err := reader.Prove(ctx, sortedKeys(asked)...)
		if err != nil {
			return err
		}
		view, err := Verify(trust, now, maxAge, proof)
		if err != nil {
			return err
		}
		err = judge(view)
		var missing *NotProvedError
		if !errors.As(err, &missing) {
			return err
		}
		if !addKeys(asked, missing.Keys) {
			return fmt.Errorf("%w: %w", ErrReader, err)
		}
	}
	return fmt.Errorf("%w: no end after %d rounds", ErrReader, maxRounds)
}

// addKeys reports whether any key is new.
func addKeys(asked map[string]bool, keys []string) bool {
	before := len(asked)
	for _, key := range keys {
		asked[key] = true
	}
	return len(asked) > before
}

func sortedKeys(asked map[string]bool) []string { return slices.Sorted(maps.Keys(asked)) }
