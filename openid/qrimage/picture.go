package qrimage

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// ModulePixels is the width of a module, in pixels, of a PNG for screens and
// printers.
const ModulePixels = 8

// maxModulePixels bounds a PNG at version 40 to 185 × 64 pixels a side.
const maxModulePixels = 64

// PNG draws the code black on white at one bit a pixel. modulePixels is the
// width of a module; values outside 1 to 64 are moved to the nearer bound.
func (c *Code) PNG(modulePixels int) []byte {
	scale := min(max(modulePixels, 1), maxModulePixels)
	side := c.side() * scale
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if c.isDark(x/scale, y/scale) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, picture); err != nil {
		panic(err) // a picture of two colours in memory always encodes
	}
	return b.Bytes()
}

// SVG draws the code black on white for any size: one unit a module, one path
// of horizontal runs. It has no script, style, font or outside reference.
func (c *Code) SVG() []byte {
	var path strings.Builder
	for y := range c.side() {
		for x := 0; x < c.side(); x++ {
			run := c.run(x, y)
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x, y, run, run)
			}
			x += run
		}
	}
	side := c.side()
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" shape-rendering="crispEdges" role="img" aria-label="QR code">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`+"\n",
		side, side, side*ModulePixels, side*ModulePixels, side, side, path.String())
}

// run counts the dark modules from (x, y) to the right.
func (c *Code) run(x, y int) int {
	n := 0
	for c.isDark(x+n, y) {
		n++
	}
	return n
}

// Picture draws the code for a file with an extension: ".svg", or ".png" with modules of
// [ModulePixels] pixels. Nil means another extension.
func (c *Code) Picture(extension string) []byte {
	switch extension {
	case ".svg":
		return c.SVG()
	case ".png":
		return c.PNG(ModulePixels)
	}
	return nil
}
