package main

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
)

// load is how much work one turn is.
type load struct {
	single        int // one after the other
	published     int // the same, each awaited until published
	appenders     int // at a time
	concurrent    int // of all appenders together
	batch         int
	batches       int // of appends
	roots         int
	verifications int
}

// full keeps a turn short, and long against the clock.
var full = load{
	single: 100, published: 10, appenders: 256, concurrent: 1024, batch: 1000, batches: 5, roots: 20, verifications: 100,
}

// field holds everybody who is compared, opened and empty.
type field struct {
	disk  *disk
	log   *hufu // beside Tessera
	state *hufu // beside Ethereum
	chain *chain

	// Tessera logs that write each entry at once, gather those of many
	// appenders, or wait for a whole batch.
	alone, gathered, whole *tiles

	anchored [32]byte // lately, on both
	proofs   proofs

	opened []func() error // closes what was opened
}

func openField(ctx context.Context, dir string, l load) (*field, error) {
	f := new(field)
	if err := f.open(ctx, dir, l); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *field) open(ctx context.Context, dir string, l load) (err error) {
	if f.disk, err = openDisk(filepath.Join(dir, "floor")); err != nil {
		return err
	}
	f.opened = append(f.opened, f.disk.file.Close)
	if f.chain, err = openChain(ctx, filepath.Join(dir, "chain.ipc")); err != nil {
		return err
	}
	f.opened = append(f.opened, f.chain.close)
	for name, h := range map[string]**hufu{"log": &f.log, "state": &f.state} {
		if *h, err = openHufu(ctx, filepath.Join(dir, name)); err != nil {
			return err
		}
		f.opened = append(f.opened, (*h).log.Close)
	}
	return f.openTiles(ctx, dir, l)
}

func (f *field) openTiles(ctx context.Context, dir string, l load) (err error) {
	for _, t := range []struct {
		log   **tiles
		name  string
		batch int
	}{{&f.alone, "alone", 1}, {&f.gathered, "gathered", l.appenders}, {&f.whole, "whole", l.batch}} {
		if *t.log, err = openTiles(ctx, filepath.Join(dir, t.name), t.batch); err != nil {
			return err
		}
		f.opened = append(f.opened, (*t.log).close)
	}
	return nil
}

func (f *field) close() error {
	var errs []error
	for _, closeOne := range slices.Backward(f.opened) {
		errs = append(errs, closeOne())
	}
	return errors.Join(errs...)
}

// contests are in the order of the table. In each round anchors are made before
// one is proved.
func (f *field) contests(ctx context.Context, l load) []*contest {
	return slices.Concat(f.appendContests(ctx, l), f.anchorContests(ctx, l), []*contest{f.verify(ctx, l)})
}

// spread gives chunks of work to so many workers.
func spread[T any](workers int, chunks iter.Seq[[]T], work func(...T) error) error {
	var g errgroup.Group
	g.SetLimit(workers)
	for chunk := range chunks {
		g.Go(func() error { return work(chunk...) })
	}
	return g.Wait()
}
