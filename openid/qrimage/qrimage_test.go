package qrimage_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/qrimage"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// answer is a whole zero-knowledge presentation, made by package zkp/prover, as
// QR text.
func answer(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("../../zkp/testdata/presentation.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Presentation []byte `json:"presentation"`
	}
	if err := json.Unmarshal(b, &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded.Presentation) < 256 {
		t.Fatalf("a presentation of %d bytes holds no two proofs", len(recorded.Presentation))
	}
	return openid.QRText(openid.QRProofPresentation, recorded.Presentation)
}

// random is a text of n characters, the same on every run.
func random(n int) string { return randomFrom(n, 18004) }

func randomFrom(n int, seed uint64) string {
	source := rand.New(rand.NewPCG(uint64(n), seed))
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[source.IntN(len(alphabet))])
	}
	return b.String()
}

// TestWholePresentationFitsVersion15 is the promise of the format: a camera of
// any phone reads version 15 from a hand's breadth.
func TestWholePresentationFitsVersion15(t *testing.T) {
	text := answer(t)
	code := encode(t, text)
	t.Logf("%d characters: version %d, level %s", len(text), code.Version(), code.Level())
	if code.Version() > 15 || code.Level() != "M" {
		t.Errorf("version %d, level %s", code.Version(), code.Level())
	}
	for _, pixels := range []int{1, 2, 3, qrimage.ModulePixels} {
		mustRead(t, decodePNG(t, code.PNG(pixels)), pixels, text)
	}
	mustRead(t, drawSVG(t, code.SVG(), 3), 3, text)
	mustRead(t, drawTerminal(t, code.Terminal(), 3), 3, text)
}

// findable is a text as long as the answer whose code is found where nothing is
// in the way, so that a test can put something in the way.
func findable(t *testing.T) (string, *qrimage.Code) {
	t.Helper()
	n, missed := len(answer(t)), 0
	for seed := range uint64(40) {
		text := randomFrom(n, seed)
		code := encode(t, text)
		if found(t, decodePNG(t, code.PNG(3)), text) {
			return text, code
		}
		missed++
	}
	t.Fatalf("none of %d codes is found", missed)
	return "", nil
}

// TestFoundInAPicture: as a camera would, without being told where the code is.
func TestFoundInAPicture(t *testing.T) {
	const codes = 40
	read := 0
	for seed := range uint64(codes) {
		text := randomFrom(len(answer(t)), seed)
		if found(t, decodePNG(t, encode(t, text).PNG(3)), text) {
			read++
		}
	}
	t.Logf("%d of %d found", read, codes)
	if read < codes*85/100 {
		t.Errorf("only %d of %d are found", read, codes)
	}
}

func TestRotated(t *testing.T) {
	text, code := findable(t)
	picture := decodePNG(t, code.PNG(3))
	last := picture.Bounds().Dx() - 1
	for name, from := range map[string]func(x, y int) (int, int){
		"90°":  func(x, y int) (int, int) { return y, last - x },
		"180°": func(x, y int) (int, int) { return last - x, last - y },
		"270°": func(x, y int) (int, int) { return last - y, x },
	} {
		if !found(t, redraw(picture, from), text) {
			t.Errorf("%s: not read", name)
		}
	}
}

func redraw(picture image.Image, from func(x, y int) (int, int)) image.Image {
	out := image.NewGray(picture.Bounds())
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			out.Set(x, y, picture.At(from(x, y)))
		}
	}
	return out
}

// TestDamage: level M repairs about 15 in 100 codewords, and no more; both
// halves of that show that it is level M that was drawn.
func TestDamage(t *testing.T) {
	text, code := findable(t)
	modules := 17 + 4*code.Version()
	all := modules * modules / 8 // about as many codewords
	for _, tt := range []struct {
		name     string
		codeword int // damaged
		readable bool
	}{
		{"a few modules", 5, true},
		{"7 in 100 codewords", all * 7 / 100, true},
		{"40 in 100 codewords", all * 40 / 100, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			picture := spotted(decodePNG(t, code.PNG(3)), modules, tt.codeword)
			if readable := found(t, picture, text); readable != tt.readable {
				t.Errorf("readable: %v", readable)
			}
		})
	}
	t.Run("a blot", func(t *testing.T) {
		s := sheet(modules+8, 3)
		picture := decodePNG(t, code.PNG(3))
		for y := range s.Bounds().Dy() {
			for x := range s.Bounds().Dx() {
				s.Set(x, y, picture.At(x, y))
			}
		}
		for y := range 8 {
			square(s, modules/2+6, modules/2+y, 8, 3, color.Black)
		}
		if !found(t, s, text) {
			t.Error("not readable")
		}
	})
}

