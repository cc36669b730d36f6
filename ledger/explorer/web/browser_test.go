package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger/explorer/explorertest"
	"github.com/hufu-id/hufu/ledger/explorer/web"
	"github.com/hufu-id/hufu/ledger/remote"
)

// checker compiles the checker once.
var checker = sync.OnceValues(func() (*web.Checker, error) {
	dir, err := os.MkdirTemp("", "hufu-window-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if out, err := exec.Command("go", "run", "./build", "-out", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	module, err := os.ReadFile(filepath.Join(dir, "checker.wasm.gz"))
	if err != nil {
		return nil, err
	}
	script, err := os.ReadFile(filepath.Join(dir, "wasm_exec.js"))
	return &web.Checker{Module: module, Script: script}, err
})

// site is a ledger's window on an address.
type site struct {
	*explorertest.World
	url string
	// change alters what the server answers to a request.
	change func(path string, body []byte) []byte

	mu sync.Mutex
	// asked are the addresses that were asked for.
	asked []string
}

func newSite(t *testing.T) *site {
	t.Helper()
	long.Landing(t, "compiles for js/wasm and drives a browser")
	c, err := checker()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{World: explorertest.New(t)}
	pages := http.NewServeMux()
	pages.Handle("/v1/", remote.NewHandler(s.Ledger, s.Ledger.Trust(), remote.HandlerOptions{ReadOnly: true}))
	pages.Handle("/", web.New(s.Client(s.Ledger, time.Now), s.Ledger, web.Options{Checker: c}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, pages) }))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *site) serve(w http.ResponseWriter, r *http.Request, pages http.Handler) {
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.String())
	change := s.change
	s.mu.Unlock()
	if change == nil {
		pages.ServeHTTP(w, r)
		return
	}
	recorded := httptest.NewRecorder()
	pages.ServeHTTP(recorded, r)
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorded.Code)
	w.Write(change(r.URL.Path, recorded.Body.Bytes()))
}

// lie makes the server alter its answers.
func (s *site) lie(change func(path string, body []byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change = change
}

// swap alters answers below a path.
func swap(below, from, to string) func(string, []byte) []byte {
	return func(path string, body []byte) []byte {
		if strings.HasPrefix(path, below) {
			return bytes.ReplaceAll(body, []byte(from), []byte(to))
		}
		return body
	}
}

// browser is Debian's chromium with an empty profile.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("HUFU_REQUIRE_ALL") == "1" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	quiet := log.New(io.Discard, "", 0)
	ctx, closeTab := chromedp.NewContext(t.Context(), chromedp.WithErrorf(quiet.Printf), chromedp.WithLogf(quiet.Printf),
		chromedp.WithAllocatorOptions(chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU))
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	run(t, ctx)
	return ctx
}

