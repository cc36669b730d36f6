package main

import (
	"embed"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
)

// Caps in bytes of what a command reads; the parsers of the library have their own.
const (
	documentLimit = 64 << 10
	bundleLimit   = 32 << 20
	tableLimit    = 64 << 20
	// qrLimit is how many characters a QR code of version 40 at level L holds.
	qrLimit = 4296
)

// inputError says of a file, a folder or an address what is wrong with it.
type inputError struct {
	id   string // sentence
	name string
	err  error
}

func (e *inputError) Error() string { return fmt.Sprintf("%s: %s", e.name, e.id) }
func (e *inputError) Unwrap() error { return e.err }

// writeMessage writes to a file, or to standard output when the name is "-", as
// JSON or, with --qr, as the text of one QR code.
func (a *app) writeMessage(name string, kind openid.QRType, b []byte) error {
	b, err := a.messageText(kind, b)
	switch {
	case err != nil:
		return err
	case name != "-":
		return folder.WriteFile(name, append(b, '\n'))
	}
	_, err = fmt.Fprintln(a.out, string(legible.JSON(b)))
	return err
}

func (a *app) messageText(kind openid.QRType, b []byte) ([]byte, error) {
	if !a.qr {
		return b, nil
	}
	text := openid.QRText(kind, b)
	if len(text) > qrLimit {
		return nil, usageError{errors.New(a.words.text("output.no-qr", "Length", len(text)))}
	}
	return []byte(text), nil
}

//go:embed sample
var samples embed.FS

// sample returns a file that ships with the command.
func sample(name string) []byte {
	b, err := samples.ReadFile("sample/" + name)
	if err != nil {
		panic(err) // part of the binary
	}
	return b
}
