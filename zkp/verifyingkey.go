package zkp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
)

// A Circuit names a relation. A changed relation gets a new name.
type Circuit string

// The circuits of this version.
const (
	CircuitPrepare Circuit = "hufu-prepare-2"
	CircuitShow    Circuit = "hufu-show-2"
	// CircuitShowSet is the show that can ask about a set. The asked operations
	// alone decide which of the two is used.
	CircuitShowSet Circuit = "hufu-show-set-2"
)

// PublicInputs returns the number of public inputs of the circuit, zero for an
// unknown one.
func (c Circuit) PublicInputs() int {
	switch c {
	case CircuitPrepare:
		return 5
	case CircuitShow, CircuitShowSet:
		return 4 + 4*StatementSlots + 2
	}
	return 0
}

// A Setup says how a key pair was made.
type Setup byte

// Kinds of setup.
const (
	// SetupSingleParty: one machine made the keys and could forge proofs.
	SetupSingleParty Setup = 1
	// SetupCeremony: only all contributors together could forge proofs, if each
	// kept its secret.
	SetupCeremony Setup = 2
)

const keyMagic = "hufu/vk/1\x00"

// A VerifyingKey is a Groth16 verifying key with precomputed pairing lines.
type VerifyingKey struct {
	circuit Circuit
	setup   Setup
	hash    [32]byte

	alpha              bn254.G1Affine
	beta, gamma, delta bn254.G2Affine
	ic                 []bn254.G1Affine

	alphaBeta bn254.GT
	fixed     [2]pairingLines // of −γ and −δ
	combs     []*comb         // of ic[1:]
}

type pairingLines = [2][len(bn254.LoopCounter)]bn254.LineEvaluationAff

// NewVerifyingKey makes a key from the parts that a setup computed. The error
// is ErrVerifyingKey.
func NewVerifyingKey(c Circuit, s Setup, alpha bn254.G1Affine, beta, gamma, delta bn254.G2Affine, ic []bn254.G1Affine) (*VerifyingKey, error) {
	k := &VerifyingKey{circuit: c, setup: s, alpha: alpha, beta: beta, gamma: gamma, delta: delta, ic: ic}
	b := k.Bytes()
	return ParseVerifyingKey(b, sha256.Sum256(b), KeyOptions{AllowSinglePartySetupUnsafe: true})
}

// KeyOptions relaxes the demands of ParseVerifyingKey. The zero value is safe.
type KeyOptions struct {
	// AllowSinglePartySetupUnsafe accepts a development key, whose maker can
	// prove anything.
	AllowSinglePartySetupUnsafe bool
}

// ParseVerifyingKey reads a key and compares its SHA-256 with the pin, which
// comes from the ledger's vk object. Errors: ErrVerifyingKey, and with it
// ErrSinglePartySetup for a development key.
func ParseVerifyingKey(b []byte, pin [32]byte, opts KeyOptions) (*VerifyingKey, error) {
	if hash := sha256.Sum256(b); hash != pin {
		return nil, fmt.Errorf("%w: SHA-256 is %s…, pinned is %s…", ErrVerifyingKey,
			hex.EncodeToString(hash[:6]), hex.EncodeToString(pin[:6]))
	}
	k, err := readVerifyingKey(b)
	if err != nil {
		return nil, err
	}
	if k.setup != SetupCeremony && !opts.AllowSinglePartySetupUnsafe {
		return nil, fmt.Errorf("%w: %w", ErrVerifyingKey, ErrSinglePartySetup)
	}
	k.hash = pin
	return k, k.precompute()
}

func readVerifyingKey(b []byte) (*VerifyingKey, error) {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrVerifyingKey, what) }
	if len(b) < len(keyMagic)+4 || string(b[:len(keyMagic)]) != keyMagic {
		return nil, bad("not a verifying key of this version")
	}
	rest := b[len(keyMagic):]
	k := &VerifyingKey{setup: Setup(rest[0])}
	if k.setup != SetupSingleParty && k.setup != SetupCeremony {
		return nil, bad("unknown kind of setup")
	}
	n := int(rest[1])
	if len(rest) < 2+n {
		return nil, bad("truncated")
	}
	k.circuit, rest = Circuit(rest[2:2+n]), rest[2+n:]
	inputs := k.circuit.PublicInputs()
	if inputs == 0 {
		return nil, bad("unknown circuit")
	}
	if len(rest) != 32+3*64+32*(inputs+1) {
		return nil, bad("wrong length for its circuit")
	}
	k.ic = make([]bn254.G1Affine, inputs+1)
	g1 := []*bn254.G1Affine{&k.alpha}
	for i := range k.ic {
		g1 = append(g1, &k.ic[i])
	}
	if _, err := k.alpha.SetBytes(rest[:32]); err != nil {
		return nil, bad("point alpha")
	}
	for i, p := range []*bn254.G2Affine{&k.beta, &k.gamma, &k.delta} {
		if _, err := p.SetBytes(rest[32+64*i : 32+64*(i+1)]); err != nil {
			return nil, bad("a point of G2")
		}
		if p.IsInfinity() {
			return nil, bad("a point at infinity")
		}
	}
	for i, p := range g1[1:] {
		if _, err := p.SetBytes(rest[224+32*i : 224+32*(i+1)]); err != nil {
			return nil, bad("a point of an input")
		}
	}
	if string(k.Bytes()) != string(b) {
		return nil, bad("not canonical")
	}
	return k, nil
}

