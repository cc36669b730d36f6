package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
)

func agreeCommand() *cobra.Command {
	a := new(agreement)
	cmd := &cobra.Command{
		Use:   "agree",
		Short: "Let members join and leave by the consortium's next agreement",
		Long: "Proposes the next agreement, signs it with the key that the agreement before\n" +
			"committed to, and hands it in: where one agency decides alone. Where several do, each\n" +
			"runs agree key, one runs agree propose, each runs agree sign, and one agree submit.\n\n" +
			"From then on more than two thirds of the new members must sign. A member that joins\n" +
			"should run its node and have caught up before: until then it is one that fails.",
		Example: "  hufu-node agree --at http://127.0.0.1:26601 --join fifth.json\n  hufu-node agree --at http://127.0.0.1:26601 --leave north.example/node --yes",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.alone(cmd) },
	}
	a.flags(cmd)
	a.changeFlags(cmd)
	a.keyFlags(cmd)
	cmd.Flags().BoolVar(&a.renew, "renew", false, "renew this agency's own keys, and change nothing else")
	cmd.Flags().BoolVar(&a.yes, "yes", false, "do not ask")
	cmd.AddCommand(agreeKeyCommand(), proposeCommand(), signCommand(), submitCommand())
	return cmd
}

func (a *agreement) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.at, "at", "", "addresses of nodes, with commas between")
	cmd.Flags().StringVar(&a.consortium, "consortium", "consortium", "folder that the members share")
	_ = cmd.MarkFlagRequired("at")
}

func (a *agreement) changeFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&a.joins, "join", nil, "file of a member that joins")
	flags.StringArrayVar(&a.leave, "leave", nil, "name of a member that leaves")
	flags.StringArrayVar(&a.deciders, "decider", nil, "file of an agency that decides, or goes on to (hufu-node agree key)")
	flags.StringArrayVar(&a.unseat, "unseat", nil, "an agency that decides no longer, by the digits that agree propose prints")
	flags.Uint32Var(&a.threshold, "threshold", 0, "how many agencies must sign the agreement after this one; as many as now if 0")
}

func (a *agreement) keyFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.key, "key", "root.key", "the agency's signature key; made if it is not there")
	cmd.Flags().StringVar(&a.safe, "safe", "safe", "folder with the keys that the agency uses once each")
}

func agreeKeyCommand() *cobra.Command {
	a := new(agreement)
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make an agency's file, by which it decides in the next agreement",
		Long: "Makes the key with which this agency signs the agreement after the next, and the file\n" +
			"for the one who proposes. An agency that signs an agreement must hand in a new file\n" +
			"with it, because a key that has signed is known. To found a consortium, name its log\n" +
			"with --origin and no node. The folder of --safe belongs into a safe.",
		Example: "  hufu-node agree key --origin ledger.example --key north.key --safe north-safe --out north-decider.json\n  hufu-node agree key --at http://127.0.0.1:26601 --out decider.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(a.out); err == nil {
				return fmt.Errorf("%s is there already", a.out)
			}
			if a.at != "" {
				ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
				defer cancel()
				if err := a.ask(ctx); err != nil {
					return err
				}
			}
			key, err := keyAt(a.key)
			if err != nil {
				return err
			}
			n, err := safe(a.safe).nominate(a.origin, a.id, a.holds, key)
			if err != nil {
				return err
			}
			if err := os.WriteFile(a.out, n.Bytes(), 0o644); err != nil {
				return err
			}
			legible.Fprintf(cmd.OutOrStdout(), "Send %s to the agency that proposes. Keep %s in a safe.\n", a.out, a.safe)
			return nil
		},
	}
	a.keyFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&a.at, "at", "", "addresses of nodes, with commas between")
	flags.StringVar(&a.consortium, "consortium", "consortium", "folder that the members share")
	flags.StringVar(&a.origin, "origin", "", "name of the log that is to be founded")
	flags.StringVar(&a.out, "out", "decider.json", "file for the others")
	cmd.MarkFlagsOneRequired("origin", "at")
	cmd.MarkFlagsMutuallyExclusive("origin", "at")
	return cmd
}

func proposeCommand() *cobra.Command {
	a := new(agreement)
	cmd := &cobra.Command{
		Use:     "propose",
		Short:   "Write the next agreement into a file, for the agencies to sign",
		Long:    "Changes nothing on the ledger. Each agency that will sign must have handed in a new\nfile (hufu-node agree key).",
		Example: "  hufu-node agree propose --at http://127.0.0.1:26601 --join fifth.json --decider north-decider.json --decider south-decider.json --out agreement",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
			defer cancel()
			if err := a.ask(ctx); err != nil {
				return err
			}
			next, joining, err := a.next()
			if err != nil {
				return err
			}
			op, err := ledger.Unsigned(next)
			if err != nil {
				return err
			}
			if err := durable.Create(a.out, op.Bytes(), 0o644); err != nil {
				return err
			}
			if err := a.keepMembers(joining); err != nil {
				return err
			}
			announce(cmd.OutOrStdout(), a.holds, next)
			legible.Fprintf(cmd.OutOrStdout(), "%d of %d agencies sign it: hufu-node agree sign %s\n", a.holds.Threshold, len(a.holds.Deciders), a.out)
			return nil
		},
	}
	a.flags(cmd)
	a.changeFlags(cmd)
	cmd.Flags().StringVar(&a.out, "out", "agreement", "file to make")
	return cmd
}

func signCommand() *cobra.Command {
	a := new(agreement)
	cmd := &cobra.Command{
		Use:     "sign FILE",
		Short:   "Show a proposed agreement, and add this agency's signature",
		Long:    "Signs with the key that the agreement before committed to. From then on that key is\nknown and does not sign another time.",
		Example: "  hufu-node agree sign agreement --at http://127.0.0.1:26601 --safe north-safe --out agreement-north",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
			defer cancel()
			if err := a.ask(ctx); err != nil {
				return err
			}
			op, next, err := readAgreement(args[0])
			if err != nil {
				return err
			}
			announce(cmd.OutOrStdout(), a.holds, next)
			if !a.yes && !confirmed(cmd, "Sign?") {
				return errors.New("nothing was signed")
			}
			signed, err := a.sign(op, next)
			if err != nil {
				return err
			}
			if err := durable.Create(a.out, signed.Bytes(), 0o644); err != nil {
				return err
			}
			legible.Fprintf(cmd.OutOrStdout(), "Signed: %s. Give it to the one who hands it in: hufu-node agree submit\n", a.out)
			return nil
		},
	}
	a.flags(cmd)
	cmd.Flags().StringVar(&a.safe, "safe", "safe", "folder with the keys that the agency uses once each")
	cmd.Flags().StringVar(&a.out, "out", "agreement-signed", "file to make")
	cmd.Flags().BoolVar(&a.yes, "yes", false, "do not ask")
	return cmd
}

func submitCommand() *cobra.Command {
	a := new(agreement)
	cmd := &cobra.Command{
		Use:     "submit FILE...",
		Short:   "Hand in an agreement with the signatures of several files",
		Example: "  hufu-node agree submit agreement-north agreement-south --at http://127.0.0.1:26601",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
			defer cancel()
			if err := a.ask(ctx); err != nil {
				return err
			}
			var copies []*ledger.SignedOperation
			for _, path := range args {
				op, _, err := readAgreement(path)
				if err != nil {
					return err
				}
				copies = append(copies, op)
			}
			signed, err := ledger.Merge(copies...)
			if err != nil {
				return err
			}
			return a.submit(ctx, cmd.OutOrStdout(), signed)
		},
	}
	a.flags(cmd)
	return cmd
}
