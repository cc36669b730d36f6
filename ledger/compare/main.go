package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// warmUp is how many rounds nobody counts: until caches and files are warm.
const warmUp = 2

func main() {
	rounds := flag.Int("rounds", 9, "how many pairs are measured of each kind of work")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *rounds, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, out, progress io.Writer) (err error) {
	if rounds < 1 {
		return errors.New("-rounds must be at least 1")
	}
	// Not the system's folder for temporary files, which may be kept in memory.
	dir, err := os.MkdirTemp(".", "data-")
	if err != nil {
		return fmt.Errorf("folder for both sides: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(progress, "opening ledgers, logs and the chain")
	f, err := openField(ctx, dir, full)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	contests := f.contests(ctx, full)
	if err := measure(ctx, contests, rounds, progress); err != nil {
		return err
	}
	writeMachine(out, rounds)
	fmt.Fprintf(out, "%d anchors on our ledger and on the chain in the end.\n\n", f.chain.nonce)
	return writeTable(out, contests, f.sizes())
}

// measure lets every pair work in turns, and changes who begins.
func measure(ctx context.Context, contests []*contest, rounds int, progress io.Writer) error {
	begin := time.Now()
	for r := range warmUp + rounds {
		for _, c := range contests {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := c.round(r%2 == 0, r >= warmUp); err != nil {
				return fmt.Errorf("%s: %w", c.what, err)
			}
		}
		left := time.Since(begin) / time.Duration(r+1) * time.Duration(warmUp+rounds-r-1)
		fmt.Fprintf(progress, "round %d of %d, the first %d to warm up; about %s left\n",
			r+1, warmUp+rounds, warmUp, left.Round(time.Second))
	}
	return nil
}
