package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/transparency-dev/formats/log"
	witness "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
)

// clockSkew is how far in the future a cosignature may lie, because clocks
// differ.
const clockSkew = 60 * time.Second

// A Head is a verified checkpoint.
type Head struct {
	// Origin names the log.
	Origin string
	// Size counts the leaves, the state leaf included.
	Size uint64
	// Root is the root of the log.
	Root tlog.Hash
	// Time is the time of the k-th newest cosignature: k witnesses signed then
	// or later.
	Time time.Time
	// State is the checkpoint's last leaf; nil if only the checkpoint was
	// opened.
	State *StateLeaf
	// Checkpoint is the signed note, the evidence for all fields above.
	Checkpoint []byte
}

// FormatCheckpoint returns the text that the log and the witnesses sign (C2SP
// tlog-checkpoint). It has no extension lines, because no witness vouches for
// them.
func FormatCheckpoint(origin string, size uint64, root tlog.Hash) string {
	return string(log.Checkpoint{Origin: origin, Size: size, Hash: root[:]}.Marshal())
}

// OpenCheckpoint verifies the log's signature, if the log has a key, and the
// cosignatures of at least k configured witnesses. It does not judge the age.
// The error is [ErrTooLarge], [ErrFormat], [ErrSignature], [ErrOrigin] or
// [ErrNotWitnessed].
func OpenCheckpoint(trust *TrustFile, signed []byte) (*Head, error) {
	head, times, err := openCheckpoint(trust, signed)
	if err != nil {
		return nil, err
	}
	head.Time = times[trust.K-1]
	return head, nil
}

// openCheckpoint also returns the times of all valid cosignatures, the newest
// first: at least K.
func openCheckpoint(trust *TrustFile, signed []byte) (*Head, []time.Time, error) {
	if len(signed) > limits.Checkpoint {
		return nil, nil, fmt.Errorf("%w: checkpoint of %d bytes", ErrTooLarge, len(signed))
	}
	if trust == nil || len(trust.witnesses) == 0 {
		return nil, nil, fmt.Errorf("%w: no trust file", ErrSignature)
	}
	n, err := note.Open(signed, note.VerifierList(trust.verifiers()...))
	if err != nil {
		return nil, nil, noteError(err)
	}
	head, err := ParseCheckpoint(n)
	if err != nil {
		return nil, nil, err
	}
	head.Checkpoint = slices.Clone(signed)
	if head.Origin != trust.Origin {
		return nil, nil, ErrOrigin
	}
	times, err := signers(trust, n)
	return head, times, err
}

// noteError sorts the errors of note.Open: a note whose signature fails, or
// that no known key signed, is not malformed.
func noteError(err error) error {
	var invalid *note.InvalidSignatureError
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &invalid) || errors.As(err, &unverified) {
		return fmt.Errorf("%w: checkpoint", ErrSignature)
	}
	return fmt.Errorf("%w: not a signed note", ErrFormat)
}

// ParseCheckpoint reads the text of a note whose signatures were verified. A
// witness that knows only the log's key uses it. The error is [ErrFormat].
func ParseCheckpoint(n *note.Note) (*Head, error) {
	var c log.Checkpoint
	rest, err := c.Unmarshal([]byte(n.Text))
	if err != nil || len(rest) > 0 || len(c.Hash) != tlog.HashSize || string(c.Marshal()) != n.Text {
		return nil, fmt.Errorf("%w: not a checkpoint", ErrFormat)
	}
	if c.Size == 0 || c.Size > 1<<62 {
		return nil, fmt.Errorf("%w: checkpoint of an impossible size", ErrFormat)
	}
	for _, sig := range slices.Concat(n.Sigs, n.UnverifiedSigs) {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return nil, fmt.Errorf("%w: signature is not canonical base64", ErrFormat)
		}
	}
	return &Head{Origin: c.Origin, Size: c.Size, Root: tlog.Hash(c.Hash)}, nil
}

// signers demands the log's signature, if the log has a key, and returns the
// witnesses' times.
func signers(trust *TrustFile, n *note.Note) ([]time.Time, error) {
	byLog := trust.log == nil
	var times []time.Time
	for _, sig := range n.Sigs {
		if trust.log != nil && sig.Name == trust.log.Name() && sig.Hash == trust.log.KeyHash() {
			byLog = true
			continue
		}
		at, err := witness.CoSigV1Timestamp(sig)
		if err != nil {
			return nil, fmt.Errorf("%w: cosignature", ErrFormat)
		}
		times = append(times, at)
	}
	if !byLog {
		return nil, fmt.Errorf("%w: the log did not sign the checkpoint", ErrSignature)
	}
	if len(times) < trust.K {
		return nil, fmt.Errorf("%w: %d of %d", ErrNotWitnessed, len(times), trust.K)
	}
	slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
	return times, nil
}

// fresh returns the time of the k-th newest cosignature that is not from the
// future, if it is not older than maxAge.
func fresh(times []time.Time, k int, now time.Time, maxAge time.Duration) (time.Time, error) {
	limit := now.Add(clockSkew)
	times = slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return t.After(limit) })
	if len(times) < k {
		return time.Time{}, ErrClock
	}
	asOf := times[k-1]
	if age := now.Sub(asOf); age > maxAge {
		return time.Time{}, &StaleError{AsOf: asOf, Age: age, MaxAge: maxAge}
	}
	return asOf, nil
}

// CheckConsistency checks that newer extends older. proof is what
// [Reader.ProveConsistency] returns between the two sizes. The error is an
// [*InconsistentError] for a smaller size, two roots at one size, or a proof
// that fails, and [ErrOrigin] for two logs. Everything is consistent with a nil
// older, which means that nothing was seen before.
func CheckConsistency(older, newer *Head, proof []tlog.Hash) error {
	if older == nil {
		return nil
	}
	if older.Origin != newer.Origin {
		return ErrOrigin
	}
	var reason error
	switch {
	case newer.Size < older.Size:
		reason = errors.New("rolled back")
	case newer.Size == older.Size && newer.Root != older.Root:
		reason = errors.New("two roots at one size")
	case newer.Size == older.Size:
		return nil
	default:
		reason = tlog.CheckTree(proof, int64(newer.Size), newer.Root, int64(older.Size), older.Root)
	}
	if reason != nil {
		return &InconsistentError{Older: older, Newer: newer, Err: reason}
	}
	return nil
}

// Cosignatures reads a note over a checkpoint's text and returns the valid
// signatures of the trust file's witnesses and of its log. It omits others. The
// error is [ErrTooLarge], [ErrFormat], [ErrSignature] if no valid signature is
// left, or [ErrOrigin].
func Cosignatures(trust *TrustFile, signed []byte) (text string, signatures []note.Signature, err error) {
	if len(signed) > limits.Checkpoint {
		return "", nil, fmt.Errorf("%w: checkpoint of %d bytes", ErrTooLarge, len(signed))
	}
	n, err := note.Open(signed, note.VerifierList(trust.verifiers()...))
	if err != nil {
		return "", nil, noteError(err)
	}
	head, err := ParseCheckpoint(n)
	if err != nil {
		return "", nil, err
	}
	if head.Origin != trust.Origin {
		return "", nil, ErrOrigin
	}
	return n.Text, n.Sigs, nil
}
