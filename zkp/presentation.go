package zkp

import (
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
)

// ProofSize is the length of one Groth16 proof in bytes: A and C compressed in
// G1, B in G2, no commitments.
const ProofSize = 32 + 64 + 32

// MaxShows is the greatest number of statements about one credential in one
// answer.
const MaxShows = 4

// presentationHead is the length of version 1 ‖ suite 2 ‖ epoch 8 ‖ com 32 ‖
// pseudonym 32.
const presentationHead = 2 + 8 + 32 + 32

// PresentationSize returns the length in bytes of an encoded Presentation with
// this number of shows: 330 for one.
func PresentationSize(shows int) int { return presentationHead + (1+shows)*ProofSize }

// A Proof is one Groth16 proof. Its points lie in their groups, and none is at
// infinity.
type Proof struct {
	A, C bn254.G1Affine
	B    bn254.G2Affine
}

// ParseProof reads exactly ProofSize bytes. It checks the length before it
// parses, and refuses points that have another spelling. The error is ErrForm.
func ParseProof(b []byte) (*Proof, error) {
	if len(b) != ProofSize {
		return nil, fmt.Errorf("%w: proof of %d bytes, want %d", ErrForm, len(b), ProofSize)
	}
	p := new(Proof)
	if _, err := p.A.SetBytes(b[:32]); err != nil {
		return nil, fmt.Errorf("%w: proof point A", ErrForm)
	}
	if _, err := p.B.SetBytes(b[32:96]); err != nil {
		return nil, fmt.Errorf("%w: proof point B", ErrForm)
	}
	if _, err := p.C.SetBytes(b[96:]); err != nil {
		return nil, fmt.Errorf("%w: proof point C", ErrForm)
	}
	if p.A.IsInfinity() || p.B.IsInfinity() || p.C.IsInfinity() {
		return nil, fmt.Errorf("%w: proof point at infinity", ErrForm)
	}
	if string(p.Bytes()) != string(b) {
		return nil, fmt.Errorf("%w: proof point not canonical", ErrForm)
	}
	return p, nil
}

// Bytes returns A ‖ B ‖ C, compressed.
func (p *Proof) Bytes() []byte {
	a, b, c := p.A.Bytes(), p.B.Bytes(), p.C.Bytes()
	out := make([]byte, 0, ProofSize)
	return append(append(append(out, a[:]...), b[:]...), c[:]...)
}

// A Presentation is what a holder sends about one credential: the proofs, and
// the two public inputs that the verifier cannot derive.
type Presentation struct {
	Epoch      uint64
	Commitment Element
	Pseudonym  Element
	Prepare    Proof
	Shows      []Proof // from 1 to MaxShows
}

// ParsePresentation reads what Bytes wrote. The length determines the number of
// shows. The error is ErrForm.
func ParsePresentation(b []byte) (*Presentation, error) {
	shows := (len(b)-presentationHead)/ProofSize - 1
	if shows < 1 || shows > MaxShows || len(b) != PresentationSize(shows) {
		return nil, fmt.Errorf("%w: presentation of %d bytes, want %d and %d for each show more", ErrForm, len(b), PresentationSize(1), ProofSize)
	}
	if b[0] != 1 || b[1] != SuiteID {
		return nil, fmt.Errorf("%w: presentation of version %d, suite %d", ErrForm, b[0], b[1])
	}
	p := &Presentation{Epoch: binary.BigEndian.Uint64(b[2:]), Shows: make([]Proof, shows)}
	var err error
	if p.Commitment, err = ParseElement(b[10:42]); err != nil {
		return nil, err
	}
	if p.Pseudonym, err = ParseElement(b[42:74]); err != nil {
		return nil, err
	}
	rest := b[presentationHead:]
	prepare, err := ParseProof(rest[:ProofSize])
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	p.Prepare = *prepare
	for i := range p.Shows {
		show, err := ParseProof(rest[(1+i)*ProofSize : (2+i)*ProofSize])
		if err != nil {
			return nil, fmt.Errorf("show %d: %w", i+1, err)
		}
		p.Shows[i] = *show
	}
	return p, nil
}

// Bytes returns version 1 ‖ suite 2 ‖ epoch u64 ‖ com ‖ pseudonym ‖ prepare ‖
// shows.
func (p *Presentation) Bytes() []byte {
	b := append(make([]byte, 0, PresentationSize(len(p.Shows))), 1, SuiteID)
	b = binary.BigEndian.AppendUint64(b, p.Epoch)
	com, name := p.Commitment.Bytes(), p.Pseudonym.Bytes()
	b = append(append(b, com[:]...), name[:]...)
	b = append(b, p.Prepare.Bytes()...)
	for i := range p.Shows {
		b = append(b, p.Shows[i].Bytes()...)
	}
	return b
}
