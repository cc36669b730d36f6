package openid

import (
	"fmt"
	"strings"
)

// base45Alphabet is table 1 of RFC 9285. A QR code packs these characters at
// five and a half bits each.
const base45Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// encodeBase45 writes two bytes as three characters, least significant first,
// and an odd last byte as two (RFC 9285 section 4).
func encodeBase45(src []byte) string {
	var b strings.Builder
	b.Grow((len(src) + 1) / 2 * 3)
	for len(src) >= 2 {
		n := int(src[0])<<8 | int(src[1])
		b.WriteByte(base45Alphabet[n%45])
		b.WriteByte(base45Alphabet[n/45%45])
		b.WriteByte(base45Alphabet[n/(45*45)])
		src = src[2:]
	}
	if len(src) == 1 {
		b.WriteByte(base45Alphabet[src[0]%45])
		b.WriteByte(base45Alphabet[src[0]/45])
	}
	return b.String()
}

// decodeBase45 reads only what encodeBase45 writes: every text has one reading,
// and every byte string one text.
func decodeBase45(text string) ([]byte, error) {
	if len(text)%3 == 1 {
		return nil, fmt.Errorf("%w: base45 text of %d characters", ErrQRText, len(text))
	}
	out := make([]byte, 0, len(text)/3*2+1)
	for len(text) > 0 {
		group := text[:min(3, len(text))]
		text = text[len(group):]
		n, err := base45Value(group)
		if err != nil {
			return nil, err
		}
		if len(group) == 3 {
			out = append(out, byte(n>>8))
		}
		out = append(out, byte(n))
	}
	return out, nil
}

// base45Value returns the number that two or three characters encode.
func base45Value(group string) (int, error) {
	n, weight := 0, 1
	for i := range len(group) {
		digit := strings.IndexByte(base45Alphabet, group[i])
		if digit < 0 {
			return 0, fmt.Errorf("%w: character outside the base45 alphabet", ErrQRText)
		}
		n += digit * weight
		weight *= 45
	}
	if largest := 1<<(8*(len(group)-1)) - 1; n > largest {
		return 0, fmt.Errorf("%w: base45 group above %d", ErrQRText, largest)
	}
	return n, nil
}
