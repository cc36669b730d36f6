package remote

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/hufu-id/hufu/internal/httpserve"
)

// times of a server: one slow reader holds only its own connection.
var times = httpserve.Times{Header: 5 * time.Second, Body: 25 * time.Second, Write: 30 * time.Second, Idle: 2 * time.Minute}

// Serve serves a handler until ctx ends or the listener fails. The end of ctx
// is not an error.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	if err := httpserve.Serve(ctx, listener, handler, httpserve.ServeOptions{Times: times}); err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	return nil
}
