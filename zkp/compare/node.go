package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// errNoPackages: the npm side is not installed.
var errNoPackages = errors.New("the npm packages are not here: install Node 20 or newer and run `npm ci` in zkp/compare")

// node is a running worker.mjs, which stays warm between operations.
type node struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

type nodeRequest struct {
	Do    string `json:"do"`
	Times int    `json:"times"`
}

type nodeAnswer struct {
	Nanoseconds float64        `json:"ns"`
	Value       jsontext.Value `json:"value"`
	Error       string         `json:"error"`
}

// startNode starts the worker in folder and waits until everything is loaded.
func startNode(ctx context.Context, folder string) (*node, error) {
	if _, err := os.Stat(folder + "/node_modules/snarkjs"); err != nil {
		return nil, errNoPackages
	}
	if _, err := exec.LookPath("node"); err != nil {
		return nil, errNoPackages
	}
	cmd := exec.CommandContext(ctx, "node", "--expose-gc", "worker.mjs")
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	n := &node{cmd, in, bufio.NewReader(out)}
	if _, err := n.do("versions", 1, nil); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

// close ends the worker.
func (n *node) close() error {
	return errors.Join(n.in.Close(), n.cmd.Wait())
}

// do runs an operation so many times, stores the last value in v where v is not
// nil, and returns the mean time of one.
func (n *node) do(operation string, times int, v any) (time.Duration, error) {
	request, err := json.Marshal(nodeRequest{operation, times})
	if err != nil {
		return 0, err
	}
	if _, err := n.in.Write(append(request, '\n')); err != nil {
		return 0, fmt.Errorf("node: %s: %w", operation, err)
	}
	line, err := n.out.ReadBytes('\n')
	if err != nil {
		return 0, fmt.Errorf("node: %s: %w", operation, err)
	}
	var answer nodeAnswer
	if err := json.Unmarshal(line, &answer); err != nil {
		return 0, fmt.Errorf("node: %s: %w", operation, err)
	}
	if answer.Error != "" {
		return 0, fmt.Errorf("node: %s: %s", operation, answer.Error)
	}
	if v != nil {
		if err := json.Unmarshal(answer.Value, v); err != nil {
			return 0, fmt.Errorf("node: %s: %w", operation, err)
		}
	}
	return time.Duration(answer.Nanoseconds), nil
}

// prove is a turn of an operation whose value nobody needs.
func (n *node) prove(operation string) turn {
	return func() (time.Duration, error) { return n.do(operation, 1, nil) }
}

// verify is a turn of a verification, which must accept.
func (n *node) verify(operation string) turn {
	return func() (time.Duration, error) {
		var accepted bool
		d, err := n.do(operation, verifications, &accepted)
		if err == nil && !accepted {
			err = fmt.Errorf("node: %s: refused its own proof", operation)
		}
		return d, err
	}
}
