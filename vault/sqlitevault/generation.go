package sqlitevault

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/vault"
)

// ErrNoGeneration means that the file beside the vault that tells how new the vault
// must be is missing, damaged or another vault's. It wraps vault.ErrRolledBack.
var ErrNoGeneration = fmt.Errorf("vault/sqlitevault: nothing tells how new the vault must be: %w", vault.ErrRolledBack)

const (
	generationSuffix = ".generation"
	generationMagic  = "hufu/generation\n"
	generationSlot   = 8 + sha256.Size
	generationBytes  = len(generationMagic) + 2*generationSlot
)

// generation is the file that tells how new a vault must be: its counter, written
// after each commit, so that it is never ahead of what the vault was. Two slots are
// written in turn, so that one holds while the other is written. The file is not
// synced: what it guards against is a vault that somebody changed, or put back, while
// the machine was running, and a commit reaches the disk before it does.
type generation struct {
	file  *os.File
	keys  *keys
	noted uint64 // the newest that this process wrote or read
	next  uint64 // what could not be written yet; zero where all was
}

func (k *keys) generationMAC(counter uint64) []byte {
	mac := hmac.New(sha256.New, k.derive("generation", nil))
	mac.Write(join(k.walletID, number(counter)))
	return mac.Sum(nil)
}

// generationFile is a whole file that holds one counter.
func (k *keys) generationFile(counter uint64) []byte {
	b := make([]byte, generationBytes)
	copy(b, generationMagic)
	copy(b[generationAt(counter):], append(number(counter), k.generationMAC(counter)...))
	return b
}

// generationAt is where a counter's slot begins.
func generationAt(counter uint64) int {
	return len(generationMagic) + int(counter%2)*generationSlot
}

// parseGeneration returns the newest counter of a file, or false.
func (k *keys) parseGeneration(b []byte) (newest uint64, ok bool) {
	if len(b) != generationBytes || !bytes.HasPrefix(b, []byte(generationMagic)) {
		return 0, false
	}
	for i := range uint64(2) {
		slot := b[generationAt(i):][:generationSlot]
		counter := binary.BigEndian.Uint64(slot)
		if counter%2 == i && counter >= newest && hmac.Equal(slot[8:], k.generationMAC(counter)) {
			newest, ok = counter, true
		}
	}
	return newest, ok
}

// createGeneration makes the file of a new vault. The error is fs.ErrExist where a
// vault's is there already.
func createGeneration(path string, k *keys) (*generation, error) {
	if err := durable.Create(path+generationSuffix, k.generationFile(1), 0o600); err != nil {
		return nil, err
	}
	if err := durable.SyncFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return openGeneration(path, k)
}

// openGeneration opens and reads the file. The error is ErrNoGeneration or the
// system's own.
func openGeneration(path string, k *keys) (*generation, error) {
	file, err := os.OpenFile(path+generationSuffix, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoGeneration
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(file, int64(generationBytes)+1))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	newest, ok := k.parseGeneration(b)
	if !ok {
		return nil, errors.Join(ErrNoGeneration, file.Close())
	}
	return &generation{file: file, keys: k, noted: newest}, nil
}

// replaceGeneration makes the file anew, whatever stands there.
func replaceGeneration(path string, k *keys, counter uint64) (*generation, error) {
	if err := os.Remove(path + generationSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := durable.Create(path+generationSuffix, k.generationFile(counter), 0o600); err != nil {
		return nil, err
	}
	return openGeneration(path, k)
}

// note writes down a counter that was committed. What cannot be written now must not
// make a failure of the commit: settle tries again before the next.
func (g *generation) note(counter uint64) {
	if counter > g.noted {
		g.next = counter
		_ = g.settle()
	}
}

// settle writes what could not be written before.
func (g *generation) settle() error {
	if g.next == 0 {
		return nil
	}
	slot := append(number(g.next), g.keys.generationMAC(g.next)...)
	if _, err := g.file.WriteAt(slot, int64(generationAt(g.next))); err != nil {
		return describe("write generation", err)
	}
	g.noted, g.next = g.next, 0
	return nil
}
