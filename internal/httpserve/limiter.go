package httpserve

import (
	"context"
	"errors"
	"time"
)

// ErrBusy means that no place came free in time.
var ErrBusy = errors.New("too many others ask at the moment: ask again later")

// A Limiter lets some requests in at a time, so that dear ones leave room for cheap ones.
type Limiter struct {
	places, queue chan struct{}
	patience      time.Duration
}

// NewLimiter makes a limiter of so many places, in whose queue so many wait, so long.
func NewLimiter(places, queue int, patience time.Duration) *Limiter {
	return &Limiter{make(chan struct{}, places), make(chan struct{}, queue), patience}
}

// Enter waits for a place, which leave gives back. The error is [ErrBusy].
func (l *Limiter) Enter(ctx context.Context) (leave func(), err error) {
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
		return nil, ErrBusy
	}
	ctx, stop := context.WithTimeout(ctx, l.patience)
	defer stop()
	select {
	case l.places <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, ErrBusy
	}
}
