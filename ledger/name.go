package ledger

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/legible/confusable"
)

// maxName caps a name in bytes: 42 Chinese characters.
const maxName = 128

// A script is one writing system and its letters and marks in a name.
type script struct {
	name   string
	ranges [][2]rune
}

// scripts are the writing systems of China's languages, and Cyrillic. A state
// machine judges names by this table, so it is written out: another version of
// Unicode must not change what a ledger accepts. It holds the letters and marks
// of Unicode 15.0 that compatibility composition (NFKC) leaves alone, without
// letters that only phonetics uses. To change it is to change the rules.
var scripts = []script{
	{"Han", [][2]rune{
		{0x3005, 0x3005}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xfa0e, 0xfa0f}, {0xfa11, 0xfa11}, {0xfa13, 0xfa14},
		{0xfa1f, 0xfa1f}, {0xfa21, 0xfa21}, {0xfa23, 0xfa24}, {0xfa27, 0xfa29}, {0x20000, 0x2a6df}, {0x2a700, 0x2b739},
		{0x2b740, 0x2b81d}, {0x2b820, 0x2cea1}, {0x2ceb0, 0x2ebe0}, {0x30000, 0x3134a}, {0x31350, 0x323af},
	}},
	{"Latin", [][2]rune{
		{'A', 'Z'}, {'a', 'z'}, {0x00c0, 0x00d6}, {0x00d8, 0x00f6}, {0x00f8, 0x0131}, {0x0134, 0x013e}, {0x0141, 0x0148},
		{0x014a, 0x017e}, {0x01cd, 0x01dc}, {0x1e00, 0x1e99}, {0x1ea0, 0x1ef9},
	}},
	{"Cyrillic", [][2]rune{{0x0400, 0x045f}, {0x048a, 0x04ff}}},
	{"Arabic", [][2]rune{
		{0x0620, 0x063f}, {0x0641, 0x064a}, {0x0671, 0x0674}, {0x0679, 0x06d3}, {0x06d5, 0x06d5}, {0x06ee, 0x06ef},
		{0x06fa, 0x06fc}, {0x06ff, 0x06ff},
	}},
	{"Hangul", [][2]rune{{0xac00, 0xd7a3}}},
	{"Lisu", [][2]rune{{0xa4d0, 0xa4fd}}},
	{"Miao", [][2]rune{{0x16f00, 0x16f4a}, {0x16f4f, 0x16f87}, {0x16f8f, 0x16f9f}}},
	{"Mongolian", [][2]rune{{0x180b, 0x180f}, {0x1820, 0x1878}, {0x1880, 0x18aa}}},
	{"New Tai Lue", [][2]rune{{0x1980, 0x19ab}, {0x19b0, 0x19c9}}},
	{"Tai Le", [][2]rune{{0x1950, 0x196d}, {0x1970, 0x1974}}},
	{"Tai Tham", [][2]rune{{0x1a20, 0x1a5e}, {0x1a60, 0x1a7c}, {0x1a7f, 0x1a7f}}},
	{"Tibetan", [][2]rune{
		{0x0f00, 0x0f00}, {0x0f35, 0x0f35}, {0x0f37, 0x0f37}, {0x0f39, 0x0f39}, {0x0f3e, 0x0f42}, {0x0f44, 0x0f47},
		{0x0f49, 0x0f4c}, {0x0f4e, 0x0f51}, {0x0f53, 0x0f56}, {0x0f58, 0x0f5b}, {0x0f5d, 0x0f68}, {0x0f6a, 0x0f6c},
		{0x0f71, 0x0f72}, {0x0f74, 0x0f74}, {0x0f7a, 0x0f80}, {0x0f82, 0x0f84}, {0x0f86, 0x0f92}, {0x0f94, 0x0f97},
		{0x0f99, 0x0f9c}, {0x0f9e, 0x0fa1}, {0x0fa3, 0x0fa6}, {0x0fa8, 0x0fab}, {0x0fad, 0x0fb8}, {0x0fba, 0x0fbc},
	}},
	{"Yi", [][2]rune{{0xa000, 0xa48c}}},
}

const (
	digits = "0123456789"
	// between are the characters that may stand between words. The last two are
	// Tibetan.
	between = " '&(),-./·‘’“”—、《》（），：\u0f0b\u0f0c"
	// Marks that select the form of a Mongolian letter. Alone they show nothing.
	firstSelector, lastSelector = 0x180b, 0x180f
)

// scriptOf returns the script of a letter or mark, empty if no name may hold it.
func scriptOf(r rune) string {
	for _, s := range scripts {
		for _, span := range s.ranges {
			if r >= span[0] && r <= span[1] {
				return s.name
			}
		}
	}
	return ""
}

func selects(r rune) bool { return r >= firstSelector && r <= lastSelector }

// CheckName accepts the name of an agency: 1 to 128 bytes in Unicode normal form
// C, of letters, digits and a few marks between words. The letters are Chinese,
// or of one other script, or both: Latin and Cyrillic in one name look alike.
// Nothing in a name is invisible; a mark that selects a form follows its Mongolian
// letter. The error is [ErrSubject].
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%w: a name has 1 to %d bytes", ErrSubject, maxName)
	}
	if strings.TrimSpace(name) != name || strings.Contains(name, "  ") || !norm.NFC.IsNormalString(name) {
		return fmt.Errorf("%w: a name is in normal form C, one space between words", ErrSubject)
	}
	other, before := "", rune(0)
	for _, r := range name {
		if selects(r) && scriptOf(before) != "Mongolian" {
			return fmt.Errorf("%w: a name with an invisible character", ErrSubject)
		}
		before = r
		if strings.ContainsRune(digits+between, r) {
			continue
		}
		switch s := scriptOf(r); {
		case s == "":
			return fmt.Errorf("%w: a name with a character of no known script", ErrSubject)
		case s == "Han":
		case other != "" && other != s:
			return fmt.Errorf("%w: a name in two alphabets", ErrSubject)
		default:
			other = s
		}
	}
	if NameSkeleton(name) == "" {
		return fmt.Errorf("%w: a name without a letter", ErrSubject)
	}
	return nil
}

// NameSkeleton returns what names that look alike have in common: that of package
// confusable, without accents and punctuation, and one character for those Chinese
// ones that differ by a stroke or its length. It says that names are alike, never that
// they differ enough.
func NameSkeleton(name string) string {
	return strings.Map(func(r rune) rune {
		if alike, ok := strokes[r]; ok {
			return alike
		}
		accent := r >= 0x0300 && r <= 0x036f
		if accent || selects(r) || strings.ContainsRune(between, r) || r <= '~' && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return -1
		}
		return r
	}, confusable.Skeleton(name))
}

// skeletonDomain separates the hash of a skeleton from a hash of anything else.
const skeletonDomain = "hufu/name/1\x00"

// NameKey returns the key under which the ledger notes who bears a name, or one
// that looks like it: the SHA-256 of the domain "hufu/name/1", a zero byte and
// the NameSkeleton.
func NameKey(name string) string {
	return hexKey(PrefixName, sha256.Sum256([]byte(skeletonDomain+NameSkeleton(name))))
}

// strokes are Chinese characters that differ by one stroke or its length.
var strokes = map[rune]rune{'戶': '户', '曰': '日', '巳': '已', '己': '已', '未': '末', '土': '士', '干': '千', '戊': '戌', '戍': '戌'}
