package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/legible"
)

// testnet is what the command was asked for.
type testnet struct {
	dir       string
	nodes     int
	port      int
	epoch     time.Duration
	heartbeat time.Duration
	makeOnly  bool
	out       io.Writer
}

func testnetCommand() *cobra.Command {
	t := testnet{}
	cmd := &cobra.Command{
		Use:   "testnet",
		Short: "Make a consortium on this machine, and run it",
		Long: "Makes a folder for each node, a root agency whose keys are root.key and safe, and trust.json,\n" +
			"then runs every node as a process of its own until Ctrl-C. Where the folder is there\n" +
			"already, its nodes go on. Single-party proving keys are allowed: this is for trying\n" +
			"out, not for agencies on machines of their own.",
		Example: "  hufu-node testnet --nodes 4 --dir testnet\n  hufu-node testnet --dir testnet --epoch 10s --make-only",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t.out = cmd.OutOrStdout()
			if !cmd.Flags().Changed("heartbeat") {
				t.heartbeat = min(t.heartbeat, t.epoch) // an epoch closes with the checkpoint after it
			}
			return t.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&t.dir, "dir", "testnet", "folder of the consortium")
	flags.IntVar(&t.nodes, "nodes", 4, "how many nodes, from 1 to 32")
	flags.IntVar(&t.port, "port", 26600, "the first of three TCP ports a node: peers, API, metrics")
	flags.DurationVar(&t.epoch, "epoch", time.Hour, "length of an epoch: how long until a revocation shows in zero knowledge")
	flags.DurationVar(&t.heartbeat, "heartbeat", time.Minute, "how long the ledger may go without a checkpoint; no longer than an epoch if not given")
	flags.BoolVar(&t.makeOnly, "make-only", false, "make the folders and run nothing")
	return cmd
}

const (
	trustName = "trust.json"
	rootName  = "root.key"
	safeName  = "safe"
)

func (t *testnet) run(ctx context.Context) error {
	_, err := os.Stat(filepath.Join(t.dir, trustName))
	if errors.Is(err, os.ErrNotExist) {
		err = t.create()
	}
	if err != nil {
		return err
	}
	if err := t.describe(); err != nil {
		return err
	}
	if t.makeOnly {
		return nil
	}
	return t.runNodes(ctx)
}

func (t *testnet) create() error {
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return err
	}
	root, err := createKey(filepath.Join(t.dir, rootName))
	if err != nil {
		return err
	}
	options := cometlog.TestnetOptions{EpochLength: t.epoch, Heartbeat: t.heartbeat, Metrics: true, Development: true}
	if err := rootOptions(&options, safe(filepath.Join(t.dir, safeName)), root); err != nil {
		return err
	}
	for i := range 3 * t.nodes {
		options.Ports = append(options.Ports, t.port+i)
	}
	dirs, err := cometlog.Testnet(t.dir, t.nodes, root, options)
	if err != nil {
		return err
	}
	trust, err := limits.ReadFile(filepath.Join(dirs[0], trustName), limits.Document)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(t.dir, trustName), trust, 0o644)
}

// describe prints what a wallet, a counter and the demo need.
func (t *testnet) describe() error {
	b, err := limits.ReadFile(filepath.Join(t.dir, trustName), limits.Document)
	if err != nil {
		return err
	}
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return err
	}
	print := trust.Fingerprint()
	folders, err := t.folders()
	if err != nil {
		return err
	}
	var addresses []string
	for _, folder := range folders {
		config, err := cometlog.ReadConfig(folder)
		if err != nil {
			return err
		}
		addresses = append(addresses, "http://"+config.API)
	}
	legible.Fprintf(t.out, "%d nodes, of which %d must sign. Try it with:\n\n  hufu demo --ledger %s \\\n    --trust %s --root-key %s \\\n    --fingerprint %s\n\n",
		len(folders), trust.K, strings.Join(addresses, ","), filepath.Join(t.dir, trustName), filepath.Join(t.dir, rootName), hex.EncodeToString(print[:]))
	return nil
}

func (t *testnet) folders() ([]string, error) {
	folders, err := filepath.Glob(filepath.Join(t.dir, "node[0-9]*"))
	if err == nil && len(folders) == 0 {
		err = fmt.Errorf("%s holds no node", t.dir)
	}
	return folders, err
}

// runNodes runs a process for each node. One that ends by itself is reported, and
// the others go on.
func (t *testnet) runNodes(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	folders, err := t.folders()
	if err != nil {
		return err
	}
	var lines sync.Mutex
	var wait sync.WaitGroup
	for _, folder := range folders {
		name := filepath.Base(folder)
		say := func(line string) {
			lines.Lock()
			defer lines.Unlock()
			legible.Fprintf(t.out, "%s: %s\n", name, line)
		}
		process := exec.CommandContext(ctx, self, "run", "--dir", folder)
		process.Cancel = func() error { return process.Process.Signal(syscall.SIGTERM) }
		process.WaitDelay = 10 * time.Second
		wait.Go(func() {
			err := runProcess(process, say)
			if ctx.Err() == nil {
				say(fmt.Sprintf("has ended (%v); start it again with: hufu-node run --dir %s", err, folder))
			}
		})
	}
	wait.Wait()
	if ctx.Err() == nil {
		return errors.New("every node has ended")
	}
	return nil
}

func runProcess(process *exec.Cmd, say func(string)) error {
	read, write := io.Pipe()
	process.Stdout, process.Stderr = write, write
	done := make(chan struct{})
	go func() {
		defer close(done)
		for scanner := bufio.NewScanner(read); scanner.Scan(); {
			say(scanner.Text())
		}
	}()
	err := process.Run()
	write.Close() // a pipe in memory
	<-done
	return err
}
