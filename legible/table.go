package legible

import "slices"

// A kind is what a character does on a line.
type kind uint8

const (
	visible kind = iota
	blank
	mark
	joiner    // U+200C, U+200D
	mongolian // a selector or separator of Mongolian
	variation // a variation selector
	noncharacter
	control
	direction
	invisible
	private
)

// A span is a range of characters of one kind.
type span struct {
	first, last rune
	kind        kind
}

// spans is the table of this package, in order, without marks. Sources: Unicode
// 15.0.0, UnicodeData.txt (Cc, Cf, Co, Zs), PropList.txt (Bidi_Control,
// Other_Default_Ignorable_Code_Point, Variation_Selector, Noncharacter_Code_Point).
// The stability policy of Unicode fixes Cc, Co, noncharacters and the
// default-ignorable ranges of plane 14.
var spans = []span{
	{0x0000, 0x001f, control},
	{0x0020, 0x0020, blank},
	{0x007f, 0x009f, control},
	{0x00a0, 0x00a0, blank},
	{0x00ad, 0x00ad, invisible}, // soft hyphen
	{0x034f, 0x034f, invisible}, // combining grapheme joiner
	{0x061c, 0x061c, direction},
	{0x115f, 0x1160, blank}, // Hangul fillers
	{0x1680, 0x1680, blank},
	{0x17b4, 0x17b5, invisible}, // Khmer inherent vowels
	{0x180b, 0x180f, mongolian},
	{0x2000, 0x200a, blank},
	{0x200b, 0x200b, invisible}, // zero width space
	{0x200c, 0x200d, joiner},
	{0x200e, 0x200f, direction},
	{0x2028, 0x2029, control},
	{0x202a, 0x202e, direction},
	{0x202f, 0x202f, blank}, // narrow no-break space, of Mongolian suffixes
	{0x205f, 0x205f, blank},
	{0x2060, 0x2065, invisible},
	{0x2066, 0x206f, direction},
	{0x2800, 0x2800, blank}, // Braille blank
	{0x3000, 0x3000, blank},
	{0x3164, 0x3164, blank}, // Hangul filler
	{0xe000, 0xf8ff, private},
	{0xfdd0, 0xfdef, noncharacter},
	{0xfe00, 0xfe0f, variation},
	{0xfeff, 0xfeff, invisible}, // byte order mark
	{0xffa0, 0xffa0, blank},     // halfwidth Hangul filler
	{0xfff0, 0xfffb, invisible}, // annotation
	{0xfffc, 0xfffc, blank},     // object replacement
	{0x13430, 0x1343f, invisible},
	{0x1bca0, 0x1bca3, invisible},
	{0x1d159, 0x1d159, blank}, // null notehead
	{0x1d173, 0x1d17a, invisible},
	{0xe0000, 0xe00ff, invisible},
	{0xe0100, 0xe01ef, variation},
	{0xe01f0, 0xe0fff, invisible},
	{0xf0000, 0xffffd, private},
	{0x100000, 0x10fffd, private},
}

// joining are the blocks whose scripts join or stack letters, so that a joiner
// inside a word says how: cursive scripts (ArabicShaping.txt) and those with a
// virama (IndicSyllabicCategory.txt), as RFC 5892, appendices A.1 and A.2, has it.
var joining = []span{
	{first: 0x0600, last: 0x07ff},   // Arabic, Syriac, Arabic Supplement, Thaana, N'Ko
	{first: 0x0840, last: 0x08ff},   // Mandaic, Syriac Supplement, Arabic Extended
	{first: 0x0900, last: 0x0dff},   // Devanagari to Sinhala
	{first: 0x0f00, last: 0x109f},   // Tibetan, Myanmar
	{first: 0x1780, last: 0x18af},   // Khmer, Mongolian
	{first: 0x1a20, last: 0x1aaf},   // Tai Tham, of the Dai
	{first: 0x1b00, last: 0x1bff},   // Balinese, Sundanese, Batak
	{first: 0xa840, last: 0xa8ff},   // Phags-pa, Saurashtra, Devanagari Extended
	{first: 0xa980, last: 0xa9ff},   // Javanese, Myanmar Extended-B
	{first: 0xaa60, last: 0xaa7f},   // Myanmar Extended-A
	{first: 0xfb50, last: 0xfdcf},   // Arabic Presentation Forms-A
	{first: 0xfdf0, last: 0xfdff},   //
	{first: 0xfe70, last: 0xfefc},   // Arabic Presentation Forms-B
	{first: 0x10ac0, last: 0x10aff}, // Manichaean
	{first: 0x10d00, last: 0x10d3f}, // Hanifi Rohingya
	{first: 0x11000, last: 0x11fff}, // Brahmi to Tamil Supplement
	{first: 0x1e900, last: 0x1e95f}, // Adlam
}

func find(table []span, r rune) (span, bool) {
	i, found := slices.BinarySearchFunc(table, r, func(s span, r rune) int {
		switch {
		case r > s.last:
			return -1
		case r < s.first:
			return 1
		}
		return 0
	})
	if !found {
		return span{}, false
	}
	return table[i], true
}

func kindOf(r rune) kind {
	if r > 0x20 && r < 0x7f || r >= 0x4e00 && r <= 0x9fff { // most text
		return visible
	}
	if r&0xfffe == 0xfffe {
		return noncharacter
	}
	if s, found := find(spans, r); found {
		return s.kind
	}
	if isMark(r) {
		return mark
	}
	return visible
}

func joins(r rune) bool {
	_, found := find(joining, r)
	return found && kindOf(r) != mongolian
}

// isMongolian finds the letters of Mongolian, Todo, Sibe and Manchu.
func isMongolian(r rune) bool { return r >= 0x1820 && r <= 0x18aa || r >= 0x1807 && r <= 0x180a }

func isMark(r rune) bool {
	_, found := slices.BinarySearchFunc(marks, r, func(m [2]rune, r rune) int {
		switch {
		case r > m[1]:
			return -1
		case r < m[0]:
			return 1
		}
		return 0
	})
	return found
}
