// Command build compiles the checker for js/wasm. It puts the module,
// compressed, and the script that Go's runtime needs, with the page's other
// files:
//
//	go generate ./ledger/explorer/web
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hufu-id/hufu/legible"
)

func main() {
	out := flag.String("out", "static", "folder for checker.wasm.gz and wasm_exec.js")
	flag.Parse()
	if err := build(*out); err != nil {
		legible.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func build(out string) error {
	dir, err := os.MkdirTemp("", "hufu-checker-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	wasm := filepath.Join(dir, "checker.wasm")
	// Without inlining the module is a tenth smaller.
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-gcflags=all=-l", "-o", wasm,
		"github.com/hufu-id/hufu/ledger/explorer/web/checker")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOWASM=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	b, err := os.ReadFile(wasm)
	if err != nil {
		return err
	}
	compressed, err := compress(b)
	if err != nil {
		return err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(out, "checker.wasm.gz"), compressed, 0o644),
		os.WriteFile(filepath.Join(out, "wasm_exec.js"), script, 0o644),
	)
}

func compress(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(b)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}
