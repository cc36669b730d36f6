package legible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/width"
)

// Columns is the width at which Line cuts a text: twelve lines of a terminal.
const Columns = 1000

const (
	isolate    = '\u2068' // FIRST STRONG ISOLATE
	endIsolate = '\u2069' // POP DIRECTIONAL ISOLATE
	ellipsis   = "…"
	dotted     = "\u25cc" // carries a mark that has no letter
	maxNested  = 4        // isolates inside one another
)

// Line shows one text of a stranger on one line: as [Escape] does, and cut after
// Columns columns.
func Line(s string) string { return render(s, Columns) }

// Escape shows a text on one line, whole. What [Check] refuses stands as an escape
// such as \u202e, what is not UTF-8 as \xff, and several blanks as one. A text with
// letters from right to left stands between U+2068 and U+2069, so that it turns
// nothing beside it; a terminal or page that does not know them shows the letters
// all the same. Escape of what it returned changes nothing: a sentence may be
// escaped after its parts.
func Escape(s string) string { return render(s, -1) }

// A painter writes a line.
type painter struct {
	out     strings.Builder
	room    int // columns left; negative means no bound
	bounded bool
	blanks  bool // the last one was blank
	open    int  // isolates that are open
	strong  bool // letters from right to left stand outside of isolates
	context context
}

func render(s string, columns int) string {
	p := painter{room: columns, bounded: columns >= 0}
	pairs := isolates(s, maxNested)
	if turns(s, pairs) {
		p.strong, pairs = true, isolates(s, maxNested-1)
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !p.one(r, size, s[i:], pairs[i]) {
			break
		}
		i += size
	}
	line := p.out.String() + strings.Repeat(string(endIsolate), p.open)
	if p.strong {
		return string(isolate) + line + string(endIsolate)
	}
	return line
}

// one writes the first character of s. It reports false where no room is left.
func (p *painter) one(r rune, size int, s string, paired bool) bool {
	switch {
	case r == utf8.RuneError && size == 1:
		p.context = context{before: '\\'}
		return p.put(fmt.Sprintf(`\x%02x`, s[0]), 4)
	case paired && r == isolate:
		p.open++
		p.out.WriteRune(r)
		return true
	case paired:
		p.open--
		p.out.WriteRune(r)
		return true
	}
	kind := kindOf(r)
	err := p.context.judge(r, kind, s[size:])
	switch {
	case kind == mark && p.context.before == 0:
		p.context.seen = true
		defer p.remember(r, kind)
		return p.put(dotted+string(r), 1)
	case err != nil || !isShown(r) || kind == joiner && !isShown(first(s[size:])):
		p.context = context{before: '\\'}
		return p.put(escaped(r), len(escaped(r)))
	}
	defer p.remember(r, kind)
	if kind == blank {
		if p.blanks {
			return true
		}
		if !unicode.Is(unicode.Zs, r) {
			r = ' '
		}
		ok := p.put(string(r), columnsOf(r))
		p.blanks = true
		return ok
	}
	return p.put(string(r), columnsOf(r))
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func (p *painter) remember(r rune, kind kind) {
	if kind == mark {
		p.context.marks++
	} else {
		p.context.marks = 0
	}
	p.context.before = r
}

// put writes text of so many columns, or an ellipsis where it does not fit.
func (p *painter) put(text string, columns int) bool {
	p.blanks = false
	if p.bounded && columns > p.room-1 { // one is for the ellipsis
		p.out.WriteString(ellipsis)
		return false
	}
	p.room -= columns
	p.out.WriteString(text)
	return true
}

func columnsOf(r rune) int {
	switch kindOf(r) {
	case mark, joiner, mongolian, variation:
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// isShown tells characters that readers know from those that Unicode had not
// assigned when this was built. The two planes of Han grow with names.
func isShown(r rune) bool {
	return r >= 0x20000 && r <= 0x3ffff || unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs, unicode.Cf)
}

// turns reports letters from right to left outside of isolates.
func turns(s string, pairs map[int]bool) bool {
	open := 0
	for i, r := range s {
		switch {
		case pairs[i] && r == isolate:
			open++
		case pairs[i]:
			open--
		case open == 0 && kindOf(r) == visible && isShown(r) && isRightToLeft(r):
			return true
		}
	}
	return false
}

func isRightToLeft(r rune) bool {
	p, _ := bidi.LookupRune(r)
	switch p.Class() {
	case bidi.R, bidi.AL, bidi.AN:
		return true
	}
	return false
}

// escaped is the character as ASCII.
func escaped(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// isolates finds the pairs of isolates, at most so many inside one another, as this
// package writes them. All others are escaped.
func isolates(s string, nested int) map[int]bool {
	var pairs map[int]bool
	var open []int
	for i, r := range s {
		switch {
		case r == isolate:
			open = append(open, i)
		case r == endIsolate && len(open) > 0:
			start := open[len(open)-1]
			open = open[:len(open)-1]
			if len(open) < nested {
				if pairs == nil {
					pairs = map[int]bool{}
				}
				pairs[start], pairs[i] = true, true
			}
		}
	}
	return pairs
}
