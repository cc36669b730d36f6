package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/legible"
)

// load is what the command was asked for.
type load struct {
	dir     string
	callers int
	batch   int
	time    time.Duration
	asJSON  bool
	out     io.Writer
	errOut  io.Writer
}

func loadCommand() *cobra.Command {
	l := load{}
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Measure how many operations a test network takes, and how long each waits",
		Long: "Many callers hand in anchors, each signed on its own, at all nodes in turn, and wait\n" +
			"until their operation stands in a checkpoint that enough nodes have signed. Every\n" +
			"signature is checked by every node. The root agency's key in the folder signs.",
		Example: "  hufu-node load --dir testnet\n  hufu-node load --dir testnet --callers 64 --time 30s --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l.out, l.errOut = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return l.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&l.dir, "dir", "testnet", "folder of the test network")
	flags.IntVar(&l.callers, "callers", 512, "how many callers there are at once")
	flags.IntVar(&l.batch, "batch", 1, "operations a caller hands in together")
	flags.DurationVar(&l.time, "time", 20*time.Second, "how long to measure")
	flags.BoolVar(&l.asJSON, "json", false, "print JSON")
	return cmd
}

// figures are what was measured.
type figures struct {
	Operations int     `json:"operations"`
	Failed     int64   `json:"failed"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"perSecond"`
	// Latencies are from handing in to a checkpoint that counts, in seconds.
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Worst float64 `json:"worst"`
}

func (l *load) run(ctx context.Context) error {
	if l.callers < 1 || l.batch < 1 || l.batch > ledger.MaxBatch || l.time <= 0 {
		return fmt.Errorf("callers, batch and time are positive, and a batch is at most %d", ledger.MaxBatch)
	}
	clients, trust, root, err := l.open()
	if err != nil {
		return err
	}
	deadline, cancel := context.WithTimeout(ctx, l.time)
	defer cancel()
	var failed atomic.Int64
	latencies := make([][]float64, l.callers)
	began := time.Now()
	var wait sync.WaitGroup
	for n := range l.callers {
		wait.Go(func() {
			for deadline.Err() == nil {
				took, err := l.one(ctx, clients[n%len(clients)], trust, root)
				if err != nil {
					failed.Add(1)
					continue
				}
				latencies[n] = append(latencies[n], took.Seconds())
			}
		})
	}
	l.progress(deadline, began)
	wait.Wait()
	return l.print(l.figures(slices.Concat(latencies...), failed.Load(), time.Since(began)))
}

// open reads the folder: a client for each node, which begins with that node and
// goes to the others where it does not answer.
func (l *load) open() ([]*remote.Client, *ledger.TrustFile, crypto.Signer, error) {
	t := testnet{dir: l.dir}
	folders, err := t.folders()
	if err != nil {
		return nil, nil, nil, err
	}
	var addresses []string
	for _, folder := range folders {
		config, err := cometlog.ReadConfig(folder)
		if err != nil {
			return nil, nil, nil, err
		}
		addresses = append(addresses, "http://"+config.API)
	}
	var clients []*remote.Client
	for i := range addresses {
		client, err := remote.New(remote.Options{}, slices.Concat(addresses[i:], addresses[:i])...)
		if err != nil {
			return nil, nil, nil, err
		}
		clients = append(clients, client)
	}
	b, err := limits.ReadFile(filepath.Join(l.dir, trustName), limits.Document)
	if err != nil {
		return nil, nil, nil, err
	}
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return nil, nil, nil, err
	}
	root, err := readKey(filepath.Join(l.dir, rootName))
	return clients, trust, root, err
}

// readKey reads a signature key, PKCS #8 in PEM.
func readKey(path string) (crypto.Signer, error) {
	b, err := limits.ReadFile(path, limits.Document)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s is no PEM file", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s holds no private key", path)
	}
	return signer, nil
}

// one hands in a batch and believes the receipt: it measures the nodes.
func (l *load) one(ctx context.Context, client *remote.Client, trust *ledger.TrustFile, root crypto.Signer) (time.Duration, error) {
	anchors := make([]ledger.Object, l.batch)
	for i := range anchors {
		anchor := &ledger.Anchor{Count: 1, Agency: trust.RootDID}
		rand.Read(anchor.Hash[:]) // never fails
		anchors[i] = anchor
	}
	ops, err := ledger.SignObjects(trust.ID(), anchors, root)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = client.Submit(ctx, ops...)
	return time.Since(began), err
}

// progress says once a second that the measurement goes on.
func (l *load) progress(ctx context.Context, began time.Time) {
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(l.errOut)
			return
		case <-time.After(time.Second):
			legible.Fprintf(l.errOut, "\rmeasuring: %2.0f of %.0f s", time.Since(began).Seconds(), l.time.Seconds())
		}
	}
}

func (l *load) figures(latencies []float64, failed int64, took time.Duration) figures {
	f := figures{Operations: len(latencies) * l.batch, Failed: failed, Seconds: took.Seconds()}
	f.PerSecond = float64(f.Operations) / f.Seconds
	if len(latencies) == 0 {
		return f
	}
	slices.Sort(latencies)
	at := func(share float64) float64 { return latencies[int(share*float64(len(latencies)-1))] }
	f.P50, f.P95, f.P99, f.Worst = at(0.5), at(0.95), at(0.99), at(1)
	return f
}

func (l *load) print(f figures) error {
	if l.asJSON {
		return json.NewEncoder(l.out).Encode(f)
	}
	_, err := legible.Fprintf(l.out, "%d operations in %.1f s: %.0f a second, %d batches failed\nfrom handing in to a checkpoint that counts: p50 %.2f s, p95 %.2f s, p99 %.2f s, worst %.2f s\n",
		f.Operations, f.Seconds, f.PerSecond, f.Failed, f.P50, f.P95, f.P99, f.Worst)
	return err
}
