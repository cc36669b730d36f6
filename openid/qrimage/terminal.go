package qrimage

import "strings"

// Black on white from the fixed part of the 256 colours, which no theme changes.
const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	plain        = "\x1b[0m"
)

// halves are one column of two modules, by which of upper and lower is dark.
var halves = map[[2]bool]string{
	{false, false}: " ",
	{true, false}:  "▀",
	{false, true}:  "▄",
	{true, true}:   "█",
}

// TerminalSize is how many columns and lines Terminal takes.
func (c *Code) TerminalSize() (columns, lines int) { return c.side(), (c.side() + 1) / 2 }

// Terminal draws the code for a terminal of 256 colours, two modules a
// character cell, each line with its own colours and an end of line. Where a
// line is broken because the window is narrower, nothing can be scanned: ask
// TerminalSize first.
func (c *Code) Terminal() string {
	var b strings.Builder
	for y := 0; y < c.side(); y += 2 {
		b.WriteString(blackOnWhite)
		for x := range c.side() {
			b.WriteString(halves[[2]bool{c.isDark(x, y), c.isDark(x, y+1)}])
		}
		b.WriteString(plain + "\n")
	}
	return b.String()
}
