package main

import (
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"

	"github.com/hufu-id/hufu/zkp"
)

// semaphoreInputs is one Semaphore statement with its witness, as the npm
// packages made it. Numbers are decimal.
type semaphoreInputs struct {
	Secret      string    `json:"secret"`
	Length      int       `json:"length"`
	Index       int       `json:"index"`
	Siblings    []string  `json:"siblings"`
	Public      [4]string `json:"public"` // root, nullifier, message, scope
	Constraints int       `json:"constraints"`
}

// assign gives the relation of this statement its values.
func (in *semaphoreInputs) assign() (*relation, error) {
	if len(in.Siblings) != depth {
		return nil, fmt.Errorf("%d siblings, not %d", len(in.Siblings), depth)
	}
	r := &relation{
		Root: in.Public[0], Nullifier: in.Public[1], Message: in.Public[2], Scope: in.Public[3],
		Secret: in.Secret, Length: in.Length, Index: in.Index,
	}
	for i, s := range in.Siblings {
		r.Siblings[i] = s
	}
	return r, nil
}

// semaphore proves and verifies the Semaphore relation with gnark, on which
// package prover stands.
type semaphore struct {
	system     *cs.R1CS
	proving    *groth16.ProvingKey
	verifying  *groth16.VerifyingKey
	assignment *relation
	proof      []byte
}

// newSemaphore compiles the relation and makes keys for it. Single-party keys
// serve a measurement: where keys come from does not change how long proofs
// take.
func newSemaphore(in *semaphoreInputs) (*semaphore, error) {
	assignment, err := in.assign()
	if err != nil {
		return nil, err
	}
	compiled, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, new(relation))
	if err != nil {
		return nil, err
	}
	s := &semaphore{
		system: compiled.(*cs.R1CS), proving: new(groth16.ProvingKey), verifying: new(groth16.VerifyingKey),
		assignment: assignment,
	}
	return s, groth16.Setup(s.system, s.proving, s.verifying)
}

// prove computes the whole witness from the inputs, and the proof.
func (s *semaphore) prove() error {
	full, err := frontend.NewWitness(s.assignment, ecc.BN254.ScalarField())
	if err != nil {
		return err
	}
	p, err := groth16.Prove(s.system, s.proving, full)
	if err != nil {
		return err
	}
	s.proof = (&zkp.Proof{A: p.Ar, B: p.Bs, C: p.Krs}).Bytes()
	return nil
}

// verify parses the last proof from its bytes, its points checked to lie in
// their groups, and verifies it.
func (s *semaphore) verify() error { return s.verifyAs(s.assignment, s.proof) }

func (s *semaphore) verifyAs(statement *relation, b []byte) error {
	p, err := zkp.ParseProof(b)
	if err != nil {
		return err
	}
	public, err := frontend.NewWitness(statement, ecc.BN254.ScalarField(), frontend.PublicOnly())
	if err != nil {
		return err
	}
	vector, ok := public.Vector().(fr.Vector)
	if !ok {
		return errors.New("public inputs of another field")
	}
	return groth16.Verify(&groth16.Proof{Ar: p.A, Bs: p.B, Krs: p.C}, s.verifying, vector)
}
