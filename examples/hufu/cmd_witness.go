package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/zkp"
)

func (a *app) ledgerWitness() *cobra.Command {
	return group("witness", a.witnessInit(), a.witnessRun())
}

func (a *app) witnessInit() *cobra.Command {
	var dir, name string
	cmd := command("init", "", func(ctx context.Context, _ string) error {
		vkey, err := sqlitelog.CreateWitness(ctx, dir, name)
		if err != nil {
			return &inputError{id: "witness.unmade", name: dir, err: err}
		}
		return a.report(map[string]any{"dir": dir, "witness": vkey}, "witness.made", "Dir", dir, "Key", vkey)
	})
	cmd.Flags().StringVar(&dir, "dir", "witness", "new folder of the witness")
	cmd.Flags().StringVar(&name, "name", "witness.example/1", "name of the witness, a host and path by custom")
	return cmd
}

// witnessPause is how long a witness waits before it looks again.
const witnessPause = 200 * time.Millisecond

func (a *app) witnessRun() *cobra.Command {
	var dir, at, trust, fingerprint string
	cmd := command("run", "", func(ctx context.Context, _ string) error {
		t, err := a.readTrust(trust, fingerprint)
		if err != nil {
			return err
		}
		client, err := remote.New(remote.Options{}, at)
		if err != nil {
			return &inputError{id: "ledger.address", name: at, err: err}
		}
		w, err := sqlitelog.OpenWitness(ctx, dir, t, new(zkp.Accumulator), a.clock)
		if err != nil {
			return &inputError{id: "witness.closed", name: dir, err: err}
		}
		a.say("witness.runs", "At", at)
		return errors.Join(w.Follow(ctx, client, witnessPause, func(size uint64) {
			a.report(map[string]any{"signed": size}, "witness.signed", "Size", size)
		}), w.Close())
	})
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", "witness", "folder of the witness")
	flags.StringVar(&at, "at", "http://127.0.0.1:8080", "address of the ledger")
	flags.StringVar(&trust, "trust", "", "its trust file")
	flags.StringVar(&fingerprint, "fingerprint", "", "the trust file's fingerprint")
	return cmd
}
