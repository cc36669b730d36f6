package prover

import (
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"

	"github.com/consensys/gnark-crypto/ecc"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/zkp"
)

// A Prover makes proofs with one folder of keys. It is safe for concurrent use.
// Each proof uses all cores.
type Prover struct {
	manifest *Manifest
	circuits map[zkp.Circuit]*proving
	vk       map[zkp.Circuit][]byte
}

type proving struct {
	system *cs.R1CS
	key    *groth16.ProvingKey
}

// Open loads a folder of keys, each file by the hash in its manifest. The
// folder may hold the keys of some circuits only; a proof that needs another
// one then fails with ErrUnknownCircuit. The error is ErrKeyFile.
func Open(dir string) (*Prover, error) { return OpenFS(os.DirFS(dir)) }

// OpenFS is Open for a folder that is not a directory: a zip archive that a web
// page has fetched, or the assets of an app.
func OpenFS(folder fs.FS) (*Prover, error) {
	m, err := readManifest(folder)
	if err != nil {
		return nil, err
	}
	p := &Prover{manifest: m, circuits: map[zkp.Circuit]*proving{}, vk: map[zkp.Circuit][]byte{}}
	for c, keys := range m.Circuits {
		if p.vk[c], err = readHashed(folder, string(c)+".vk", keys.VerifyingKey); err != nil {
			return nil, err
		}
		if err := checkVerifyingKey(c, m.Setup, p.vk[c]); err != nil {
			return nil, err
		}
		if p.circuits[c], err = openProving(folder, c, keys); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// checkVerifyingKey compares a key with the manifest, which people read.
func checkVerifyingKey(c zkp.Circuit, setup string, b []byte) error {
	circuit, kind, err := zkp.InspectVerifyingKey(b)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if circuit != c || (kind == zkp.SetupCeremony) != (setup == "ceremony") {
		return fmt.Errorf("%w: verifying key of %s is not what the manifest says", ErrKeyFile, c)
	}
	return nil
}

func openProving(folder fs.FS, c zkp.Circuit, keys CircuitKeys) (*proving, error) {
	system, err := readHashed(folder, string(c)+".r1cs", keys.System)
	if err != nil {
		return nil, err
	}
	pk, err := readHashed(folder, string(c)+".pk", keys.ProvingKey)
	if err != nil {
		return nil, err
	}
	p := new(proving)
	if p.system, err = readSystem(system); err != nil {
		return nil, err
	}
	p.key, err = readProvingKey(pk)
	return p, err
}

// Manifest returns the description of the keys.
func (p *Prover) Manifest() Manifest { return *p.manifest }

// VerifyingKey returns the encoded verifying key of a circuit and its SHA-256.
// The error is ErrUnknownCircuit.
func (p *Prover) VerifyingKey(c zkp.Circuit) ([]byte, [32]byte, error) {
	b, ok := p.vk[c]
	if !ok {
		return nil, [32]byte{}, fmt.Errorf("%w: %q", ErrUnknownCircuit, c)
	}
	var hash [32]byte
	_, err := hex.Decode(hash[:], []byte(p.manifest.Circuits[c].VerifyingKey))
	return b, hash, err
}

// Prepare proves that the credential is valid in the witness's epoch. Run it in
// the background, before anyone asks. Errors: ErrWitness, ErrUnknownCircuit,
// and the context's own.
func (p *Prover) Prepare(ctx context.Context, w *zkp.PrepareWitness) (*zkp.Prepared, error) {
	proof, err := p.prove(ctx, zkp.CircuitPrepare, assignPrepare(w))
	if err != nil {
		return nil, err
	}
	return &zkp.Prepared{Epoch: w.Epoch.Number, Blinding: w.Blinding, Proof: *proof}, nil
}

// Show proves every statement of an answer and returns one presentation a
// question. It uses up the prepared proofs in the answer. Errors: ErrWitness,
// ErrUnknownCircuit, and the context's own.
func (p *Prover) Show(ctx context.Context, a *zkp.Answer) ([]*zkp.Presentation, error) {
	out := make([]*zkp.Presentation, len(a.Parts))
	for i := range a.Parts {
		proofs := make([]zkp.Proof, len(a.Parts[i].Shows))
		for j := range proofs {
			proof, err := p.proveShow(ctx, &a.Parts[i].Shows[j])
			if err != nil {
				return nil, err
			}
			proofs[j] = *proof
		}
		out[i] = a.Presentation(i, proofs)
	}
	return out, nil
}

func (p *Prover) proveShow(ctx context.Context, w *zkp.ShowWitness) (*zkp.Proof, error) {
	if c := w.Statement.Circuit(); c == zkp.CircuitShowSet {
		return p.prove(ctx, c, assignShowSet(w))
	}
	return p.prove(ctx, zkp.CircuitShow, assignShow(w))
}

// prove runs gnark, which cannot be interrupted: it checks the context before
// and after.
func (p *Prover) prove(ctx context.Context, c zkp.Circuit, assignment frontend.Circuit) (*zkp.Proof, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	witness, err := frontend.NewWitness(assignment, ecc.BN254.ScalarField())
	if err != nil {
		return nil, fmt.Errorf("prover: witness of %s: %w", c, err)
	}
	pair, ok := p.circuits[c]
	if !ok {
		return nil, fmt.Errorf("%w: no keys of %q in this folder", ErrUnknownCircuit, c)
	}
	proof, err := groth16.Prove(pair.system, pair.key, witness)
	if err != nil {
		// gnark's error spells out the values that do not fit: the holder's.
		return nil, fmt.Errorf("%w: %s", ErrWitness, c)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &zkp.Proof{A: proof.Ar, B: proof.Bs, C: proof.Krs}, nil
}
