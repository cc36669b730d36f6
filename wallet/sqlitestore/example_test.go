package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/sqlitestore"
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

	vault, err := sqlitestore.Create(ctx, path, []byte("a long passphrase"), sqlitestore.Options{})
	if err != nil {
		panic(err)
	}
	err = vault.Update(ctx, func(tx wallet.Tx) error {
		return tx.Put("credential", "1", []byte("…"), wallet.Tag{Name: "type", Value: "resident"})
	})
	fmt.Println(err, vault.Close())

	_, err = sqlitestore.Open(ctx, path, []byte("a wrong passphrase"), sqlitestore.Options{})
	fmt.Println(errors.Is(err, wallet.ErrLocked))
	// Output:
	// <nil> <nil>
	// true
}
