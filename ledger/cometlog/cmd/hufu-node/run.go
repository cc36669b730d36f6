package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/explorer/web"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/zkp"
)

func runCommand() *cobra.Command {
	var dir string
	var audit time.Duration
	var options cometlog.Options
	var warn int64
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the node in a folder until it is told to stop",
		Long: "Joins the other nodes and serves the ledger's API (see package ledger/remote) and its\n" +
			"public window at the address that node.json names as api, and figures for\n" +
			"Prometheus at the one named as metrics. The log goes to standard error, a JSON\n" +
			"object a line. Ctrl-C or SIGTERM stops the node.",
		Example: "  hufu-node run --dir testnet/node0\n  hufu-node run --dir node --verbose",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options.Log, options.WarnSize = cmd.ErrOrStderr(), warn<<30
			return run(cmd, dir, options, audit)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "folder of the node")
	cmd.Flags().BoolVar(&options.Verbose, "verbose", false, "log what goes well, too")
	cmd.Flags().BoolVar(&options.VotesLost, "votes-lost", false, "start although vote.state is gone or older than the last vote: only once the others are a block further")
	cmd.Flags().Int64Var(&warn, "warn-size", 64, "size of the ledger's database in GiB above which the log warns")
	cmd.Flags().DurationVar(&options.MaxPause, "max-pause", 0, "how long the ledger may have stood still for this node to let it go on; 0 is 720h")
	cmd.Flags().DurationVar(&audit, "audit", 24*time.Hour, "how often everything is recomputed from the log, beginning at once; 0 is never")
	return cmd
}

func run(cmd *cobra.Command, dir string, options cometlog.Options, audit time.Duration) (err error) {
	ctx := cmd.Context()
	genesis, err := cometlog.ReadGenesis(dir)
	if err != nil {
		return err
	}
	zk := &zkp.Accumulator{AllowSinglePartySetupUnsafe: genesis.Development}
	refused := new(refusals)
	options.OnRefusal = refused.count
	node, err := cometlog.Open(ctx, dir, zk, options)
	if errors.Is(err, cometlog.ErrVotesLost) {
		return fmt.Errorf("%w (--votes-lost)", err)
	}
	if err != nil && ctx.Err() != nil {
		return nil // told to stop before it ran: what else is wrong is so at the next start
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	if err := prometheus.Register(metrics{node.Status, refused}); err != nil {
		return err
	}
	failed := make(chan error, 2)
	if err := serve(ctx, node, failed); err != nil {
		return err
	}
	if audit > 0 {
		go auditRegularly(ctx, node, audit, slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)), failed)
	}
	config := node.Config()
	legible.Fprintf(cmd.OutOrStdout(), "%s runs. API: http://%s\n", config.Name, config.API)
	select {
	case <-ctx.Done():
		legible.Fprintln(cmd.OutOrStdout(), "stopping")
		return nil
	case <-node.Done():
		return cometlog.ErrStopped
	case err := <-failed:
		return err
	}
}

// serve opens the API, unless the node has none.
func serve(ctx context.Context, node *cometlog.Node, failed chan<- error) error {
	address := node.Config().API
	if address == "" {
		return nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("API: %w", err)
	}
	client, err := ledger.NewClient(ctx, node.Trust(), node, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	pages := http.NewServeMux()
	pages.Handle("/v1/", remote.NewHandler(node, node.Trust(), remote.HandlerOptions{}))
	pages.HandleFunc("GET /v1/light/{height}", lightHandler(node))
	pages.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { ready(w, node.Ready()) })
	pages.Handle("/", web.New(client, node, web.Options{}))
	go func() {
		if err := remote.Serve(ctx, listener, pages); err != nil {
			failed <- fmt.Errorf("API: %w", err)
		}
	}()
	return nil
}

// ready answers a load balancer: 200, or 503 with the reason.
func ready(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		legible.Fprintln(w, err)
		return
	}
	legible.Fprintln(w, "ready")
}

// auditRegularly stops the node where its database is not what the log leads to:
// it would sign what it cannot vouch for. An audit that could not be made, because there
// is no room for its temporary file or so, is written to the node's log.
func auditRegularly(ctx context.Context, node *cometlog.Node, every time.Duration, log *slog.Logger, failed chan<- error) {
	for {
		err := node.Audit(ctx, nil)
		switch {
		case errors.Is(err, machine.ErrDamaged):
			failed <- fmt.Errorf("the node's database is damaged (move its data folder away, and the node fetches everything from the others): %w", err)
			return
		case err != nil && ctx.Err() == nil:
			log.Error("the audit could not be made, and is tried again later", "err", legible.Line(err.Error()))
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
	}
}
