package sqlitevault

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/internal/sealed"
)

var (
	// ErrKDF means that the passphrase parameters are outside the bounds: too
	// weak to protect, or so costly that they would hang the device.
	ErrKDF = errors.New("vault/sqlitevault: Argon2id parameters out of bounds")
	// ErrPassphrase means that a new passphrase is empty.
	ErrPassphrase = errors.New("vault/sqlitevault: the passphrase is empty")
)

// KDF holds the parameters of Argon2id (RFC 9106).
type KDF struct {
	MemoryKiB uint32 // 32 to 256 MiB; 0 means 64 MiB
	Time      uint32 // passes, 2 to 10; 0 means 3
	Threads   uint8  // lanes, 1 to 16; 0 means 4
}

func (k KDF) orDefault() KDF {
	if k.MemoryKiB == 0 {
		k.MemoryKiB = 64 << 10
	}
	if k.Time == 0 {
		k.Time = 3
	}
	if k.Threads == 0 {
		k.Threads = 4
	}
	return k
}

func (k KDF) check() error {
	if k.MemoryKiB < 32<<10 || k.MemoryKiB > 256<<10 || k.Time < 2 || k.Time > 10 || k.Threads < 1 || k.Threads > 16 {
		return ErrKDF
	}
	return nil
}

// atLeast raises k to a floor, so that a new passphrase is never protected
// less than the one before.
func (k KDF) atLeast(floor KDF) KDF {
	return KDF{
		MemoryKiB: max(k.MemoryKiB, floor.MemoryKiB),
		Time:      max(k.Time, floor.Time),
		Threads:   max(k.Threads, floor.Threads),
	}
}

const (
	saltBytes = 16
	// passphraseSlot is the only slot name of this version.
	passphraseSlot = "passphrase"
)

// slot is the root key sealed under one secret.
type slot struct {
	name    string
	kdf     KDF
	salt    []byte
	nonce   []byte
	wrapped []byte
}

// newSlot seals root under a passphrase with a fresh salt and nonce.
func newSlot(walletID, root, passphrase []byte, kdf KDF) (slot, error) {
	if len(passphrase) == 0 {
		return slot{}, ErrPassphrase
	}
	if err := kdf.check(); err != nil {
		return slot{}, err
	}
	s := slot{name: passphraseSlot, kdf: kdf, salt: sealed.Random(saltBytes), nonce: sealed.Random(chacha20poly1305.NonceSizeX)}
	s.wrapped = sealed.AEAD(s.key(norm.NFC.Bytes(passphrase))).Seal(nil, s.nonce, root, s.associated(walletID))
	return s, nil
}

// open returns the root key. Whatever goes wrong once the passphrase is in
// play is the same vault.ErrLocked.
func (s slot) open(walletID, passphrase []byte) ([]byte, error) {
	if err := s.kdf.check(); err != nil {
		return nil, err
	}
	if len(s.nonce) != chacha20poly1305.NonceSizeX {
		return nil, vault.ErrLocked
	}
	normal := norm.NFC.Bytes(passphrase)
	root, err := sealed.AEAD(s.key(normal)).Open(nil, s.nonce, s.wrapped, s.associated(walletID))
	if err != nil && !bytes.Equal(normal, passphrase) { // sealed under the form that was typed
		root, err = sealed.AEAD(s.key(passphrase)).Open(nil, s.nonce, s.wrapped, s.associated(walletID))
	}
	if err != nil || len(root) != sealed.RootBytes {
		return nil, vault.ErrLocked
	}
	return root, nil
}

func (s slot) key(passphrase []byte) []byte {
	return argon2.IDKey(passphrase, s.salt, s.kdf.Time, s.kdf.MemoryKiB, s.kdf.Threads, chacha20poly1305.KeySize)
}

func (s slot) associated(walletID []byte) []byte {
	parameters := fmt.Appendf(nil, "argon2id/%d/%d/%d", s.kdf.MemoryKiB, s.kdf.Time, s.kdf.Threads)
	return sealed.Join(walletID, []byte("slot"), []byte(s.name), sealed.Number(userVersion), parameters, s.salt)
}
