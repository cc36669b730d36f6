package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
)

func (a *app) zkpCommand() *cobra.Command {
	return group("zkp", a.zkpSetup(), a.zkpInfo(), a.ceremonyCommand())
}

func (a *app) zkpSetup() *cobra.Command {
	var dir string
	var unsafe bool
	cmd := command("setup", "", func(ctx context.Context, _ string) error {
		if !unsafe {
			return usageError{errors.New(a.words.text("zkp.unsafe"))}
		}
		keys, err := a.developmentKeys(ctx)
		if err != nil {
			return err
		}
		return a.withAgencyAndLedger(ctx, dir, func(office *folder.Agency, _ folder.Ledger) error {
			if err := anchored.PublishDevelopment(ctx, office.Agency, a.public(), keys); err != nil {
				return err
			}
			return a.report(map[string]any{"setup": "single-party", "circuits": keys.Manifest().Circuits}, "zkp.published")
		})
	})
	cmd.Flags().StringVar(&dir, "agency", "root", "folder of the root agency")
	cmd.Flags().BoolVar(&unsafe, "allow-single-party-unsafe", false, "yes, make keys that one machine could abuse")
	return cmd
}

func (a *app) zkpInfo() *cobra.Command {
	return command("info", "", func(ctx context.Context, _ string) error {
		keys, err := a.developmentKeys(ctx)
		if err != nil {
			return err
		}
		m := keys.Manifest()
		if a.json {
			return a.print(m)
		}
		for _, c := range prover.Circuits() {
			k := m.Circuits[c]
			a.say("zkp.circuit", "Name", c, "Constraints", k.Constraints, "VK", k.VerifyingKey[:16], "Setup", a.words.text("setup."+m.Setup))
		}
		return nil
	})
}
