package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet/issuer"
)

func (a *app) issueCommand() *cobra.Command {
	var table, application, out, encoding string
	var d deskOptions
	var replace, rebind, yes bool
	cmd := command("issue", "", func(ctx context.Context, _ string) error {
		if (table == "") == (application == "") {
			return usageError{errors.New(a.words.text("issue.one-of"))}
		}
		if table != "" && a.qrImage != "" && strings.TrimSuffix(a.qrImage, filepath.Ext(a.qrImage)) != offerImage {
			return usageError{errors.New(a.words.text("issue.image"))}
		}
		if rebind {
			if err := a.confirm(ctx, "issue.rebind", yes); err != nil {
				return err
			}
		}
		return a.withDesk(ctx, d, func(desk *issuer.Desk, typ string) error {
			if table != "" && typ == "" {
				return usageError{errors.New(a.words.text("issue.which-type"))}
			}
			if table != "" {
				opts := issuer.ImportOptions{Type: typ, Encoding: issuer.Encoding(encoding), Replaces: replace, Rebind: rebind}
				return a.importTable(ctx, desk, table, cmp.Or(out, "offers"), opts)
			}
			return a.answerApplication(ctx, desk, application, cmp.Or(out, "response.json"))
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&d.dir, "agency", "agency", "folder of the issuing agency")
	flags.StringVar(&table, "csv", "", "table of people; its header names the schema's claims")
	flags.StringVar(&application, "application", "", "application from a wallet: file, QR text or -")
	flags.StringVar(&out, "out", "", "folder for offers (default: offers), or file for the response (default: response.json; - for standard output)")
	flags.StringVar(&d.schema, "schema", "", "schema file of the table's type (default: the desk's only one, at first the resident credential that ships with hufu)")
	flags.StringVar(&d.region, "region", demoRegion, "GB/T 2260 code the agency is accredited for")
	flags.StringVar(&encoding, "encoding", "", "of the table: utf-8, gb18030 or utf-16 (default: utf-8, and ask where it looks like another)")
	flags.BoolVar(&replace, "replace", false, "new credentials for people who hold one: the old one is revoked when the new one is taken up")
	flags.BoolVar(&rebind, "rebind", false, "bind a new wallet for the one person of the table, whose earlier wallet is lost; the ledger logs it")
	flags.BoolVar(&yes, "yes", false, "bind anew without being asked")
	flags.BoolVar(&d.unsafe, "allow-single-party-unsafe", false, "accept development keys of the circuits in a proof of identity")
	return cmd
}

// statusDays is how long a signed status list holds.
const statusDays = 7

// deskOptions say whose desk is opened. A schema is made one of the desk's types.
type deskOptions struct {
	dir, schema, region string
	unsafe              bool
}

// withDesk opens an issuing desk for the length of a function. typ is the type that a
// table is for: the schema's, or the desk's only one. A desk begins with the resident
// credential that ships with hufu.
func (a *app) withDesk(ctx context.Context, d deskOptions, use func(desk *issuer.Desk, typ string) error) error {
	return a.withAgencyAndLedger(ctx, d.dir, func(office *folder.Agency, _ folder.Ledger) error {
		types, err := office.Types(ctx)
		if err != nil {
			return err
		}
		typ := ""
		if len(types) == 1 {
			typ = types[0].ID()
		}
		if d.schema != "" || len(types) == 0 {
			_, schema, err := a.schemaFile(d.schema)
			if err != nil {
				return err
			}
			t := issuer.Type{Schema: schema, Region: cmp.Or(d.region, demoRegion)}
			if typ = t.ID(); d.region == "" {
				types = []issuer.Type{t} // nothing was issued yet
			} else if err := office.KeepType(ctx, t); err != nil {
				return err
			} else {
				types = nil // those that are kept
			}
		}
		desk, err := office.Desk(ctx, a.ledger, issuer.Config{Types: types, StatusDays: statusDays, AllowSinglePartySetupUnsafe: d.unsafe})
		if err != nil {
			return err
		}
		return use(desk, typ)
	})
}

func (a *app) importTable(ctx context.Context, desk *issuer.Desk, table, out string, opts issuer.ImportOptions) error {
	b, err := folder.ReadFile(table, a.in, tableLimit)
	if err != nil {
		return err
	}
	into, err := folder.NewOffers(out)
	if err != nil {
		return err
	}
	defer into.RemoveEmpty()
	offers, refused, err := desk.Import(ctx, bytes.NewReader(b), opts)
	if err != nil {
		return err
	}
	for _, o := range offers {
		text, err := a.messageText(openid.QROffer, o.Offer)
		if err == nil {
			err = into.Write(o.Row, ".json", append(text, '\n'))
		}
		if err != nil {
			return err
		}
	}
	a.reportRows(len(offers), refused, out)
	if err := a.drawOffers(offers, into); err != nil {
		return err
	}
	if len(offers) == 0 {
		return errNoRows
	}
	return desk.Renew(ctx) // so that an office that may not issue learns it here
}

// drawOffers comes after every offer is written.
func (a *app) drawOffers(offers []issuer.Offer, into folder.Offers) error {
	if a.qrImage == "" {
		return nil
	}
	ext := filepath.Ext(a.qrImage)
	for _, o := range offers {
		code, err := a.encode(openid.QRText(openid.QROffer, o.Offer))
		if err == nil {
			err = into.Write(o.Row, ext, code.Picture(ext))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errNoRows makes a table without one right row a refusal.
var errNoRows = errors.New("no row was accepted")

func (a *app) reportRows(accepted int, refused []issuer.RowError, out string) {
	if a.json {
		a.print(map[string]any{"accepted": accepted, "refused": append([]issuer.RowError{}, refused...), "offers": out})
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
	b, err := folder.ReadMessage(application, a.in, openid.QRCredentialRequest)
	if err != nil {
		return err
	}
	if err := folder.CheckFree(out, a.qrImage); err != nil {
		return err
	}
	response, err := desk.Answer(ctx, b)
	if err != nil {
		return err
	}
	return a.sent(out, openid.QRCredentialResponse, response, "issue.answered")
}

func (a *app) revokeCommand() *cobra.Command {
	var d deskOptions
	var offer string
	var yes bool
	cmd := command("revoke", "", func(ctx context.Context, _ string) error {
		b, err := folder.ReadMessage(offer, a.in, openid.QROffer)
		if err != nil {
			return err
		}
		parsed, err := openid.ParseCredentialOffer(b)
		if err == nil && parsed.Code() == "" {
			err = openid.ErrOffer
		}
		if err != nil {
			return &inputError{id: "input.malformed", name: offer, err: err}
		}
		if err := a.confirm(ctx, "revoke.confirm", yes); err != nil {
			return err
		}
		return a.withDesk(ctx, d, func(desk *issuer.Desk, _ string) error {
			if err := desk.Revoke(ctx, parsed.Code()); err != nil {
				return err
			}
			// The desk's lists hold seven days, which nobody can shorten afterwards.
			end := a.clock().AddDate(0, 0, statusDays).Format(time.DateTime)
			return a.report(map[string]any{"revoked": offer, "listsUntil": end}, "revoke.done", "End", end)
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&d.dir, "agency", "agency", "folder of the issuing agency")
	flags.StringVar(&offer, "offer", "", "the offer under which the credential was issued")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	_ = cmd.MarkFlagRequired("offer")
	return cmd
}
