package legible

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Why a text is refused. Each is also [ErrText].
var (
	// ErrText is every refusal of this package.
	ErrText = errors.New("legible: no text for people")
	// ErrEncoding means bytes that are not UTF-8, or a noncharacter.
	ErrEncoding = fmt.Errorf("%w: not UTF-8, or a noncharacter", ErrText)
	// ErrControl means a control character or a line separator.
	ErrControl = fmt.Errorf("%w: a control character", ErrText)
	// ErrDirection means a character that turns the direction of the text.
	ErrDirection = fmt.Errorf("%w: a character that turns the direction", ErrText)
	// ErrInvisible means a character that shows nothing where it stands.
	ErrInvisible = fmt.Errorf("%w: an invisible character", ErrText)
	// ErrPrivate means a character of the private use areas.
	ErrPrivate = fmt.Errorf("%w: a character of private use", ErrText)
	// ErrMarks means a mark without a letter, or too many on one.
	ErrMarks = fmt.Errorf("%w: marks without a letter, or too many on one", ErrText)
	// ErrBlank means text in which nothing can be seen.
	ErrBlank = fmt.Errorf("%w: nothing to be seen", ErrText)
	// ErrLength means more characters than allowed.
	ErrLength = fmt.Errorf("%w: too long", ErrText)
)

// maxMarks caps the marks on one character. UTS #39, section 5.4, flags more than
// four; stacks of Tibetan have more.
const maxMarks = 8

// Limits say what Check allows. The zero value refuses blank text and sets no
// length.
type Limits struct {
	// Runes caps the code points; zero means no cap.
	Runes int
	// Blank allows text in which nothing can be seen, the empty one too.
	Blank bool
}

// Check refuses what is no text for people to read. The error is [ErrText] and one
// of the reasons, and quotes nothing.
func Check(s string, limits Limits) error {
	if limits.Runes > 0 && len(s) > limits.Runes && utf8.RuneCountInString(s) > limits.Runes {
		return ErrLength
	}
	c := context{}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return ErrEncoding
		}
		i += size
		if err := c.take(r, s[i:]); err != nil {
			return err
		}
	}
	if !c.seen && !limits.Blank {
		return ErrBlank
	}
	return nil
}

// A context is what stands before a character.
type context struct {
	before rune // zero at the start
	marks  int  // on the last character
	seen   bool // something can be seen
}

// take judges one character between what stands before it and what comes after.
func (c *context) take(r rune, after string) error {
	kind := kindOf(r)
	err := c.judge(r, kind, after)
	if err != nil {
		return err
	}
	if kind == mark {
		c.marks++
	} else {
		c.marks = 0
	}
	c.seen = c.seen || kind == visible
	c.before = r
	return nil
}

func (c *context) judge(r rune, kind kind, after string) error {
	switch kind {
	case mark:
		if c.before == 0 || c.marks == maxMarks {
			return ErrMarks
		}
	case joiner:
		next, _ := utf8.DecodeRuneInString(after)
		if !joins(c.before) || !joins(next) {
			return ErrInvisible
		}
	case mongolian:
		if !isMongolian(c.before) {
			return ErrInvisible
		}
	case variation:
		if k := kindOf(c.before); c.before == 0 || k != visible && k != mark {
			return ErrInvisible
		}
	}
	return refusals[kind]
}

// refusals are the kinds that pass nowhere.
var refusals = map[kind]error{
	noncharacter: ErrEncoding, control: ErrControl, direction: ErrDirection, invisible: ErrInvisible, private: ErrPrivate,
}