// spotted turns n modules over, drawn by lot and away from the corners, without
// which nothing is found at all. Three pixels are a module.
func spotted(picture image.Image, modules, n int) image.Image {
	source := rand.New(rand.NewPCG(uint64(n), 15))
	over := map[image.Point]bool{}
	for len(over) < n {
		x, y := source.IntN(modules), source.IntN(modules)
		if min(x, modules-1-x) > 9 && min(y, modules-1-y) > 9 {
			over[image.Pt(x+4, y+4)] = true
		}
	}
	out := image.NewGray(picture.Bounds())
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			light := color.GrayModel.Convert(picture.At(x, y)).(color.Gray).Y
			if over[image.Pt(x/3, y/3)] {
				light = ^light
			}
			out.SetGray(x, y, color.Gray{Y: light})
		}
	}
	return out
}

// TestSmallestVersion goes by ISO/IEC 18004 table 7, alphanumeric mode: another
// mode, or a version too large, holds another number of characters.
func TestSmallestVersion(t *testing.T) {
	for _, tt := range []struct {
		characters, version int
		level               string
	}{
		{1, 1, "M"}, {20, 1, "M"}, {21, 2, "M"}, {38, 2, "M"}, {39, 3, "M"},
		{311, 10, "M"}, {312, 11, "M"}, {483, 13, "M"}, {484, 14, "M"}, {528, 14, "M"}, {529, 15, "M"}, {600, 15, "M"}, {601, 16, "M"},
		{1451, 25, "M"}, {1452, 26, "M"}, {3391, 40, "M"}, {3392, 36, "L"}, {4296, 40, "L"},
	} {
		text := random(tt.characters)
		code := encode(t, text)
		if code.Version() != tt.version || code.Level() != tt.level {
			t.Errorf("%d characters: version %d-%s, want %d-%s", tt.characters, code.Version(), code.Level(), tt.version, tt.level)
		}
		picture := decodePNG(t, code.PNG(4))
		if want := 4 * (17 + 4*tt.version + 8); picture.Bounds().Dx() != want || picture.Bounds().Dy() != want {
			t.Errorf("%v is not %d pixels a side", picture.Bounds(), want)
		}
		if level := mustRead(t, picture, 4, text); level != tt.level {
			t.Errorf("%d characters: level %s", tt.characters, level)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	secret := "ZHANG SAN"
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"empty":           {"", qrimage.ErrText},
		"lower case":      {secret + "a" + secret, qrimage.ErrText},
		"line break":      {secret + "\n", qrimage.ErrText},
		"not ASCII":       {"张三", qrimage.ErrText},
		"too long":        {secret + random(4296), qrimage.ErrTooLong},
		"one too many":    {random(4297), qrimage.ErrTooLong},
		"a million":       {strings.Repeat("A", 1<<20), qrimage.ErrTooLong},
		"long, and wrong": {strings.Repeat("a", 1<<20), qrimage.ErrText},
	} {
		code, err := qrimage.Encode(tt.text)
		if code != nil || !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error quotes the text", name)
		}
	}
}

// TestPNGScale: foolish numbers give a picture all the same, of bounded size.
func TestPNGScale(t *testing.T) {
	code := encode(t, "HUFU1:")
	for pixels, want := range map[int]int{-1: 29, 0: 29, 1: 29, 64: 29 * 64, 1 << 30: 29 * 64} {
		if got := decodePNG(t, code.PNG(pixels)).Bounds().Dx(); got != want {
			t.Errorf("%d pixels a module: %d a side, want %d", pixels, got, want)
		}
	}
}

