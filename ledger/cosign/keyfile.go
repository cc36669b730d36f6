package cosign

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

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/internal/limits"
)

// ErrKeyFile means a key file that is malformed, readable by others, or holds
// another key than it should.
var ErrKeyFile = errors.New("cosign: key file refused")

const pemType = "PRIVATE KEY"

// CreateKey makes an Ed25519 key and writes it to a new file of mode 0600. The
// error is fs.ErrExist or the system's own.
func CreateKey(path string) (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cosign: making a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("cosign: making a key: %w", err)
	}
	if err := durable.Create(path, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), 0o600); err != nil {
		return nil, fmt.Errorf("cosign: key file: %w", err)
	}
	return key, nil
}

// ReadKey reads what CreateKey wrote. The error is [ErrKeyFile] or the system's
// own; it quotes nothing of the file.
func ReadKey(path string) (crypto.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cosign: key file: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s is open to others (mode %v)", ErrKeyFile, filepath.Base(path), info.Mode().Perm())
	}
	b, err := limits.ReadFile(path, limits.Document)
	if err != nil {
		return nil, fmt.Errorf("cosign: key file: %w", err)
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
