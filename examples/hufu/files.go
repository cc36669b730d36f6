package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
)

// Caps in bytes of what a command reads; the parsers of the library have their own.
const (
	documentLimit = 64 << 10
	messageLimit  = 256 << 10
	bundleLimit   = 32 << 20
	tableLimit    = 64 << 20
	// qrLimit is how many characters a QR code of version 40 at level L holds.
	qrLimit = 4296
)

// errInput is a file that cannot be read, or is not what the command takes.
var errInput = errors.New("input")

// inputError says which file and what is wrong with it.
type inputError struct {
	id   string // sentence
	name string
	err  error
}

func (e *inputError) Error() string { return fmt.Sprintf("%s: %s", e.name, e.id) }
func (e *inputError) Unwrap() []error {
	if e.err == nil {
		return []error{errInput}
	}
	return []error{errInput, e.err}
}

// readMessage reads one message from a file, from standard input ("-"), or
// from a QR text given in either, and checks that a QR text carries the
// expected kind.
func (a *app) readMessage(name string, kind openid.QRType) ([]byte, error) {
	b, err := a.readFile(name, messageLimit)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(b))
	if text == "" {
		return nil, &inputError{id: "input.empty", name: name}
	}
	if !strings.HasPrefix(text, "HUFU1:") {
		return []byte(text), nil
	}
	got, body, err := openid.ParseQRText(text)
	if err != nil {
		return nil, &inputError{id: "input.qr", name: name, err: err}
	}
	if got != kind {
		return nil, &inputError{id: "input.kind", name: name}
	}
	return body, nil
}

func (a *app) readFile(name string, limit int64) ([]byte, error) {
	var r io.Reader = a.in
	if name != "-" {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			return nil, &inputError{id: "input.missing", name: name, err: err}
		}
		if err != nil {
			return nil, &inputError{id: "input.unreadable", name: name, err: err}
		}
		defer f.Close()
		r = f
	}
	b, err := readAtMost(r, limit)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, &inputError{id: "input.large", name: name}
	case err != nil:
		return nil, &inputError{id: "input.unreadable", name: name, err: err}
	case len(bytes.TrimSpace(b)) == 0:
		return nil, &inputError{id: "input.empty", name: name}
	}
	return b, nil
}

var errTooLarge = errors.New("too large")

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = errTooLarge
	}
	return b, err
}

// writeMessage writes to a file, or to standard output when the name is "-", as
// JSON or, with --qr, as the text of one QR code. An existing file is not
// overwritten: it may be the only copy of an offer.
func (a *app) writeMessage(name string, kind openid.QRType, b []byte) error {
	if a.qr {
		text := openid.QRText(kind, b)
		if len(text) > qrLimit {
			return usageError{errors.New(a.words.text("output.no-qr", "Length", len(text)))}
		}
		b = []byte(text)
	}
	if name == "-" {
		_, err := fmt.Fprintln(a.out, string(legible.JSON(b)))
		return err
	}
	return writeNew(name, append(b, '\n'))
}

// checkOutputs is checkOutput for a message and the image that goes with it.
func (a *app) checkOutputs(out string) error {
	if err := checkOutput(out); err != nil || a.qrImage == "" {
		return err
	}
	if filepath.Clean(a.qrImage) == filepath.Clean(out) {
		return &inputError{id: "output.exists", name: out}
	}
	return checkOutput(a.qrImage)
}

// checkOutput makes sure that writeMessage will find its place free, before
// work is done whose result cannot be had a second time.
func checkOutput(name string) error {
	if name == "-" {
		return nil
	}
	if err := writeNew(name, nil); err != nil {
		return err
	}
	return os.Remove(name)
}

func writeNew(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return &inputError{id: "output.exists", name: name, err: err}
	}
	if err != nil {
		return &inputError{id: "output.unwritable", name: name, err: err}
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
