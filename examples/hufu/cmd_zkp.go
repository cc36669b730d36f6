package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/zkp/prover"
)

func (a *app) zkpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "zkp",
		Short:   "The circuits' keys",
		Example: "  hufu zkp setup --agency root --allow-single-party-unsafe\n  hufu zkp info\n  hufu zkp ceremony verify",
	}
	cmd.AddCommand(a.zkpSetup(), a.zkpInfo(), a.ceremonyCommand())
	return group(cmd)
}

func (a *app) zkpSetup() *cobra.Command {
	var dir string
	var unsafe bool
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Make development keys on this machine, and name them on the ledger",
		Long: "Development keys come from one machine, which could prove anything with what it\n" +
			"knew for a moment. They are for demonstrations; agencies hold a ceremony instead.\n" +
			"The keys lie in your cache folder, the verifying keys also in the ledger's public\n" +
			"folder; the ledger names their hashes over the root agency's signature.",
		Example: "  hufu zkp setup --agency root --allow-single-party-unsafe",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !unsafe {
				return usageError{errText(a.words.text("zkp.unsafe"))}
			}
			keys, err := a.developmentKeys(cmd.Context())
			if err != nil {
				return err
			}
			return a.withAgencyAndLedger(cmd.Context(), dir, func(ctx context.Context, agency *agency, _ ledgerLog) error {
				if err := publishKeys(ctx, agency, a.public(), keys); err != nil {
					return err
				}
				a.report(map[string]any{"setup": "single-party", "circuits": keys.Manifest().Circuits}, "zkp.published")
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&dir, "agency", "root", "folder of the root agency")
	cmd.Flags().BoolVar(&unsafe, "allow-single-party-unsafe", false, "yes, make keys that one machine could abuse")
	return cmd
}

// errText is an error that is already a sentence.
type errText string

func (e errText) Error() string { return string(e) }

func (a *app) zkpInfo() *cobra.Command {
	return &cobra.Command{
		Use:     "info",
		Short:   "Show the circuits and the keys on this machine",
		Example: "  hufu zkp info --json",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := a.developmentKeys(cmd.Context())
			if err != nil {
				return err
			}
			m := keys.Manifest()
			if a.json {
				a.print(m)
				return nil
			}
			for _, c := range prover.Circuits() {
				k := m.Circuits[c]
				a.say("zkp.circuit", "Name", c, "Constraints", k.Constraints, "VK", k.VerifyingKey[:16], "Setup", a.words.text("setup."+m.Setup))
			}
			return nil
		},
	}
}
