package web

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/explorer"
)

// Options changes defaults. The zero value is safe.
type Options struct {
	// Checker is the module and script that go generate made; nil means those
	// that this program was built with, if any.
	Checker *Checker
	// Reads is how many pages read the ledger at once; zero is half of the processors,
	// and at least one. Others wait for two seconds, and are then answered with 503.
	Reads int
}

// patience is how long a page waits for its turn to read.
const patience = 2 * time.Second

// A Window serves the pages. It implements http.Handler.
type Window struct {
	ledger  explorer.Source
	asks    *explorer.Explorer
	checker *Checker
	growth  growth
	mux     *http.ServeMux
	reads   chan struct{} // a place for each page that reads
}

// New returns the pages of the ledger that client and source read. The pages
// ask for proofs below /v1, where the caller mounts remote.NewHandler.
func New(client *ledger.Client, source explorer.Source, options Options) *Window {
	w := &Window{ledger: source, asks: explorer.New(client, source), checker: options.Checker, mux: http.NewServeMux()}
	w.reads = make(chan struct{}, cmp.Or(options.Reads, max(1, runtime.GOMAXPROCS(0)/2)))
	if w.checker == nil {
		w.checker = Built()
	}
	w.mux.HandleFunc("GET /{$}", w.inTurn(w.home))
	w.mux.HandleFunc("GET /lookup", w.lookup)
	w.mux.HandleFunc("GET /agency", w.inTurn(w.agency))
	w.mux.HandleFunc("GET /schema", w.inTurn(w.schema))
	w.mux.HandleFunc("GET /record", w.inTurn(w.record))
	w.mux.HandleFunc("GET /static/{name}", w.static)
	w.mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) { w.fail(rw, r, http.StatusNotFound, "no-page") })
	return w
}

// inTurn lets few pages read the ledger at once: each asks for proofs, lists and history,
// and none may slow down what wallets and counters ask.
func (w *Window) inTurn(show http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		ctx, stop := context.WithTimeout(r.Context(), patience)
		defer stop()
		select {
		case w.reads <- struct{}{}:
			defer func() { <-w.reads }()
			show(rw, r)
		case <-ctx.Done():
			rw.Header().Set("Retry-After", "5")
			w.fail(rw, r, http.StatusServiceUnavailable, "busy")
		}
	}
}

// ServeHTTP implements http.Handler.
func (w *Window) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.mux.ServeHTTP(rw, r) }

// asked returns a value from the address. The body of a request is never read.
func asked(r *http.Request, name string) string { return r.URL.Query().Get(name) }

// maxListed is the number of agencies and of schemas on the first page.
const maxListed = 50

func (w *Window) home(rw http.ResponseWriter, r *http.Request) {
	p := w.page(r, "home", "ledger")
	if err := w.fillHome(r.Context(), p); err != nil {
		w.failWith(rw, r, err)
		return
	}
	w.write(rw, http.StatusOK, p)
}

func (w *Window) fillHome(ctx context.Context, p *page) (err error) {
	if p.Answer, err = w.asks.Ledger(ctx); err != nil {
		return err
	}
	head, err := w.asks.Head(ctx)
	if err != nil {
		return err
	}
	if p.Growth, err = w.growth.chart(ctx, w.ledger, head); err != nil {
		return err
	}
	if p.Agencies, p.MoreAgencies, err = w.list(ctx, ledger.PrefixDID); err != nil {
		return err
	}
	p.Schemas, p.MoreSchemas, err = w.list(ctx, ledger.PrefixSchema)
	return err
}

// list returns the keys with a prefix, without the prefix.
func (w *Window) list(ctx context.Context, prefix string) (names []string, more bool, err error) {
	keys, err := w.ledger.Keys(ctx, prefix, "")
	if err != nil {
		return nil, false, err
	}
	for _, key := range keys {
		if len(names) == maxListed {
			return names, true, nil
		}
		names = append(names, strings.TrimPrefix(key, prefix))
	}
	return names, false, nil
}

// lookup redirects to the page of the thing that q names.
func (w *Window) lookup(rw http.ResponseWriter, r *http.Request) {
	q := strings.TrimSpace(asked(r, "q"))
	id, version, isSchema := schemaName(q)
	switch {
	case q == "":
		w.redirect(rw, r, "/")
	case ledger.CheckDID(q) == nil:
		w.redirect(rw, r, "/agency", "did", q)
	case isHash(q):
		w.redirect(rw, r, "/record", "hash", strings.ToLower(q))
	case isSchema:
		w.redirect(rw, r, "/schema", "id", id, "version", version)
	default:
		w.fail(rw, r, http.StatusBadRequest, "no-such-form")
	}
}

