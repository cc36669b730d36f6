package wasm_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
)

// built are the modules made so far, by name; one build each is enough.
var built struct {
	sync.Mutex
	dir     string
	modules map[string]string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// flags are those of the package comment.
var flags = []string{
	"build", "-ldflags", "-s -w", "-trimpath",
	"-gcflags=all=-l", "-gcflags=math/bits=", "-gcflags=crypto/internal/...=", "-gcflags=github.com/consensys/gnark-crypto/...=",
}

// build compiles one of the commands beside this file, as the package comment says.
func build(t testing.TB, name string) string {
	t.Helper()
	readSources(t, name, "bridge", "testdata")
	built.Lock()
	defer built.Unlock()
	if path, done := built.modules[name]; done {
		return path
	}
	if built.dir == "" {
		var err error
		if built.dir, err = os.MkdirTemp("", "hufu-wasm-"); err != nil {
			t.Fatal(err)
		}
		built.modules = map[string]string{}
	}
	path := filepath.Join(built.dir, name+".wasm")
	cmd := exec.Command("go", append(slices.Clone(flags), "-o", path, "./"+name)...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOWASM=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	built.modules[name] = path
	return path
}

// readSources opens what go build and Node read but this test does not import:
// only so does the go command know that a cached result is out of date.
func readSources(t testing.TB, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, err := os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// module is one of the commands, running under Node.
type module struct {
	t   testing.TB
	in  io.WriteCloser
	out *bufio.Reader
}

func start(t testing.TB, name string) *module {
	t.Helper()
	long.Landing(t, "compiles for js/wasm")
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("HUFU_REQUIRE_ALL") == "1" {
		t.Fatal("node is missing")
	}
	if err != nil {
		t.Skip("node is missing: the modules are not run")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	goExec := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")
	cmd := exec.Command(node, "testdata/serve.cjs", goExec, build(t, name))
	cmd.Stderr = os.Stderr
	m := &module{t: t}
	if m.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	m.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = m.in.Close() // ends the module
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
	})
	return m
}

// order is a line for serve.cjs.
type order struct {
	Call   string  `json:"call"`
	Text   *string `json:"text,omitempty"`
	File   string  `json:"file,omitempty"`
	Repeat int     `json:"repeat,omitempty"`
}

// times are milliseconds of each repetition of an order: on the clock, and of
// the processor, which says more where others use it too.
type times struct {
	Clock     []float64 `json:"ms"`
	Processor []float64 `json:"cpu"`
}

// report prints the medians without the first repetitions, in which Node still
// compiles.
func (t times) report(b *testing.B, what string, warmUp int) {
	b.Helper()
	b.ReportMetric(median(t.Clock[warmUp:]), "ms/"+what)
	b.ReportMetric(median(t.Processor[warmUp:]), "cpu-ms/"+what)
}

func median(ms []float64) float64 {
	slices.Sort(ms)
	return ms[len(ms)/2]
}

// do carries out an order and reads the module's answer into out.
func (m *module) do(o order, out any) times {
	m.t.Helper()
	line, err := json.Marshal(o)
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := m.in.Write(append(line, '\n')); err != nil {
		m.t.Fatal(err)
	}
	reply, err := m.out.ReadBytes('\n')
	if err != nil {
		m.t.Fatalf("the module has ended: %v", err)
	}
	var r struct {
		times
		Out string `json:"out"`
	}
	if err := json.Unmarshal(reply, &r); err != nil {
		m.t.Fatalf("%v in %.200s", err, reply)
	}
	if err := json.Unmarshal([]byte(r.Out), out); err != nil {
		m.t.Fatalf("%v in %.200s", err, r.Out)
	}
	return r.times
}

// call hands a function JSON, or a string as it is.
func (m *module) call(name string, in, out any) {
	m.t.Helper()
	m.do(order{Call: name, Text: new(asText(m.t, in))}, out)
}

func asText(t testing.TB, in any) string {
	t.Helper()
	if s, ok := in.(string); ok {
		return s
	}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// gzipped is the size of a file as a server would send it.
func gzipped(t testing.TB, path string) (raw, compressed int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var n counter
	w, err := gzip.NewWriterLevel(&n, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return len(b), int(n)
}

type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
