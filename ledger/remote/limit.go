package remote

import (
	"context"
	"errors"
	"time"
)

var errBusy = errors.New("too many others read at the moment: ask again later, or another server")

const (
	// readWaiting is how many reads of a kind may wait for a place. Others are refused.
	readWaiting = 64
	// readPatience is how long one waits.
	readPatience = 2 * time.Second
)

// limiter lets some requests of a kind in at a time, so that dear ones leave room for
// cheap ones.
type limiter struct{ places, queue chan struct{} }

func newLimiter(places int) *limiter {
	return &limiter{make(chan struct{}, places), make(chan struct{}, readWaiting)}
}

// enter waits for a place, which leave gives back. The error is errBusy.
func (l *limiter) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-l.places }
	select {
	case l.places <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case l.queue <- struct{}{}:
		defer func() { <-l.queue }()
	default:
		return nil, errBusy
	}
	ctx, stop := context.WithTimeout(ctx, readPatience)
	defer stop()
	select {
	case l.places <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, errBusy
	}
}
