package sqlitelog

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Names of the files in a ledger's folder.
const (
	fileDatabase   = "log.db"
	fileLogKey     = "log.key"
	fileWitness    = "witness.db"
	fileWitnessKey = "witness.key"
	fileTrust      = "trust.json"
)

const pemType = "PRIVATE KEY"

// CreateKey writes a new Ed25519 key: PKCS #8 in PEM, mode 0600. The error is
// fs.ErrExist or the system's own.
func CreateKey(path string) (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("sqlitelog: making a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("sqlitelog: making a key: %w", err)
	}
	return key, createFile(path, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), 0o600)
}

// ReadKey reads what CreateKey wrote. The error is [ErrKeyFile] or the system's own; it quotes
// nothing of the file.
func ReadKey(path string) (crypto.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("sqlitelog: key file: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s is open to others (mode %v)", ErrKeyFile, filepath.Base(path), info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sqlitelog: key file: %w", err)
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != pemType || len(rest) > 0 {
		return nil, fmt.Errorf("%w: %s is not one PEM block", ErrKeyFile, filepath.Base(path))
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w: %s holds no Ed25519 key", ErrKeyFile, filepath.Base(path))
	}
	return signer, nil
}

// createFile refuses to overwrite, and is on disk when it returns.
func createFile(path string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("sqlitelog: create: %w", err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sqlitelog: create: %w", err)
	}
	return nil
}

// syncFolder makes the names of new files outlive a power failure.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // cannot sync a folder
	}
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sqlitelog: create: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
