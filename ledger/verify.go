package ledger

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Verify checks a proof and returns what it proves. In this order: the proof's
// form; the log's signature and at least k cosignatures of configured
// witnesses; that the k-th newest of them is at most maxAge old, those from
// more than a minute in the future not counted; that the state leaf is the
// checkpoint's last; that every entry leads to its state root. One entry that
// does not makes the whole proof worthless.
//
// A zero now is the time of the call. A zero maxAge is the trust file's.
//
// The error is [ErrTooLarge], [ErrFormat], [ErrKey], [ErrSignature],
// [ErrOrigin], [ErrNotWitnessed], [ErrClock], a [*StaleError] or
// [ErrNotIncluded].
func Verify(trust *TrustFile, now time.Time, maxAge time.Duration, proof *Proof) (*View, error) {
	if now.IsZero() {
		now = time.Now()
	}
	if proof == nil {
		return nil, fmt.Errorf("%w: no proof", ErrFormat)
	}
	return verifyUpTo(trust, now, maxAge, proof, maxEntries)
}

// verifyUpTo takes a proof of so many entries.
func verifyUpTo(trust *TrustFile, now time.Time, maxAge time.Duration, proof *Proof, entries int) (*View, error) {
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
	view := &View{Head: head, trust: trust, now: now, values: make(map[string][]byte, len(proof.Entries))}
	for _, e := range proof.Entries {
		root, err := e.Proof.Root(e.Key, e.Value)
		if err != nil {
			return nil, err
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

// verifyStateLeaf insists on the last leaf: an earlier one is an old state.
func verifyStateLeaf(head *Head, proof *Proof) (*StateLeaf, error) {
	size := int64(head.Size)
	if err := tlog.CheckRecord(proof.Inclusion, size, head.Root, size-1, tlog.RecordHash(proof.StateLeaf)); err != nil {
		return nil, fmt.Errorf("%w: state leaf", ErrNotIncluded)
	}
	return ParseStateLeaf(proof.StateLeaf)
}
