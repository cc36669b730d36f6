package legible_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/bidi"

	"github.com/hufu-id/hufu/legible"
)

// people are names as people in China write them.
var people = map[string]string{
	"Han":                            "林黛玉",
	"Han with a middle dot":          "阿卜杜拉·买买提",
	"Han, another dot":               "古丽娜尔・艾合买提",
	"Han, extension B":               "𠮷野",
	"Han, extension C":               "𪜈",
	"Han, extension G":               "\U00030000",
	"Han, extension H":               "\U00031350",
	"Han, extension I, not in Go 15": "\U0002ebf0",
	"Han, compatibility":             "\ufa11",
	"Han, ideographic variant":       "葛\U000e0100城",
	"Han, standardised variant":      "㐂\ufe00",
	"Han with a wide space":          "张　三",
	"Uyghur":                         "ئابدۇللا مەھمەت",
	"Uyghur, ZWNJ in a word":         "ئاب\u200cدۇ",
	"Kazakh":                         "نۇرسۇلتان",
	"Kazakh in Cyrillic":             "Нұрсұлтан Әбіш",
	"Tibetan":                        "བསྟན་འཛིན་རྒྱ་མཚོ།",
	"Tibetan, tall stack":            "ཨོཾ་ཧཱུྃ་ཧྐྵྨླྺྼྻྂ",
	"Mongolian":                      "ᠪᠠᠶᠠᠷ",
	"Mongolian, FVS":                 "ᠰᠠ\u180bᠢ\u180dᠨ",
	"Mongolian, FVS4":                "ᠠ\u180f",
	"Mongolian, MVS":                 "ᠬᠠᠭ\u180eᠠ",
	"Mongolian, NNBSP":               "ᠪᠠᠶᠠᠷ\u202fᠤᠨ",
	"Manchu":                         "ᠮᠠᠨᠵᡠ\u200dᡤ",
	"Yi":                             "ꆀꊒꌺꃪ",
	"Dai, Tai Lue":                   "ᦺᦑᦟᦹᧉ",
	"Dai, Tai Le":                    "ᥖᥭᥰᥘᥫᥴ",
	"Dai, Tai Tham":                  "ᨲ᩠ᩅᨾ",
	"Zhuang":                         "Vei Bangh",
	"Zhuang, old letters":            "Ƃouчcueŋƅ",
	"Korean":                         "김민준",
	"Korean, conjoining":             "\u1100\u1161\u11a8",
	"Lisu":                           "ꓡꓲ-ꓢꓴ",
	"Miao":                           "𖼀𖽔",
	"Latin, marks":                   "Nguyễn Zdeňka Ólafsdóttir",
	"Latin, decomposed":              "Nguye\u0302\u0303n",
	"Devanagari, ZWJ":                "क्\u200dष",
	"Hebrew":                         "דוד",
	"apostrophe":                     "O’Neill (née D'Arcy)",
}

func TestNamesOfPeoplePass(t *testing.T) {
	for what, name := range people {
		if err := legible.Check(name, legible.Limits{}); err != nil {
			t.Errorf("%s, %+q: %v", what, name, err)
		}
		shown := strings.Trim(legible.Line(name), "\u2068\u2069")
		if shown != name {
			t.Errorf("%s, %+q is shown as %+q", what, name, shown)
		}
	}
}

