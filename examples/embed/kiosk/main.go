// Command kiosk is a service counter: it asks one question and decides on the answers.
//
// It works in the current folder. Its arguments are the addresses of public files, the
// ledger's first. The passphrase of its vault stands in
// HUFU_PASSPHRASE. GET /request makes a request, POST /answer takes a wallet's answer,
// GET /outcome says how the newest request ended. Only the screen of the kiosk may
// reach the first and the last. The file application goes to an agency on the ledger, which
// admits it (agency.Admit); the kiosk waits for that, and then prints its DID, which a root
// agency accredits.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/examples/embed/edge"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	files "github.com/hufu-id/hufu/publish/remote"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

//go:embed policy.json
var question []byte

var (
	at          = flag.String("ledger", "", "address of the ledger")
	fingerprint = flag.String("fingerprint", "", "fingerprint of the ledger's trust file")
	listen      = flag.String("listen", "127.0.0.1:8080", "address to listen on")
	outside     = flag.String("url", "http://127.0.0.1:8080", "address at which wallets reach it")
	first       = flag.Bool("init", false, "make the vault and the store, at the first start")
	unsafe      = flag.Bool("allow-single-party-unsafe", false, "take proofs by keys that one machine made")
)

// main may be killed at any time: every store outlives it.
func main() {
	flag.Parse()
	log.Fatal(legible.Escape(run(context.Background()).Error()))
}

func run(ctx context.Context) error {
	keys, err := sqlitevault.Open(ctx, "vault.db", []byte(os.Getenv("HUFU_PASSPHRASE")), sqlitevault.Options{Create: *first})
	if err != nil {
		return err
	}
	defer keys.Close()
	store, err := sqlitestore.Open(ctx, "counter.db", sqlitestore.Options{Create: *first})
	if err != nil {
		return err
	}
	defer store.Close()
	client, line, err := remote.Open(ctx, *fingerprint, store.TrustStore, *at)
	if err != nil {
		return err
	}
	owner, err := agency.Enter(ctx, keys, client, line, agency.Options{}, edge.Apply)
	if err != nil {
		return err
	}
	far, err := files.New(files.Options{}, flag.Args()...)
	if err != nil {
		return err
	}
	policy, err := verifier.ParsePolicy(question)
	if err != nil {
		return err
	}
	own := owner.Keys()
	v, err := verifier.New(verifier.Config{
		Identity: verifier.Identity{DID: own.DID, KeyID: own.KeyID, Key: own.Key}, Ledger: client, Policies: []*verifier.Policy{policy}, Store: store,
		Public:      publish.NewCached(far, publish.Folder("public"), publish.CacheOptions{}),
		ResponseURI: *outside + "/answer", AllowSinglePartySetupUnsafe: *unsafe, Reuse: 10 * time.Second,
	})
	if err != nil {
		return err
	}
	k := &kiosk{verifier: v, store: store}
	pages := http.NewServeMux()
	pages.Handle("GET /request", edge.Handler(k.request))
	pages.Handle("POST /answer", edge.Handler(k.answer))
	pages.Handle("GET /outcome", edge.Handler(k.outcome))
	legible.Fprintln(os.Stdout, "ready", own.DID)
	server := &http.Server{Addr: *listen, Handler: pages, ReadTimeout: time.Minute}
	return server.ListenAndServe()
}

// A kiosk has one screen, which shows one request and how it ended.
type kiosk struct {
	verifier *verifier.Verifier
	store    verifier.Store

	mu    sync.Mutex
	id    string // of the request, until an answer was accepted
	shown any
}

func (k *kiosk) request(ctx context.Context, _ []byte) ([]byte, error) {
	if err := k.store.Purge(ctx, time.Now().Add(-24*time.Hour)); err != nil {
		return nil, err
	}
	request, err := k.verifier.NewRequest(ctx, verifier.RequestOptions{})
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.id, k.shown = request.ID, nil
	return request.Object, nil
}

// answer decides. After an accepted answer the screen shows no other.
func (k *kiosk) answer(ctx context.Context, message []byte) ([]byte, error) {
	result, err := k.verifier.Verify(ctx, message)
	response, malformed := openid.ParseResponse(message)
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case malformed != nil || response.State != k.id:
	case err != nil:
		k.shown = edge.Judge(err, os.Getenv("LANG"))
	default:
		k.id, k.shown = "", result
	}
	return nil, err
}

// outcome is what the screen shows, as JSON.
func (k *kiosk) outcome(context.Context, []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return json.Marshal(k.shown)
}