// precompute refuses degenerate keys and prepares the fixed pairings.
func (k *VerifyingKey) precompute() error {
	if k.alpha.IsInfinity() {
		return fmt.Errorf("%w: degenerate", ErrVerifyingKey)
	}
	// Where two of β, γ, δ are equal up to sign, the terms of the equation can
	// be traded for one another and anything can be proved.
	for _, pair := range [][2]*bn254.G2Affine{{&k.beta, &k.gamma}, {&k.beta, &k.delta}, {&k.gamma, &k.delta}} {
		var opposite bn254.G2Affine
		opposite.Neg(pair[1])
		if pair[0].Equal(pair[1]) || pair[0].Equal(&opposite) {
			return fmt.Errorf("%w: degenerate", ErrVerifyingKey)
		}
	}
	for i := range k.ic[1:] {
		// An input whose point is zero would not be bound at all.
		if k.ic[i+1].IsInfinity() {
			return fmt.Errorf("%w: public input %d is not bound", ErrVerifyingKey, i)
		}
	}
	var err error
	if k.alphaBeta, err = bn254.Pair([]bn254.G1Affine{k.alpha}, []bn254.G2Affine{k.beta}); err != nil {
		return fmt.Errorf("%w: pairing", ErrVerifyingKey)
	}
	var neg bn254.G2Affine
	k.fixed[0] = bn254.PrecomputeLines(*neg.Neg(&k.gamma))
	k.fixed[1] = bn254.PrecomputeLines(*neg.Neg(&k.delta))
	for i := range k.ic[1:] {
		k.combs = append(k.combs, newComb(&k.ic[i+1]))
	}
	return nil
}

// Bytes returns magic ‖ setup ‖ length and name of the circuit ‖ α ‖ β ‖ γ ‖ δ
// ‖ the points of the constant and of each public input, all compressed.
func (k *VerifyingKey) Bytes() []byte {
	b := append([]byte(keyMagic), byte(k.setup), byte(len(k.circuit)))
	b = append(b, k.circuit...)
	alpha := k.alpha.Bytes()
	b = append(b, alpha[:]...)
	for _, p := range []*bn254.G2Affine{&k.beta, &k.gamma, &k.delta} {
		x := p.Bytes()
		b = append(b, x[:]...)
	}
	for i := range k.ic {
		x := k.ic[i].Bytes()
		b = append(b, x[:]...)
	}
	return b
}

// Hash returns the SHA-256 of Bytes, which the ledger's vk object pins.
func (k *VerifyingKey) Hash() [32]byte { return k.hash }

// Circuit returns the relation that the key verifies.
func (k *VerifyingKey) Circuit() Circuit { return k.circuit }

// Setup returns how the key was made.
func (k *VerifyingKey) Setup() Setup { return k.setup }

// InspectVerifyingKey returns the circuit and the setup that an encoded key
// declares. It does not compare the key with a pin. The error is
// ErrVerifyingKey.
func InspectVerifyingKey(b []byte) (Circuit, Setup, error) {
	k, err := readVerifyingKey(b)
	if err != nil {
		return "", 0, err
	}
	return k.circuit, k.setup, nil
}

// verify checks e(A,B) = e(α,β)·e(ΣIC,γ)·e(C,δ).
func (k *VerifyingKey) verify(p *Proof, inputs []Element) error {
	if len(inputs) != len(k.ic)-1 {
		return fmt.Errorf("%w: %d public inputs, want %d", ErrVerifyingKey, len(inputs), len(k.ic)-1)
	}
	sum := k.inputPoint(inputs)
	variable, err := bn254.MillerLoop([]bn254.G1Affine{p.A}, []bn254.G2Affine{p.B})
	if err != nil {
		return fmt.Errorf("%w: pairing", ErrForm)
	}
	lines := k.fixed // a copy: the library evaluates the lines in place
	fixed, err := bn254.MillerLoopFixedQ([]bn254.G1Affine{sum, p.C}, lines[:])
	if err != nil {
		return fmt.Errorf("%w: pairing", ErrForm)
	}
	got := bn254.FinalExponentiation(&variable, &fixed)
	if !got.Equal(&k.alphaBeta) {
		return errPairing
	}
	return nil
}

var errPairing = errors.New("pairing equation does not hold")

// inputPoint returns IC₀ + Σ inputᵢ·ICᵢ₊₁.
func (k *VerifyingKey) inputPoint(inputs []Element) bn254.G1Affine {
	sum := combSum(k.combs, inputs)
	sum.AddMixed(&k.ic[0])
	var out bn254.G1Affine
	out.FromJacobian(&sum)
	return out
}
