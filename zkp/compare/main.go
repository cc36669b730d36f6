package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// warmUp is how many rounds nobody counts: until compilers and caches are warm.
const warmUp = 3

func main() {
	rounds := flag.Int("rounds", 15, "how many pairs are measured of each kind of work")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, out, progress io.Writer) error {
	if rounds < 1 {
		return errors.New("-rounds must be at least 1")
	}
	fmt.Fprintln(progress, "loading keys, circuits and packages; the first time this takes a minute")
	f, err := openField(ctx)
	if err != nil {
		return err
	}
	defer f.node.close()
	contests := f.contests()
	if err := measure(ctx, contests, rounds, progress); err != nil {
		return err
	}
	sizes, err := f.sizes()
	if err != nil {
		return err
	}
	versions := map[string]string{}
	if _, err := f.node.do("versions", 1, &versions); err != nil {
		return err
	}
	writeMachine(out, rounds, versions)
	fmt.Fprintf(out, "Semaphore relation: %d constraints in gnark, %d in the published artifact.\n\n",
		f.semaphore.system.GetNbConstraints(), f.inputs.Constraints)
	writeTimes(out, contests)
	fmt.Fprintln(out)
	writeSizes(out, sizes)
	return nil
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
				return fmt.Errorf("%s, %s: %w", c.what, c.peerWay, err)
			}
		}
		left := time.Since(begin) / time.Duration(r+1) * time.Duration(warmUp+rounds-r-1)
		fmt.Fprintf(progress, "round %d of %d, the first %d to warm up; about %s left\n",
			r+1, warmUp+rounds, warmUp, left.Round(time.Second))
	}
	return nil
}
