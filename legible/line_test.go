package legible_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"

	"github.com/hufu-id/hufu/legible"
)

// harmful says what a line could do to a screen.
func harmful(line string) string {
	depth := 0
	for i, r := range line {
		p, _ := bidi.LookupRune(r)
		switch {
		case r == '\u2068':
			depth++
		case r == '\u2069':
			if depth--; depth < 0 {
				return "closes an isolate that it did not open"
			}
		case unicode.Is(unicode.Cc, r), unicode.In(r, unicode.Zl, unicode.Zp):
			return fmt.Sprintf("control %U", r)
		case unicode.Is(unicode.Bidi_Control, r):
			return fmt.Sprintf("direction %U", r)
		case depth == 0 && (p.Class() == bidi.R || p.Class() == bidi.AL || p.Class() == bidi.AN):
			return fmt.Sprintf("%U turns what stands beside it", r)
		case r == utf8.RuneError && !strings.HasPrefix(line[i:], "\ufffd"):
			return "not UTF-8"
		}
	}
	if depth != 0 {
		return "an isolate stays open"
	}
	return ""
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"Lend\u202e a book":         `Lend\u202e a book`,
		"a\x1b[2K\rb\nc\td":         `a\u001b[2K\rb\nc\td`,
		"\u009b2J":                  `\u009b2J`,
		"a\xffb":                    `a\xffb`,
		"a   \u3000 b":              "a b",
		"\u3164x\u2800":             " x ",
		"\u0301a":                   "\u25cc\u0301a",
		"\U000e0041":                `\U000e0041`,
		"مەھمەت, 12":                "\u2068مەھمەت, 12\u2069",
		"by \u2068مەھمەت\u2069, 12": "by \u2068مەھمەت\u2069, 12",
		"a\u200f\u061cb":            `a\u200f\u061cb`, // escaped, they turn nothing
		"\u2068a":                   `\u2068a`,
		"a\u2069\u2068b":            `a\u2069\u2068b`,
		"\u2067a\u2069":             `\u2067a\u2069`,
		"\U0002ebf0":                "\U0002ebf0", // Han not yet assigned when Go's tables were made
		"\U0001abcd":                `\U0001abcd`, // nobody knows
	} {
		if got := legible.Escape(in); got != want {
			t.Errorf("%+q: %+q, want %+q", in, got, want)
		}
	}
}

func TestLineIsBounded(t *testing.T) {
	for _, in := range []string{strings.Repeat("x", 5000), strings.Repeat("宽", 5000), strings.Repeat("\x1b", 5000), strings.Repeat("م", 5000)} {
		line := legible.Line(in)
		columns := 0
		for _, r := range line {
			switch {
			case r == '宽':
				columns += 2
			case r != '\u2068' && r != '\u2069':
				columns++
			}
		}
		if columns > legible.Columns || columns < legible.Columns-6 || !strings.Contains(line, "…") {
			t.Errorf("%.10q: %d columns", in, columns)
		}
		if bad := harmful(line); bad != "" {
			t.Errorf("%.10q: %s", in, bad)
		}
	}
	if got := legible.Escape(strings.Repeat("x", 5000)); len(got) != 5000 {
		t.Error("Escape cuts")
	}
}

func TestJSON(t *testing.T) {
	for what, c := range refused {
		b, err := json.Marshal(map[string]string{"name": c.text})
		if err != nil {
			t.Fatal(err)
		}
		safe := legible.JSON(append(b, '\n'))
		var before, after map[string]string
		if json.Unmarshal(b, &before) != nil || json.Unmarshal(safe, &after) != nil || before["name"] != after["name"] {
			t.Errorf("%s: %s is another text than %s", what, safe, b)
		}
		if bad := harmful(strings.TrimSuffix(string(safe), "\n")); bad != "" && !strings.Contains(bad, "beside") {
			t.Errorf("%s: %s: %s", what, safe, bad)
		}
	}
}

// FuzzEscape: whatever stands in a text, its line is one harmless line, and stays
// as it is when it is escaped again, alone or inside a sentence.
func FuzzEscape(f *testing.F) {
	for _, name := range people {
		f.Add(name)
	}
	for _, c := range refused {
		f.Add(c.text)
	}
	f.Add("\u2068\u2068\u2068\u2068\u2068ب\u2069\u2069\u2069\u2069\u2069ب")
	f.Fuzz(func(t *testing.T, s string) {
		for _, show := range []func(string) string{legible.Escape, legible.Line} {
			once := show(s)
			if bad := harmful(once); bad != "" {
				t.Fatalf("%+q as %+q: %s", s, once, bad)
			}
			if twice := show(once); twice != once {
				t.Fatalf("%+q: %+q, then %+q", s, once, twice)
			}
		}
		if legible.Check(s, legible.Limits{}) == nil && strings.Contains(legible.Escape(s), `\`) && !strings.Contains(s, `\`) {
			for _, r := range s {
				if !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs, unicode.Cf) {
					return // not assigned yet
				}
			}
			t.Fatalf("%+q passes the door and is escaped: %+q", s, legible.Escape(s))
		}
		if bad := harmful(strings.ReplaceAll(string(legible.JSON([]byte(s))), "\n", "")); strings.Contains(bad, "control") || strings.Contains(bad, "direction") {
			t.Fatalf("%+q as JSON: %s", s, bad)
		}
	})
}

func TestSeeds(t *testing.T) {
	if len(people) == 0 || len(refused) == 0 {
		t.Fatal("no seeds")
	}
}
