package main

import (
	"context"

	"github.com/spf13/cobra"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
)

func (a *app) agencyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "agency",
		Short: "Make an agency, accredit others, publish a credential type",
		Example: "  hufu agency init --agency office --name \"Residents' office\"\n" +
			"  hufu agency accredit --agency root --to office --type urn:hufu:credential:resident:1 --region 110101",
	}
	cmd.AddCommand(a.agencyInit(), a.agencySchema(),
		a.agencyState("accredit", "Accredit an agency to issue, to ask, or to accredit others", ledger.StateActive),
		a.agencyState("suspend", "Suspend an accreditation; accredit restores it", ledger.StateSuspended),
		a.agencyState("end", "End an accreditation for good", ledger.StateEnded))
	return group(cmd)
}

func (a *app) agencyInit() *cobra.Command {
	var dir, name string
	var root bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make an agency's keys and DID, and put the DID on the ledger",
		Long: "Makes a folder with agency.json (public) and vault.db (keys, encrypted under the\n" +
			"passphrase). With --root the DID waits for `hufu ledger init`.",
		Example: "  hufu agency init --root --agency root --name \"Root agency\"\n" +
			"  hufu agency init --agency office --name \"Residents' office\"",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			agency, err := a.makeAgency(cmd.Context(), dir, name, root)
			if err != nil {
				return err
			}
			defer agency.Close()
			a.report(map[string]any{"agency": dir, "did": agency.card.DID}, "agency.made", "Dir", dir, "DID", agency.card.DID)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "agency", "agency", "folder of the agency")
	cmd.Flags().StringVar(&name, "name", "Agency", "the agency's name, for people")
	cmd.Flags().BoolVar(&root, "root", false, "the root agency of a new ledger")
	return cmd
}

func (a *app) makeAgency(ctx context.Context, dir, name string, root bool) (*agency, error) {
	if root {
		passphrase, err := a.passphrase(true)
		if err != nil {
			return nil, err
		}
		return newRoot(ctx, dir, name, passphrase, a.clock)
	}
	log, err := openLedger(ctx, a.ledger, a.clock) // before any folder is made
	if err != nil {
		return nil, err
	}
	defer log.Close()
	passphrase, err := a.passphrase(true)
	if err != nil {
		return nil, err
	}
	return newAgency(ctx, dir, name, passphrase, log, a.clock)
}

func (a *app) agencySchema() *cobra.Command {
	var dir, file string
	cmd := &cobra.Command{
		Use:     "schema",
		Short:   "Publish a credential type: its schema's hash goes on the ledger",
		Example: "  hufu agency schema --agency root --schema resident.schema.json",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, _, err := a.schemaFile(file)
			if err != nil {
				return err
			}
			return a.withAgencyAndLedger(cmd.Context(), dir, func(ctx context.Context, agency *agency, _ ledgerLog) error {
				schema, err := publishSchema(ctx, agency, a.public(), b)
				if err != nil {
					return err
				}
				a.report(map[string]any{"schema": schema.ID, "version": schema.Version, "vct": schema.VCT},
					"schema.published", "ID", schema.ID, "Version", schema.Version, "VCT", schema.VCT)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&dir, "agency", "root", "folder of the agency that owns the schema")
	cmd.Flags().StringVar(&file, "schema", "", "schema file (default: the resident credential that ships with hufu)")
	return cmd
}

// schemaFile reads a schema, or takes the one that ships with hufu.
func (a *app) schemaFile(name string) ([]byte, *credential.Schema, error) {
	b := sample("resident.schema.json")
	if name != "" {
		var err error
		if b, err = a.readFile(name, documentLimit); err != nil {
			return nil, nil, err
		}
	}
	schema, err := credential.ParseSchema(b)
	if err != nil {
		return nil, nil, &inputError{id: "input.schema", name: name, err: err}
	}
	return b, schema, nil
}

func (a *app) agencyState(verb, short, state string) *cobra.Command {
	var dir, to string
	var grant hufuagency.Grant
	days := 0
	cmd := &cobra.Command{
		Use:   verb,
		Short: short,
		Example: "  hufu agency " + verb + " --agency root --to office --action issue \\\n" +
			"    --type urn:hufu:credential:resident:1 --region 110101",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if grant.To, err = cardOf(to); err != nil {
				return err
			}
			return a.withAgencyAndLedger(cmd.Context(), dir, func(ctx context.Context, agency *agency, _ ledgerLog) error {
				if err := agency.bring(ctx, grant, state, days, a.clock()); err != nil {
					return err
				}
				a.report(map[string]any{"agency": grant.To, "action": grant.Action, "region": grant.Region, "type": grant.Type, "state": state},
					"agency."+state, "DID", grant.To, "Action", a.words.text("action."+grant.Action), "Region", grant.Region, "Type", grant.Type)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "agency", "root", "folder of the accreditor")
	flags.StringVar(&to, "to", "", "folder or DID of the agency concerned")
	flags.StringVar(&grant.Action, "action", ledger.ActionIssue, "issue, verify or accredit")
	flags.StringVar(&grant.Type, "type", "urn:hufu:credential:resident:1", "credential type (vct)")
	flags.StringVar(&grant.Region, "region", "110101", "GB/T 2260 code of the region")
	if state == ledger.StateActive {
		flags.IntVar(&days, "days", 365, "days until it ends; 0 for no end")
	}
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

func (a *app) public() publish.Folder { return publicOf(a.ledger) }

func (a *app) withAgencyAndLedger(ctx context.Context, dir string, use func(context.Context, *agency, ledgerLog) error) error {
	log, err := openLedger(ctx, a.ledger, a.clock)
	if err != nil {
		return err
	}
	defer log.Close()
	return a.withAgency(ctx, dir, log, func(ctx context.Context, agency *agency) error { return use(ctx, agency, log) })
}
