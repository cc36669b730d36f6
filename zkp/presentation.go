package zkp

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254"
)

// ProofSize is the length of one Groth16 proof: A and C compressed in G1, B in
// G2, no commitments.
const ProofSize = 32 + 64 + 32

// PresentationSize is the length of an encoded Presentation.
const PresentationSize = 2 + 8 + 32 + 32 + 2*ProofSize

// Proof is one Groth16 proof, its points in their groups and none at infinity.
type Proof struct {
	A, C bn254.G1Affine
	B    bn254.G2Affine
}

// ParseProof reads exactly ProofSize bytes. Length comes before parsing, and
// what does not spell itself the same way again is refused.
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

// Bytes is A ‖ B ‖ C, compressed.
func (p *Proof) Bytes() []byte {
	a, b, c := p.A.Bytes(), p.B.Bytes(), p.C.Bytes()
	out := make([]byte, 0, ProofSize)
	return append(append(append(out, a[:]...), b[:]...), c[:]...)
}

// Presentation is what a holder sends: both proofs, and the two public inputs
// that the verifier cannot derive by itself.
type Presentation struct {
	Epoch      uint64
	Commitment Element
	Pseudonym  Element
	Prepare    Proof
	Show       Proof
}

// ParsePresentation reads exactly PresentationSize bytes.
func ParsePresentation(b []byte) (*Presentation, error) {
	if len(b) != PresentationSize {
		return nil, fmt.Errorf("%w: presentation of %d bytes, want %d", ErrForm, len(b), PresentationSize)
	}
	if b[0] != 1 || b[1] != SuiteID {
		return nil, fmt.Errorf("%w: presentation of version %d, suite %d", ErrForm, b[0], b[1])
	}
	p := &Presentation{Epoch: binary.BigEndian.Uint64(b[2:])}
	var err error
	if p.Commitment, err = ParseElement(b[10:42]); err != nil {
		return nil, err
	}
	if p.Pseudonym, err = ParseElement(b[42:74]); err != nil {
		return nil, err
	}
	prepare, err := ParseProof(b[74 : 74+ProofSize])
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	show, err := ParseProof(b[74+ProofSize:])
	if err != nil {
		return nil, fmt.Errorf("show: %w", err)
	}
	p.Prepare, p.Show = *prepare, *show
	return p, nil
}

// Bytes is version 1 ‖ suite 1 ‖ epoch u64 ‖ com ‖ pseudonym ‖ prepare ‖ show.
func (p *Presentation) Bytes() []byte {
	b := append(make([]byte, 0, PresentationSize), 1, SuiteID)
	b = binary.BigEndian.AppendUint64(b, p.Epoch)
	com, name := p.Commitment.Bytes(), p.Pseudonym.Bytes()
	b = append(append(b, com[:]...), name[:]...)
	return append(append(b, p.Prepare.Bytes()...), p.Show.Bytes()...)
}

// Epoch is what the ledger's state machine fixed when an epoch closed.
type Epoch struct {
	Number     uint64
	Day        Day
	Registry   Element
	Revocation Element
}

// Request is what a show is bound to: this question, from this counter, now.
type Request struct {
	Nonce     string
	Audience  string
	Query     [32]byte // SHA-256 of the query as it was sent
	Expiry    time.Time
	Schema    Element
	Statement Statement
	Scope     Scope
}

// prepareInputs returns the public inputs in the circuit's order.
func prepareInputs(e Epoch, schema, com Element) []Element {
	return []Element{e.Registry, e.Revocation, schema, small(uint64(e.Day)), com}
}

// Context is SHA-256 over nonce, audience, query, expiry, and the prepare proof
// with its public inputs, as a field element.
func (r *Request) Context(e Epoch, com Element, prepare *Proof) Element {
	var expiry [8]byte
	binary.BigEndian.PutUint64(expiry[:], uint64(r.Expiry.Unix()))
	inputs := make([]byte, 0, 5*32)
	for _, in := range prepareInputs(e, r.Schema, com) {
		b := in.Bytes()
		inputs = append(inputs, b[:]...)
	}
	return HashToField("context", []byte(r.Nonce), []byte(r.Audience), r.Query[:], expiry[:], prepare.Bytes(), inputs)
}

// showInputs returns the public inputs in the circuit's order.
func (r *Request) showInputs(com, context, scope, pseudonym Element) []Element {
	in := []Element{com, context, scope, pseudonym}
	for _, p := range r.Statement.Predicates {
		p0, p1 := p.operands()
		in = append(in, small(uint64(p.Op)), small(uint64(p.Slot)), p0, p1)
	}
	return append(in, Element{}, small(uint64(r.Statement.Table))) // no set is asked
}
