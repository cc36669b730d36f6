package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/zkp"
)

func (a *app) ledgerWitness() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "witness",
		Short: "Watch a ledger elsewhere: recompute everything, sign what is right",
		Example: "  hufu ledger witness init --dir witness --name court.example/witness\n" +
			"  hufu ledger witness run --dir witness --at http://127.0.0.1:8080 --trust trust.json --fingerprint 1f0c…",
	}
	cmd.AddCommand(a.witnessInit(), a.witnessRun())
	return group(cmd)
}

func (a *app) witnessInit() *cobra.Command {
	var dir, name string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a witness's folder and key, and print what the ledger's owner needs",
		Long: "Give the printed verifier key to whoever makes the ledger; hufu ledger init takes\n" +
			"it as --witness. How many must sign is --k there.",
		Example: "  hufu ledger witness init --dir witness --name court.example/witness",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			vkey, err := sqlitelog.CreateWitness(cmd.Context(), dir, name)
			if err != nil {
				return &inputError{id: "witness.unmade", name: dir, err: err}
			}
			a.report(map[string]any{"dir": dir, "witness": vkey}, "witness.made", "Dir", dir, "Key", vkey)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "witness", "new folder of the witness")
	cmd.Flags().StringVar(&name, "name", "witness.example/1", "name of the witness, a host and path by custom")
	return cmd
}

// witnessPause is how long a witness waits before it looks again.
const witnessPause = 200 * time.Millisecond

func (a *app) witnessRun() *cobra.Command {
	var dir, at, trust, fingerprint string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Follow the ledger and cosign each checkpoint that it leads to",
		Long: "Verifies every signature and applies every rule into a database of its own. Where\n" +
			"the ledger shows what its operations do not lead to, goes back, or tells a second\n" +
			"story, it signs nothing, says so and ends with exit code 1. A ledger that does not\n" +
			"answer is asked again.",
		Example: "  hufu ledger witness run --dir witness --at http://127.0.0.1:8080 --trust trust.json --fingerprint 1f0c…",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.readTrust(trust, fingerprint)
			if err != nil {
				return err
			}
			client, err := remote.New(remote.Options{}, at)
			if err != nil {
				return &inputError{id: "ledger.address", name: at, err: err}
			}
			w, err := sqlitelog.OpenWitness(cmd.Context(), dir, t, new(zkp.Accumulator), a.clock)
			if err != nil {
				return &inputError{id: "witness.closed", name: dir, err: err}
			}
			a.say("witness.runs", "At", at)
			return errors.Join(a.watch(cmd.Context(), w, client), w.Close())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", "witness", "folder of the witness")
	flags.StringVar(&at, "at", "http://127.0.0.1:8080", "address of the ledger")
	flags.StringVar(&trust, "trust", "", "its trust file")
	flags.StringVar(&fingerprint, "fingerprint", "", "the trust file's fingerprint")
	return cmd
}

// watch follows until ctx ends, or the ledger does not deserve it any more.
func (a *app) watch(ctx context.Context, w *sqlitelog.Witness, log ledger.Witnessed) error {
	for {
		size, err := w.Step(ctx, log)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, remote.ErrUnreachable):
		case err != nil:
			return err
		case size > 0:
			a.report(map[string]any{"signed": size}, "witness.signed", "Size", size)
		}
		select {
		case <-time.After(witnessPause):
		case <-ctx.Done():
			return nil
		}
	}
}
