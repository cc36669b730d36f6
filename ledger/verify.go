package ledger

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// Verify checks a proof and returns the values that it proves. It checks in
// this order: the proof's form; the log's signature and at least k cosignatures
// of configured witnesses; that the k-th newest cosignature is at most MaxAge
// old, where those from more than a minute in the future do not count; that the
// state leaf is the checkpoint's last leaf; that every entry leads to its state
// root. One bad entry makes the whole proof worthless.
//
// The error is [ErrTooLarge], [ErrFormat], [ErrKey], [ErrSignature],
// [ErrOrigin], [ErrNotWitnessed], [ErrClock], a [*StaleError] or
// [ErrNotIncluded].
func Verify(trust *TrustFile, proof *Proof, opts VerifyOptions) (*View, error) {
	if proof == nil {
		return nil, fmt.Errorf("%w: no proof", ErrFormat)
	}
	return verifyUpTo(trust, proof, opts.at(), opts.MaxAge, maxEntries)
}

// VerifyOptions changes defaults. The zero value is safe.
type VerifyOptions struct {
	// Now is the time of the decision; zero means time.Now.
	Now time.Time
	// MaxAge bounds the age of the checkpoint; zero means the trust file's
	// MaxAge.Checkpoint.
	MaxAge time.Duration
}

func (o VerifyOptions) at() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// verifyUpTo accepts a proof of at most this number of entries.
func verifyUpTo(trust *TrustFile, proof *Proof, now time.Time, maxAge time.Duration, entries int) (*View, error) {
	if err := proof.checkUpTo(entries); err != nil {
		return nil, err
	}
	head, err := openFresh(trust, now, maxAge, proof.Checkpoint)
	if err != nil {
		return nil, err
	}
	if head.State, err = verifyStateLeaf(head, proof); err != nil {
		return nil, err
	}
	if head.State.Time().After(now.Add(clockSkew)) {
		return nil, ErrClock
	}
	view := &View{Head: head, trust: trust, now: now, proof: proof, values: make(map[string][]byte, len(proof.Entries))}
	for _, e := range proof.Entries {
		root, err := statemap.Root(e.Proof, e.Key, e.Value)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		if root != head.State.StateRoot {
			return nil, fmt.Errorf("%w: entry of the state map", ErrNotIncluded)
		}
		view.values[e.Key] = e.Value
	}
	return view, nil
}

// openFresh opens a checkpoint and judges its age.
func openFresh(trust *TrustFile, now time.Time, maxAge time.Duration, checkpoint []byte) (*Head, error) {
	head, times, err := openCheckpoint(trust, checkpoint)
	if err != nil {
		return nil, err
	}
	if maxAge == 0 {
		maxAge = trust.MaxCheckpointAge()
	}
	head.Time, err = fresh(times, trust.K, now, maxAge)
	return head, err
}

// verifyStateLeaf demands the last leaf: an earlier state leaf describes an old
// state.
func verifyStateLeaf(head *Head, proof *Proof) (*StateLeaf, error) {
	size := int64(head.Size)
	if err := tlog.CheckRecord(proof.Inclusion, size, head.Root, size-1, tlog.RecordHash(proof.StateLeaf)); err != nil {
		return nil, fmt.Errorf("%w: state leaf", ErrNotIncluded)
	}
	return ParseStateLeaf(proof.StateLeaf)
}
