package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/term"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/legible/ask"
	"github.com/hufu-id/hufu/openid/qrimage"
)

// offerImage, with .png or .svg, is the --qr-image of many offers at once: each
// image lies beside its offer and bears its number.
const offerImage = "offer"

// checkImageName refuses an image of another kind before any work is done.
func (a *app) checkImageName() error {
	if ext := filepath.Ext(a.qrImage); a.qrImage == "" || ext == ".png" || ext == ".svg" {
		return nil
	}
	return usageError{errors.New(a.words.text("output.image-kind"))}
}

// draw shows a message's QR text as a QR code: in the file of --qr-image, and
// with --qr on the terminal. The message itself is written by then, so that it
// is not lost where it is too long to be drawn.
func (a *app) draw(text string) error {
	if a.qrImage != "" {
		code, err := a.encode(text)
		if err == nil {
			err = folder.WriteFile(a.qrImage, code.Picture(filepath.Ext(a.qrImage)))
		}
		if err != nil {
			return err
		}
	}
	w, ok := a.window()
	if !ok {
		return nil
	}
	code, err := a.encode(text)
	if err != nil {
		return err
	}
	a.show(code, w)
	return nil
}

func (a *app) encode(text string) (*qrimage.Code, error) {
	code, err := qrimage.Encode(text)
	if err != nil {
		return nil, usageError{errors.New(a.words.text("output.no-image", "Length", len(text)))}
	}
	return code, nil
}

// cells is the size of a terminal in character cells; zero is unknown.
type cells struct{ columns, lines int }

// window is the size of standard output, where a code is to be shown on it.
func (a *app) window() (w cells, show bool) {
	f, ok := ask.Terminal(a.out)
	if !ok || !a.qr || a.json {
		return cells{}, false
	}
	w.columns, w.lines, _ = term.GetSize(int(f.Fd())) // not every terminal tells
	return w, true
}

// show draws a code in a window, or says how large a window it takes.
func (a *app) show(code *qrimage.Code, w cells) {
	columns, lines := code.TerminalSize()
	lines++ // for the prompt below it
	if w.columns > 0 && w.columns < columns || w.lines > 0 && w.lines < lines {
		a.say("output.window", "Columns", columns, "Lines", lines)
		return
	}
	fmt.Fprint(a.out, code.Terminal())
}
