//go:build js && wasm

// Package bridge hands Go functions to JavaScript.
//
// Serve puts an object named hufu into the global scope. Each of its functions
// takes one string or Uint8Array and returns a string, always JSON: what the Go
// function returned, or {"error": "…"}. Functions run to their end before they
// return; a page that must stay responsive loads the module in a worker.
package bridge

import (
	"syscall/js"

	"github.com/go-json-experiment/json"
)

// A Func takes JSON or a file, and returns something to be written as JSON.
type Func func(in []byte) (any, error)

// Serve publishes the functions and never returns: the module lives as long as
// the page does.
func Serve(functions map[string]Func) {
	object := js.Global().Get("Object").New()
	for name, f := range functions {
		object.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return call(f, args) }))
	}
	js.Global().Set("hufu", object)
	select {}
}

func call(f Func, args []js.Value) string {
	var in []byte
	switch {
	case len(args) == 1 && args[0].Type() == js.TypeString:
		in = []byte(args[0].String())
	case len(args) == 1 && args[0].InstanceOf(js.Global().Get("Uint8Array")):
		in = make([]byte, args[0].Length())
		js.CopyBytesToGo(in, args[0])
	case len(args) > 0:
		return write(failure{"takes one string or Uint8Array"})
	}
	out, err := f(in)
	if err != nil {
		return write(failure{err.Error()})
	}
	return write(out)
}

type failure struct {
	Error string `json:"error"`
}

func write(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return `{"error":"the answer cannot be written as JSON"}`
	}
	return string(b)
}
