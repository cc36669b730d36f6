package openid_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
)

func TestQRTextRoundTrip(t *testing.T) {
	for _, body := range [][]byte{nil, {0}, []byte("{}"), bytes.Repeat([]byte{0xff}, 300)} {
		for kind := openid.QROffer; kind <= openid.QRReissueRequest; kind++ {
			text := openid.QRText(kind, body)
			gotKind, got, err := openid.ParseQRText(text)
			if err != nil || gotKind != kind || !bytes.Equal(got, body) {
				t.Errorf("type %d, %d bytes: got %d, %d bytes, %v", kind, len(body), gotKind, len(got), err)
			}
			if strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") != "" {
				t.Error("a character that QR alphanumeric mode does not have")
			}
		}
	}
}

// The frame is [type, body]: 0x82, the type, and a byte string.
func TestParseQRTextRefuses(t *testing.T) {
	good := openid.QRText(openid.QROffer, []byte("{}"))
	tests := []struct {
		name, text string
		want       error
	}{
		{"empty", "", openid.ErrQRText},
		{"no prefix", good[6:], openid.ErrQRText},
		{"prefix alone", "HUFU1:", openid.ErrQRText},
		{"another version", "HUFU2:" + good[6:], openid.ErrQRText},
		{"lower-case prefix", "hufu1:" + good[6:], openid.ErrQRText},
		{"lower-case body", "HUFU1:" + strings.ToLower(good[6:]), openid.ErrQRText},
		{"space before", " " + good, openid.ErrQRText},
		{"line break after", good + "\n", openid.ErrQRText},
		{"one character short", good[:len(good)-1], openid.ErrQRText},
		{"one character more", good + "0", openid.ErrQRText},
		{"group too large", "HUFU1:GGW", openid.ErrQRText},
		{"type 0", frame(0x82, 0x00, 0x41, 'x'), openid.ErrQRText},
		{"type 8", frame(0x82, 0x08, 0x41, 'x'), openid.ErrQRText},
		{"type in two bytes", frame(0x82, 0x18, 0x01, 0x41, 'x'), openid.ErrQRText},
		{"length in two bytes", frame(0x82, 0x01, 0x58, 0x01, 'x'), openid.ErrQRText},
		{"text for bytes", frame(0x82, 0x01, 0x61, 'x'), openid.ErrQRText},
		{"null for bytes", frame(0x82, 0x01, 0xf6), openid.ErrQRText},
		{"array for bytes", frame(0x82, 0x01, 0x81, 0x18, 'x'), openid.ErrQRText},
		{"indefinite array", frame(0x9f, 0x01, 0x41, 'x', 0xff), openid.ErrQRText},
		{"indefinite bytes", frame(0x82, 0x01, 0x5f, 0x41, 'x', 0xff), openid.ErrQRText},
		{"tagged", frame(0xc1, 0x82, 0x01, 0x41, 'x'), openid.ErrQRText},
		{"one element", frame(0x81, 0x01), openid.ErrQRText},
		{"three elements", frame(0x83, 0x01, 0x41, 'x', 0x00), openid.ErrQRText},
		{"trailing byte", frame(0x82, 0x01, 0x41, 'x', 0x00), openid.ErrQRText},
		{"length lie", frame(0x82, 0x01, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), openid.ErrQRText},
		{"too long", openid.QRText(openid.QROffer, make([]byte, limits.QRText*2/3)), openid.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, body, err := openid.ParseQRText(tt.text)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if kind != 0 || body != nil {
				t.Error("a refused text left a message")
			}
		})
	}
}

// frame writes a QR text around any bytes.
func frame(raw ...byte) string { return "HUFU1:" + openid.EncodeBase45(raw) }

func TestBase45(t *testing.T) {
	// RFC 9285 sections 4.3 and 4.4.
	for plain, text := range map[string]string{
		"": "", "AB": "BB8", "Hello!!": "%69 VD92EX0", "base-45": "UJCLQE7W581", "ietf!": "QED8WEX0", "\xff\xff": "FGW",
	} {
		if got := openid.EncodeBase45([]byte(plain)); got != text {
			t.Errorf("%q encodes to %q, want %q", plain, got, text)
		}
		got, err := openid.DecodeBase45(text)
		if err != nil || string(got) != plain {
			t.Errorf("%q decodes to %q, %v", text, got, err)
		}
	}
	for name, text := range map[string]string{
		"65536": "GGW", "most": ":::", "256 in two": "V5", "one left over": "BB8B", "a zero left over": "BB80", "lower case": "bb8", "outside": "BB!", "not ASCII": "BBé",
	} {
		if _, err := openid.DecodeBase45(text); !errors.Is(err, openid.ErrQRText) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func BenchmarkParseQRText(b *testing.B) {
	text := openid.QRText(openid.QRProofPresentation, make([]byte, 330))
	for b.Loop() {
		if _, _, err := openid.ParseQRText(text); err != nil {
			b.Fatal(err)
		}
	}
}
