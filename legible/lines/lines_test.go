package lines_test

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"github.com/hufu-id/hufu/legible/lines"
)

// TestWrap: nothing is lost, no line is too long, and the lines below one stand under its
// text.
func TestWrap(t *testing.T) {
	for name, text := range map[string]string{
		"english":  "The request does not prove who asks, and the wallet's list of agencies does not say. Nothing was sent.",
		"chinese":  "请求未能证明核验单位的身份，钱包的机构名单中也查不到。没有发送任何内容。",
		"indented": "   Two proofs say: an accredited office signed, nothing is revoked, both conditions hold.",
		"label":    "  They will learn:     aged 18 or over, by birth date; district is 110101",
		"标签":       "  对方不会知道：姓名、公民身份号码、出生日期、住址、所在区县、签发机构、绑定日期",
		"no place": "  Fingerprint: " + strings.Repeat("0123456789abcdef", 12),
		"did":      "did:hufu:" + strings.Repeat("a", 90) + " asks",
		"several":  "short\n" + strings.Repeat("word ", 40) + "\n\nshort",
		"emoji":    strings.Repeat("👨‍👩‍👧‍👦", 60),
		"spaces":   "a" + strings.Repeat(" ", 200) + "b",
	} {
		for _, columns := range []int{20, 40, 80, 100} {
			got := lines.Wrap(text, columns)
			for line := range strings.SplitSeq(got, "\n") {
				if n := uniseg.StringWidth(line); n > columns {
					t.Errorf("%s at %d: %d columns: %q", name, columns, n, line)
				}
			}
			if letters(got) != letters(text) {
				t.Errorf("%s at %d: got %q", name, columns, got)
			}
		}
		if lines.Wrap(text, 0) != text {
			t.Errorf("%s: changed where there is no terminal", name)
		}
	}
	want := "  Learned: aged 18 or over;\n           district is\n           110101"
	if got := lines.Wrap("  Learned: aged 18 or over; district is 110101", 28); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := lines.Wrap("  对方会知道：您已年满，住在东城区。", 24); got != "  对方会知道：您已年满，\n    住在东城区。" {
		t.Errorf("got\n%s", got)
	}
}

// letters is a text without its blanks.
func letters(s string) string { return strings.Join(strings.Fields(s), "") }
