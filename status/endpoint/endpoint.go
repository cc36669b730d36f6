// Package endpoint serves status lists over HTTP (draft-ietf-oauth-status-list-20, sections
// 8 and 9.3), for other people's wallets and counters.
//
//	GET ‹base›‹name›        the token of the list whose URI this is
//	GET ‹base›aggregation   {"status_lists": [‹URI›, …]}
//
// Accept chooses between application/statuslist+jwt, which a request without a preference
// gets, and application/statuslist+cwt; 406 for others. Caches may keep an answer as long as
// the token's ttl and exp let readers keep it, and ask with its ETag. Pages of any origin
// may read it. A request for a past time (?time=) is 501: only what holds now is served.
//
// [Keeper] signs lists when they change, and again before they expire. Whoever has tokens
// that somebody else signed implements [Lists].
//
// For example, New("https://records.example/status/", keeper) mounted at /status/ answers
// GET /status/1 with the token whose sub is https://records.example/status/1.
//
// Of a request nothing is kept. Who asks for which list is seen by whoever runs the server:
// a list of many credentials, and caches before it, keep that little.
package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hufu-id/hufu/status"
)

// Form is one of the two forms of a token.
type Form int

// The forms.
const (
	JWT Form = iota
	CWT
)

// mediaTypes are those of the forms (section 8.1).
var mediaTypes = map[Form]string{JWT: "application/" + status.Type, CWT: status.TypeCWT}

var (
	// ErrNoList means that there is no list of this URI, or not in this form.
	ErrNoList = errors.New("endpoint: no such status list")
	// ErrBase means a base that is no absolute https address with a slash at its end.
	ErrBase = errors.New("endpoint: not a base address")
)

// Lists has the tokens to serve. It is safe for concurrent use.
type Lists interface {
	// Token returns the newest token of a list. The error is [ErrNoList], or one that says
	// that it cannot be had now.
	Token(ctx context.Context, uri string, form Form) ([]byte, error)
	// URIs returns those of all lists that the aggregation is to name; none switches it off.
	URIs(ctx context.Context) ([]string, error)
}

// aggregation is the name of the aggregation. No list has it.
const aggregation = "aggregation"

// Options changes defaults.
type Options struct {
	// Clock is the server's; nil means time.Now.
	Clock func() time.Time
	// Unsaid is how long caches may keep a token that has no ttl; zero means that they ask
	// each time.
	Unsaid time.Duration
}

// New makes the handler of the lists whose URIs begin with base: https, or http to this
// machine, with a slash at its end. The path of a request is a slash and the rest; see
// http.StripPrefix. The error is [ErrBase].
func New(base string, lists Lists, opts Options) (http.Handler, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !strings.HasSuffix(base, "/") || strings.ContainsAny(base, "?#") {
		return nil, ErrBase
	}
	s := &server{base: base, lists: lists, clock: opts.Clock, unsaid: opts.Unsaid}
	if s.clock == nil {
		s.clock = time.Now
	}
	return s, nil
}

// Aggregation is the address of the aggregation under a base: what Claims.Aggregation names.
func Aggregation(base string) string { return base + aggregation }

type server struct {
	base   string
	lists  Lists
	clock  func() time.Time
	unsaid time.Duration
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Access-Control-Allow-Origin", "*") // public data, no cookies
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
	case r.URL.Query().Has("time"):
		http.Error(w, "only the present status is served", http.StatusNotImplemented)
	case r.URL.Path == "/"+aggregation:
		s.aggregation(w, r)
	default:
		s.token(w, r)
	}
}

func (s *server) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	form, ok := accepted(r.Header.Values("Accept"))
	if !ok {
		http.Error(w, "status lists are application/statuslist+jwt or application/statuslist+cwt", http.StatusNotAcceptable)
		return
	}
	b, err := s.lists.Token(r.Context(), s.base+strings.TrimPrefix(r.URL.EscapedPath(), "/"), form)
	if err != nil {
		failed(w, err)
		return
	}
	parse := status.Parse
	if form == CWT {
		parse = status.ParseCWT
	}
	token, err := parse(b, status.ParseOptions{})
	if err != nil {
		failed(w, err)
		return
	}
	serve(w, r, mediaTypes[form], token.Kept(s.clock(), s.unsaid), b)
}

func (s *server) aggregation(w http.ResponseWriter, r *http.Request) {
	uris, err := s.lists.URIs(r.Context())
	if err == nil && len(uris) == 0 {
		err = ErrNoList
	}
	var b []byte
	if err == nil {
		b, err = status.Aggregation(uris)
	}
	if err != nil {
		failed(w, err)
		return
	}
	serve(w, r, "application/json", 5*time.Minute, b)
}

// failed says nothing about the inside of the server.
func failed(w http.ResponseWriter, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if errors.Is(err, ErrNoList) {
		http.Error(w, "no such status list", http.StatusNotFound)
		return
	}
	http.Error(w, "the status list cannot be had now", http.StatusServiceUnavailable)
}

// serve answers with a document, or that the reader's is still the newest.
func serve(w http.ResponseWriter, r *http.Request, kind string, kept time.Duration, b []byte) {
	sum := sha256.Sum256(b)
	header := w.Header()
	header.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:18])+`"`)
	header.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(kept/time.Second)))
	for _, known := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == "*" || known == header.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	header.Set("Content-Type", kind)
	header.Set("Content-Length", strconv.Itoa(len(b)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(b) // of a reader who left, nothing is to be done
	}
}

// accepted chooses the form that a request prefers (RFC 9110, section 12.5.1), the JWT where
// it prefers none.
func accepted(headers []string) (Form, bool) {
	accept := strings.Join(headers, ",")
	if strings.TrimSpace(accept) == "" {
		return JWT, true
	}
	best := map[Form]float64{JWT: quality(accept, mediaTypes[JWT]), CWT: quality(accept, mediaTypes[CWT])}
	switch {
	case best[JWT] <= 0 && best[CWT] <= 0:
		return JWT, false
	case best[CWT] > best[JWT]:
		return CWT, true
	}
	return JWT, true
}

// maxRanges caps the media ranges that are looked at.
const maxRanges = 32

// quality is what the most specific range that fits a media type gives it.
func quality(accept, kind string) float64 {
	specific, found := -1, 0.0
	for i, text := range strings.Split(accept, ",") {
		if i == maxRanges {
			break
		}
		given, params, err := mime.ParseMediaType(text)
		if err != nil {
			continue
		}
		level := map[string]int{"*/*": 0, "application/*": 1, kind: 2}
		at, fits := level[given]
		if !fits || at < specific {
			continue
		}
		q := 1.0
		if text, stated := params["q"]; stated {
			if q, err = strconv.ParseFloat(text, 64); err != nil || q < 0 || q > 1 {
				continue
			}
		}
		specific, found = at, q
	}
	return found
}