func run(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// read runs an action that has a value.
func read[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// evaluate runs a line of JavaScript.
func evaluate[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	return read(t, ctx, chromedp.Evaluate[T](script))
}

// check presses the button and returns what is said, and how.
func check(t *testing.T, ctx context.Context) (kind, text string) {
	t.Helper()
	evaluate[string](t, ctx, `document.getElementById("check-result").className = ""`)
	run(t, ctx, chromedp.Click(chromedp.CSS("#check-button")))
	read(t, ctx, chromedp.Poll[bool](`["good", "bad", "unknown"].includes(document.getElementById("check-result").className)`))
	return evaluate[string](t, ctx, `document.getElementById("check-result").className`), evaluate[string](t, ctx, `document.getElementById("check-result").textContent`)
}

func (s *site) pages() map[string]string {
	return map[string]string{
		"home": "/?", "agency": "/agency?did=" + s.Office.DID, "suspended": "/agency?did=" + s.Gym.DID,
		"schema": "/schema?id=" + explorertest.SchemaID + "&version=1", "record": record(s.World, s.Record),
		"anchor": record(s.World, s.Anchored), "absent": record(s.World, [32]byte{}),
	}
}

// TestCheckInTheBrowser: every page checks itself, in both languages, and fits a
// narrow telephone.
func TestCheckInTheBrowser(t *testing.T) {
	s := newSite(t)
	ctx := browser(t)
	for _, lang := range []string{"en", "zh"} {
		for name, path := range s.pages() {
			run(t, ctx, chromedp.EmulateViewport(360, 800), chromedp.Navigate(s.url+path+"&lang="+lang))
			if kind, text := check(t, ctx); kind != "good" || !strings.Contains(text, "✓") {
				t.Errorf("%s, %s: %s %s", name, lang, kind, text)
			}
			if width := evaluate[int](t, ctx, "document.documentElement.scrollWidth"); width > 360 {
				t.Errorf("%s, %s: %d pixels wide", name, lang, width)
			}
			if corrected := evaluate[int](t, ctx, `document.querySelectorAll(".corrected").length`); corrected != 0 {
				t.Errorf("%s, %s: %d corrected", name, lang, corrected)
			}
		}
	}
	problems := evaluate[[]string](t, ctx, `[...document.querySelectorAll("input:not([type=hidden])")].filter((e) => e.labels.length === 0).map((e) => e.id)`)
	if len(problems) > 0 {
		t.Errorf("without a label: %v", problems)
	}
}

// TestALyingPage: what the server writes is put right, wherever it lies.
func TestALyingPage(t *testing.T) {
	s := newSite(t)
	ctx := browser(t)
	for name, change := range map[string]func(string, []byte) []byte{
		"value and text":  swap("/agency", s.District.DID, s.Gym.DID),
		"text alone":      swap("/agency", ">issue credentials<", ">accredit others<"),
		"value and words": swap("/agency", `data-value="in-force"`, `data-value="suspended"`),
	} {
		s.lie(change)
		run(t, ctx, chromedp.Navigate(s.url+"/agency?lang=en&did="+s.Office.DID))
		kind, text := check(t, ctx)
		s.lie(nil)
		if kind != "unknown" || !strings.Contains(text, "was not true") {
			t.Errorf("%s: %s %s", name, kind, text)
		}
		shown := evaluate[string](t, ctx, `document.querySelector(".accreditation").innerText`)
		if !strings.Contains(shown, "issue credentials") || !strings.Contains(shown, "in force") || !strings.Contains(shown, s.District.DID) {
			t.Errorf("%s: not put right: %s", name, shown)
		}
		if note := evaluate[string](t, ctx, `document.querySelector(".corrected dd").dataset.note`); !strings.HasPrefix(note, "The page said: ") {
			t.Errorf("%s: %q", name, note)
		}
	}
	s.lie(func(path string, b []byte) []byte {
		b = swap("/agency", "word-in-force", "word-suspended")(path, b)
		b = swap("/agency", "<dt>May</dt>", "<dt>May not</dt>")(path, b)
		return swap("/agency", "<h2>Accreditation</h2>", "<h2>Nothing</h2>")(path, b)
	})
	run(t, ctx, chromedp.Navigate(s.url+"/agency?lang=en&did="+s.Office.DID))
	kind, text := check(t, ctx)
	shown := evaluate[string](t, ctx, `document.querySelector(".accreditation").outerHTML`)
	if kind != "good" || strings.Contains(shown, "word-suspended") || strings.Contains(shown, "May not") || strings.Contains(shown, "Nothing") {
		t.Errorf("ticks, labels and headings: %s %s %s", kind, text, shown)
	}
	s.lie(swap("/agency", `data-label="region"`, `data-label="type"`))
	run(t, ctx, chromedp.Navigate(s.url+"/agency?lang=en&did="+s.Office.DID))
	if kind, text := check(t, ctx); kind != "bad" {
		t.Errorf("another form: %s %s", kind, text)
	}
}

// TestALyingServer: proofs that do not hold are no proofs, and a server that does
// not answer is not called a liar.
func TestALyingServer(t *testing.T) {
	s := newSite(t)
	ctx := browser(t)
	address := s.url + record(s.World, s.Record) + "&lang=en"
	for name, c := range map[string]struct {
		change func(string, []byte) []byte
		kind   string
	}{
		"a value":     {swap("/v1/prove", "transferred", "transferrex"), "bad"},
		"a signature": {swap("/v1/prove", "ledger.example/window ", "ledger.example/windox "), "bad"},
		"a history":   {swap("/v1/history", "index", "indey"), "bad"},
		"nothing":     {swap("/v1/inclusion", "", ""), "unknown"},
		"no trust":    {func(path string, b []byte) []byte { return bytes.TrimPrefix(b, []byte("{")) }, "unknown"},
	} {
		s.lie(nil)
		run(t, ctx, chromedp.Navigate(address))
		s.lie(c.change)
		if name == "nothing" {
			s.lie(func(path string, b []byte) []byte {
				if strings.HasPrefix(path, "/v1/inclusion") {
					panic(http.ErrAbortHandler)
				}
				return b
			})
		}
		if kind, text := check(t, ctx); kind != c.kind {
			t.Errorf("%s: %s %s", name, kind, text)
		}
	}
}

// TestFingerprint: a trust file other than the one that was given on paper.
func TestFingerprint(t *testing.T) {
	s := newSite(t)
	ctx := browser(t)
	fingerprint := s.Ledger.Trust().Fingerprint()
	for typed, want := range map[string]string{fmt.Sprintf("%X", fingerprint): "good", strings.Repeat("ab", 32): "bad", "ab": "bad"} {
		run(t, ctx, chromedp.Navigate(s.url+"/?lang=en"), chromedp.SetValue(chromedp.CSS("#fingerprint"), typed))
		if kind, text := check(t, ctx); kind != want {
			t.Errorf("%.8s: %s %s", typed, kind, text)
		}
	}
}

// TestARecordByItsNumber: number and salt are hashed in the browser and never
// leave it.
func TestARecordByItsNumber(t *testing.T) {
	s := newSite(t)
	ctx := browser(t)
	salt := fmt.Sprintf("%X", explorertest.Salt)
	run(t, ctx,
		chromedp.Navigate(s.url+"/?lang=en"),
		chromedp.SendKeys(chromedp.CSS("#record-number"), explorertest.Parcel),
		chromedp.SendKeys(chromedp.CSS("#record-salt"), "not a salt"+kb.Enter),
		chromedp.WaitVisible(chromedp.CSS("#record-problem")),
	)
	evaluate[string](t, ctx, `document.getElementById("record-salt").value = ""`)
	run(t, ctx, chromedp.SendKeys(chromedp.CSS("#record-salt"), salt+kb.Enter), chromedp.WaitVisible(chromedp.CSS("#choose")),
		chromedp.SendKeys(chromedp.CSS("#agency"), s.Office.DID+kb.Enter), chromedp.WaitVisible(chromedp.CSS(".step")))
	if at := evaluate[string](t, ctx, "location.search"); at != fmt.Sprintf("?hash=%x&agency=%s&lang=en", s.Record, url.QueryEscape(s.Office.DID)) {
		t.Error("at", at)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range s.asked {
		if strings.Contains(address, "GB00001") || strings.Contains(strings.ToUpper(address), salt) {
			t.Error("the server was told:", address)
		}
	}
}

// TestWithoutScripts: everything can be read and looked up.
func TestWithoutScripts(t *testing.T) {
	s := newSite(t)
	ctx := browser(t)
	noScripts := emulation.SetScriptExecutionDisabledParams{Value: true}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, noScripts); err != nil {
		t.Fatal(err)
	}
	for name, path := range s.pages() {
		run(t, ctx, chromedp.Navigate(s.url+path+"&lang=en"))
		text := read(t, ctx, chromedp.Text(chromedp.CSS("main")))
		if !strings.Contains(text, "Scripts are blocked") || strings.Contains(text, "Check in this browser") {
			t.Errorf("%s: %s", name, text)
		}
	}
	run(t, ctx, chromedp.Navigate(s.url+"/?lang=en"), chromedp.SendKeys(chromedp.CSS("#q"), s.Office.DID+kb.Enter),
		chromedp.WaitVisible(chromedp.CSS(".accreditation")))
	if text := read(t, ctx, chromedp.Text(chromedp.CSS("main"))); !strings.Contains(text, "issue credentials") {
		t.Error(text)
	}
}
