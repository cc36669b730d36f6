package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/explorer/web"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/publish"
	files "github.com/hufu-id/hufu/publish/remote"
)

func (a *app) ledgerServe() *cobra.Command {
	var listen string
	var readOnly bool
	var audit, heartbeat time.Duration
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the ledger and its public files over HTTP, keep it fresh, and recompute it regularly",
		Long: "Opened in a browser, the address shows agencies, schemas and records to anyone.\n" +
			"Wallets, counters and agencies elsewhere reach the ledger there, too: give\n" +
			"them trust.json and its fingerprint, and hufu ledger join. Put a web server with\n" +
			"TLS in front of it. Everything is recomputed from the operations at the start and\n" +
			"then regularly; a ledger that was changed on disk is served no longer.",
		Example: "  hufu ledger serve --ledger ledger\n  hufu ledger serve --listen 0.0.0.0:8080 --read-only",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			log, err := openFile(ctx, a.ledger, a.clock)
			if err != nil {
				return err
			}
			defer log.Close()
			if err := log.Audit(ctx); err != nil {
				return err
			}
			listener, err := net.Listen("tcp", listen)
			if err != nil {
				return &inputError{id: "serve.address", name: listen, err: err}
			}
			a.report(map[string]any{"address": "http://" + listener.Addr().String()}, "serve.ready", "Address", "http://"+listener.Addr().String())
			if web.Built() == nil && !a.json {
				a.say("serve.no-checker")
			}
			return serveLedger(ctx, log, a.public(), listener, remote.HandlerOptions{ReadOnly: readOnly}, audit, heartbeat)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	flags.BoolVar(&readOnly, "read-only", false, "take no operations")
	flags.DurationVar(&audit, "audit", 24*time.Hour, "how often everything is recomputed")
	flags.DurationVar(&heartbeat, "heartbeat", time.Minute, "how long the ledger may go without a checkpoint")
	return cmd
}

// serveLedger serves until ctx ends or something fails.
func serveLedger(ctx context.Context, log *sqlitelog.Log, public publish.Folder, listener net.Listener, options remote.HandlerOptions, audit, heartbeat time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go repeat(ctx, heartbeat, func() {
		if _, err := log.Heartbeat(ctx); err != nil {
			cancel(err)
		}
	})
	go repeat(ctx, audit, func() {
		if err := log.Audit(ctx); err != nil {
			cancel(err)
		}
	})
	client, err := ledger.NewClient(ctx, log.Trust(), log, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return err
	}
	pages := http.NewServeMux()
	pages.Handle("/v1/", remote.NewHandler(log, log.Trust(), options))
	pages.Handle(publicPath+"/", http.StripPrefix(publicPath, files.NewHandler(public)))
	pages.Handle("/", web.New(client, log, web.Options{}))
	if err := remote.Serve(ctx, listener, pages); err != nil {
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// repeat calls do at every interval until ctx ends; an interval of 0 is never.
func repeat(ctx context.Context, every time.Duration, do func()) {
	if every <= 0 {
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			do()
		case <-ctx.Done():
			return
		}
	}
}

func (a *app) ledgerJoin() *cobra.Command {
	var trust, fingerprint, at string
	cmd := &cobra.Command{
		Use:   "join",
		Short: "Make the folder of a ledger that is served elsewhere",
		Long: "The folder takes the place of a ledger's own in every other command. Trust file and\n" +
			"fingerprint must come by two different ways; the nodes at the addresses are not\n" +
			"believed. Where one does not answer, the next is asked.",
		Example: "  hufu ledger join --at http://127.0.0.1:8080 --trust trust.json --fingerprint 1f0c… --ledger ours",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.readTrust(trust, fingerprint)
			if err != nil {
				return err
			}
			if err := joinLedger(a.ledger, at, t); err != nil {
				return err
			}
			a.report(map[string]any{"ledger": a.ledger, "at": at}, "ledger.joined", "Ledger", a.ledger, "At", at)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&at, "at", "", "addresses of the ledger, with commas between")
	flags.StringVar(&trust, "trust", "", "its trust file")
	flags.StringVar(&fingerprint, "fingerprint", "", "the trust file's fingerprint")
	return cmd
}
