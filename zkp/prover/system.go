package prover

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/logger"

	"github.com/hufu-id/hufu/zkp"
)

func init() {
	// gnark writes a line on standard output for every compilation and proof;
	// a wallet's standard output is its user's.
	logger.Disable()
}

// Circuits returns the circuits of this version in a fixed order.
func Circuits() []zkp.Circuit {
	return []zkp.Circuit{zkp.CircuitPrepare, zkp.CircuitShow, zkp.CircuitShowSet}
}

// A System is one compiled circuit.
type System struct {
	circuit zkp.Circuit
	r1cs    *cs.R1CS
}

// Compile builds a circuit's constraint system. It is deterministic: one
// version of this package gives the same bytes everywhere. The error is
// ErrUnknownCircuit.
func Compile(c zkp.Circuit) (*System, error) {
	var definition frontend.Circuit
	switch c {
	case zkp.CircuitPrepare:
		definition = new(prepareCircuit)
	case zkp.CircuitShow:
		definition = new(showCircuit)
	case zkp.CircuitShowSet:
		definition = new(showSetCircuit)
	default:
		return nil, fmt.Errorf("%w: %q", ErrUnknownCircuit, c)
	}
	compiled, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, definition)
	if err != nil {
		return nil, fmt.Errorf("prover: compiling %s: %w", c, err)
	}
	return &System{c, compiled.(*cs.R1CS)}, nil
}

// Constraints returns the number of rank-1 constraints.
func (s *System) Constraints() int { return s.r1cs.GetNbConstraints() }

// Bytes returns the serialised system.
func (s *System) Bytes() ([]byte, error) {
	var b bytes.Buffer
	if _, err := s.r1cs.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("prover: writing %s: %w", s.circuit, err)
	}
	return b.Bytes(), nil
}

// Hash returns the SHA-256 of Bytes.
func (s *System) Hash() ([32]byte, error) {
	b, err := s.Bytes()
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(b), nil
}
