package cosign

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// Snapshot is one unchanging state of a database, until it is rolled back. Many
// goroutines may read it at once.
type Snapshot interface {
	machine.Store
	Rollback() error
}

// state is one committed state with the signatures on its checkpoint.
type state struct {
	height, size uint64
	at           time.Time
	text         string
	// trusts say who must have signed: the agreement in force and, where the
	// state changed it, the one before as well.
	trusts     []*ledger.TrustFile
	signatures signatures

	// mu guards what follows. Nobody holds it while reading.
	mu       sync.Mutex
	snapshot Snapshot
	readers  int
	dropped  bool
}

// newState takes over the snapshot, even where it fails.
func newState(trust *ledger.TrustFile, head machine.Head, old *ledger.Agreement, snapshot Snapshot) (*state, error) {
	s := &state{
		height: head.State.Height, size: head.Size, at: head.State.Time(), snapshot: snapshot,
		text: ledger.FormatCheckpoint(trust.Origin, head.Size, head.Root),
	}
	agreement, err := machine.CurrentTrust(snapshot)
	if err == nil && agreement == nil {
		err = fmt.Errorf("%w: no trust object", machine.ErrDamaged)
	}
	if err == nil {
		err = s.trustIn(trust, agreement)
	}
	if err == nil && old != nil && old.Number != agreement.Number {
		err = s.trustIn(trust, old)
	}
	if err != nil {
		return nil, errors.Join(err, snapshot.Rollback())
	}
	return s, nil
}

func (s *state) trustIn(trust *ledger.TrustFile, agreement *ledger.Agreement) error {
	file, err := asOf(trust, agreement)
	s.trusts = append(s.trusts, file)
	return err
}

// asOf is a trust file with the witnesses of an agreement.
func asOf(trust *ledger.TrustFile, agreement *ledger.Agreement) (*ledger.TrustFile, error) {
	return ledger.NewTrust(ledger.TrustFile{
		Origin: trust.Origin, LogKey: trust.LogKey, RootDID: trust.RootDID, First: trust.First,
		WitnessKeys: agreement.Witnesses, K: int(agreement.K),
	})
}

// good are the signatures of a note that hold and are asked for.
func (s *state) good(signed []byte) signatures {
	text, signatures := s.verify(signed)
	if text != s.text {
		return nil
	}
	return signatures
}

// verify returns the signatures on any checkpoint by those who sign this one.
func (s *state) verify(signed []byte) (text string, out signatures) {
	for _, trust := range s.trusts {
		t, signatures, err := ledger.Cosignatures(trust, signed)
		if err == nil {
			text, out = t, append(out, signatures...)
		}
	}
	return text, out
}

// checkpoint is the note with all signatures.
func (s *state) checkpoint() []byte { return s.signatures.format(s.text) }

// enough reports whether the number that each agreement asks for has signed.
func (s *state) enough() bool {
	signed := s.checkpoint()
	for _, trust := range s.trusts {
		if _, err := ledger.OpenCheckpoint(trust, signed); err != nil {
			return false
		}
	}
	return true
}

// enter lets one more read the snapshot, unless the state was dropped.
func (s *state) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped {
		return false
	}
	s.readers++
	return true
}

// leave ends what enter began. The last reader of a dropped state gives the snapshot back.
func (s *state) leave() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers--
	return s.giveBack()
}

// drop gives the snapshot back, as soon as nobody reads it.
func (s *state) drop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = true
	return s.giveBack()
}

func (s *state) giveBack() error {
	if !s.dropped || s.readers > 0 || s.snapshot == nil {
		return nil
	}
	snapshot := s.snapshot
	s.snapshot = nil
	return snapshot.Rollback()
}

// signatures are those on one checkpoint, one a signer.
type signatures []note.Signature

// join adds signatures of other signers, and reports whether there were any.
func (s *signatures) join(others []note.Signature) (fresh bool) {
	for _, sig := range others {
		known := slices.ContainsFunc(*s, func(k note.Signature) bool { return k.Name == sig.Name && k.Hash == sig.Hash })
		if !known {
			*s, fresh = append(*s, sig), true
		}
	}
	return fresh
}

// format writes a note (C2SP signed-note).
func (s signatures) format(text string) []byte {
	var b bytes.Buffer
	b.WriteString(text)
	b.WriteString("\n")
	for _, sig := range s {
		fmt.Fprintf(&b, "— %s %s\n", sig.Name, sig.Base64)
	}
	return b.Bytes()
}

// Join adds signatures to a stored checkpoint: those in signed that hold and that
// the agreement asks for. The result is nil where signed is another checkpoint, or
// has no signature that stored lacks. Errors are those of ledger.Cosignatures.
func Join(trust *ledger.TrustFile, agreement *ledger.Agreement, stored, signed []byte) ([]byte, error) {
	file, err := asOf(trust, agreement)
	if err != nil {
		return nil, err
	}
	text, others, err := ledger.Cosignatures(file, signed)
	if err != nil || !strings.HasPrefix(string(stored), text) {
		return nil, err
	}
	_, own, err := ledger.Cosignatures(file, stored)
	if err != nil {
		return nil, err
	}
	var joined signatures
	joined.join(own)
	if !joined.join(others) {
		return nil, nil
	}
	return joined.format(text), nil
}