// TestQuietZone: four modules of light all around, in every drawing.
func TestQuietZone(t *testing.T) {
	code := encode(t, random(200))
	for name, picture := range map[string]image.Image{
		"PNG": decodePNG(t, code.PNG(1)), "SVG": drawSVG(t, code.SVG(), 1), "terminal": drawTerminal(t, code.Terminal(), 1),
	} {
		side := 17 + 4*code.Version() + 8
		for i := range side * 4 {
			along, across := i%side, i/side
			for _, p := range []image.Point{{along, across}, {across, along}, {along, side - 1 - across}, {side - 1 - across, along}} {
				if color.GrayModel.Convert(picture.At(p.X, p.Y)) != (color.Gray{Y: 255}) {
					t.Fatalf("%s: %v is dark", name, p)
				}
			}
		}
		if color.GrayModel.Convert(picture.At(4, 4)) != (color.Gray{}) {
			t.Errorf("%s: the finder pattern does not begin at 4, 4", name)
		}
	}
}

func TestTerminalSize(t *testing.T) {
	code := encode(t, answer(t))
	columns, lines := code.TerminalSize()
	drawn := strings.Split(strings.TrimSuffix(code.Terminal(), "\n"), "\n")
	if len(drawn) != lines {
		t.Errorf("%d lines, said %d", len(drawn), lines)
	}
	for _, line := range drawn {
		line = strings.TrimSuffix(line[strings.IndexByte(line, 'm')+1:], "\x1b[0m")
		if n := utf8.RuneCountInString(line); n != columns {
			t.Errorf("%d columns, said %d", n, columns)
		}
	}
}

// FuzzEncode: a text is refused, or a scanner reads exactly it.
func FuzzEncode(f *testing.F) {
	seeds := []string{"", "HUFU1:", "0", "00", "A0:", "%69 VD92EX0", "a", "张", "\x00", " ", "   ", answer(f), random(1000)}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := qrimage.Encode(text)
		ours := text != "" && len(text) <= 4296
		for i := range len(text) {
			ours = ours && strings.IndexByte(alphabet, text[i]) >= 0
		}
		if (err == nil) != ours {
			t.Fatalf("ours: %v, %v", ours, err)
		}
		if err == nil {
			mustRead(t, decodePNG(t, code.PNG(1)), 1, text)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	text := answer(b)
	for b.Loop() {
		if _, err := qrimage.Encode(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	code := encode(b, answer(b))
	var size int
	for b.Loop() {
		size = len(code.PNG(qrimage.ModulePixels))
	}
	b.ReportMetric(float64(size), "bytes")
	b.ReportMetric(float64(len(code.SVG())), "SVG-bytes")
	if bytes.Equal(code.PNG(1), code.PNG(2)) {
		b.Fatal("two scales, one picture")
	}
}

func TestPicture(t *testing.T) {
	code, err := qrimage.Encode("HUFU1:A")
	if err != nil {
		t.Fatal(err)
	}
	for extension, want := range map[string][]byte{".svg": code.SVG(), ".png": code.PNG(qrimage.ModulePixels), ".jpg": nil, "": nil} {
		if !bytes.Equal(code.Picture(extension), want) {
			t.Errorf("another picture for %q", extension)
		}
	}
}

// TestLinks: a link is read back as it is, to the last character that fits.
func TestLinks(t *testing.T) {
	link := "openid4vp://?client_id=x509_hash%3AUvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk&request_uri=https%3A%2F%2Fa.example%2F1"
	code, err := qrimage.EncodeLink(link)
	if err != nil {
		t.Fatal(err)
	}
	mustRead(t, decodePNG(t, code.PNG(4)), 4, link)
	for text, want := range map[string]error{
		"": qrimage.ErrText, "a b": qrimage.ErrText, "a\n": qrimage.ErrText, "租": qrimage.ErrText,
		strings.Repeat("a", 2953): nil, strings.Repeat("a", 2954): qrimage.ErrTooLong,
	} {
		if _, err := qrimage.EncodeLink(text); !errors.Is(err, want) {
			t.Errorf("%d characters: %v, want %v", len(text), err, want)
		}
	}
}
