package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/wallet/issuer"
)

// agencyRecover finishes or drops what was interrupted at the issuing desk.
func (a *app) agencyRecover() *cobra.Command {
	var d deskOptions
	cmd := command("recover", "", func(ctx context.Context, _ string) error {
		return a.withDesk(ctx, d, func(desk *issuer.Desk, _ string) error {
			r, err := desk.Recover(ctx)
			if err != nil {
				return err
			}
			return a.report(map[string]any{"revoked": len(r.Revoked), "dropped": len(r.Dropped), "lists": len(r.Lists)},
				"agency.recovered", "Revoked", len(r.Revoked), "Dropped", len(r.Dropped), "Lists", len(r.Lists))
		})
	})
	cmd.Flags().StringVar(&d.dir, "agency", "agency", "folder of the issuing agency")
	return cmd
}

func (a *app) statusCommand() *cobra.Command { return group("status", a.statusRenew()) }

// statusRenew signs status lists anew before they end, once or until it is stopped.
func (a *app) statusRenew() *cobra.Command {
	var d deskOptions
	var every time.Duration
	cmd := command("renew", "", func(ctx context.Context, _ string) error {
		for {
			err := a.withDesk(ctx, d, func(desk *issuer.Desk, _ string) error { return desk.Renew(ctx) })
			switch {
			case every <= 0 && err != nil:
				return err
			case every <= 0:
				return a.report(map[string]any{"renewed": d.dir}, "status.renewed")
			case ctx.Err() != nil: // Ctrl-C
				return nil
			case err != nil:
				a.say("status.again", "Why", a.sentence(err))
			default:
				a.report(map[string]any{"renewed": d.dir}, "status.renewed")
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(every):
			}
		}
	})
	flags := cmd.Flags()
	flags.StringVar(&d.dir, "agency", "agency", "folder of the issuing agency")
	flags.DurationVar(&every, "every", 0, "look again after this time, until Ctrl-C; 0 for once")
	return cmd
}
