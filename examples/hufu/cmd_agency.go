package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
)

func (a *app) agencyCommand() *cobra.Command {
	return group("agency", a.agencyInit(), a.agencyAdmit(), a.agencySchema(), a.agencyRecover(), a.agencyRotate(), a.agencyCompromised(), a.agencyResign(), a.agencyReissue(),
		a.agencyState("accredit", ledger.StateActive, (*hufuagency.Agency).Accredit),
		a.agencyState("suspend", ledger.StateSuspended, (*hufuagency.Agency).Suspend),
		a.agencyState("end", ledger.StateEnded, (*hufuagency.Agency).End),
		a.agencyState("revoke", ledger.StateRevoked, (*hufuagency.Agency).Revoke))
}

func (a *app) agencyInit() *cobra.Command {
	var dir string
	var subject ledger.Subject
	var root bool
	cmd := command("init", "", func(ctx context.Context, _ string) error {
		office, err := a.makeAgency(ctx, dir, subject, root)
		if err != nil {
			return err
		}
		defer office.Close()
		if root {
			return a.report(map[string]any{"agency": dir, "did": ""}, "agency.made", "Dir", dir)
		}
		return a.reportApplication("agency.applies", dir, office)
	})
	cmd.Flags().StringVar(&dir, "agency", "agency", "folder of the agency")
	subjectFlags(cmd, &subject, "Agency")
	cmd.Flags().BoolVar(&root, "root", false, "the root agency of a new ledger")
	return cmd
}

// reportApplication says what to do with the application of a new agency or counter.
func (a *app) reportApplication(id, dir string, office *folder.Agency) error {
	what, _, _ := strings.Cut(id, ".")
	file := filepath.Join(dir, folder.ApplicationName)
	return a.report(map[string]any{what: dir, "did": office.Card.DID, "application": file}, id, "Dir", dir, "DID", office.Card.DID, "File", file)
}

// agencyAdmit lets a newcomer onto the ledger.
func (a *app) agencyAdmit() *cobra.Command {
	var dir string
	cmd := command("admit", "FILE", func(ctx context.Context, name string) error {
		application, err := a.readApplication(name)
		if err != nil {
			return err
		}
		return a.withAgencyAndLedger(ctx, dir, func(office *folder.Agency, _ folder.Ledger) error {
			did, err := office.Admit(ctx, application)
			if err != nil {
				return err
			}
			return a.report(map[string]any{"admitted": did}, "agency.admitted", "DID", did)
		})
	})
	cmd.Flags().StringVar(&dir, "agency", "root", "folder of the agency that admits")
	return cmd
}

// readApplication reads the file with which a newcomer asks to be let onto the ledger.
func (a *app) readApplication(name string) (*ledger.SignedOperation, error) {
	b, err := folder.ReadFile(name, a.in, documentLimit)
	if err != nil {
		return nil, err
	}
	application, err := ledger.ParseSignedOperation(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", hufuagency.ErrApplication, err)
	}
	return application, nil
}

// admit lets the newcomer of a folder onto the ledger.
func (a *app) admit(ctx context.Context, by *hufuagency.Agency, dir string) error {
	application, err := a.readApplication(filepath.Join(dir, folder.ApplicationName))
	if err == nil {
		_, err = by.Admit(ctx, application)
	}
	return err
}

// subjectFlags read who an agency is.
func subjectFlags(cmd *cobra.Command, s *ledger.Subject, english string) {
	cmd.Flags().StringVar(&s.Name.English, "name", english, "the agency's English name")
	cmd.Flags().StringVar(&s.Name.Chinese, "name-zh", "", "the agency's Chinese name")
	cmd.Flags().StringVar(&s.Code, "code", "", "its unified social credit code (GB 32100)")
	cmd.Flags().StringVar(&s.Contact, "contact", "", "how to reach it: telephone, URL or both")
}

