package qrimage

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

var (
	// ErrText means that a text is empty, or has a character outside the 45 of
	// QR alphanumeric mode.
	ErrText = errors.New("qrimage: not a text in the QR alphanumeric set")
	// ErrTooLong means that no QR code holds the text.
	ErrTooLong = errors.New("qrimage: more characters than one QR code holds")
)

// alphanumeric is the character set of ISO/IEC 18004 section 7.3.4.
const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// quietZone is the width of the light margin in modules (ISO/IEC 18004 section
// 9.1).
const quietZone = 4

// A Code is one QR code, ready to draw.
type Code struct {
	version int
	level   string
	modules int    // on a side, without the quiet zone
	dark    []bool // row by row
}

// Encode makes the smallest code for a text: at level M if any version holds
// the text at that level, otherwise at level L. The error is ErrText or
// ErrTooLong. Neither shows more of the text than its length.
func Encode(text string) (*Code, error) {
	if text == "" || strings.Trim(text, alphanumeric) != "" {
		return nil, ErrText
	}
	// The library's own errors are dropped: they quote the text.
	for _, level := range []qr.ErrorCorrectionLevel{qr.M, qr.L} {
		if drawn, err := qr.Encode(text, level, qr.AlphaNumeric); err == nil {
			return newCode(drawn, level.String()), nil
		}
	}
	return nil, fmt.Errorf("%w: %d", ErrTooLong, len(text))
}

// maxBytes is what version 40 holds in byte mode at level L.
const maxBytes = 2953

// EncodeLink is Encode for a link or another text of ASCII, in byte mode, at eight bits a
// character. The error is ErrText or ErrTooLong.
func EncodeLink(text string) (*Code, error) {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, ErrText
	}
	for _, level := range []qr.ErrorCorrectionLevel{qr.M, qr.L} {
		if drawn, err := qr.Encode(text, level, qr.Unicode); err == nil {
			return newCode(drawn, level.String()), nil
		}
	}
	return nil, fmt.Errorf("%w: %d, %d fit", ErrTooLong, len(text), maxBytes)
}

// newCode copies the modules of a code from a picture with one pixel a module.
func newCode(drawn image.Image, level string) *Code {
	side := drawn.Bounds().Dx()
	c := &Code{version: (side - 17) / 4, level: level, modules: side, dark: make([]bool, 0, side*side)}
	for y := range side {
		for x := range side {
			c.dark = append(c.dark, drawn.At(x, y) == color.Black)
		}
	}
	return c
}

// Version returns the size of the code, 1 to 40. A side has 17 + 4 × version
// modules.
func (c *Code) Version() int { return c.version }

// Level returns the error correction level, "M" or "L".
func (c *Code) Level() string { return c.level }

// side returns the drawing's width and height in modules, quiet zone included.
func (c *Code) side() int { return c.modules + 2*quietZone }

// isDark reports whether a module of the drawing is dark. It counts from the
// outer corner of the quiet zone. Modules outside the code are light.
func (c *Code) isDark(x, y int) bool {
	x, y = x-quietZone, y-quietZone
	inside := x >= 0 && y >= 0 && x < c.modules && y < c.modules
	return inside && c.dark[y*c.modules+x]
}
