package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// maxColumns is the longest line that is easy to read.
const maxColumns = 100

// tell prints a text. On a terminal it breaks lines where its languages allow (UAX 14).
func (a *app) tell(w io.Writer, text string) {
	fmt.Fprintln(w, wrap(text, columnsOf(w)))
}

// columnsOf is the width of a terminal; 0 for what is none.
func columnsOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, _ := term.GetSize(int(f.Fd())) // not every terminal tells
	return min(columns, maxColumns)
}

// wrap breaks lines longer than a number of columns, 0 for none. The lines below one
// stand under its text.
func wrap(text string, columns int) string {
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
