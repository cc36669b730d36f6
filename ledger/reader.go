package ledger

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"
)

// A Reader is a ledger to read from. A [Client] verifies all its answers.
type Reader interface {
	// Prove returns a proof of presence or absence of each key, all under the
	// newest checkpoint. A reader that holds only a part of the ledger, as
	// Offline does, omits the keys that it does not hold.
	Prove(ctx context.Context, keys ...string) (*Proof, error)
	// ProveConsistency proves that the log of size to extends that of size from
	// (RFC 9162, section 2.1.4).
	ProveConsistency(ctx context.Context, from, to uint64) ([]tlog.Hash, error)
	// TrustChain returns the signed agreements of the consortium from a number
	// on, in order; nothing if there is no such agreement yet.
	TrustChain(ctx context.Context, from uint64) ([]*SignedOperation, error)
}
