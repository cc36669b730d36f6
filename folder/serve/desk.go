package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/internal/httpserve"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/openid"
	files "github.com/hufu-id/hufu/publish/remote"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

// DeskOptions say how an agency's desk is served. URL is required.
type DeskOptions struct {
	// URL is the Credential Issuer Identifier: the address of the listener, as wallets know
	// it, without a last slash.
	URL string
	// AdminToken is the bearer token of the agency's own programs, at least 32 bytes; empty
	// for none.
	AdminToken string
	// TLS has the certificates; nil serves plain HTTP.
	TLS *tls.Config
	// Heartbeat is as in Options.
	Heartbeat time.Duration
}

// renewal is how often status lists are looked at.
const renewal = time.Hour

// Desk serves the issuing desk of an agency that has joined a ledger on this machine
// (package wallet/issuer/endpoint), and the ledger and its public files beside it, read-only,
// at a listener, which it closes, until ctx ends or something fails. Meanwhile it renews the
// status lists and keeps the ledger fresh. The end of ctx is not an error. Errors are those
// of folder.Agency.Desk, issuer.Desk, endpoint.New and sqlitelog.Log.Keep.
func Desk(ctx context.Context, log *sqlitelog.Log, office *folder.Agency, ledgerDir string, listener net.Listener, opts DeskOptions) error {
	handler, desk, err := deskHandler(ctx, log, office, ledgerDir, opts)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	kept := make(chan error, 2)
	for _, keep := range []func() error{
		func() error { return log.Keep(ctx, opts.Heartbeat, 0) },
		func() error { return renew(ctx, desk) },
	} {
		go func() {
			kept <- keep()
			stop()
		}()
	}
	err = httpserve.Serve(ctx, listener, handler, httpserve.ServeOptions{TLS: opts.TLS})
	stop()
	return errors.Join(err, <-kept, <-kept)
}

func deskHandler(ctx context.Context, log *sqlitelog.Log, office *folder.Agency, ledgerDir string, opts DeskOptions) (http.Handler, *issuer.Desk, error) {
	desk, err := office.Desk(ctx, ledgerDir, issuer.Config{URL: opts.URL})
	if err != nil {
		return nil, nil, err
	}
	if _, err := desk.Recover(ctx); err != nil {
		return nil, nil, err
	}
	if err := desk.Renew(ctx); err != nil {
		return nil, nil, err
	}
	server, err := endpoint.New(ctx, endpoint.Config{
		Desk: desk, AdminToken: opts.AdminToken,
		Display: []openid.Display{{Name: office.Card.Name, Locale: "en"}, {Name: office.Card.Chinese, Locale: "zh-CN"}},
	})
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", remote.NewHandler(log, log.Trust(), remote.HandlerOptions{ReadOnly: true}))
	mux.Handle(folder.PublicPath+"/", http.StripPrefix(folder.PublicPath, files.NewHandler(folder.Public(ledgerDir))))
	mux.Handle("/", server)
	return mux, desk, nil
}

// renew signs status lists anew in time. A ledger that does not answer now is asked again.
func renew(ctx context.Context, desk *issuer.Desk) error {
	for {
		timer := time.NewTimer(renewal)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		err := desk.Renew(ctx)
		var rejected *issuer.Rejected
		if errors.As(err, &rejected) {
			return err
		}
	}
}
