package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

// A counter accepts an answer once, also after it was restarted.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "counter")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "counter.db")

	store, err := sqlitestore.Open(ctx, path, sqlitestore.Options{Create: true})
	if err != nil {
		panic(err)
	}
	now := time.Now()
	request := verifier.Request{ID: "state", Nonce: "nonce", Created: now, Expires: now.Add(5 * time.Minute)}
	answer := verifier.Acceptance{RequestID: "state", Nonce: "nonce", At: now}
	fmt.Println(store.PutRequest(ctx, request), store.Accept(ctx, answer), store.Close())

	store, err = sqlitestore.Open(ctx, path, sqlitestore.Options{})
	if err != nil {
		panic(err)
	}
	defer store.Close()
	fmt.Println(errors.Is(store.Accept(ctx, answer), verifier.ErrReplayed))
	// Output:
	// <nil> <nil> <nil>
	// true
}
