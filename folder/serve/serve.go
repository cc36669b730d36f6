// Package serve serves the folder of a ledger over HTTP, for as long as a program runs:
// its API (ledger/remote), its public files (publish/remote) and its pages
// (ledger/explorer/web), all at one address. Meanwhile it keeps the ledger fresh and
// recomputes it.
//
//	log, err := folder.OpenLog(ctx, "ledger", folder.Options{})
//	…
//	listener, err := net.Listen("tcp", "127.0.0.1:8080")
//	…
//	err = serve.Ledger(ctx, log, folder.Public("ledger"), listener, serve.Options{Heartbeat: time.Minute, Audit: 24 * time.Hour})
//
// Not done here: TLS, and limits on how often somebody asks. Put a web server in front.
package serve

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/explorer/web"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/publish"
	files "github.com/hufu-id/hufu/publish/remote"
)

// Options say how a ledger is served.
type Options struct {
	// ReadOnly takes no operations.
	ReadOnly bool
	// Heartbeat is how long the ledger may go without a checkpoint; zero is without end.
	Heartbeat time.Duration
	// Audit is how often everything is recomputed; zero is never.
	Audit time.Duration
}

// Ledger serves a ledger and its public files at a listener, which it closes, until ctx
// ends or something fails. The end of ctx is not an error. Errors are those of
// [sqlitelog.Log.Keep], remote.Serve and ledger.NewClient.
func Ledger(ctx context.Context, log *sqlitelog.Log, public publish.Folder, listener net.Listener, opts Options) error {
	client, err := ledger.NewClient(ctx, log.Trust(), log, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	pages := http.NewServeMux()
	pages.Handle("/v1/", remote.NewHandler(log, log.Trust(), remote.HandlerOptions{ReadOnly: opts.ReadOnly}))
	pages.Handle(folder.PublicPath+"/", http.StripPrefix(folder.PublicPath, files.NewHandler(public)))
	pages.Handle("/", web.New(client, log, web.Options{}))
	ctx, stop := context.WithCancel(ctx)
	kept := make(chan error, 1)
	go func() {
		kept <- log.Keep(ctx, opts.Heartbeat, opts.Audit)
		stop()
	}()
	err = remote.Serve(ctx, listener, pages)
	stop()
	return errors.Join(err, <-kept)
}
