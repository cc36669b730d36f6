package sqlitestore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// An engine makes the file once and opens it ever after. What Update has written
// is on disk when it returns.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "ledger.db")
	if err := sqlitestore.Create(ctx, path, nil); err != nil {
		log.Fatal(err)
	}
	db, err := sqlitestore.Open(ctx, path, sqlitestore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	err = db.Update(ctx, func(tx *sqlitestore.Tx) error {
		return tx.Put(machine.TableValue, []byte("key"), []byte("value"))
	})
	if err != nil {
		log.Fatal(err)
	}
	err = db.View(ctx, func(tx *sqlitestore.Tx) error {
		value, err := tx.Get(machine.TableValue, []byte("key"))
		fmt.Printf("%s\n", value)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: value
}
