package openid

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/hufu-id/hufu/internal/limits"
)

// ErrQRText means that a scanned text is not a Hufu QR text in its only form.
var ErrQRText = errors.New("openid: not a Hufu QR text")

// qrPrefix names the format and its version. The QR alphanumeric set contains
// all its characters, and those of base45.
const qrPrefix = "HUFU1:"

// A QRType says which message a QR text carries.
type QRType uint64

// The messages that travel as QR text, with what ParseQRText's body holds.
const (
	// QROffer carries CredentialOffer.Bytes.
	QROffer QRType = 1
	// QRCredentialRequest carries RequestEnvelope.Bytes.
	QRCredentialRequest QRType = 2
	// QRCredentialResponse carries CredentialResponse.Bytes.
	QRCredentialResponse QRType = 3
	// QRPresentationRequest carries the compact request object of SignRequest.
	QRPresentationRequest QRType = 4
	// QRPresentationResponse carries Response.Bytes.
	QRPresentationResponse QRType = 5
	// QRProofPresentation carries the bytes of a zero-knowledge presentation
	// without JSON around them, so that it fits a small code.
	QRProofPresentation QRType = 6
	// QRReissueRequest carries the compact request of SignReissue.
	QRReissueRequest QRType = 7
)

// known reports whether t is one of the constants above.
func (t QRType) known() bool { return t >= QROffer && t <= QRReissueRequest }

// qrFrame is the CBOR array [type, body].
type qrFrame struct {
	_    struct{} `cbor:",toarray"`
	Type QRType
	Body []byte
}

var (
	qrEncoding = must(cbor.CoreDetEncOptions().EncMode())
	qrDecoding = must(cbor.DecOptions{
		IndefLength: cbor.IndefLengthForbidden,
		TagsMd:      cbor.TagsForbidden,
		// The frame is an array of a number and a byte string: nothing deeper.
		MaxNestedLevels:  4,
		MaxArrayElements: 16,
	}.DecMode())
)

// must panics at start if the options above, fixed at build time, are wrong.
func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

// QRText writes a message as text for a QR code in alphanumeric mode: "HUFU1:"
// and the base45 (RFC 9285) of deterministic CBOR (RFC 8949 section 4.2.1)
// [type, body]. It does not cap the length, because the caller may print to a
// file. ParseQRText accepts at most limits.QRText (4,296) characters, the
// capacity of a QR code of version 40 at level L.
func QRText(t QRType, body []byte) string {
	if body == nil {
		body = []byte{} // nil would be written as CBOR null
	}
	frame, err := qrEncoding.Marshal(qrFrame{Type: t, Body: body})
	if err != nil {
		panic(err) // a number and a byte string always encode
	}
	return qrPrefix + encodeBase45(frame)
}

// ParseQRText reads a text that QRText wrote. Each message has exactly one
// text: a text that differs in any character is another message or none.
// ParseQRText refuses white space around the text; the caller trims it. It does
// not read the body: pass it to the parser that t names. The error is
// ErrTooLarge or ErrQRText.
func ParseQRText(text string) (t QRType, body []byte, err error) {
	if len(text) > limits.QRText {
		return 0, nil, fmt.Errorf("%w: QR text above %d characters", ErrTooLarge, limits.QRText)
	}
	encoded, ok := strings.CutPrefix(text, qrPrefix)
	if !ok {
		return 0, nil, fmt.Errorf("%w: it does not begin with %s", ErrQRText, qrPrefix)
	}
	raw, err := decodeBase45(encoded)
	if err != nil {
		return 0, nil, err
	}
	var frame qrFrame
	if err := qrDecoding.Unmarshal(raw, &frame); err != nil {
		return 0, nil, fmt.Errorf("%w: its CBOR is not [type, body]", ErrQRText)
	}
	if !frame.Type.known() {
		return 0, nil, fmt.Errorf("%w: unknown type %d", ErrQRText, frame.Type)
	}
	again, err := qrEncoding.Marshal(frame)
	// CBOR null in place of the bytes would come back as null too.
	if err != nil || frame.Body == nil || !bytes.Equal(again, raw) {
		return 0, nil, fmt.Errorf("%w: its CBOR is not the deterministic form", ErrQRText)
	}
	return frame.Type, frame.Body, nil
}
