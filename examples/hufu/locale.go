package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/spf13/cobra"
	"golang.org/x/text/language"

	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/legible/lines"
)

//go:embed locale/*.json
var locales embed.FS

//go:embed locale/help.txt
var help string

// describe gives a command and those below it their help: one line, a long text, and
// examples, which are indented. It breaks the long text into lines of the terminal.
func describe(cmd *cobra.Command, columns int) {
	_, text, _ := strings.Cut("\n"+help, "\n# "+cmd.CommandPath()+"\n")
	text, _, _ = strings.Cut(text, "\n# ")
	short, text, _ := strings.Cut(text, "\n")
	long, example, _ := strings.Cut(text, "\n  ")
	long = regexp.MustCompile(`(\S)\n(\S)`).ReplaceAllString(strings.TrimSpace(long), "$1 $2")
	cmd.Short, cmd.Long, cmd.Example = short, lines.Wrap(long, columns), "  "+strings.TrimSpace(example)
	for _, sub := range cmd.Commands() {
		describe(sub, columns)
	}
}

// words looks sentences up in one language.
type words struct{ localizer *i18n.Localizer }

// newWords loads both languages; the files are part of the binary, so that a
// failure is a broken build.
func newWords(lang string) *words {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, name := range []string{"locale/en.json", "locale/zh.json"} {
		if _, err := bundle.LoadMessageFileFS(locales, name); err != nil {
			panic(err)
		}
	}
	return &words{i18n.NewLocalizer(bundle, lang, "en")}
}

// text is the sentence of an id with its values filled in.
func (w *words) text(id string, data ...any) string {
	values := map[string]any{}
	for i := 0; i+1 < len(data); i += 2 {
		values[data[i].(string)] = shown(data[i+1])
	}
	s, err := w.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: values})
	if err != nil {
		return id // a test asserts that no sentence is missing
	}
	return s
}

// shown is a value as a terminal may show it: text of strangers moves nothing, turns
// nothing and stays on its line.
func shown(v any) any {
	switch v.(type) {
	case int, int64, uint64, bool:
		return v
	}
	return legible.Escape(fmt.Sprint(v))
}

// languageNamed is en or zh for a BCP 47 tag such as zh-CN. It reports false for
// another language.
func languageNamed(tag string) (string, bool) {
	t, err := language.Parse(tag)
	base, _ := t.Base()
	lang := base.String()
	return lang, err == nil && (lang == "en" || lang == "zh")
}
