package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
)

// agreeOptions is what the commands below ledger agree were told.
type agreeOptions struct {
	agency, out                         string
	witnesses, gone, deciders, unseated []string
	k, threshold                        uint32
	yes                                 bool
}

func (a *app) ledgerAgree() *cobra.Command {
	var o agreeOptions
	key := command("key", "", func(ctx context.Context, _ string) error {
		return a.withAgencyAndLedger(ctx, o.agency, func(office *folder.Agency, _ folder.Ledger) error {
			n, err := office.Nominate(ctx)
			if err == nil {
				err = folder.WriteFile(o.out, n.Bytes())
			}
			if err != nil {
				return err
			}
			return a.report(map[string]any{"decider": o.out, "name": n.Decider.Name()}, "agree.decider", "Out", o.out, "Name", n.Decider.Name())
		})
	})
	propose := command("propose", "", func(ctx context.Context, _ string) error {
		return a.withAgencyAndLedger(ctx, o.agency, func(office *folder.Agency, log folder.Ledger) error {
			holds, err := office.Agreement(ctx)
			if err != nil {
				return err
			}
			next := holds.Successor()
			if err := a.changeAgreement(next, log.Trust().ID(), o); err != nil {
				return err
			}
			op, err := ledger.Unsigned(next)
			if err == nil {
				err = folder.WriteFile(o.out, op.Bytes())
			}
			if err != nil {
				return err
			}
			return a.showAgreement(holds, next, "agree.proposed", o.out)
		})
	})
	sign := command("sign", "FILE", func(ctx context.Context, name string) error {
		return a.withAgencyAndLedger(ctx, o.agency, func(office *folder.Agency, _ folder.Ledger) error {
			op, next, err := a.readAgreement(name)
			if err != nil {
				return err
			}
			holds, err := office.Agreement(ctx)
			if err != nil {
				return err
			}
			if err := a.showAgreement(holds, next, "agree.shown", name); err != nil {
				return err
			}
			if err := a.confirm(ctx, "agree.confirm", o.yes); err != nil {
				return err
			}
			signed, err := office.SignAgreement(ctx, op)
			if err == nil {
				err = folder.WriteFile(o.out, signed.Bytes())
			}
			if err != nil {
				return err
			}
			return a.report(map[string]any{"signed": o.out}, "agree.signed", "Out", o.out)
		})
	})
	submit := &cobra.Command{Use: "submit", Args: cobra.MinimumNArgs(1), RunE: func(cmd *cobra.Command, names []string) error {
		return a.withLedger(cmd.Context(), folder.OpenLedger, func(log folder.Ledger) error {
			var copies []*ledger.SignedOperation
			for _, name := range names {
				op, _, err := a.readAgreement(name)
				if err != nil {
					return err
				}
				copies = append(copies, op)
			}
			all, err := ledger.Merge(copies...)
			if err == nil {
				_, err = log.Submit(cmd.Context(), all)
			}
			if err != nil {
				return err
			}
			return a.report(map[string]any{"agreed": true}, "agree.done")
		})
	}}
	for _, cmd := range []*cobra.Command{key, propose, sign} {
		cmd.Flags().StringVar(&o.agency, "agency", "root", "folder of the agency")
		cmd.Flags().StringVar(&o.out, "out", map[*cobra.Command]string{key: "decider.json", propose: "agreement", sign: "agreement-signed"}[cmd], "file to make")
	}
	sign.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	flags := propose.Flags()
	flags.StringArrayVar(&o.deciders, "decider", nil, "file of an agency that decides, or goes on to (hufu ledger agree key); may be repeated")
	flags.StringArrayVar(&o.unseated, "unseat", nil, "digits of an agency that decides no longer; may be repeated")
	flags.Uint32Var(&o.threshold, "threshold", 0, "how many agencies must sign the agreement after it (default: as now)")
	flags.StringArrayVar(&o.witnesses, "witness", nil, "verifier key of a witness that joins; may be repeated")
	flags.StringArrayVar(&o.gone, "without", nil, "name of a witness that leaves; may be repeated")
	flags.Uint32Var(&o.k, "k", 0, "how many witnesses must sign (default: as now)")
	return group("agree", key, propose, sign, submit)
}

func (a *app) changeAgreement(next *ledger.Agreement, id ledger.ID, o agreeOptions) error {
	for _, name := range o.deciders {
		b, err := folder.ReadFile(name, a.in, documentLimit)
		if err != nil {
			return err
		}
		n, err := ledger.ParseNomination(b)
		if err == nil {
			err = next.Seat(id, n)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range o.unseated {
		if err := next.Unseat(name); err != nil {
			return err
		}
	}
	next.Witnesses = slices.DeleteFunc(next.Witnesses, func(vkey string) bool {
		name, _, _ := strings.Cut(vkey, "+")
		return slices.Contains(o.gone, name)
	})
	next.Witnesses = append(next.Witnesses, o.witnesses...)
	if o.k > 0 {
		next.K = o.k
	}
	if o.threshold > 0 {
		next.Threshold = o.threshold
	}
	return nil
}

func (a *app) readAgreement(name string) (*ledger.SignedOperation, *ledger.Agreement, error) {
	b, err := folder.ReadFile(name, a.in, documentLimit)
	if err != nil {
		return nil, nil, err
	}
	op, err := ledger.ParseSignedOperation(b)
	if err != nil {
		return nil, nil, err
	}
	next, err := ledger.ParseAgreement(op.Operation.Body)
	return op, next, err
}

// showAgreement says what a signature would change.
func (a *app) showAgreement(holds, next *ledger.Agreement, words, out string) error {
	var names, witnesses []string
	for _, d := range next.Deciders {
		names = append(names, d.Name())
	}
	for _, vkey := range next.Witnesses {
		name, _, _ := strings.Cut(vkey, "+")
		witnesses = append(witnesses, name)
	}
	return a.report(map[string]any{
		"file": out, "number": next.Number, "deciders": names, "threshold": next.Threshold, "witnesses": witnesses, "k": next.K, "signatures": holds.Threshold,
	}, words, "Out", out, "Number", next.Number, "Names", strings.Join(names, ", "), "Threshold", next.Threshold,
		"Witnesses", strings.Join(witnesses, ", "), "K", next.K, "Signatures", holds.Threshold)
}
