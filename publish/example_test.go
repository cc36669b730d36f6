package publish_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/publish/remote"
)

// An agency publishes a schema in a folder, a web server serves it, and a counter
// elsewhere fetches it, holds it against the ledger and keeps it.
func Example() {
	hufutest.Run(hufutest.Options{}, func(ctx context.Context, c *hufutest.Country) {
		agency := publish.Folder(filepath.Join(c.Dir, "public"))
		if _, err := agency.PublishSchema(ctx, c.Schema.Bytes()); err != nil {
			fmt.Println(err)
			return
		}
		server := httptest.NewServer(remote.NewHandler(agency))
		defer server.Close()

		client, err := remote.New(remote.Options{}, server.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		counter := publish.NewCached(client, publish.Folder(filepath.Join(c.Dir, "counter")), publish.CacheOptions{Clock: c.Now})
		schema, err := publish.TypeSchema(ctx, counter, hufutest.Type)
		if err != nil {
			fmt.Println(err)
			return
		}
		err = c.Client(c.Log).Resolve(ctx, func(view *ledger.View) error {
			return publish.CheckSchema(view, schema)
		}, ledger.ResolveOptions{})
		fmt.Println("the ledger names the schema:", err == nil)

		server.Close()
		_, err = publish.TypeSchema(ctx, counter, hufutest.Type)
		fmt.Println("kept while the server is down:", err == nil)
		_, err = publish.TypeSchema(ctx, counter, "urn:test:other:1")
		fmt.Println("another type:", errors.Is(err, publish.ErrUnreachable))
	})
	// Output:
	// the ledger names the schema: true
	// kept while the server is down: true
	// another type: true
}