func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32
}

// schemaName reads "id version" or "id/version". An id alone means its first
// version.
func schemaName(s string) (id, version string, ok bool) {
	id, version, both := strings.Cut(strings.Replace(s, " ", "/", 1), "/")
	if !both {
		version = "1"
	}
	n, err := strconv.ParseUint(version, 10, 32)
	return id, version, err == nil && ledger.CheckKey(ledger.SchemaKey(id, uint32(n))) == nil
}

func (w *Window) redirect(rw http.ResponseWriter, r *http.Request, path string, pairs ...string) {
	http.Redirect(rw, r, link(path, asked(r, "lang"), pairs...), http.StatusSeeOther)
}

// link returns an address within the pages. It keeps lang if it was chosen.
func link(path, lang string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	if lang != "" {
		values.Set("lang", lang)
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func (w *Window) agency(rw http.ResponseWriter, r *http.Request) {
	did := asked(r, "did")
	answer, err := w.asks.OfAgency(r.Context(), did)
	w.answer(rw, r, "agency", answer, err, "did", did)
}

func (w *Window) schema(rw http.ResponseWriter, r *http.Request) {
	id, text := asked(r, "id"), asked(r, "version")
	version, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		w.fail(rw, r, http.StatusBadRequest, "no-such-form")
		return
	}
	answer, err := w.asks.OfSchema(r.Context(), id, uint32(version))
	w.answer(rw, r, "schema", answer, err, "id", id, "version", text)
}

func (w *Window) record(rw http.ResponseWriter, r *http.Request) {
	text, agency := asked(r, "hash"), strings.TrimSpace(asked(r, "agency"))
	hash, err := hex.DecodeString(text)
	if err != nil || len(hash) != 32 {
		w.fail(rw, r, http.StatusBadRequest, "no-such-form")
		return
	}
	if agency == "" {
		w.chooseAgency(rw, r, text)
		return
	}
	answer, err := w.asks.OfRecord(r.Context(), agency, [32]byte(hash))
	w.answer(rw, r, "record", answer, err, "hash", text, "agency", agency)
}

// chooseAgency asks whose record a hash names.
func (w *Window) chooseAgency(rw http.ResponseWriter, r *http.Request, hash string) {
	p := w.page(r, "record", "record")
	p.Hash = strings.ToLower(hash)
	var err error
	if p.Agencies, p.MoreAgencies, err = w.list(r.Context(), ledger.PrefixDID); err != nil {
		w.failWith(rw, r, err)
		return
	}
	w.write(rw, http.StatusOK, p)
}

// answer writes the page of an answer. question is what the checker asks again.
func (w *Window) answer(rw http.ResponseWriter, r *http.Request, about string, answer *explorer.Answer, err error, question ...string) {
	if err != nil {
		w.failWith(rw, r, err)
		return
	}
	status := http.StatusOK
	if answer.Sections[0].Name == "absent" {
		status = http.StatusNotFound
	}
	p := w.page(r, about, about)
	p.Answer = answer
	for i := 0; i < len(question); i += 2 {
		p.Question[question[i]] = question[i+1]
	}
	w.write(rw, status, p)
}

// failWith says in plain words why the page cannot show the ledger.
func (w *Window) failWith(rw http.ResponseWriter, r *http.Request, err error) {
	status, id := http.StatusServiceUnavailable, "unavailable"
	switch {
	case errors.Is(err, ledger.ErrKey):
		status, id = http.StatusBadRequest, "no-such-form"
	case errors.Is(err, ledger.ErrStale):
		id = "stale"
	case errors.Is(err, explorer.ErrHistory), errors.Is(err, ledger.ErrSignature), errors.Is(err, ledger.ErrNotWitnessed), errors.Is(err, ledger.ErrNotIncluded):
		status, id = http.StatusInternalServerError, "false"
	}
	w.fail(rw, r, status, id)
}

func (w *Window) fail(rw http.ResponseWriter, r *http.Request, status int, id string) {
	p := w.page(r, "error", "")
	p.Error = id
	w.write(rw, status, p)
}
