package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/folder/serve"
	"github.com/hufu-id/hufu/ledger/explorer/web"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/zkp"
)

func (a *app) ledgerServe() *cobra.Command {
	var listen string
	var pause time.Duration
	var opts serve.Options
	cmd := command("serve", "", func(ctx context.Context, _ string) error {
		options := a.folders()
		options.MaxPause = pause
		log, err := folder.OpenLog(ctx, a.ledger, options)
		if err != nil {
			return err
		}
		defer log.Close()
		if pause > 0 {
			if _, err := log.Heartbeat(ctx); err != nil {
				return err
			}
		}
		if err := log.Audit(ctx, nil); err != nil {
			return err
		}
		listener, err := net.Listen("tcp", listen)
		if err != nil {
			return &inputError{id: "serve.address", name: listen, err: err}
		}
		address := "http://" + listener.Addr().String()
		a.report(map[string]any{"address": address}, "serve.ready", "Address", address)
		if web.Built() == nil {
			a.say("serve.no-checker")
		}
		return serve.Ledger(ctx, log, a.public(), listener, opts)
	})
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	flags.BoolVar(&opts.ReadOnly, "read-only", false, "take no operations")
	flags.DurationVar(&opts.Audit, "audit", 24*time.Hour, "how often everything is recomputed")
	flags.DurationVar(&opts.Heartbeat, "heartbeat", time.Minute, "how long the ledger may go without a checkpoint")
	flags.DurationVar(&pause, "max-pause", 0, "how long the ledger may have stood still; 0 is 720h")
	return cmd
}

func (a *app) ledgerJoin() *cobra.Command {
	var trust, fingerprint, at string
	cmd := command("join", "", func(context.Context, string) error {
		t, err := folder.ReadTrust(trust, a.in, fingerprint)
		if err != nil {
			return err
		}
		if err := folder.JoinLedger(a.ledger, t, strings.Split(at, ",")...); err != nil {
			return err
		}
		return a.report(map[string]any{"ledger": a.ledger, "at": at}, "ledger.joined", "Ledger", a.ledger, "At", at)
	})
	flags := cmd.Flags()
	flags.StringVar(&at, "at", "", "addresses of the ledger, with commas between")
	trustFlags(cmd, &trust, &fingerprint)
	return cmd
}

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
		t, err := folder.ReadTrust(trust, a.in, fingerprint)
		if err != nil {
			return err
		}
		client, err := remote.New(remote.Options{}, at)
		if err != nil {
			return &inputError{id: "ledger.address", name: at, err: err}
		}
		w, err := sqlitelog.OpenWitness(ctx, dir, t, new(zkp.Accumulator), sqlitelog.WitnessOptions{Clock: a.clock, Restored: a.restoredLedger})
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
	trustFlags(cmd, &trust, &fingerprint)
	return cmd
}
