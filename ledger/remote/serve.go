package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Limits of a server: one slow reader holds no more than its own connection.
const (
	headerTime  = 5 * time.Second
	requestTime = 30 * time.Second
	answerTime  = time.Minute
	idleTime    = 2 * time.Minute
	headerBytes = 16 << 10
	// stopTime is how long requests under way may take when the server ends.
	stopTime = 2 * time.Second
)

// Serve serves a handler until ctx ends, which is no error, or the listener
// fails.
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
