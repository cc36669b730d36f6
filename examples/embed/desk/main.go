// Command desk is an issuing desk: it turns a table into offers, answers the
// applications of wallets, and publishes its status list.
//
// It works in the current folder. The passphrase of its vault stands in
// HUFU_PASSPHRASE. Offers are files, for the clerk to hand out. The clerk types the name of such a file to revoke what was issued for it. The
// file application goes to an agency on the ledger, which admits it (agency.Admit); the desk
// waits for that, and then prints its DID, which a root agency accredits.
package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/examples/embed/edge"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	files "github.com/hufu-id/hufu/publish/remote"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/wallet/issuer"
)

//go:embed schema.json
var schemaFile []byte

var (
	at          = flag.String("ledger", "", "address of the ledger")
	fingerprint = flag.String("fingerprint", "", "fingerprint of the ledger's trust file")
	region      = flag.String("region", "", "GB/T 2260 code for which the desk issues")
	table       = flag.String("csv", "residents.csv", "table to turn into offers")
	listen      = flag.String("listen", "127.0.0.1:8080", "address to listen on")
	first       = flag.Bool("init", false, "make the vault, at the first start")
	refresh     = flag.Duration("refresh", time.Hour, "how often the desk looks whether a status list must be signed anew")
)

// main may be killed at any time: every store outlives it.
func main() {
	flag.Parse()
	log.Fatal(legible.Escape(run(context.Background()).Error()))
}

func run(ctx context.Context) error {
	store, err := sqlitevault.Open(ctx, "vault.db", []byte(os.Getenv("HUFU_PASSPHRASE")), sqlitevault.Options{Create: *first})
	if err != nil {
		return err
	}
	defer store.Close()
	trust := func(origin string) ledger.TrustStore { return vault.NewTrustStore(store, origin) }
	client, line, err := remote.Open(ctx, *fingerprint, trust, *at)
	if err != nil {
		return err
	}
	office, err := agency.Enter(ctx, store, client, line, agency.Options{ProofKey: true}, edge.Apply)
	if err != nil {
		return err
	}
	schema, err := credential.ParseSchema(schemaFile)
	if err != nil {
		return err
	}
	desk, err := issuer.New(issuer.Config{
		Keys: issuer.Keys(office.Keys()), Types: []issuer.Type{{Schema: schema, Region: *region}}, Store: store, Ledger: line, Publisher: publish.Folder("public"),
	})
	if err == nil {
		err = importTable(ctx, desk)
	}
	if err != nil {
		return err
	}
	go keepFresh(ctx, desk)
	go obey(ctx, desk)
	pages := http.NewServeMux()
	pages.Handle("POST /apply", edge.Handler(desk.Answer))
	pages.Handle("GET /public/", http.StripPrefix("/public", files.NewHandler("public")))
	legible.Fprintln(os.Stdout, "ready", office.DID())
	return (&http.Server{Addr: *listen, Handler: pages, ReadTimeout: time.Minute}).ListenAndServe()
}

// importTable writes the offers. A row whose offer still holds gets it again.
func importTable(ctx context.Context, desk *issuer.Desk) error {
	file, err := os.Open(*table)
	if err != nil {
		return err
	}
	defer file.Close()
	offers, refused, err := desk.Import(ctx, file, issuer.ImportOptions{})
	for _, r := range refused {
		legible.Fprintf(os.Stderr, "row %d refused: %s: %s\n", r.Row, r.Claim, r.Describe(os.Getenv("LANG")))
	}
	for _, o := range offers {
		err = errors.Join(err, os.WriteFile(fmt.Sprintf("offer-%d-%03d.json", time.Now().Unix(), o.Row), o.Offer, 0o600))
	}
	return err
}

// keepFresh signs status lists in time. The ledger takes them once the desk is accredited.
func keepFresh(ctx context.Context, desk *issuer.Desk) {
	for {
		wait, err := *refresh, desk.Renew(ctx)
		if err != nil {
			legible.Fprintln(os.Stderr, verdict.Describe(err, os.Getenv("LANG")))
			wait = min(wait, time.Minute)
		}
		time.Sleep(wait)
	}
}

// obey reads names of offers to revoke from the clerk.
func obey(ctx context.Context, desk *issuer.Desk) {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		said := "revoked"
		if err := revoke(ctx, desk, lines.Text()); err != nil {
			said = verdict.Describe(err, os.Getenv("LANG"))
		}
		legible.Fprintln(os.Stdout, said, lines.Text())
	}
}

func revoke(ctx context.Context, desk *issuer.Desk, name string) error {
	b, missing := os.ReadFile(name)
	offer, err := openid.ParseCredentialOffer(b)
	if err := errors.Join(missing, err); err != nil {
		return err
	}
	return desk.Revoke(ctx, offer.Code())
}
