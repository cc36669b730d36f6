package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/legible/ask"
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
				names = office.KeysInUse()
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

// agencyRotate replaces keys that nobody stole.
func (a *app) agencyRotate() *cobra.Command {
	var dir string
	var proof, yes bool
	cmd := command("rotate", "", func(ctx context.Context, _ string) error {
		return a.withAgencyAndLedger(ctx, dir, func(office *folder.Agency, _ folder.Ledger) error {
			err := a.confirm(ctx, "rotate.confirm", yes)
			if err == nil {
				err = office.Rotate(ctx)
			}
			if err == nil && office.Card.Root {
				if _, err = office.Agree(ctx, nil); errors.Is(err, agency.ErrNoSay) { // others decide too
					err = a.report(map[string]any{"agreement": "needed"}, "rotate.agree")
				}
			}
			if err == nil && proof {
				err = office.ReplaceProofKey(ctx)
			}
			if err != nil {
				return err
			}
			names := office.KeysInUse()
			a.report(map[string]any{"keys": names}, "agency.rotated", "Keys", strings.Join(names, ", "))
			return office.RenewLists(ctx, a.ledger)
		})
	})
	cmd.Flags().StringVar(&dir, "agency", "agency", "folder of the agency")
	cmd.Flags().BoolVar(&proof, "proof-key", false, "the proof key too, which ends with the day")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
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
			what := struct {
				issuer.Resigned
				Finished bool `json:"finished"`
			}{done, err == nil}
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
	f, ok := ask.Terminal(a.err)
	if !ok {
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
		request, err := folder.ReadMessage(arg, a.in, openid.QRReissueRequest)
		if err != nil {
			return err
		}
		if err := folder.CheckFree(out, a.qrImage); err != nil {
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
			if err := folder.CheckFree(out, a.qrImage); err != nil {
				return err
			}
			s, err := c.Find(ctx, arg)
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
