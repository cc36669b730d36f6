package legible

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON escapes inside JSON what [Escape] would, as \u202e, so that a terminal shows
// it and a program still reads the same text. Whatever is not valid JSON comes out
// harmless and stays invalid.
func JSON(b []byte) []byte {
	var out strings.Builder
	p := painter{room: -1}
	for s := string(b); s != ""; {
		r, size := utf8.DecodeRuneInString(s)
		kind := kindOf(r)
		err := p.context.judge(r, kind, s[size:])
		switch {
		case r == utf8.RuneError && size == 1:
			out.WriteRune(utf8.RuneError)
		case r == '\n' || err == nil && isShown(r):
			out.WriteString(s[:size])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out.WriteString(escaped(high) + escaped(low))
		case r == '\t' || r == '\r':
			out.WriteByte(' ')
		default:
			out.WriteString(escaped(r))
		}
		p.remember(r, kind)
		s = s[size:]
	}
	return []byte(out.String())
}
