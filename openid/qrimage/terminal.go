package qrimage

import "strings"

// Black on white from the fixed part of the 256 colours, which no theme changes.
const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	plain        = "\x1b[0m"
)

// halves maps two modules, upper and lower, dark or not, to one character.
var halves = map[[2]bool]string{
	{false, false}: " ",
	{true, false}:  "▀",
	{false, true}:  "▄",
	{true, true}:   "█",
}

// TerminalSize returns how many columns and lines Terminal needs.
func (c *Code) TerminalSize() (columns, lines int) { return c.side(), (c.side() + 1) / 2 }

// Terminal draws the code for a terminal of 256 colours, two modules in each
// character cell. Each line sets its own colours and ends with a line break. A
// scanner cannot read the code in a window that is too narrow: call
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
