package web

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"github.com/hufu-id/hufu/ledger/explorer"
	"github.com/hufu-id/hufu/legible"
)

//go:embed page.html
var pageHTML string

//go:embed locale/*.json
var locales embed.FS

var (
	pages   = template.Must(template.New("page").Funcs(template.FuncMap{"schemaLink": schemaLink}).Parse(pageHTML))
	bundle  = loadLocales()
	matcher = language.NewMatcher([]language.Tag{language.English, language.Chinese})
	// beijing is the time zone of the pages.
	beijing = time.FixedZone("UTC+8", 8*60*60)
)

func loadLocales() *i18n.Bundle {
	b := i18n.NewBundle(language.English)
	b.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, name := range []string{"locale/en.json", "locale/zh.json"} {
		if _, err := b.LoadMessageFileFS(locales, name); err != nil {
			panic(err) // the files are part of the program
		}
	}
	return b
}

// A page holds what the template shows.
type page struct {
	// Name is "home", "agency", "schema", "record" or "error".
	Name string
	// Question is the question that the checker asks, by the names of its
	// fields.
	Question map[string]string
	Answer   *explorer.Answer
	// Error names a sentence.
	Error string

	// Hash is that of a record whose agency is to be chosen.
	Hash string

	Growth                    []point
	Agencies, Schemas         []string
	MoreAgencies, MoreSchemas bool
	// CanCheck is false if the program was built without the checker.
	CanCheck bool
	// Assets is the version of the static files.
	Assets string

	// Lang is "en" or "zh". Chosen is empty if the browser decided.
	Lang, Chosen string
	localizer    *i18n.Localizer
	// here is the request for this page. The link to the other language uses
	// its address.
	here *http.Request
}

func (w *Window) page(r *http.Request, name, about string) *page {
	p := &page{
		Name: name, Question: map[string]string{"about": about}, CanCheck: w.checker != nil, Assets: assetsVersion(w.checker), here: r,
	}
	switch lang := asked(r, "lang"); lang {
	case "en", "zh":
		p.Lang, p.Chosen = lang, lang
	default:
		tag, _ := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
		base, _ := tag.Base()
		p.Lang = base.String()
	}
	p.localizer = i18n.NewLocalizer(bundle, p.Lang)
	return p
}

// write sends a page. The page loads nothing from other servers and runs only
// its own script.
func (w *Window) write(rw http.ResponseWriter, status int, p *page) {
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language")
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, "page", p); err != nil {
		http.Error(rw, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	rw.WriteHeader(status)
	fmt.Fprint(rw, b.String()) // the reader is gone
}

// T returns the sentence with an id.
func (p *page) T(id string, pairs ...any) string {
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	s, err := p.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: values})
	if err != nil {
		return id // a test asserts that no sentence is missing
	}
	return s
}

// Word returns the sentence for a word. The states of records have names that
// their rules chose, and may have no sentence.
func (p *page) Word(word string) string {
	s, err := p.localizer.Localize(&i18n.LocalizeConfig{MessageID: "word." + word})
	if err != nil {
		return strings.TrimPrefix(word, "record-")
	}
	return s
}

// scriptSentences returns the ids of the sentences in the page's script.
func scriptSentences() (ids []string) {
	b, err := locales.ReadFile("locale/en.json")
	var all map[string]string
	if err = errors.Join(err, json.Unmarshal(b, &all)); err != nil {
		panic(err) // part of the program
	}
	for id := range all {
		switch prefix, _, _ := strings.Cut(id, "."); prefix {
		case "check", "word", "label", "section":
			ids = append(ids, id)
		}
	}
	return ids
}

// Words returns the sentences that the page's script needs, in JSON.
func (p *page) Words() (string, error) {
	words := map[string]string{}
	for _, id := range scriptSentences() {
		words[id] = p.T(id)
	}
	b, err := json.Marshal(words)
	return string(b), err
}

// Show returns the text of a row's value.
func (p *page) Show(row explorer.Row) string {
	switch row.Kind {
	case explorer.Word:
		return p.Word(row.Value)
	case explorer.Time:
		at, err := time.Parse(time.RFC3339, row.Value)
		if err != nil {
			return legible.Line(row.Value)
		}
		return clock(at)
	}
	return legible.Line(row.Value)
}

func clock(at time.Time) string { return at.In(beijing).Format("2006-01-02 15:04:05") + " UTC+8" }

// Link returns an address within the pages, in the chosen language.
func (p *page) Link(path string, pairs ...string) string { return link(path, p.Chosen, pairs...) }

// Other returns the address of this page in the other language.
func (p *page) Other() string {
	values := p.here.URL.Query()
	values.Set("lang", map[string]string{"en": "zh", "zh": "en"}[p.Lang])
	return p.here.URL.Path + "?" + values.Encode()
}

// schemaLink returns the two parts of "id/version".
func schemaLink(name string) []string {
	id, version, _ := strings.Cut(name, "/")
	return []string{id, version}
}
