// Command wallet is a citizen's wallet at a terminal.
//
// It works in the current folder. Its arguments are the addresses of public files, the
// ledger's first. The passphrase of its vault stands in
// HUFU_PASSPHRASE. As long as it is open it keeps proofs prepared, and reads commands,
// one a line:
//
//	take ‹desk› ‹offer›   take up the offer in a file, at the address of a desk
//	answer ‹request›      read the request in a file, choose, and send the answer
package main

import (
	"bufio"
	"context"
	"flag"
	"os"
	"strconv"
	"strings"

	"github.com/hufu-id/hufu/examples/embed/edge"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/publish"
	files "github.com/hufu-id/hufu/publish/remote"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp/prover"
)

var (
	at          = flag.String("ledger", "", "address of the ledger")
	fingerprint = flag.String("fingerprint", "", "fingerprint of the ledger's trust file")
	keys        = flag.String("keys", "", "folder of proving keys")
	first       = flag.Bool("init", false, "make the vault, at the first start")
)

// say puts an error in the words of the library.
func say(err error) string { return verdict.Describe(err, os.Getenv("LANG")) }

// main may be killed at any time: the vault outlives it.
func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		legible.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	store, err := sqlitevault.Open(ctx, "vault.db", []byte(os.Getenv("HUFU_PASSPHRASE")), sqlitevault.Options{Create: *first})
	if err != nil {
		return err
	}
	defer store.Close()
	w, err := openWallet(ctx, store)
	if err != nil {
		return err
	}
	go w.KeepPrepared(ctx, 2, func(made int, err error) {
		if err != nil {
			legible.Fprintln(os.Stdout, "!", say(err))
			return
		}
		legible.Fprintln(os.Stdout, "prepared", made)
	})
	legible.Fprintln(os.Stdout, "ready")
	return obey(ctx, w, bufio.NewScanner(os.Stdin))
}

func openWallet(ctx context.Context, store vault.Store) (*wallet.Wallet, error) {
	trust := func(origin string) ledger.TrustStore { return vault.NewTrustStore(store, origin) }
	client, line, err := remote.Open(ctx, *fingerprint, trust, *at)
	if err != nil {
		return nil, err
	}
	server, err := files.New(files.Options{}, flag.Args()...)
	if err != nil {
		return nil, err
	}
	proofs, err := prover.Open(*keys)
	if err != nil {
		return nil, err
	}
	return wallet.New(wallet.Config{
		Store: store, Keys: vault.NewSoftwareKeys(store), Ledger: client, Sets: line, Prover: proofs,
		Public: publish.NewCached(server, publish.Folder("public"), publish.CacheOptions{}),
	})
}

// obey carries out commands until there are no more.
func obey(ctx context.Context, w *wallet.Wallet, lines *bufio.Scanner) error {
	for lines.Scan() {
		words, err := strings.Fields(lines.Text()), error(nil)
		switch {
		case len(words) == 3 && words[0] == "take":
			err = take(ctx, w, words[1], words[2])
		case len(words) == 2 && words[0] == "answer":
			err = answer(ctx, w, words[1], lines)
		default:
			legible.Fprintln(os.Stdout, "! take DESK OFFER, or answer REQUEST")
		}
		if err != nil {
			legible.Fprintln(os.Stdout, "!", say(err))
		}
	}
	return lines.Err()
}

// take applies for what a desk offers and keeps it.
func take(ctx context.Context, w *wallet.Wallet, desk, name string) error {
	offer, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	application, err := w.Apply(ctx, offer, wallet.ApplyOptions{})
	if err != nil {
		return err
	}
	response, err := edge.Post(ctx, desk+"/apply", application)
	if err != nil {
		return err
	}
	stored, err := w.Receive(ctx, response)
	if err != nil {
		return err
	}
	legible.Fprintln(os.Stdout, "received", stored.Type, "until", stored.Expires.Format("2006-01-02"))
	return nil
}

// answer shows who asks for what, and sends what the citizen chooses.
func answer(ctx context.Context, w *wallet.Wallet, name string, lines *bufio.Scanner) error {
	request, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	ask, err := w.ResolveRequest(ctx, request)
	if err != nil {
		return err
	}
	show(ask)
	if !lines.Scan() {
		return lines.Err()
	}
	choice, err := strconv.Atoi(strings.TrimSpace(lines.Text()))
	if err != nil || choice < 0 || choice >= len(ask.Choices) {
		legible.Fprintln(os.Stdout, "nothing was sent")
		return nil
	}
	presented, err := w.Present(ctx, ask, wallet.Consent{Choice: choice})
	if err != nil {
		return err
	}
	if _, err := edge.Post(ctx, ask.ResponseURI, presented.Response); err != nil {
		return err
	}
	legible.Fprintln(os.Stdout, "accepted")
	return nil
}

func show(ask *wallet.Request) {
	legible.Fprintln(os.Stdout, ask.Requester, "asks")
	if p := ask.Purpose; p != nil {
		legible.Fprintf(os.Stdout, "to: %s (%s), kept for %s\n", p.Text.EN, p.Basis.EN, p.Retention)
	}
	for i, choice := range ask.Choices {
		legible.Fprintln(os.Stdout, i, choice.Format)
		for _, part := range choice.Parts {
			for _, s := range part.Proves {
				legible.Fprintln(os.Stdout, "  proves", s.English)
			}
			for _, l := range part.Reveals {
				legible.Fprintln(os.Stdout, "  shows", l.English)
			}
		}
		if choice.Accreditation != nil {
			legible.Fprintln(os.Stdout, " ", say(choice.Accreditation))
		}
	}
	legible.Fprintln(os.Stdout, "choose a number, or no")
}
