package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet/issuer"
)

func (a *app) issueCommand() *cobra.Command {
	var dir, table, application, out, schema, region, encoding string
	var replace, rebind bool
	cmd := command("issue", "", func(ctx context.Context, _ string) error {
		if (table == "") == (application == "") {
			return usageError{errors.New(a.words.text("issue.one-of"))}
		}
		if table != "" && a.qrImage != "" && strings.TrimSuffix(a.qrImage, filepath.Ext(a.qrImage)) != offerImage {
			return usageError{errors.New(a.words.text("issue.image"))}
		}
		return a.withDesk(ctx, dir, schema, region, func(desk *issuer.Desk) error {
			if table != "" {
				opts := issuer.ImportOptions{Encoding: issuer.Encoding(encoding), Replaces: replace, Rebind: rebind}
				return a.importTable(ctx, desk, table, cmp.Or(out, "offers"), opts)
			}
			return a.answerApplication(ctx, desk, application, cmp.Or(out, "response.json"))
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&dir, "agency", "agency", "folder of the issuing agency")
	flags.StringVar(&table, "csv", "", "table of residents; its header names the schema's claims")
	flags.StringVar(&application, "application", "", "application from a wallet: file, QR text or -")
	flags.StringVar(&out, "out", "", "folder for offers (default: offers), or file for the response (default: response.json; - for standard output)")
	flags.StringVar(&schema, "schema", "", "schema file (default: the resident credential that ships with hufu)")
	flags.StringVar(&region, "region", "110101", "GB/T 2260 code the agency is accredited for")
	flags.StringVar(&encoding, "encoding", "", "of the table: utf-8, gb18030 or utf-16 (default: utf-8, and ask where it looks like another)")
	flags.BoolVar(&replace, "replace", false, "new credentials for people who hold one: the old one is revoked when the new one is taken up")
	flags.BoolVar(&rebind, "rebind", false, "people whose wallet and backup are lost, each of whom you have identified again: a new wallet is bound, and the ledger logs it")
	return cmd
}

// statusDays is how long a signed status list holds.
const statusDays = 7

func (a *app) withDesk(ctx context.Context, dir, schemaName, region string, use func(*issuer.Desk) error) error {
	_, schema, err := a.schemaFile(schemaName)
	if err != nil {
		return err
	}
	return a.withAgencyAndLedger(ctx, dir, func(office *folder.Agency, log folder.Ledger) error {
		desk, err := issuer.New(issuer.Config{
			Keys: issuer.Keys(office.Keys()), Types: []issuer.Type{{Schema: schema, Region: region}},
			Store: office.Vault, Ledger: log, Publisher: a.public(), Clock: a.clock, StatusDays: statusDays,
		})
		if err != nil {
			return err
		}
		return use(desk)
	})
}

func (a *app) importTable(ctx context.Context, desk *issuer.Desk, table, out string, opts issuer.ImportOptions) error {
	b, err := a.readFile(table, tableLimit)
	if err != nil {
		return err
	}
	if err := checkOffersFolder(out); err != nil {
		return err
	}
	offers, refused, err := desk.Import(ctx, bytes.NewReader(b), opts)
	if err != nil || len(offers) == 0 {
		_ = os.Remove(out) // goes only where it is empty
	}
	if err != nil {
		return err
	}
	for _, o := range offers {
		name := filepath.Join(out, fmt.Sprintf("offer-%03d.json", o.Row))
		if err := a.writeMessage(name, openid.QROffer, o.Offer); err != nil {
			return err
		}
	}
	a.reportRows(len(offers), refused, out)
	if err := a.drawOffers(offers, out); err != nil {
		return err
	}
	if len(offers) == 0 {
		return errNoRows
	}
	return desk.Renew(ctx) // so that an office that may not issue learns it here
}

// drawOffers comes after every offer is written.
func (a *app) drawOffers(offers []issuer.Offer, out string) error {
	if a.qrImage == "" {
		return nil
	}
	for _, o := range offers {
		name := filepath.Join(out, fmt.Sprintf("offer-%03d%s", o.Row, filepath.Ext(a.qrImage)))
		if err := a.drawFile(openid.QRText(openid.QROffer, o.Offer), name); err != nil {
			return err
		}
	}
	return nil
}

// checkOffersFolder makes the folder for offers and refuses one that holds some.
func checkOffersFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &inputError{id: "output.unwritable", name: dir, err: err}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &inputError{id: "output.unwritable", name: dir, err: err}
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "offer-") {
			return &inputError{id: "output.exists", name: filepath.Join(dir, e.Name())}
		}
	}
	return checkOutput(filepath.Join(dir, "offer-000.json"))
}

// errNoRows makes a table without one right row a refusal.
var errNoRows = errors.New("no row was accepted")

func (a *app) reportRows(accepted int, refused []issuer.RowError, out string) {
	if a.json {
		rows := make([]map[string]any, 0, len(refused))
		for _, r := range refused {
			rows = append(rows, map[string]any{"row": r.Row, "claim": r.Claim, "reason": r.Reason})
		}
		a.print(map[string]any{"accepted": accepted, "refused": rows, "offers": out})
		return
	}
	a.say("issue.imported", "Accepted", accepted, "Refused", len(refused), "Out", out)
	a.sayRows(refused)
}

func (a *app) sayRows(refused []issuer.RowError) {
	for _, r := range refused {
		a.say("issue.row", "Row", r.Row, "Claim", r.Claim, "Reason", r.Describe(a.lang))
	}
}

func (a *app) answerApplication(ctx context.Context, desk *issuer.Desk, application, out string) error {
	b, err := a.readMessage(application, openid.QRCredentialRequest)
	if err != nil {
		return err
	}
	if err := a.checkOutputs(out); err != nil {
		return err
	}
	response, err := desk.Answer(ctx, b)
	if err != nil {
		return err
	}
	if err := a.writeMessage(out, openid.QRCredentialResponse, response); err != nil {
		return err
	}
	if out != "-" {
		a.report(map[string]any{"response": out}, "issue.answered", "Out", out)
	}
	return a.draw(openid.QRText(openid.QRCredentialResponse, response))
}

func (a *app) revokeCommand() *cobra.Command {
	var dir, offer, schema, region string
	var yes bool
	cmd := command("revoke", "", func(ctx context.Context, _ string) error {
		b, err := a.readMessage(offer, openid.QROffer)
		if err != nil {
			return err
		}
		parsed, err := openid.ParseCredentialOffer(b)
		if err == nil && (parsed.Grants == nil || parsed.Grants.PreAuthorized == nil) {
			err = openid.ErrOffer
		}
		if err != nil {
			return &inputError{id: "input.malformed", name: offer, err: err}
		}
		if err := a.confirm("revoke.confirm", yes); err != nil {
			return err
		}
		return a.withDesk(ctx, dir, schema, region, func(desk *issuer.Desk) error {
			if err := desk.Revoke(ctx, parsed.Grants.PreAuthorized.Code); err != nil {
				return err
			}
			// The desk's lists hold seven days, which nobody can shorten afterwards.
			end := a.clock().AddDate(0, 0, statusDays).Format(time.DateTime)
			return a.report(map[string]any{"revoked": offer, "listsUntil": end}, "revoke.done", "End", end)
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&dir, "agency", "agency", "folder of the issuing agency")
	flags.StringVar(&offer, "offer", "", "the offer under which the credential was issued")
	flags.StringVar(&schema, "schema", "", "schema file (default: the resident credential that ships with hufu)")
	flags.StringVar(&region, "region", "110101", "GB/T 2260 code the agency is accredited for")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	_ = cmd.MarkFlagRequired("offer")
	return cmd
}
