package prover

import cs "github.com/consensys/gnark/constraint/bn254"

// What the external tests need of the circuits.
type (
	PrepareCircuit = prepareCircuit
	ShowCircuit    = showCircuit
	AskedPredicate = askedPredicate
	Answer         = answer
	Point          = point
)

var (
	AssignPrepare = assignPrepare
	AssignShow    = assignShow
	AssertOnCurve = assertOnCurve
	AssertSigned  = assertSignature
	Add           = add
	Mul           = mul
)

// R1CS returns the compiled constraints.
func (s *System) R1CS() *cs.R1CS { return s.r1cs }