func (a *app) makeAgency(ctx context.Context, dir string, subject ledger.Subject, root bool) (made *folder.Agency, err error) {
	var log folder.Ledger // none for a root agency
	if !root {
		if log, err = folder.OpenLedger(ctx, a.ledger, a.folders()); err != nil { // before any folder is made
			return nil, err
		}
		defer log.Close()
	}
	passphrase, err := a.passphrase(true)
	if err != nil {
		return nil, err
	}
	return folder.NewAgency(ctx, dir, subject, passphrase, log, a.folders())
}

func (a *app) agencySchema() *cobra.Command {
	var dir, file string
	cmd := command("schema", "", func(ctx context.Context, _ string) error {
		b, _, err := a.schemaFile(file)
		if err != nil {
			return err
		}
		return a.withAgencyAndLedger(ctx, dir, func(office *folder.Agency, _ folder.Ledger) error {
			schema, err := office.PublishType(ctx, a.ledger, b)
			if err != nil {
				return err
			}
			return a.report(map[string]any{"schema": schema.ID, "version": schema.Version, "vct": schema.VCT},
				"schema.published", "ID", schema.ID, "Version", schema.Version, "VCT", schema.VCT)
		})
	})
	cmd.Flags().StringVar(&dir, "agency", "root", "folder of the agency that owns the schema")
	cmd.Flags().StringVar(&file, "schema", "", "schema file (default: the resident credential that ships with hufu)")
	return cmd
}

// schemaFile reads a schema, or takes the one that ships with hufu.
func (a *app) schemaFile(name string) ([]byte, *credential.Schema, error) {
	b := sample("resident.schema.json")
	if name != "" {
		var err error
		if b, err = folder.ReadFile(name, a.in, documentLimit); err != nil {
			return nil, nil, err
		}
	}
	schema, err := credential.ParseSchema(b)
	if err != nil {
		return nil, nil, &inputError{id: "input.schema", name: name, err: err}
	}
	return b, schema, nil
}

// agencyState brings an accreditation into a state.
func (a *app) agencyState(verb, state string, bring func(*hufuagency.Agency, context.Context, hufuagency.Grant) error) *cobra.Command {
	var dir, to string
	var grant hufuagency.Grant
	days, covering := 0, 0
	cmd := command(verb, "", func(ctx context.Context, _ string) error {
		card, err := folder.FindCard(to)
		if err != nil {
			return err
		}
		grant.To, grant.Subject = card.DID, card.Fill(grant.Subject)
		return a.withAgencyAndLedger(ctx, dir, func(office *folder.Agency, _ folder.Ledger) error {
			if days > 0 {
				grant.Until = a.clock().AddDate(0, 0, days)
			}
			if covering > 0 {
				today, err := zkp.Today(a.clock())
				if err != nil {
					return err
				}
				grant.From = (today - zkp.Day(covering)).Start()
			}
			if err := bring(office.Agency, ctx, grant); err != nil {
				return err
			}
			who, err := office.Named(ctx, grant)
			if err != nil {
				return err
			}
			return a.report(map[string]any{"agency": grant.To, "name": a.nameOf(who, grant.To), "action": grant.Action, "region": grant.Region, "type": grant.Type, "state": state},
				"agency."+state, "Name", a.nameOf(who, grant.To), "Action", a.words.text("action."+grant.Action), "Region", grant.Region, "Type", grant.Type)
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&dir, "agency", "root", "folder of the accreditor")
	flags.StringVar(&to, "to", "", "folder or DID of the agency concerned")
	flags.StringVar(&grant.Action, "action", ledger.ActionIssue, "issue, verify or accredit")
	flags.StringVar(&grant.Type, "type", "urn:hufu:credential:resident:1", "credential type (vct)")
	flags.StringVar(&grant.Region, "region", "110101", "GB/T 2260 code of the region")
	if state == ledger.StateActive {
		subjectFlags(cmd, &grant.Subject, "")
		flags.IntVar(&days, "days", 365, "days until it ends; 0 for no end")
		flags.IntVar(&covering, "covering", 0, "days before today from which it counts, if a theft of the accreditor's key voided it")
	}
	_ = cmd.MarkFlagRequired("to")
	return cmd
}
