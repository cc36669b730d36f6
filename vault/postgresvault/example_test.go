package postgresvault_test

import (
	"context"
	"log"
	"os"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/postgresvault"
)

// A desk opens the vault that all desks of its office share.
func Example() {
	ctx := context.Background()
	key, err := os.ReadFile("/run/secrets/desk.key") // 32 random bytes
	if err != nil {
		log.Fatal(err)
	}
	store, err := postgresvault.Open(ctx, "postgres://desk@db.hall.example/desk?sslmode=verify-full", key, postgresvault.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	if err := store.Update(ctx, func(tx vault.Tx) error { return tx.Put("note", "1", []byte("hello")) }); err != nil {
		log.Fatal(err)
	}
}
