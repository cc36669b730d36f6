package postgresstore_test

import (
	"context"
	"log"

	"github.com/hufu-id/hufu/verifier/postgresstore"
)

// A counter opens the store that all counters of its office share, and passes it to
// verifier.New.
func Example() {
	store, err := postgresstore.Open(context.Background(), "postgres://counter@db.hall.example/counter?sslmode=verify-full", postgresstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
}
