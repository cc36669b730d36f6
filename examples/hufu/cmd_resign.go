package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// agencyCompromised says that keys were stolen: those in use, or one by its name.
func (a *app) agencyCompromised() *cobra.Command {
	var dir, key string
	var since time.Duration
	var yes bool
	cmd := command("compromised", "", func(ctx context.Context, _ string) error {
		return a.withAgencyAndLedger(ctx, dir, func(office *folder.Agency, _ folder.Ledger) error {
			if err := a.confirm(ctx, "compromised.confirm", yes); err != nil {
				return err
			}
			names := []string{key}
			if key == "" {
				names = keysInUse(office)
			}
			for _, name := range names {
				if err := office.MarkCompromised(ctx, name, a.clock().Add(-since)); err != nil {
					return err
				}
			}
			return a.report(map[string]any{"compromised": names}, "agency.compromised", "Keys", strings.Join(names, ", "))
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&dir, "agency", "agency", "folder of the agency")
	flags.StringVar(&key, "key", "", "one key by its name on the ledger, such as sig-1 or zk-1 (default: the keys in use)")
	flags.DurationVar(&since, "since", 0, "how long ago somebody else may have had it first")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// keysInUse are the names of an agency's signature key and of its proof key.
func keysInUse(office *folder.Agency) (names []string) {
	keys := office.Keys()
	_, name, _ := strings.Cut(keys.KeyID, "#")
	names = append(names, name)
	if keys.Proof == nil {
		return names
	}
	for _, k := range office.Object().Keys {
		if k.Purpose == ledger.PurposeProof && string(k.Public) == string(keys.Proof.ProofKey().Bytes()) {
			names = append(names, k.ID)
		}
	}
	return names
}

// agencyResign signs an office's credentials anew under its keys of today.
func (a *app) agencyResign() *cobra.Command {
	var d deskOptions
	opts := issuer.ResignOptions{}
	cmd := command("resign", "", func(ctx context.Context, _ string) error {
		return a.withDesk(ctx, d, func(desk *issuer.Desk, _ string) error {
			opts.Progress = a.resignProgress()
			opts.Left = func(c issuer.Credential, why error) {
				a.report(map[string]any{"list": c.Status.URI, "entry": c.Status.Index, "externalId": c.ExternalID, "reason": a.sentence(why)},
					"resign.left", "List", c.Status.URI, "Entry", c.Status.Index, "External", c.ExternalID, "Why", a.sentence(why))
			}
			done, err := desk.Resign(ctx, opts)
			what := map[string]any{
				"of": done.Of, "seen": done.Seen, "signed": done.Signed, "good": done.Good, "ended": done.Ended, "left": done.Left, "finished": err == nil,
			}
			id := "resign.done"
			if err != nil {
				id = "resign.stopped"
			}
			a.report(what, id, "Of", done.Of, "Seen", done.Seen, "Signed", done.Signed, "Good", done.Good, "Ended", done.Ended, "Left", done.Left)
			return err
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&d.dir, "agency", "agency", "folder of the issuing agency")
	flags.BoolVar(&opts.Retired, "retired", false, "also what keys signed that ended in good standing")
	return cmd
}

// resignProgress shows how far it is: a bar on a terminal, else a line for each
// thousand.
func (a *app) resignProgress() func(issuer.Resigned) {
	f, ok := a.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		said := 0
		return func(r issuer.Resigned) {
			if r.Seen/1000 > said {
				said = r.Seen / 1000
				fmt.Fprintln(a.err, a.words.text("resign.progress", "Seen", r.Seen, "Of", r.Of, "Signed", r.Signed))
			}
		}
	}
	var bar *progressbar.ProgressBar
	return func(r issuer.Resigned) {
		if bar == nil {
			bar = progressbar.NewOptions(r.Of, progressbar.OptionSetWriter(f), progressbar.OptionShowCount(),
				progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
		}
		_ = bar.Set(r.Seen) // a bar that does not draw hurts nobody
	}
}

// agencyReissue answers a wallet that asks for its credential anew.
func (a *app) agencyReissue() *cobra.Command {
	var out string
	var d deskOptions
	cmd := command("reissue REQUEST", "one request: a file, QR text or -", func(ctx context.Context, arg string) error {
		request, err := a.readMessage(arg, openid.QRReissueRequest)
		if err != nil {
			return err
		}
		if err := a.checkOutputs(out); err != nil {
			return err
		}
		return a.withDesk(ctx, d, func(desk *issuer.Desk, _ string) error {
			response, err := desk.Reissue(ctx, request)
			if err != nil {
				return err
			}
			return a.sent(out, openid.QRCredentialResponse, response, "issue.answered")
		})
	})
	outFlag(cmd, &out, "reissued.json")
	flags := cmd.Flags()
	flags.StringVar(&d.dir, "agency", "agency", "folder of the issuing agency")
	return cmd
}

// walletReissue asks for a credential anew.
func (a *app) walletReissue(dir *string) *cobra.Command {
	var out string
	cmd := command("reissue CREDENTIAL", "one credential's id, or the beginning of it", func(ctx context.Context, arg string) error {
		return a.withWallet(ctx, *dir, false, func(c *folder.Wallet) error {
			if err := a.checkOutputs(out); err != nil {
				return err
			}
			s, err := credentialOf(ctx, c, arg)
			if err != nil {
				return err
			}
			request, err := c.RequestReissue(ctx, s.ID)
			if err != nil {
				return err
			}
			return a.sent(out, openid.QRReissueRequest, request, "wallet.reissue")
		})
	})
	outFlag(cmd, &out, "reissue.jwt")
	return cmd
}
