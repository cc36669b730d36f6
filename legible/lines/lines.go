// Package lines breaks text into the lines of a terminal, in the languages of this
// project: where the Unicode line breaking algorithm (UAX #14) allows, and counted in
// columns, of which a Chinese character takes two.
//
// A line of a screen such as "  Purpose: Library card" has a label and a text. The lines
// below it stand under the text, or, where the label leaves too little room, under the
// label and two columns in.
//
// For example, Wrap("  Learned: aged 18 or over; district is 110101", 28) is
//
//	Learned: aged 18 or over;
//	         district is
//	         110101
//
// Not checked: what the text has in it. Package legible makes it safe to print.
package lines

import (
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// MaxColumns is the longest line that is easy to read.
const MaxColumns = 100

// Columns is the width of a terminal, at most MaxColumns, or 0 for what is none.
func Columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, _ := term.GetSize(int(f.Fd())) // not every terminal tells
	return min(columns, MaxColumns)
}

// Wrap breaks lines longer than a number of columns, 0 for none. The lines below one
// stand under its text.
func Wrap(text string, columns int) string {
	if columns <= 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if uniseg.StringWidth(line) > columns {
			lines[i] = wrapLine(line, columns)
		}
	}
	return strings.Join(lines, "\n")
}

// labelled is a line with a label and its text, as screens have them.
var labelled = regexp.MustCompile(`^  \S[^:：]{0,30}[:：] *`)

// hang is how far the lines below one are indented. A label that would leave too little
// room for its text stands close to it, and the lines below are indented by two more.
func hang(line string, columns int) (indent int, closer string) {
	indent = len(line) - len(strings.TrimLeft(line, " "))
	label := labelled.FindString(line)
	switch width := uniseg.StringWidth(label); {
	case label == "":
		return min(indent, columns/2), line
	case width <= columns*2/5:
		return width, line
	}
	text := line[len(label):]
	if label = strings.TrimRight(label, " "); strings.HasSuffix(label, ":") {
		label += " "
	}
	return indent + 2, label + text
}

func wrapLine(line string, columns int) string {
	below, line := hang(line, columns)
	indent := strings.Repeat(" ", below)
	var out strings.Builder
	used, state := 0, -1
	for rest := line; rest != ""; {
		var segment string
		segment, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		if used > len(indent) && used+uniseg.StringWidth(strings.TrimRight(segment, " ")) > columns {
			out.WriteString("\n" + indent)
			used = len(indent)
		}
		for uniseg.StringWidth(segment) > columns-used && strings.TrimSpace(segment) != "" { // no place to break
			var head string
			if head, segment = cutAt(segment, columns-used); head == "" {
				break
			}
			out.WriteString(head)
			if used = columns; strings.TrimSpace(segment) != "" {
				out.WriteString("\n" + indent)
				used = len(indent)
			}
		}
		out.WriteString(segment)
		used += uniseg.StringWidth(segment)
	}
	lines := strings.Split(out.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// cutAt cuts a text after as many characters as fit.
func cutAt(text string, columns int) (head, tail string) {
	used, state := 0, -1
	for tail = text; tail != ""; {
		cluster, rest, width, next := uniseg.FirstGraphemeClusterInString(tail, state)
		if used+width > columns {
			break
		}
		head, tail, state, used = head+cluster, rest, next, used+width
	}
	return head, tail
}
