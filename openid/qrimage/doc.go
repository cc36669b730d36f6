// Package qrimage draws QR texts (openid.QRText) as QR codes, ISO/IEC 18004:
// PNG and SVG for paper and screens, half blocks for a terminal.
//
// # Format
//
// The text is one segment in alphanumeric mode, at five and a half bits a
// character, in the smallest version that holds it at error correction level M,
// which repairs about 15 in 100 of a code. A text of more than 3,391
// characters, which no code holds at level M, gets level L (7 in 100, up to
// 4,296 characters). Every drawing has the quiet zone of four light modules
// that scanners look for, and is dark on light whatever the colours around it.
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
// Whether the text is a message of ours: any text of the 45 characters is
// drawn. Whether paper, printer and camera can carry a large code: a phone
// reads versions up to about 25 from a screen with ease, and version 40 only
// from a steady hand. Reading codes is left to scanners.
package qrimage
