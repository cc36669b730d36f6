package qrimage_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"

	"github.com/hufu-id/hufu/openid/qrimage"
)

// modules reads the grid of a clean, upright picture; the three finder patterns
// reach its edges.
func modules(picture image.Image, pixels int) [][]bool {
	dark := func(x, y int) bool { return color.GrayModel.Convert(picture.At(x, y)).(color.Gray).Y < 128 }
	all := picture.Bounds()
	box := image.Rectangle{}
	for y := all.Min.Y; y < all.Max.Y; y++ {
		for x := all.Min.X; x < all.Max.X; x++ {
			if dark(x, y) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	var grid [][]bool
	for y := box.Min.Y; y < box.Max.Y; y += pixels {
		var row []bool
		for x := box.Min.X; x < box.Max.X; x += pixels {
			row = append(row, dark(x, y))
		}
		grid = append(grid, row)
	}
	return grid
}

// mustRead asserts that a clean picture reads as a text, with another library
// than the one that drew it, and the right way round.
func mustRead(t testing.TB, picture image.Image, pixels int, want string) (level string) {
	t.Helper()
	result, err := decoder.NewDecoder().DecodeBoolMapWithoutHint(modules(picture, pixels))
	if err != nil {
		t.Fatalf("%d pixels a side: %v", picture.Bounds().Dx(), err)
	}
	if got := result.GetText(); got != want {
		t.Fatalf("read %d other characters than the %d drawn", len(got), len(want))
	}
	if meta, ok := result.GetOther().(*decoder.QRCodeDecoderMetaData); ok && meta.IsMirrored() {
		t.Fatal("mirrored")
	}
	return result.GetECLevel()
}

// found reports whether a text is read from a picture in which the code has
// first to be found, as in a photograph. The finder takes something else for a
// corner in about 3 of 100 codes, whoever drew them.
func found(t testing.TB, picture image.Image, want string) bool {
	t.Helper()
	bits, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bits, nil)
	return err == nil && result.GetText() == want
}

func encode(t testing.TB, text string) *qrimage.Code {
	t.Helper()
	c, err := qrimage.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func decodePNG(t testing.TB, b []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// sheet is a light picture of squares, to paint on.
func sheet(side, pixels int) *image.Gray {
	s := image.NewGray(image.Rect(0, 0, side*pixels, side*pixels))
	draw.Draw(s, s.Bounds(), image.White, image.Point{}, draw.Src)
	return s
}

func square(s *image.Gray, x, y, width, pixels int, c color.Color) {
	draw.Draw(s, image.Rect(x*pixels, y*pixels, (x+width)*pixels, (y+1)*pixels), image.NewUniform(c), image.Point{}, draw.Src)
}

var (
	viewBox = regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`)
	run     = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
)

// drawSVG paints the runs of an SVG, and asserts that it is well-formed and
// holds nothing else.
func drawSVG(t *testing.T, svg []byte, pixels int) image.Image {
	t.Helper()
	if err := xmlError(svg); err != nil {
		t.Fatal(err)
	}
	box := viewBox.FindSubmatch(svg)
	if box == nil || !bytes.Equal(box[1], box[2]) {
		t.Fatal("no square viewBox")
	}
	side := number(t, box[1])
	s := sheet(side, pixels)
	runs := run.FindAllSubmatch(svg, -1)
	for _, r := range runs {
		x, y, width := number(t, r[1]), number(t, r[2]), number(t, r[3])
		if back := number(t, r[4]); back != width {
			t.Fatalf("a run of %d comes back %d", width, back)
		}
		square(s, x, y, width, pixels, color.Black)
	}
	if rest := run.ReplaceAll(svg, nil); !bytes.Contains(rest, []byte(`<path fill="#000" d=""/>`)) {
		t.Fatal("the dark path holds something else than runs")
	}
	return s
}

func xmlError(b []byte) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func number(t *testing.T, b []byte) int {
	t.Helper()
	n, err := strconv.Atoi(string(b))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// drawTerminal paints what a terminal would show.
func drawTerminal(t *testing.T, text string, pixels int) image.Image {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	s := sheet(2*len(lines), pixels)
	for y, line := range lines {
		cells, ok := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m")
		cells, reset := strings.CutSuffix(cells, "\x1b[0m")
		if !ok || !reset {
			t.Fatalf("line %d does not set and reset its colours", y)
		}
		for x, cell := range []rune(cells) {
			if cell == '▀' || cell == '█' {
				square(s, x, 2*y, 1, pixels, color.Black)
			}
			if cell == '▄' || cell == '█' {
				square(s, x, 2*y+1, 1, pixels, color.Black)
			}
		}
	}
	return s
}
