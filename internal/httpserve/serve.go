package httpserve

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Times bounds how long a connection may take. Zero means the value of the package
// comment.
type Times struct{ Header, Body, Write, Idle time.Duration }

// headerBytes caps the header of a request.
const headerBytes = 16 << 10

// stopTime is the time that running requests have when the server stops.
const stopTime = 2 * time.Second

// ServeOptions changes how Serve serves. The zero value is plain HTTP with the times of
// the package comment.
type ServeOptions struct {
	// TLS has the certificates; nil means plain HTTP, as behind a proxy or on loopback.
	TLS   *tls.Config
	Times Times
	// Logger gets what the server says of connections; nil for silence.
	Logger *slog.Logger
}

// NewServer makes a server with bounded times. Serve is all that most programs need.
func NewServer(handler http.Handler, opts ServeOptions) *http.Server {
	t := opts.Times
	t.Header = cmp.Or(t.Header, 2*time.Second)
	t.Body = cmp.Or(t.Body, 5*time.Second)
	t.Write = cmp.Or(t.Write, 10*time.Second)
	t.Idle = cmp.Or(t.Idle, 15*time.Second)
	server := &http.Server{
		Handler: handler, TLSConfig: opts.TLS, MaxHeaderBytes: headerBytes,
		ReadHeaderTimeout: t.Header, ReadTimeout: t.Header + t.Body, WriteTimeout: t.Header + t.Body + t.Write, IdleTimeout: t.Idle,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	if opts.Logger != nil {
		server.ErrorLog = slog.NewLogLogger(opts.Logger.Handler(), slog.LevelWarn)
	}
	return server
}

// Serve serves a handler until ctx ends or the listener fails. Then running requests have
// 2 s to end. The end of ctx is not an error.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, opts ServeOptions) error {
	server := NewServer(handler, opts)
	failed := make(chan error, 1)
	go func() {
		if opts.TLS != nil {
			failed <- server.ServeTLS(listener, "", "")
		} else {
			failed <- server.Serve(listener)
		}
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	stopping, stop := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer stop()
	if err := server.Shutdown(stopping); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return nil
}
