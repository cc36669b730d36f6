package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
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
	cmd := command("serve", "", func(ctx context.Context, _ string) error {
		log, err := folder.OpenLog(ctx, a.ledger, a.folders())
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
		address := "http://" + listener.Addr().String()
		a.report(map[string]any{"address": address}, "serve.ready", "Address", address)
		if web.Built() == nil {
			a.say("serve.no-checker")
		}
		return serveLedger(ctx, log, a.public(), listener, remote.HandlerOptions{ReadOnly: readOnly}, audit, heartbeat)
	})
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	flags.BoolVar(&readOnly, "read-only", false, "take no operations")
	flags.DurationVar(&audit, "audit", 24*time.Hour, "how often everything is recomputed")
	flags.DurationVar(&heartbeat, "heartbeat", time.Minute, "how long the ledger may go without a checkpoint")
	return cmd
}

// serveLedger serves until ctx ends or something fails.
func serveLedger(ctx context.Context, log *sqlitelog.Log, public publish.Folder, listener net.Listener, options remote.HandlerOptions, audit, heartbeat time.Duration) error {
	client, err := ledger.NewClient(ctx, log.Trust(), log, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return err
	}
	pages := http.NewServeMux()
	pages.Handle("/v1/", remote.NewHandler(log, log.Trust(), options))
	pages.Handle(folder.PublicPath+"/", http.StripPrefix(folder.PublicPath, files.NewHandler(public)))
	pages.Handle("/", web.New(client, log, web.Options{}))
	ctx, stop := context.WithCancel(ctx)
	kept := make(chan error, 1)
	go func() {
		kept <- log.Keep(ctx, heartbeat, audit)
		stop()
	}()
	err = remote.Serve(ctx, listener, pages)
	stop()
	return errors.Join(err, <-kept)
}

func (a *app) ledgerJoin() *cobra.Command {
	var trust, fingerprint, at string
	cmd := command("join", "", func(context.Context, string) error {
		t, err := a.readTrust(trust, fingerprint)
		if err != nil {
			return err
		}
		if err := a.joinLedger(at, t); err != nil {
			return err
		}
		return a.report(map[string]any{"ledger": a.ledger, "at": at}, "ledger.joined", "Ledger", a.ledger, "At", at)
	})
	flags := cmd.Flags()
	flags.StringVar(&at, "at", "", "addresses of the ledger, with commas between")
	flags.StringVar(&trust, "trust", "", "its trust file")
	flags.StringVar(&fingerprint, "fingerprint", "", "the trust file's fingerprint")
	return cmd
}
