package wallet

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed means that the wallet was closed.
var ErrClosed = errors.New("wallet: closed")

// Close cancels the proofs in the making and waits until they have ended. Afterwards
// Draft and Present make no proof: Present returns ErrClosed. Close does not close the
// store, which belongs to the caller: close it after the wallet. Closing twice does
// nothing.
func (w *Wallet) Close() error {
	w.life.close()
	return nil
}

// life counts what runs in the background, and ends it.
type life struct {
	mu     sync.Mutex
	closed bool
	ends   map[*context.CancelFunc]bool
	wait   sync.WaitGroup
}

// begin returns a context that ends with the wallet, and the function to call at the
// end.
func (l *life) begin(ctx context.Context) (context.Context, func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	if l.ends == nil {
		l.ends = map[*context.CancelFunc]bool{}
	}
	l.ends[&cancel] = true
	l.wait.Add(1)
	return ctx, func() {
		l.mu.Lock()
		delete(l.ends, &cancel)
		l.mu.Unlock()
		cancel()
		l.wait.Done()
	}, nil
}

func (l *life) close() {
	l.mu.Lock()
	l.closed = true
	for cancel := range l.ends {
		(*cancel)()
	}
	l.mu.Unlock()
	l.wait.Wait()
}
