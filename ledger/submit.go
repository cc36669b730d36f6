package ledger

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxBatch bounds how many operations are accepted or refused together.
const MaxBatch = 10_000

// Reasons for which a ledger refuses an operation, beside [ErrSignature],
// [ErrSuite] and what an object's Check returns.
var (
	// ErrUnknownKind means an operation of a kind that has no rule.
	ErrUnknownKind = errors.New("ledger: unknown kind of operation")
	// ErrUnsigned means an operation without a signature.
	ErrUnsigned = errors.New("ledger: operation not signed")
	// ErrUnauthorised means that none of the signers may do this.
	ErrUnauthorised = errors.New("ledger: signer may not do this")
	// ErrConflict means an operation that does not fit the current state: what
	// is write-once is there already, a sequence does not grow, a key was
	// taken away.
	ErrConflict = errors.New("ledger: conflicts with the current state")
	// ErrTaken means that another agency bears the name, one that looks like it, or
	// the unified social credit code.
	ErrTaken = errors.New("ledger: another agency bears this name or code")
	// ErrUsed means a second use in one event: this person was counted before.
	ErrUsed = errors.New("ledger: used before")
	// ErrProof means a use whose zero-knowledge proofs do not hold.
	ErrProof = errors.New("ledger: proof of the use does not verify")
	// ErrFull means that there is no room for what the operation adds.
	ErrFull = errors.New("ledger: no room left")
	// ErrNotAdmitted means a new DID that no agency with an accreditation in force has
	// countersigned.
	ErrNotAdmitted = errors.New("ledger: no agency admits this newcomer")
	// ErrBudget means that an agency has put as many bytes on the ledger today as it may,
	// or that all DIDs without an accreditation together have.
	ErrBudget = errors.New("ledger: no more bytes today")
	// ErrMissing means that something an operation refers to does not exist.
	ErrMissing = errors.New("ledger: refers to something absent")
)

// maxSubmission caps an encoded batch.
const maxSubmission = 1 << 20

// FormatBatch encodes operations that are to be accepted or refused together: a
// CBOR array of signed operations.
func FormatBatch(ops []*SignedOperation) []byte {
	raw := make([][]byte, len(ops))
	for i, op := range ops {
		raw[i] = op.Bytes()
	}
	return encode(raw)
}

// ParseBatch reads what FormatBatch wrote, 1 to MaxBatch operations in at most
// 1 MiB, and verifies nothing. The error is [ErrTooLarge] or [ErrFormat].
func ParseBatch(b []byte) ([]*SignedOperation, error) {
	var raw [][]byte
	if err := decode(b, maxSubmission, &raw); err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw) > MaxBatch {
		return nil, fmt.Errorf("%w: %d operations, from 1 to %d are taken", ErrTooLarge, len(raw), MaxBatch)
	}
	ops := make([]*SignedOperation, len(raw))
	for i := range raw {
		var err error
		if ops[i], err = ParseSignedOperation(raw[i]); err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return ops, nil
}

// RefusedError says which operation of a batch was refused and why. The whole
// batch is without effect.
type RefusedError struct {
	// Index counts operations of the batch from 0.
	Index int
	// Kind is the operation's.
	Kind string
	// Reason wraps the sentinel.
	Reason error
}

func (r *RefusedError) Error() string {
	return fmt.Sprintf("ledger: operation %d (%.16q) refused: %v", r.Index, r.Kind, r.Reason)
}

// Unwrap returns the reason.
func (r *RefusedError) Unwrap() error { return r.Reason }

// OperationReceipt says where in the log an operation is.
type OperationReceipt struct {
	// ID is the operation's.
	ID [32]byte
	// Index counts leaves of the log from 0.
	Index uint64
	// Height is the checkpoint that was the first to include it.
	Height uint64
	// Replayed means that the ledger already had the operation.
	Replayed bool
}

// Receipt says what became of a batch.
type Receipt struct {
	// Operations are in the order of the batch.
	Operations []OperationReceipt
	// Height and Size are those of the checkpoint.
	Height, Size uint64
	// Checkpoint is signed and cosigned, and covers all operations.
	Checkpoint []byte
}

// Ledger is all that a ledger answers. sqlitelog.Log and cometlog.Node implement
// it, and so does remote.Client, which asks either of them. What they return is
// unverified, as a Reader's answers are.
type Ledger interface {
	Reader
	Submitter
	// Checkpoint is the newest signed checkpoint.
	Checkpoint(ctx context.Context) ([]byte, error)
	// ProveInclusion proves that a leaf is in the log.
	ProveInclusion(ctx context.Context, index uint64) (*Inclusion, error)
	// Entries returns leaves of the log from an index on: some, at least one.
	Entries(ctx context.Context, from uint64) ([][]byte, error)
	// Keys lists keys of the state map with a prefix, in ascending order, from one
	// after a key on: some, none at the end.
	Keys(ctx context.Context, prefix, after string) ([]string, error)
	// Tile returns the hashes of a tile of the log.
	Tile(ctx context.Context, tile tlog.Tile) ([]byte, error)
	// History returns the operations that changed a key, from a leaf on.
	History(ctx context.Context, key string, from uint64) ([]Change, error)
	// TrustChain returns the agreements from a number on.
	TrustChain(ctx context.Context, from uint64) ([]*SignedOperation, error)
	// Registry and Revoked are the sets behind the roots of a closed epoch.
	Registry(ctx context.Context, epoch uint64) ([][32]byte, error)
	Revoked(ctx context.Context, epoch uint64) ([][HandleSize]byte, error)
	// RevokedAfter returns some of what Revoked returns, from the handle after a key on;
	// nil is before the first.
	RevokedAfter(ctx context.Context, epoch uint64, after []byte) (*RevokedPage, error)
}

// RevokedPage is a part of the revoked handles of a closed epoch.
type RevokedPage struct {
	// Handles are in ascending order. There may be none although others follow.
	Handles [][HandleSize]byte
	// Next is the key that the next page comes after, nil at the end.
	Next []byte
}

// Witnessed is a ledger that witnesses elsewhere follow and sign for: sqlitelog.Log
// is one, and so is remote.Client. A consortium's is not: its nodes exchange their
// signatures themselves.
type Witnessed interface {
	// Pending returns the newest checkpoint that the log has signed, which readers
	// may not see yet, and leaves from an index on: some, none where the witness
	// has them all.
	Pending(ctx context.Context, from uint64) (signed []byte, leaves [][]byte, err error)
	// AddCosignature takes a checkpoint with a witness's signature.
	AddCosignature(ctx context.Context, signed []byte) error
}

// Submitter is a ledger to write to.
type Submitter interface {
	// Submit applies a batch of one or more operations: all of them or none.
	// When it returns, they are on disk under a cosigned checkpoint. The error
	// is a *RefusedError or ErrTooLarge, after which nothing has changed, or
	// another, after which the batch may be on the ledger or not: submit the
	// very same operations again, and the answer is their first receipt.
	Submit(ctx context.Context, ops ...*SignedOperation) (*Receipt, error)
}
