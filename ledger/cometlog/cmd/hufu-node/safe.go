package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/ledger"
)

// A safe is a folder with the keys that an agency uses once each: agree-1.key signs one
// agreement, and change-1.key one change of the root agency's DID. A key that has signed is
// known, and its file ends in .used.
type safe string

const (
	forAgreement = "agree"
	forChange    = "change"
	usedSuffix   = ".used"
)

// onceKey is a key in a safe.
type onceKey struct {
	path   string
	signer crypto.Signer
	hash   [32]byte
}

// keys lists the keys of a use, those that have signed among them.
func (s safe) keys(use string) (keys []onceKey, err error) {
	paths, err := filepath.Glob(filepath.Join(string(s), use+"-*.key*"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		signer, err := readKey(path)
		if err != nil {
			return nil, err
		}
		public, err := ledger.DefaultSuites().MarshalKey(signer.Public())
		if err != nil {
			return nil, err
		}
		keys = append(keys, onceKey{path, signer, ledger.KeyHash(public)})
	}
	return keys, nil
}

// promised is the key whose hash the ledger holds.
func (s safe) promised(use string, hashes [][32]byte) (onceKey, error) {
	keys, err := s.keys(use)
	if err != nil {
		return onceKey{}, err
	}
	for _, k := range keys {
		if slices.Contains(hashes, k.hash) {
			return k, nil
		}
	}
	return onceKey{}, fmt.Errorf("no key in %s may sign: the ledger expects another", s)
}

// fresh is a key that has not signed and that the ledger does not know. It is made if
// there is none.
func (s safe) fresh(use string, hashes [][32]byte) (onceKey, error) {
	keys, err := s.keys(use)
	if err != nil {
		return onceKey{}, err
	}
	for _, k := range keys {
		if !strings.HasSuffix(k.path, usedSuffix) && !slices.Contains(hashes, k.hash) {
			return k, nil
		}
	}
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return onceKey{}, err
	}
	for n := len(keys) + 1; ; n++ {
		path := filepath.Join(string(s), fmt.Sprintf("%s-%d.key", use, n))
		if _, err := os.Stat(path + usedSuffix); err == nil {
			continue
		}
		signer, err := createKey(path)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return onceKey{}, err
		}
		public, err := ledger.DefaultSuites().MarshalKey(signer.Public())
		return onceKey{path, signer, ledger.KeyHash(public)}, err
	}
}

// use notes that a key signs, before its signature leaves.
func (k onceKey) use() error {
	if strings.HasSuffix(k.path, usedSuffix) {
		return nil
	}
	if err := os.Rename(k.path, k.path+usedSuffix); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(k.path))
}

// nominate makes what the agency hands in for the next agreement, or, where none holds, for
// the first.
func (s safe) nominate(origin string, id ledger.ID, holds *ledger.Agreement, key crypto.Signer) (*ledger.Nomination, error) {
	var hashes [][32]byte
	if holds != nil {
		hashes = holds.Next()
	}
	fresh, err := s.fresh(forAgreement, hashes)
	if err != nil {
		return nil, err
	}
	n := ledger.Nomination{Origin: origin, Ledger: id, Decider: ledger.Decider{Next: fresh.hash}}
	if own, err := s.promised(forAgreement, hashes); err == nil {
		n.Replaces = own.hash
	}
	return ledger.Nominate(n, key)
}

// createKey makes a signature key, PKCS #8 in PEM, and does not overwrite one.
func createKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := pem.Encode(&file, &pem.Block{Type: "PRIVATE KEY", Bytes: der}); err != nil {
		return nil, err
	}
	return key, errors.Join(durable.Create(path, file.Bytes(), 0o600), durable.SyncFolder(filepath.Dir(path)))
}

// keyAt reads a signature key, and makes it if there is none.
func keyAt(path string) (crypto.Signer, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKey(path)
	}
	return key, err
}
