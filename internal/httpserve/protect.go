package httpserve

import (
	"cmp"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"
)

// Options changes what Protect allows. The zero value is the safe default.
type Options struct {
	// Public lists patterns of http.ServeMux to which pages of every origin may post: the
	// endpoints of a protocol, which read no cookie.
	Public []string
	// MaxBody caps a request's body; zero means 256 KiB.
	MaxBody int64
	// PerMinute is how many requests one address makes in a minute; zero means 600.
	PerMinute int
	// Places is how many requests run at a time, and how many wait; zero means 256.
	Places int
	// Policy is the Content-Security-Policy; empty means one under which a page of this
	// handler loads its own files, and nothing else.
	Policy string
	// Address says from which address a request comes; nil means the connection's.
	Address func(*http.Request) netip.Addr
	// Logger gets a line for each panic, without what it said; nil for none.
	Logger *slog.Logger
	// Clock is the server's; nil means time.Now.
	Clock func() time.Time
}

const (
	maxBody       = 256 << 10
	perMinute     = 600
	defaultPlaces = 256
	patience      = 2 * time.Second
	defaultPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

type protected struct {
	next    http.Handler
	opts    Options
	origins *http.CrossOriginProtection
	rates   *rates
	places  *Limiter
}

// Protect wraps a handler as the package comment says.
func Protect(next http.Handler, opts Options) http.Handler {
	opts.MaxBody = cmp.Or(opts.MaxBody, maxBody)
	opts.PerMinute = cmp.Or(opts.PerMinute, perMinute)
	opts.Places = cmp.Or(opts.Places, defaultPlaces)
	opts.Policy = cmp.Or(opts.Policy, defaultPolicy)
	if opts.Address == nil {
		opts.Address = RemoteAddress
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	p := &protected{
		next: next, opts: opts, origins: http.NewCrossOriginProtection(),
		rates: &rates{most: opts.PerMinute, clock: opts.Clock}, places: NewLimiter(opts.Places, opts.Places, patience),
	}
	for _, pattern := range opts.Public {
		p.origins.AddInsecureBypassPattern(pattern)
	}
	return p
}

func (p *protected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", p.opts.Policy)
	if !p.rates.allow(network(p.opts.Address(r))) {
		header.Set("Retry-After", "60")
		refuse(w, http.StatusTooManyRequests)
		return
	}
	if err := p.origins.Check(r); err != nil {
		refuse(w, http.StatusForbidden)
		return
	}
	leave, err := p.places.Enter(r.Context())
	if err != nil {
		header.Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	defer leave()
	r.Body = http.MaxBytesReader(w, r.Body, p.opts.MaxBody)
	if r.ContentLength > p.opts.MaxBody {
		header.Set("Connection", "close")
		r.Body = tooLarge{r.Body, p.opts.MaxBody}
	}
	started := &response{ResponseWriter: w}
	defer p.recovered(started, r)
	p.next.ServeHTTP(started, r)
}

// tooLarge is a body that says itself that it is beyond the cap: nobody waits for it in a
// place that others need.
type tooLarge struct {
	io.Closer
	most int64
}

func (b tooLarge) Read([]byte) (int, error) { return 0, &http.MaxBytesError{Limit: b.most} }

// refuse answers with the status alone.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(http.StatusText(status) + "\n"))
}

// recovered answers a panic with a 500 that says nothing, or cuts the connection where
// the answer had begun. What the panic said may be personal, so the log has the stack alone.
func (p *protected) recovered(w *response, r *http.Request) {
	reason := recover()
	if reason == nil {
		return
	}
	if reason == http.ErrAbortHandler {
		panic(reason)
	}
	if p.opts.Logger != nil {
		p.opts.Logger.ErrorContext(r.Context(), "panic", "stack", string(debug.Stack()))
	}
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	refuse(w, http.StatusInternalServerError)
}

// response notes whether the answer has begun.
type response struct {
	http.ResponseWriter
	begun bool
}

// Unwrap lets http.ResponseController reach the connection.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) WriteHeader(status int) {
	r.begun = true
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(b []byte) (int, error) {
	r.begun = true
	return r.ResponseWriter.Write(b)
}
