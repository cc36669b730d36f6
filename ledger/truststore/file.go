package truststore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/hufu-id/hufu/ledger"
)

// lockRetry is how often a lock that another process holds is tried again.
const lockRetry = 10 * time.Millisecond

type file string

// File returns a store in the file at path, which CompareAndSwap makes with mode
// 0600. The folder must exist.
func File(path string) ledger.TrustStore { return file(path) }

// Load implements ledger.TrustStore.
func (f file) Load(context.Context) ([]byte, error) {
	// A rename replaces the file as a whole: reading needs no lock.
	in, err := os.Open(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, ledger.MaxTrustState+1))
	if err == nil && len(b) > ledger.MaxTrustState {
		err = fmt.Errorf("%w: trust store", ledger.ErrTooLarge)
	}
	return b, err
}

// CompareAndSwap implements ledger.TrustStore.
func (f file) CompareAndSwap(ctx context.Context, old, next []byte) (swapped bool, err error) {
	lock := flock.New(string(f)+".lock", flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	current, err := f.Load(ctx)
	if err != nil {
		return false, err
	}
	if (current == nil) != (old == nil) || !bytes.Equal(current, old) {
		return false, nil
	}
	return true, f.replace(next)
}

// replace writes the file whole or not at all.
func (f file) replace(b []byte) error {
	dir := filepath.Dir(string(f))
	temporary, err := os.CreateTemp(dir, ".trust-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // does nothing once renamed
	_, err = temporary.Write(b)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), string(f)); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
