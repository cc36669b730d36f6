package prover

import (
	"bytes"
	"fmt"

	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/zkp"
)

// R1CS returns the system as gnark holds it, for a ceremony that makes its
// keys. Do not change it.
func (s *System) R1CS() *cs.R1CS { return s.r1cs }

// A KeyPair holds one circuit's keys as gnark makes them.
type KeyPair struct {
	System    *System
	Proving   *groth16.ProvingKey
	Verifying *groth16.VerifyingKey
}

// EncodeKeys returns the files of a key folder by name: the manifest, and three
// files for each circuit. The same keys give the same bytes. EncodeKeys does
// not check the setup: the caller must know that the keys come from a ceremony.
func EncodeKeys(setup zkp.Setup, pairs ...KeyPair) (map[string][]byte, error) {
	m := Manifest{Version: 1, Setup: "single-party", Circuits: map[zkp.Circuit]CircuitKeys{}}
	if setup == zkp.SetupCeremony {
		m.Setup = "ceremony"
	}
	files := map[string][]byte{}
	for _, pair := range pairs {
		keys, err := encodePair(setup, pair, files)
		if err != nil {
			return nil, err
		}
		m.Circuits[pair.System.circuit] = keys
	}
	var err error
	if files[manifestName], err = json.Marshal(m, json.Deterministic(true)); err != nil {
		return nil, fmt.Errorf("prover: manifest: %w", err)
	}
	return files, nil
}

func encodePair(setup zkp.Setup, pair KeyPair, files map[string][]byte) (CircuitKeys, error) {
	c := pair.System.circuit
	system, err := pair.System.Bytes()
	if err != nil {
		return CircuitKeys{}, err
	}
	var proving bytes.Buffer
	if err := pair.Proving.WriteDump(&proving); err != nil {
		return CircuitKeys{}, fmt.Errorf("prover: writing proving key: %w", err)
	}
	verifying, err := exportVerifyingKey(c, setup, pair.Verifying)
	if err != nil {
		return CircuitKeys{}, err
	}
	base := string(c)
	files[base+".r1cs"], files[base+".pk"], files[base+".vk"] = system, proving.Bytes(), verifying.Bytes()
	return CircuitKeys{
		System: hashOf(system), ProvingKey: hashOf(proving.Bytes()), VerifyingKey: hashOf(verifying.Bytes()),
		Constraints: pair.System.Constraints(), ProvingKeyBytes: proving.Len(),
	}, nil
}

func exportVerifyingKey(c zkp.Circuit, s zkp.Setup, vk *groth16.VerifyingKey) (*zkp.VerifyingKey, error) {
	if len(vk.CommitmentKeys) != 0 {
		return nil, fmt.Errorf("prover: %s uses commitments, which its proofs cannot carry", c)
	}
	return zkp.NewVerifyingKey(c, s, vk.G1.Alpha, vk.G2.Beta, vk.G2.Gamma, vk.G2.Delta, vk.G1.K)
}
