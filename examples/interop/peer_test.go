package interop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// peer is a running peer/main.mjs: a wallet, an issuer and a verifier of npm's.
type peer struct {
	mu  sync.Mutex
	in  io.WriteCloser
	out *bufio.Reader
}

type object = map[string]any

var errNoPeer = errors.New("the npm peer is not here: install Node 20 or newer and run `npm ci` in examples/interop/peer")

// start starts a peer, or skips the test where npm's packages are not installed.
func start(t testing.TB) *peer {
	t.Helper()
	if testing.Short() {
		t.Skip("starts Node")
	}
	_, err := os.Stat("peer/node_modules/@openid4vc")
	if err == nil {
		_, err = exec.LookPath("node")
	}
	if err != nil {
		if os.Getenv("HUFU_REQUIRE_ALL") != "1" {
			t.Skip(errNoPeer)
		}
		t.Fatal(errNoPeer)
	}
	cmd := exec.CommandContext(t.Context(), "node", "main.mjs")
	cmd.Dir, cmd.Stderr = "peer", os.Stderr
	in, err := cmd.StdinPipe()
	none(t, err)
	out, err := cmd.StdoutPipe()
	none(t, err)
	none(t, cmd.Start())
	t.Cleanup(func() { _, _ = in.Close(), cmd.Wait() })
	return &peer{in: in, out: bufio.NewReader(out)}
}

// try runs an operation and stores its value in v, where v is not nil.
func (p *peer) try(t testing.TB, name string, with, v any) error {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	request, err := json.Marshal(object{"do": name, "with": with})
	none(t, err)
	_, err = p.in.Write(append(request, '\n'))
	none(t, err)
	line, err := p.out.ReadBytes('\n')
	none(t, err)
	var answer struct {
		Value jsontext.Value `json:"value"`
		Error string         `json:"error"`
	}
	none(t, json.Unmarshal(line, &answer))
	if answer.Error != "" {
		return fmt.Errorf("%s: %s", name, answer.Error)
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, v)
}

func (p *peer) do(t testing.TB, name string, with, v any) {
	t.Helper()
	none(t, p.try(t, name, with, v))
}

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
