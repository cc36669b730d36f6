package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

const (
	// checkpointInterval is the least that the POSIX driver takes.
	checkpointInterval = 100 * time.Millisecond
	// batchAge is how long Tessera waits for more entries where a batch is not full.
	batchAge = 5 * time.Millisecond
	// pollPeriod is how often Tessera's awaiter reads the checkpoint file.
	pollPeriod = time.Millisecond
)

// tiles is a Tessera log on the POSIX driver.
type tiles struct {
	appender *tessera.Appender
	reader   tessera.LogReader
	public   string // the log's verifier key
	shutdown func(context.Context) error
	stop     context.CancelFunc
}

func init() {
	// Errors still go to standard error, notes on every start and stop do not.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
}

// openTiles makes a log in a new folder, without what would only slow it down:
// the filter for repeated entries and garbage collection are off.
func openTiles(ctx context.Context, dir string, batch int) (*tiles, error) {
	private, public, err := note.GenerateKey(rand.Reader, "tessera.example/peers")
	if err != nil {
		return nil, fmt.Errorf("key of the Tessera log: %w", err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, fmt.Errorf("key of the Tessera log: %w", err)
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return nil, fmt.Errorf("open Tessera's POSIX driver: %w", err)
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithBatching(uint(batch), batchAge).WithCheckpointInterval(checkpointInterval).WithGarbageCollectionInterval(0)
	l := &tiles{public: public}
	// An interrupt does not stop it under those who wait: close does.
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.appender, l.shutdown, l.reader, err = tessera.NewAppender(ctx, driver, options)
	if err != nil {
		l.stop()
		return nil, fmt.Errorf("open Tessera log: %w", err)
	}
	return l, nil
}

func (l *tiles) close() error {
	defer l.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := l.shutdown(ctx); err != nil {
		return fmt.Errorf("close Tessera log: %w", err)
	}
	return nil
}

// await waits for one entry.
type await func(context.Context, tessera.IndexFuture) error

// until is an await for entries on disk and in the tree, which nobody is told
// yet, or for a published checkpoint that covers them. The awaiter goes on
// reading until ctx ends, so it is made for one turn.
func (l *tiles) until(ctx context.Context, published bool) await {
	if !published {
		return func(_ context.Context, future tessera.IndexFuture) error {
			_, err := future()
			return err
		}
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, l.reader.ReadCheckpoint, pollPeriod)
	return func(ctx context.Context, future tessera.IndexFuture) error {
		_, _, err := awaiter.Await(ctx, future)
		return err
	}
}

// add appends leaves, all in flight at a time, and waits for each.
func (l *tiles) add(ctx context.Context, until await, leaves ...[]byte) error {
	futures := make([]tessera.IndexFuture, len(leaves))
	for i, leaf := range leaves {
		futures[i] = l.appender.Add(ctx, tessera.NewEntry(leaf))
	}
	for _, future := range futures {
		if err := until(ctx, future); err != nil {
			return err
		}
	}
	return nil
}
