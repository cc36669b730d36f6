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

// clockSkew is how far in the future a cosignature may lie: clocks differ.
const clockSkew = 60 * time.Second

// Head is a verified checkpoint.
type Head struct {
	// Origin names the log.
	Origin string
	// Size counts leaves, the state leaf included.
	Size uint64
	// Root is the root of the log.
	Root tlog.Hash
	// Time is the cosignature time of the witness that made the number full,
	// counted from the newest: that many vouch for it or later.
	Time time.Time
	// State is the checkpoint's last leaf; nil where only the checkpoint was
	// opened.
	State *StateLeaf
	// Checkpoint is the signed note: the evidence for all of the above.
	Checkpoint []byte
}

// FormatCheckpoint is the text that the log and the witnesses sign (C2SP
// tlog-checkpoint), without extension lines: no witness vouches for those.
func FormatCheckpoint(origin string, size uint64, root tlog.Hash) string {
	return string(log.Checkpoint{Origin: origin, Size: size, Hash: root[:]}.Marshal())
}

// OpenCheckpoint verifies the log's signature, where it has a key, and the cosignatures of at least
// k configured witnesses, and judges no age. The error is [ErrTooLarge],
// [ErrFormat], [ErrSignature], [ErrOrigin] or [ErrNotWitnessed].
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

// noteError sorts what note.Open says: a signature that fails, or none at all
// by a known key, is not a malformed note.
func noteError(err error) error {
	var invalid *note.InvalidSignatureError
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &invalid) || errors.As(err, &unverified) {
		return fmt.Errorf("%w: checkpoint", ErrSignature)
	}
	return fmt.Errorf("%w: not a signed note", ErrFormat)
}

// ParseCheckpoint reads the text of a note whose signatures were verified, as a
// witness does that knows the log's key alone. The error is [ErrFormat].
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

// signers insists on the log's signature, where it has a key, and returns the witnesses' times.
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

// CheckConsistency checks that newer extends older: proof is what
// [Reader.ProveConsistency] returns between the two sizes. A smaller size, two
// roots at one size, or a proof that fails is an [*InconsistentError]; two logs
// are [ErrOrigin]. A nil older, nothing seen before, is consistent with
// everything.
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

// Cosignatures reads a note over a checkpoint's text and returns the signatures
// of the trust file's witnesses and of its log that hold, others left out. The
// error is [ErrTooLarge], [ErrFormat], [ErrSignature] where none is left, or
// [ErrOrigin].
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
