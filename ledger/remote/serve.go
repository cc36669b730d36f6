package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Limits of a server: one slow reader holds only its own connection.
const (
	headerTime  = 5 * time.Second
	requestTime = 30 * time.Second
	answerTime  = time.Minute
	idleTime    = 2 * time.Minute
	headerBytes = 16 << 10
	// stopTime is the time that running requests have when the server stops.
	stopTime = 2 * time.Second
)

// Serve serves a handler until ctx ends or the listener fails. The end of ctx
// is not an error.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: answerTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("remote: serving: %w", err)
	case <-ctx.Done():
	}
	stopping, stop := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer stop()
	if err := server.Shutdown(stopping); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return nil
}
