package main

import (
	"context"
	"crypto"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

func (a *app) ceremonyPublish(dir *string) *cobra.Command {
	var homes []string
	cmd := command("publish", "", func(ctx context.Context, _ string) error {
		state, err := ceremony.Verify(ctx, *dir, a.ceremonyOptions(false))
		if err != nil {
			return err
		}
		if state.Stage != ceremony.StageSealed {
			return anchored.ErrNotSealed
		}
		return a.withLedger(ctx, func(log folder.Ledger) error {
			return a.withSigners(ctx, log, homes, nil, func(signers []crypto.Signer) error {
				err := a.resolve(ctx, log, func(view *ledger.View) error { return anchored.CheckParticipants(view, state) })
				if err == nil {
					err = anchored.Publish(ctx, log, a.public(), *dir, state, signers...)
				}
				if err != nil {
					return err
				}
				return a.report(map[string]any{"setup": ledger.SetupCeremony, "transcript": state.Transcript.String(), "verifyingKeys": state.VerifyingKeys},
					"ceremony.published", "Hash", state.Transcript.String(), "Count", len(state.VerifyingKeys))
			})
		})
	})
	cmd.Flags().StringArrayVar(&homes, "agency", []string{"root"}, "folder of an agency of the consortium; once for each that signs")
	return cmd
}

// withSigners opens agencies' folders one inside the other.
func (a *app) withSigners(ctx context.Context, log folder.Ledger, homes []string, have []crypto.Signer, use func([]crypto.Signer) error) error {
	if len(homes) == 0 {
		return use(have)
	}
	return a.withAgency(ctx, homes[0], log, func(office *folder.Agency) error {
		key, err := signer(office)
		if err != nil {
			return err
		}
		return a.withSigners(ctx, log, homes[1:], append(have, key), use)
	})
}
