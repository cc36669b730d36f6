package ceremony

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"
)

const recordDomain = "hufu/ceremony/contribution/1\x00"

// A Record is the signed label of one contribution. The signature is ECDSA on
// P-256, ASN.1, over the SHA-256 of "hufu/ceremony/contribution/1", a zero byte
// and the record's JSON without the signature.
type Record struct {
	Version  int  `json:"version"`
	Ceremony Hash `json:"ceremony"`
	// Step is "phase1", or "phase2/" and a circuit.
	Step string `json:"step"`
	// Number counts the step's contributions from 1.
	Number      int    `json:"number"`
	Participant string `json:"participant"`
	// Previous is the SHA-256 of the contribution that this one changes. For
	// the first contribution it is the SHA-256 of the beginning that everybody
	// computes.
	Previous Hash `json:"previous"`
	// Hash is the SHA-256 of the contribution. Its maker notes it on paper.
	Hash Hash `json:"hash"`
	// Time is the time on the maker's clock.
	Time      time.Time `json:"time"`
	Signature []byte    `json:"signature,omitzero"`
}

// Bytes returns the content of the record's file.
func (r *Record) Bytes() []byte { return encode(r) }

// ParseRecord reads a record. It does not verify the signature. The error is
// ErrForm.
func ParseRecord(b []byte) (*Record, error) {
	r := new(Record)
	if err := decode(b, r); err != nil {
		return nil, err
	}
	if r.Version != 1 {
		return nil, fmt.Errorf("%w: record of version %d", ErrForm, r.Version)
	}
	return r, nil
}

// digest returns the SHA-256 that the maker signs.
func (r *Record) digest() [32]byte {
	unsigned := *r
	unsigned.Signature = nil
	return sha256.Sum256(append([]byte(recordDomain), encode(&unsigned)...))
}

func (r *Record) sign(signer crypto.Signer) error {
	digest := r.digest()
	var err error
	if r.Signature, err = signer.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
		return fmt.Errorf("ceremony: signer failed: %w", err)
	}
	return nil
}

// signedBy returns ErrSignature unless the participant signed the record.
func (r *Record) signedBy(p Participant) error {
	key, err := p.PublicKey()
	if err != nil {
		return err
	}
	digest := r.digest()
	if !ecdsa.VerifyASN1(key, digest[:], r.Signature) {
		return ErrSignature
	}
	return nil
}
