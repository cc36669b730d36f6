package ledger

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	witness "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// A NoteSigner signs checkpoints with an Ed25519 key, which may be in a
// security module. It implements note.Signer of golang.org/x/mod/sumdb.
type NoteSigner struct {
	name    string
	keyHash uint32
	signer  crypto.Signer
	vkey    string
	// clock is set for a witness, which also signs the time.
	clock func() time.Time
}

// NewLogSigner returns the signer of the log itself. name is the log's origin.
// Errors: [ErrSuite] if the key is not Ed25519, [ErrKey].
func NewLogSigner(name string, signer crypto.Signer) (*NoteSigner, error) {
	vkey, err := verifierKey(name, signer)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("%w: name of a log", ErrKey)
	}
	return &NoteSigner{name: name, keyHash: v.KeyHash(), signer: signer, vkey: vkey}, nil
}

// NewCosigner returns the signer of a witness: cosignature/v1 (C2SP
// tlog-cosignature) at the time of clock; nil means time.Now. Errors:
// [ErrSuite] if the key is not Ed25519, [ErrKey].
func NewCosigner(name string, signer crypto.Signer, clock func() time.Time) (*NoteSigner, error) {
	vkey, err := verifierKey(name, signer)
	if err != nil {
		return nil, err
	}
	if vkey, err = witness.VKeyToCosignatureV1(vkey); err != nil {
		return nil, fmt.Errorf("%w: name of a witness", ErrKey)
	}
	v, err := witness.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		return nil, fmt.Errorf("%w: name of a witness", ErrKey)
	}
	if clock == nil {
		clock = time.Now
	}
	return &NoteSigner{name: name, keyHash: v.KeyHash(), signer: signer, vkey: vkey, clock: clock}, nil
}

func verifierKey(name string, signer crypto.Signer) (string, error) {
	public, ok := signer.Public().(ed25519.PublicKey)
	if !ok {
		return "", fmt.Errorf("%w: checkpoints are signed with Ed25519", ErrSuite)
	}
	if err := CheckKey(name); err != nil {
		return "", err
	}
	vkey, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return "", fmt.Errorf("%w: name of a signer", ErrKey)
	}
	return vkey, nil
}

// Name returns the name in the verifier key.
func (s *NoteSigner) Name() string { return s.name }

// KeyHash distinguishes keys with the same name.
func (s *NoteSigner) KeyHash() uint32 { return s.keyHash }

// VerifierKey returns the key in the form that a trust file holds.
func (s *NoteSigner) VerifierKey() string { return s.vkey }

// Sign signs the text of a checkpoint.
func (s *NoteSigner) Sign(text []byte) ([]byte, error) {
	var stamp []byte
	if s.clock != nil {
		at := max(s.clock().Unix(), 0)
		stamp = binary.BigEndian.AppendUint64(nil, uint64(at))
		text = fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
	}
	sig, err := s.signer.Sign(rand.Reader, text, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("ledger: signer failed: %w", err)
	}
	return append(stamp, sig...), nil
}
