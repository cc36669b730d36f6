// Package qrimage draws QR texts (openid.QRText) as QR codes, ISO/IEC 18004: as
// PNG and SVG for paper and screens, and with half blocks for a terminal.
//
// # Format
//
// The text is one segment in alphanumeric mode, at five and a half bits a
// character, in the smallest version that holds it at error correction level M,
// which repairs about 15 per cent of a code. A text of more than 3,391
// characters does not fit any code at level M and gets level L (7 per cent, up
// to 4,296 characters). Every drawing has the quiet zone of four light modules
// that scanners look for, and is dark on light whatever colours surround it.
//
// # Example
//
//	code, err := qrimage.Encode(openid.QRText(openid.QRProofPresentation, presentation))
//	if err != nil {
//		return err // the text is too long, or no QR text
//	}
//	err = os.WriteFile("answer.png", code.PNG(qrimage.ModulePixels), 0o600)
//
// # Not checked
//
// This package draws any text of the 45 characters: it does not check that the
// text is a Hufu message. It does not check that paper, printer and camera can
// carry a large code: a phone easily reads versions up to about 25 from a
// screen, and version 40 only from a steady hand. It does not read codes.
package qrimage
