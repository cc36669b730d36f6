package folder

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
)

const vaultName = "vault.db"

// Vault is the vault of a folder. Its Update returns ErrBusy where another program
// holds the vault for longer than Options.Patience.
type Vault struct {
	*sqlitevault.Store
	patience time.Duration
}

func createVault(ctx context.Context, dir string, passphrase []byte, opts Options) (*Vault, error) {
	store, err := sqlitevault.Create(ctx, filepath.Join(dir, vaultName), passphrase, sqlitevault.Options{})
	if errors.Is(err, os.ErrExist) {
		err = &Error{dir, ErrExists, err}
	}
	return &Vault{store, opts.Patience}, err
}

func openVault(ctx context.Context, dir string, passphrase []byte, opts Options) (*Vault, error) {
	store, err := sqlitevault.Open(ctx, filepath.Join(dir, vaultName), passphrase, sqlitevault.Options{Restored: opts.Restored})
	if err != nil {
		err = &Error{dir, ErrVault, err}
	}
	return &Vault{store, opts.Patience}, err
}

// Update implements vault.Store. It bounds the waiting, and not the work after it.
func (v *Vault) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if v.patience == 0 {
		return v.Store.Update(ctx, fn)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(v.patience, func() { cancel(ErrBusy) })
	defer timer.Stop()
	err := v.Store.Update(ctx, func(tx vault.Tx) error {
		timer.Stop()
		return fn(tx)
	})
	return orBusy(ctx, err)
}

// orBusy replaces the error of a context that ran out of patience.
func orBusy(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), ErrBusy) {
		return ErrBusy
	}
	return err
}

// makeFolder makes a folder that only its owner reads.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &Error{dir, ErrUnwritable, err}
	}
	return nil
}

// writeNew writes a file that must not exist.
func writeNew(path string, b []byte) error {
	err := durable.Create(path, b, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return &Error{path, ErrExists, err}
	case err != nil:
		return &Error{path, ErrUnwritable, err}
	}
	return durable.SyncFolder(filepath.Dir(path))
}

// replace writes a file whole or not at all.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return &Error{path, ErrUnwritable, err}
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return &Error{path, ErrUnwritable, err}
	}
	return durable.SyncFolder(filepath.Dir(path))
}
