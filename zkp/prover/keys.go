package prover

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/gofrs/flock"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/zkp"
)

// Errors of this package. Its functions also return those of package zkp.
var (
	// ErrUnknownCircuit: this version, or this key folder, does not have the
	// circuit.
	ErrUnknownCircuit = errors.New("prover: unknown circuit")
	// ErrKeyFile: a file of a key folder is missing, truncated, or not the one
	// that the manifest names.
	ErrKeyFile = errors.New("prover: key file damaged or missing")
	// ErrWitness: the statement to prove is false, or false under these keys.
	ErrWitness = errors.New("prover: the witness does not satisfy the circuit")
)

const manifestName = "manifest.json"

// A Manifest describes a folder of keys. Every other file in the folder is
// loaded only by the hash in the manifest.
type Manifest struct {
	Version  int                         `json:"version"`
	Setup    string                      `json:"setup"` // "single-party" or "ceremony"
	Circuits map[zkp.Circuit]CircuitKeys `json:"circuits"`
}

// CircuitKeys holds the SHA-256 of one circuit's files, in hexadecimal.
type CircuitKeys struct {
	System       string `json:"system"`
	ProvingKey   string `json:"proving_key"`
	VerifyingKey string `json:"verifying_key"`
	Constraints  int    `json:"constraints"`
	// ProvingKeyBytes is the length of the proving key's file.
	ProvingKeyBytes int `json:"proving_key_bytes"`
}

// A Step reports the progress of a long operation.
type Step struct {
	Name        string
	Done, Total int
}

// DevelopmentKeys opens the single-party keys of this version's circuits under
// cacheDir, and makes them if they are missing. Their maker can prove anything:
// verifiers refuse them unless AllowSinglePartySetupUnsafe is set. Several
// processes may call it at once; one of them makes the keys. progress may be
// nil.
func DevelopmentKeys(ctx context.Context, cacheDir string, progress func(Step)) (*Prover, error) {
	dir := filepath.Join(cacheDir, "hufu", "zkp", cacheName())
	if _, err := os.Stat(dir); err == nil {
		return Open(dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, fmt.Errorf("prover: key cache: %w", err)
	}
	lock := flock.New(dir + ".lock")
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return nil, fmt.Errorf("prover: key cache: %w", err)
	}
	defer lock.Unlock()
	if _, err := os.Stat(dir); err == nil {
		return Open(dir)
	}
	return makeDevelopmentKeys(ctx, dir, progress)
}

// cacheName hashes the hashes of all circuits, so that keys of another version
// of the circuits lie in another folder.
func cacheName() string {
	h := sha256.New()
	for _, c := range Circuits() {
		h.Write([]byte(systemHashes[c]))
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// makeDevelopmentKeys writes into a temporary folder next to the final one and
// renames it, so that a folder that exists is complete.
func makeDevelopmentKeys(ctx context.Context, dir string, progress func(Step)) (*Prover, error) {
	if progress == nil {
		progress = func(Step) {}
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "making-")
	if err != nil {
		return nil, fmt.Errorf("prover: key cache: %w", err)
	}
	defer os.RemoveAll(temp)
	var pairs []KeyPair
	for i, c := range Circuits() {
		progress(Step{Name: string(c), Done: i, Total: len(Circuits())})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pair, err := setup(c)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, *pair)
	}
	files, err := EncodeKeys(zkp.SetupSingleParty, pairs...)
	if err != nil {
		return nil, err
	}
	for name, b := range files {
		if err := writeSynced(filepath.Join(temp, name), b); err != nil {
			return nil, err
		}
	}
	if err := os.Rename(temp, dir); err != nil {
		return nil, fmt.Errorf("prover: publishing keys: %w", err)
	}
	progress(Step{Name: "done", Done: len(Circuits()), Total: len(Circuits())})
	return Open(dir)
}

func setup(c zkp.Circuit) (*KeyPair, error) {
	system, err := Compile(c)
	if err != nil {
		return nil, err
	}
	pair := &KeyPair{System: system, Proving: new(groth16.ProvingKey), Verifying: new(groth16.VerifyingKey)}
	if err := groth16.Setup(system.r1cs, pair.Proving, pair.Verifying); err != nil {
		return nil, fmt.Errorf("prover: setup of %s: %w", c, err)
	}
	return pair, nil
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("prover: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		return fmt.Errorf("prover: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("prover: %w", err)
	}
	return f.Close()
}

// readHashed reads a file whose SHA-256 is known. It does not read a file above
// the cap.
func readHashed(folder fs.FS, name, want string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	defer f.Close()
	b, err := readCapped(f, limits.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKeyFile, name, err)
	}
	if got := hashOf(b); got != want {
		return nil, fmt.Errorf("%w: %s has SHA-256 %.12s…, its manifest says %.12s…; delete the folder to make development keys again",
			ErrKeyFile, name, got, want)
	}
	return b, nil
}

func readCapped(f fs.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%d bytes, at most %d allowed", info.Size(), limit)
	}
	b := make([]byte, info.Size())
	_, err = io.ReadFull(f, b)
	return b, err
}

// readManifest reads and checks the manifest of a folder.
func readManifest(folder fs.FS) (*Manifest, error) {
	f, err := folder.Open(manifestName)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	defer f.Close()
	b, err := readCapped(f, limits.Document)
	if err != nil {
		return nil, fmt.Errorf("%w: manifest: %w", ErrKeyFile, err)
	}
	m := new(Manifest)
	if err := strictjson.Read(b, limits.Document, m); err != nil {
		return nil, fmt.Errorf("%w: manifest is not what this version writes: %w", ErrKeyFile, err)
	}
	if m.Version != 1 || (m.Setup != "single-party" && m.Setup != "ceremony") {
		return nil, fmt.Errorf("%w: manifest of version %d", ErrKeyFile, m.Version)
	}
	if len(m.Circuits) == 0 {
		return nil, fmt.Errorf("%w: manifest without circuits", ErrKeyFile)
	}
	for c, keys := range m.Circuits {
		if pinned, known := systemHashes[c]; !known || keys.System != pinned {
			return nil, fmt.Errorf("%w: keys are of another version of %.64q", ErrKeyFile, c)
		}
	}
	return m, nil
}

func readSystem(b []byte) (*cs.R1CS, error) {
	r := new(cs.R1CS)
	if _, err := r.ReadFrom(bytes.NewReader(b)); err != nil {
		return nil, fmt.Errorf("%w: constraint system", ErrKeyFile)
	}
	return r, nil
}

func readProvingKey(b []byte) (*groth16.ProvingKey, error) {
	pk := new(groth16.ProvingKey)
	if err := pk.ReadDump(bytes.NewReader(b)); err != nil {
		return nil, fmt.Errorf("%w: proving key", ErrKeyFile)
	}
	return pk, nil
}
