package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/wallet/issuer"
)

// agencyRecover finishes or drops what was interrupted at the issuing desk.
func (a *app) agencyRecover() *cobra.Command {
	var dir string
	cmd := command("recover", "", func(ctx context.Context, _ string) error {
		return a.withDesk(ctx, dir, "", demoRegion, func(desk *issuer.Desk) error {
			r, err := desk.Recover(ctx)
			if err != nil {
				return err
			}
			return a.report(map[string]any{"revoked": len(r.Revoked), "dropped": len(r.Dropped), "lists": len(r.Lists)},
				"agency.recovered", "Revoked", len(r.Revoked), "Dropped", len(r.Dropped), "Lists", len(r.Lists))
		})
	})
	cmd.Flags().StringVar(&dir, "agency", "agency", "folder of the issuing agency")
	return cmd
}

func (a *app) statusCommand() *cobra.Command { return group("status", a.statusRenew()) }

// statusRenew signs status lists anew before they end, once or until it is stopped.
func (a *app) statusRenew() *cobra.Command {
	var dir, schema, region string
	var every time.Duration
	cmd := command("renew", "", func(ctx context.Context, _ string) error {
		for {
			err := a.withDesk(ctx, dir, schema, region, func(desk *issuer.Desk) error { return desk.Renew(ctx) })
			switch {
			case every <= 0 && err != nil:
				return err
			case every <= 0:
				return a.report(map[string]any{"renewed": dir}, "status.renewed")
			case ctx.Err() != nil: // Ctrl-C
				return nil
			case err != nil:
				a.say("status.again", "Why", a.sentence(err))
			default:
				a.report(map[string]any{"renewed": dir}, "status.renewed")
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(every):
			}
		}
	})
	flags := cmd.Flags()
	flags.StringVar(&dir, "agency", "agency", "folder of the issuing agency")
	flags.StringVar(&schema, "schema", "", "schema file (default: the resident credential that ships with hufu)")
	flags.StringVar(&region, "region", demoRegion, "GB/T 2260 code the agency is accredited for")
	flags.DurationVar(&every, "every", 0, "look again after this time, until Ctrl-C; 0 for once")
	return cmd
}
