package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger/explorer"
	"github.com/hufu-id/hufu/ledger/explorer/explorertest"
	"github.com/hufu-id/hufu/ledger/explorer/web"
)

// get asks a window without a browser.
func get(h http.Handler, path, languages string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", languages)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// record is the page of one of the office's.
func record(w *explorertest.World, hash [32]byte) string {
	return fmt.Sprintf("/record?agency=%s&hash=%x", w.Office.DID, hash)
}

func TestPages(t *testing.T) {
	w := explorertest.New(t)
	h := web.New(w.Client(w.Ledger, w.Now), w.Ledger, web.Options{})
	for path, c := range map[string]struct {
		status int
		says   string
	}{
		"/":                             {200, "ledger.example/window"},
		"/agency?did=" + w.Office.DID:   {200, ">issue credentials<"},
		"/agency?did=" + w.Gym.DID:      {200, "word-suspended"},
		"/schema?id=cn.title&version=1": {200, "holder"},
		"/record?agency=" + w.Office.DID + fmt.Sprintf("&hash=%x", w.Record):  {200, "transferred"},
		"/record?agency=" + w.Gym.DID + fmt.Sprintf("&hash=%x", w.Record):     {404, "holds no such thing"},
		"/record?agency=" + w.Office.DID + "&hash=" + strings.Repeat("0", 64): {404, "holds no such thing"},
		"/record?agency=someone&hash=" + strings.Repeat("0", 64):              {400, "A DID begins with"},
		fmt.Sprintf("/record?hash=%x", w.Record):                              {200, fmt.Sprintf("agency=%s&amp;hash=%x", url.QueryEscape(w.Office.DID), w.Record)},
		"/agency?did=did:hufu:x":                                              {400, "A DID begins with"},
		"/agency":                                                             {400, "A DID begins with"},
		"/schema?id=cn.title&version=x":                                       {400, "A DID begins with"},
		"/schema?id=cn.title&version=99999999999":                             {400, "A DID begins with"},
		"/record?hash=zz":                                                     {400, "A DID begins with"},
		"/nowhere":                                                            {404, "There is no such page"},
		"/static/web.go":                                                      {404, "There is no such page"},
		"/lookup?q=what+is+this+thing":                                        {400, "A DID begins with"},
	} {
		r := get(h, path, "en")
		if body := bodyOf(t, r); r.StatusCode != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	post := httptest.NewRecorder()
	h.ServeHTTP(post, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
	if post.Code == http.StatusOK {
		t.Error("posted")
	}
}

// slow is a ledger that answers the first question when it is told to.
type slow struct {
	explorer.Source
	asked, answer chan struct{} // asked has one place
}

func (s slow) Keys(ctx context.Context, prefix, after string) ([]string, error) {
	select {
	case s.asked <- struct{}{}:
		<-s.answer
	default:
	}
	return s.Source.Keys(ctx, prefix, after)
}

// TestFewReadAtOnce: while one page reads, another says that it is busy, and what reads
// nothing answers. Afterwards it is the other's turn.
func TestFewReadAtOnce(t *testing.T) {
	w := explorertest.New(t)
	s := slow{w.Ledger, make(chan struct{}, 1), make(chan struct{})}
	h := web.New(w.Client(w.Ledger, w.Now), s, web.Options{Reads: 1})
	first := make(chan *http.Response)
	go func() { first <- get(h, "/", "en") }()
	for len(s.asked) == 0 {
		time.Sleep(time.Millisecond)
	}
	busy := get(h, "/agency?did="+w.Office.DID, "en")
	if body := bodyOf(t, busy); busy.StatusCode != 503 || busy.Header.Get("Retry-After") == "" || !strings.Contains(body, "Too many people ask") {
		t.Errorf("%d: %s", busy.StatusCode, body)
	}
	if found := get(h, "/lookup?q="+w.Office.DID, "en"); found.StatusCode != 303 {
		t.Error(found.StatusCode)
	}
	close(s.answer)
	if r := <-first; r.StatusCode != 200 {
		t.Error(r.StatusCode)
	}
	if r := get(h, "/agency?did="+w.Office.DID, "en"); r.StatusCode != 200 {
		t.Error(r.StatusCode)
	}
}

func TestLookup(t *testing.T) {
	w := explorertest.New(t)
	h := web.New(w.Client(w.Ledger, w.Now), w.Ledger, web.Options{})
	hash := strings.Repeat("0A", 32)
	for asked, want := range map[string]string{
		"":                       "/",
		"+" + w.Office.DID + "+": "/agency?did=" + strings.ReplaceAll(w.Office.DID, ":", "%3A"),
		hash:                     "/record?hash=" + strings.ToLower(hash),
		"cn.title":               "/schema?id=cn.title&version=1",
		"cn.title+2":             "/schema?id=cn.title&version=2",
		"cn.title/3&lang=zh":     "/schema?id=cn.title&lang=zh&version=3",
	} {
		r := get(h, "/lookup?q="+asked, "en")
		if got := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("%q: %d %s", asked, r.StatusCode, got)
		}
	}
}

// TestNothingIsInjected: what is asked for comes back as text, if at all.
func TestNothingIsInjected(t *testing.T) {
	w := explorertest.New(t)
	h := web.New(w.Client(w.Ledger, w.Now), w.Ledger, web.Options{})
	for _, path := range []string{"/lookup?q=%s", "/schema?id=%s&version=1", "/agency?did=%s", "/record?hash=%s", "/record?hash=" + strings.Repeat("0", 64) + "&agency=%s", "/?lang=%s", "/%s"} {
		for _, evil := range []string{"%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "a%0Aabout=ledger", "%E2%80%AEx", "javascript:alert(1)"} {
			body := bodyOf(t, get(h, fmt.Sprintf(path, evil), "en"))
			if strings.Contains(body, "<script>alert") || strings.Contains(body, `href="javascript`) || strings.Contains(body, "\nabout=ledger\n") {
				t.Errorf("%s with %s", path, evil)
			}
		}
	}
}

func TestLanguages(t *testing.T) {
	w := explorertest.New(t)
	h := web.New(w.Client(w.Ledger, w.Now), w.Ledger, web.Options{})
	for languages, want := range map[string]string{"zh-CN,zh;q=0.9,en;q=0.8": "账本现状", "zh-TW": "账本现状", "de": "Where the ledger stands", "": "Where the ledger stands", "en;q=x,,,": "Where the ledger stands"} {
		if body := bodyOf(t, get(h, "/", languages)); !strings.Contains(body, want) {
			t.Errorf("%q: no %q", languages, want)
		}
	}
	if body := bodyOf(t, get(h, "/?lang=zh", "en")); !strings.Contains(body, "账本现状") || !strings.Contains(body, "lang=zh") {
		t.Error("a chosen language is not kept")
	}
}

// sentences reads a table of the program.
func sentences(t *testing.T, lang string) map[string]string {
	t.Helper()
	b, err := os.ReadFile("locale/" + lang + ".json")
	var table map[string]string
	if err = errors.Join(err, json.Unmarshal(b, &table)); err != nil {
		t.Fatal(err)
	}
	return table
}

// TestSentences: both tables have the same ids and the same places to fill, and
// every id of the program is in them.
func TestSentences(t *testing.T) {
	en, zh := sentences(t, "en"), sentences(t, "zh")
	places := regexp.MustCompile(`\{\{?\.?\w+\}?\}`)
	for id, sentence := range en {
		a, b := places.FindAllString(sentence, -1), places.FindAllString(zh[id], -1)
		slices.Sort(a)
		slices.Sort(b)
		if zh[id] == "" || !slices.Equal(a, b) {
			t.Errorf("%s: %q and %q", id, sentence, zh[id])
		}
	}
	if len(en) != len(zh) {
		t.Errorf("%d and %d sentences", len(en), len(zh))
	}
	w := explorertest.New(t)
	h := web.New(w.Client(w.Ledger, w.Now), w.Ledger, web.Options{})
	bare := regexp.MustCompile(`>(title|label|section|word|check|error|list|growth|record|search)[.-][a-z.-]+<`)
	for _, path := range []string{"/", "/agency?did=" + w.Office.DID, "/agency?did=" + w.Gym.DID, "/agency?did=" + w.Ledger.Trust().RootDID, "/schema?id=cn.title&version=1", record(w, w.Record), record(w, w.Anchored), record(w, [32]byte{}), "/record?hash=" + strings.Repeat("0", 64), "/nowhere"} {
		if ids := bare.FindAllString(bodyOf(t, get(h, path, "zh")), -1); len(ids) > 0 {
			t.Errorf("%s: no sentence for %v", path, ids)
		}
	}
	used := idsIn(t, "page.html", "static/page.js", "web.go")
	for _, id := range used {
		if en[id] == "" {
			t.Errorf("no sentence for %s", id)
		}
	}
}

// idsIn finds ids that stand in files as they are.
func idsIn(t *testing.T, files ...string) []string {
	t.Helper()
	found := map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:\.T |sentence\(|\? )"([a-z]+[.-][a-z.-]+)"`).FindAllSubmatch(b, -1) {
			found[string(m[1])] = true
		}
		for _, m := range regexp.MustCompile(`(?:http\.Status\w+, |id = |status, id = http\.Status\w+, )"([a-z-]+)"`).FindAllSubmatch(b, -1) {
			found["error."+string(m[1])] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// TestStaleLedger shows nothing that may no longer be true.
func TestStaleLedger(t *testing.T) {
	w := explorertest.New(t)
	late := func() time.Time { return w.Now().AddDate(1, 0, 0) }
	h := web.New(w.Client(w.Ledger, late), w.Ledger, web.Options{})
	for _, path := range []string{"/", "/agency?did=" + w.Office.DID} {
		r := get(h, path, "en")
		if body := bodyOf(t, r); r.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, ">issue credentials<") || !strings.Contains(body, "too old") {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	w.Ledger.Close()
	if r := get(web.New(w.Client(w.Ledger, w.Now), w.Ledger, web.Options{}), "/", "en"); r.StatusCode != http.StatusServiceUnavailable {
		t.Error("closed:", r.StatusCode)
	}
}

// TestGrowth: the curve begins with the log and ends where it stands, however long
// it is.
func TestGrowth(t *testing.T) {
	w := explorertest.New(t)
	h := web.New(w.Client(w.Ledger, w.Now), w.Ledger, web.Options{})
	sizes := regexp.MustCompile(`data-label="size" data-kind="number" data-value="(\d+)"`)
	last := ""
	for range 3 {
		for range 40 {
			w.Pass(time.Second)
			if _, err := w.Ledger.Heartbeat(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		body := bodyOf(t, get(h, "/", "en"))
		size := sizes.FindStringSubmatch(body)[1]
		if size == last || !strings.Contains(body, "<td>3</td>") || !strings.Contains(body, size+" entries") {
			t.Errorf("size %s: %s", size, body)
		}
		if n := strings.Count(body, ","); n > 1000 {
			t.Errorf("%d points", n)
		}
		last = size
	}
}

func TestStatic(t *testing.T) {
	w := explorertest.New(t)
	module := []byte("no gzip")
	h := web.New(w.Client(w.Ledger, time.Now), w.Ledger, web.Options{Checker: &web.Checker{Module: module, Script: []byte("script")}})
	for path, want := range map[string]string{"/static/page.js": "text/javascript; charset=utf-8", "/static/page.css": "text/css; charset=utf-8", "/static/wasm_exec.js": "text/javascript; charset=utf-8"} {
		r := get(h, path, "")
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != want || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
	if r := get(h, "/static/checker.wasm", ""); r.StatusCode != http.StatusInternalServerError {
		t.Error("a damaged module:", r.StatusCode)
	}
	for _, path := range []string{"/static/", "/static/..%2fpage.html", "/static/checker.wasm.gz"} {
		if r := get(h, path, ""); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}
