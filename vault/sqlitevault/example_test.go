package sqlitevault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
)

// A wallet keeps a credential under a passphrase.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "wallet")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "wallet.db")

	store, err := sqlitevault.Create(ctx, path, []byte("a long passphrase"), sqlitevault.Options{})
	if err != nil {
		panic(err)
	}
	err = store.Update(ctx, func(tx vault.Tx) error {
		return tx.Put("credential", "1", []byte("…"), vault.Tag{Name: "type", Value: "resident"})
	})
	fmt.Println(err, store.Close())

	_, err = sqlitevault.Open(ctx, path, []byte("a wrong passphrase"), sqlitevault.Options{})
	fmt.Println(errors.Is(err, vault.ErrLocked))
	// Output:
	// <nil> <nil>
	// true
}
