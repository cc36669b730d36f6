package verdict

import (
	"strings"

	"golang.org/x/text/language"
)

// A Text is the same in both languages.
type Text struct {
	English, Chinese string
}

// In returns the text in the language of a BCP 47 tag such as "zh", "zh-CN" or
// "en-GB", of an HTTP Accept-Language header, or of a POSIX locale such as zh_CN.UTF-8,
// which LANG holds. English stands in for other languages, an empty tag, and what is not
// a tag.
func (t Text) In(lang string) string {
	if isChinese(lang) {
		return t.Chinese
	}
	return t.English
}

var languages = language.NewMatcher([]language.Tag{language.English, language.Chinese})

func isChinese(lang string) bool {
	if name, _, posix := strings.Cut(lang, "."); posix && !strings.ContainsAny(lang, ",;") {
		lang = name // zh_CN.UTF-8
	}
	lang, _, _ = strings.Cut(lang, "@")
	_, index := language.MatchStrings(languages, lang)
	return index == 1
}
