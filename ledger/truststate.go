package ledger

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// trustState is the value that a Client keeps in its TrustStore, as
// deterministic CBOR.
type trustState struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Ledger  ID
	// Pin is the fingerprint of the trust file that the agreements follow.
	Pin [32]byte
	// Number is the number of the newest agreement followed.
	Number     uint64
	Agreements [][]byte
	// Followed is 0 before the first verified checkpoint. Then it is the time, in
	// Unix milliseconds on the reader's clock, at which the reader last knew that
	// Number was the newest.
	Followed int64
	// Checkpoint is the highest one that the reader saw, empty before the
	// first. Its signatures were verified when it was stored, under the trust
	// file of that time.
	Checkpoint []byte
}

const trustStateVersion = 2

// maxAgreements bounds the number of agreements that a client follows from one
// trust file.
const maxAgreements = 1024

func (s *trustState) bytes() []byte { return encode(s) }

// parseTrustState reads a stored value. The error is ErrTrustStore.
func parseTrustState(b []byte) (*trustState, error) {
	s := new(trustState)
	if err := decode(b, MaxTrustState, s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustStore, err)
	}
	if s.Version != trustStateVersion || len(s.Agreements) > maxAgreements {
		return nil, fmt.Errorf("%w: version %d, %d agreements", ErrTrustStore, s.Version, len(s.Agreements))
	}
	return s, nil
}

// head returns the highest checkpoint seen, nil before the first.
func (s *trustState) head() (*Head, error) {
	if len(s.Checkpoint) == 0 {
		return nil, nil
	}
	var unverified *note.UnverifiedNoteError
	if _, err := note.Open(s.Checkpoint, note.VerifierList()); !errors.As(err, &unverified) {
		return nil, fmt.Errorf("%w: checkpoint", ErrTrustStore)
	}
	head, err := ParseCheckpoint(unverified.Note)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustStore, err)
	}
	head.Checkpoint = slices.Clone(s.Checkpoint)
	return head, nil
}

// follow applies stored agreements to a trust file.
func follow(trust *TrustFile, agreements [][]byte) (*TrustFile, error) {
	chain := make([]*SignedOperation, len(agreements))
	for i, b := range agreements {
		var err error
		if chain[i], err = ParseSignedOperation(b); err != nil {
			return nil, err
		}
	}
	return trust.Follow(chain...)
}

// pinnedState returns the state of a reader that just received a trust file. A
// new trust file for the same ledger keeps the highest checkpoint, because the
// log goes on.
func pinnedState(pinned *TrustFile, before *trustState) (*trustState, error) {
	s := &trustState{
		Version: trustStateVersion, Ledger: pinned.ID(), Pin: pinned.Fingerprint(),
		Number: pinned.Number,
	}
	if before == nil {
		return s, nil
	}
	if before.Ledger != pinned.ID() {
		return nil, fmt.Errorf("%w: the stored trust is of another ledger", ErrOrigin)
	}
	if pinned.Number < before.Number {
		return nil, fmt.Errorf("%w: agreement %d was followed already, the trust file is from agreement %d", ErrTrustChain, before.Number, pinned.Number)
	}
	s.Checkpoint = before.Checkpoint
	return s, nil
}