var refused = map[string]struct {
	text string
	want error
}{
	"escape":                       {"a\x1b[2Kb", legible.ErrControl},
	"bell":                         {"a\ab", legible.ErrControl},
	"newline":                      {"a\nb", legible.ErrControl},
	"return":                       {"a\rb", legible.ErrControl},
	"tab":                          {"a\tb", legible.ErrControl},
	"zero":                         {"a\x00b", legible.ErrControl},
	"delete":                       {"a\x7fb", legible.ErrControl},
	"C1, CSI in one":               {"a\u009bb", legible.ErrControl},
	"next line":                    {"a\u0085b", legible.ErrControl},
	"line separator":               {"a\u2028b", legible.ErrControl},
	"paragraph separator":          {"a\u2029b", legible.ErrControl},
	"override":                     {"张\u202e三", legible.ErrDirection},
	"embedding":                    {"a\u202bb", legible.ErrDirection},
	"isolate":                      {"a\u2067b\u2069", legible.ErrDirection},
	"isolate of ours":              {"a\u2068b\u2069", legible.ErrDirection},
	"mark from right to left":      {"a\u200fb", legible.ErrDirection},
	"Arabic letter mark":           {"a\u061cb", legible.ErrDirection},
	"zero width space alone":       {"\u200b", legible.ErrInvisible},
	"zero width space":             {"a\u200bb", legible.ErrInvisible},
	"byte order mark":              {"\ufeffa", legible.ErrInvisible},
	"soft hyphen":                  {"a\u00adb", legible.ErrInvisible},
	"word joiner":                  {"a\u2060b", legible.ErrInvisible},
	"tag":                          {"a\U000e0041", legible.ErrInvisible},
	"annotation":                   {"a\ufff9b", legible.ErrInvisible},
	"joiner between Latin":         {"a\u200db", legible.ErrInvisible},
	"joiner between Han":           {"张\u200d三", legible.ErrInvisible},
	"joiner at the start":          {"\u200dب", legible.ErrInvisible},
	"joiner at the end":            {"ب\u200d", legible.ErrInvisible},
	"two joiners":                  {"ب\u200c\u200cب", legible.ErrInvisible},
	"Mongolian selector elsewhere": {"a\u180b", legible.ErrInvisible},
	"Mongolian selectors in a row": {"ᠠ\u180b\u180b", legible.ErrInvisible},
	"variation selector first":     {"\ufe00a", legible.ErrInvisible},
	"variation selectors in a row": {"葛\U000e0100\U000e0101", legible.ErrInvisible},
	"private use":                  {"a\ue000", legible.ErrPrivate},
	"private use, plane 16":        {"a\U00100000", legible.ErrPrivate},
	"noncharacter":                 {"a\ufffe", legible.ErrEncoding},
	"noncharacter, Arabic block":   {"a\ufdd0", legible.ErrEncoding},
	"not UTF-8":                    {"a\xff", legible.ErrEncoding},
	"half a surrogate":             {"a\xed\xa0\x80", legible.ErrEncoding},
	"mark first":                   {"\u0301a", legible.ErrMarks},
	"tower of marks":               {"a" + strings.Repeat("\u0301", 9), legible.ErrMarks},
	"nothing":                      {"", legible.ErrBlank},
	"spaces":                       {" \u3000\u00a0", legible.ErrBlank},
	"Hangul filler":                {"\u3164", legible.ErrBlank},
	"Hangul jamo fillers":          {"\u115f\u1160", legible.ErrBlank},
	"half-width filler":            {"\uffa0", legible.ErrBlank},
	"Braille blank":                {"\u2800\u2800", legible.ErrBlank},
	"null notehead":                {"\U0001d159", legible.ErrBlank},
	"too long":                     {strings.Repeat("长", 41), legible.ErrLength},
}

func TestRefused(t *testing.T) {
	for what, c := range refused {
		err := legible.Check(c.text, legible.Limits{Runes: 40})
		if !errors.Is(err, c.want) || !errors.Is(err, legible.ErrText) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := legible.Check(" ", legible.Limits{Blank: true}); err != nil {
		t.Error("blank where blank is allowed:", err)
	}
	if err := legible.Check(strings.Repeat("长", 40), legible.Limits{Runes: 40}); err != nil {
		t.Error("as long as allowed:", err)
	}
}

// TestTableAgainstUnicode: what the tables of others call dangerous passes nowhere
// alone, and nothing else is refused but by name.
func TestTableAgainstUnicode(t *testing.T) {
	visibleFormat := &unicode.RangeTable{R16: unicode.Prepended_Concatenation_Mark.R16, R32: unicode.Prepended_Concatenation_Mark.R32}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r <= 0xdfff {
			continue
		}
		err := legible.Check("a"+string(r)+"a", legible.Limits{})
		p, _ := bidi.LookupRune(r)
		var want error
		switch c := p.Class(); {
		case unicode.Is(unicode.Cc, r) || unicode.In(r, unicode.Zl, unicode.Zp):
			want = legible.ErrControl
		case c == bidi.LRE || c == bidi.RLE || c == bidi.LRO || c == bidi.RLO || c == bidi.PDF || c == bidi.LRI || c == bidi.RLI || c == bidi.FSI || c == bidi.PDI || unicode.Is(unicode.Bidi_Control, r):
			want = legible.ErrDirection
		case unicode.Is(unicode.Co, r):
			want = legible.ErrPrivate
		case unicode.Is(unicode.Noncharacter_Code_Point, r):
			want = legible.ErrEncoding
		case r >= 0x206a && r <= 0x206f:
			want = legible.ErrDirection
		case unicode.Is(unicode.Variation_Selector, r) && !unicode.Is(unicode.Mongolian, r) || r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0 || unicode.Is(visibleFormat, r):
			// passes beside a letter
		case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			want = legible.ErrInvisible
		case r == 0xfff9 || r >= 0xfff0 && r <= 0xfff8:
			want = legible.ErrInvisible
		}
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%U: %v, want %v", r, err, want)
		}
		blank := legible.Check(string(r), legible.Limits{})
		if unicode.Is(unicode.Zs, r) && !errors.Is(blank, legible.ErrBlank) {
			t.Errorf("%U alone: %v", r, blank)
		}
		if unicode.In(r, unicode.Mn, unicode.Me) && !errors.Is(blank, legible.ErrText) {
			t.Errorf("%U alone: %v", r, blank)
		}
	}
}
