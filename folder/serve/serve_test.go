package serve_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/folder/serve"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// TestLedger: one address has the ledger, its files and its pages, takes no operations
// where it is read-only, and makes checkpoints until it is told to end.
func TestLedger(t *testing.T) {
	dir := t.TempDir()
	root, err := folder.NewAgency(t.Context(), filepath.Join(dir, "root"), ledgertest.SubjectOf("root"), []byte("a passphrase"), nil, folder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	at := filepath.Join(dir, "ledger")
	log, err := root.FoundLedger(t.Context(), at, "test.example/ledger", sqlitelog.InitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := root.Join(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	schema, err := os.ReadFile("../../examples/hufu/sample/resident.schema.json")
	if err == nil {
		_, err = root.PublishType(t.Context(), at, schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	public := folder.Public(at)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serve.Ledger(ctx, log, public, listener, serve.Options{ReadOnly: true, Heartbeat: 10 * time.Millisecond, Audit: time.Hour})
	}()
	address := "http://" + listener.Addr().String()
	far, err := remote.New(remote.Options{}, address)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ledger.NewClient(t.Context(), log.Trust(), far, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := client.Head().Size
	for range 500 {
		if err := client.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if client.Head().Size > before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if client.Head().Size == before {
		t.Error("no heartbeat")
	}
	ops, err := ledger.SignObjects(root.Keys().Ledger, []ledger.Object{&ledger.Anchor{Hash: [32]byte{1}, Count: 1, Agency: root.DID()}}, root.Keys().Key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.Submit(t.Context(), ops...); err == nil {
		t.Error("read-only, and it took an operation")
	}
	files, err := public.BundleFiles(t.Context())
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for path, want := range map[string]string{folder.PublicPath + "/" + files[0].Name: string(files[0].Content), "/": "<html"} {
		response, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(b), want) {
			t.Errorf("%s: %s, %v", path, response.Status, err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
