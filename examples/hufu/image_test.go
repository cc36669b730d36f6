package main

import (
	"bytes"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/qrimage"
)

// scanned reads a message out of an image, with another library than the one
// that drew it.
func scanned(t *testing.T, name string) (openid.QRType, []byte) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(readFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	clean := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true}
	result, err := qrcode.NewQRCodeReader().Decode(bits, clean)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	kind, body, err := openid.ParseQRText(result.GetText())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return kind, body
}

// TestImageIsTheMessage: every command that writes a message draws that very
// message.
func TestImageIsTheMessage(t *testing.T) {
	newCountry(t)
	hufu("ledger", "feed") // makes the list of agencies, which stands in for a proof of who asks; no epoch is over
	mustHufu(t, "wallet", "refresh")
	for _, tt := range []struct {
		name, out string
		kind      openid.QRType
		command   []string
	}{
		{"request", "new.jwt", openid.QRPresentationRequest, []string{"request"}},
		{"wallet apply", "new.json", openid.QRCredentialRequest, []string{"wallet", "apply", "offers/offer-003.json"}},
		{"wallet present", "answer2.json", openid.QRPresentationResponse, []string{"wallet", "present", "new.jwt", "--with", "claims", "--yes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			picture := tt.out + ".png"
			mustHufu(t, append(tt.command, "--out", tt.out, "--qr-image", picture)...)
			kind, body := scanned(t, picture)
			if kind != tt.kind || !bytes.Equal(body, bytes.TrimSpace(readFile(t, tt.out))) {
				t.Errorf("kind %d, %d bytes: not the message written", kind, len(body))
			}
		})
	}
	mustHufu(t, "request", "--out", "other.jwt", "--qr-image", "other.svg")
	if b := readFile(t, "other.svg"); !bytes.HasPrefix(b, []byte("<svg ")) {
		t.Errorf("other.svg begins with %.20q", b)
	}
}

// TestOfferImages: one beside each offer.
func TestOfferImages(t *testing.T) {
	newCountry(t)
	table := hufutest.Header + "\n"
	for serial := range 3 {
		table += hufutest.NewResident("周安宁", "1984-02-29", "110101", 100+serial).Row() + "\n"
	}
	writeFile(t, "more.csv", []byte(table))
	mustHufu(t, "issue", "--csv", "more.csv", "--out", "more", "--qr-image", "offer.png")
	offers, err := filepath.Glob("more/offer-*.json")
	if err != nil || len(offers) != 3 {
		t.Fatalf("%d offers, %v", len(offers), err)
	}
	for _, name := range offers {
		kind, body := scanned(t, strings.TrimSuffix(name, ".json")+".png")
		if kind != openid.QROffer || !bytes.Equal(body, bytes.TrimSpace(readFile(t, name))) {
			t.Errorf("the image beside %s is not the offer", name)
		}
	}
}

func TestImageRefused(t *testing.T) {
	long.NotShort(t, "twenty commands")
	newCountry(t)
	writeFile(t, "there.png", []byte("an older image"))
	before := snapshot(t)
	for _, tt := range []struct {
		command, want string
		code          int
	}{
		{"request --out new.jwt --qr-image new.jpg", ".png or .svg", exitUsage},
		{"request --out new.jwt --qr-image new", ".png or .svg", exitUsage},
		{"request --out new.jwt --qr-image there.png", "exists already", exitUnknown},
		{"request --out new.png --qr-image ./new.png", "exists already", exitUnknown},
		{"request --out new.jwt --qr-image nowhere/new.png", "cannot be written", exitUnknown},
		{"wallet apply offers/offer-003.json --out new.json --qr-image there.png", "exists already", exitUnknown},
		{"wallet present request.jwt --with claims --yes --out new.json --qr-image there.png", "exists already", exitUnknown},
		{"issue --application next-application.json --out new.json --qr-image there.png", "exists already", exitUnknown},
		{"issue --csv residents.csv --out more --qr-image other.png", "offer.png or offer.svg", exitUsage},
		{"issue --csv residents.csv --out more --qr-image more/offer.png", "offer.png or offer.svg", exitUsage},
	} {
		t.Run(tt.command, func(t *testing.T) {
			got := hufu(strings.Fields(tt.command)...)
			assertSentence(t, got, tt.code)
			if !strings.Contains(got.err, tt.want) {
				t.Errorf("%q does not say %q", got.err, tt.want)
			}
			assertUnchanged(t, before)
		})
	}
	stillGood(t)
}

// TestTooLongToDraw: the message is written before the drawing fails.
func TestTooLongToDraw(t *testing.T) {
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	a := &app{out: &out, words: newWords("en"), qrImage: "long.png"}
	message := bytes.Repeat([]byte{'{'}, 4296)
	err := a.sent("long.json", openid.QRPresentationResponse, message, "present.done")
	var usage usageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), "the message was written, no image was made") {
		t.Errorf("%v", err)
	}
	if got := bytes.TrimSpace(readFile(t, "long.json")); !bytes.Equal(got, message) {
		t.Errorf("%d bytes were written", len(got))
	}
	if _, err := os.Stat("long.png"); err == nil {
		t.Error("there is an image all the same")
	}
}

// TestWindow: a code that would be broken is not drawn.
func TestWindow(t *testing.T) {
	code, err := qrimage.Encode("HUFU1:")
	if err != nil {
		t.Fatal(err)
	}
	columns, lines := code.TerminalSize()
	for _, tt := range []struct {
		window cells
		drawn  bool
	}{
		{cells{columns, lines + 1}, true},
		{cells{500, 500}, true},
		{cells{}, true},
		{cells{columns - 1, lines + 1}, false},
		{cells{columns, lines}, false},
	} {
		for lang, want := range map[string]string{"en": "29 columns and 16 lines", "zh": "29 列、16 行"} {
			var out bytes.Buffer
			a := &app{out: &out, words: newWords(lang)}
			a.show(code, tt.window)
			if drawn := out.String() == code.Terminal(); drawn != tt.drawn {
				t.Errorf("%v: drawn %v", tt.window, drawn)
			}
			if !tt.drawn && (!strings.Contains(out.String(), want) || !strings.Contains(out.String(), "--qr-image")) {
				t.Errorf("%v: %q", tt.window, out.String())
			}
		}
	}
}
