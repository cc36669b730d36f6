package web

import (
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
)

// static has page.js and page.css, and once go generate has run, the checker.
//
//go:embed static
var static embed.FS

// A Checker is the program with which the page checks proofs.
type Checker struct {
	// Module is the program, compiled for js/wasm and compressed with gzip.
	Module []byte
	// Script starts the module: wasm_exec.js of the same Go version.
	Script []byte
}

// Built returns the checker that this program was built with, or nil.
func Built() *Checker {
	module, err1 := static.ReadFile("static/checker.wasm.gz")
	script, err2 := static.ReadFile("static/wasm_exec.js")
	if err1 != nil || err2 != nil {
		return nil
	}
	return &Checker{Module: module, Script: script}
}

// assetsVersion changes when a static file changes, so that browsers may cache
// the files.
func assetsVersion(c *Checker) string {
	h := sha256.New()
	for _, name := range []string{"page.js", "page.css"} {
		b, err := static.ReadFile("static/" + name)
		if err != nil {
			panic(err) // part of the program
		}
		h.Write(b)
	}
	if c != nil {
		h.Write(c.Module)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

var types = map[string]string{
	"page.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8",
	"wasm_exec.js": "text/javascript; charset=utf-8", "checker.wasm": "application/wasm",
}

func (w *Window) static(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	b, err := static.ReadFile("static/" + name)
	switch {
	case types[name] == "":
		b = nil
	case w.checker == nil && (name == "wasm_exec.js" || name == "checker.wasm"):
		b = nil
	case name == "wasm_exec.js":
		b, err = w.checker.Script, nil
	case name == "checker.wasm":
		b, err = w.checker.Module, nil
	}
	if err != nil || b == nil {
		w.fail(rw, r, http.StatusNotFound, "no-page")
		return
	}
	h := rw.Header()
	h.Set("Content-Type", types[name])
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if name == "checker.wasm" {
		sendModule(rw, r, b)
		return
	}
	rw.Write(b) // the reader is gone
}

// sendModule sends the compressed module, and unpacks it for clients that
// cannot read gzip.
func sendModule(rw http.ResponseWriter, r *http.Request, compressed []byte) {
	rw.Header().Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		rw.Header().Set("Content-Encoding", "gzip")
		rw.Write(compressed)
		return
	}
	unpacked, err := gzip.NewReader(strings.NewReader(string(compressed)))
	if err != nil {
		http.Error(rw, "the module is damaged", http.StatusInternalServerError)
		return
	}
	io.Copy(rw, unpacked)
}
