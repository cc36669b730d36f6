package httpserve_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/httpserve"
)

func serve(t *testing.T, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(t.Context()))
	return w
}

func ok(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	_, _ = io.WriteString(w, "done")
}

func TestTimes(t *testing.T) {
	s := httpserve.NewServer(nil, httpserve.ServeOptions{})
	if s.ReadHeaderTimeout != 2*time.Second || s.ReadTimeout != 7*time.Second || s.WriteTimeout != 17*time.Second || s.IdleTimeout != 15*time.Second || s.MaxHeaderBytes != 16<<10 {
		t.Errorf("%+v", s)
	}
	s = httpserve.NewServer(nil, httpserve.ServeOptions{Times: httpserve.Times{Header: time.Second, Body: time.Second, Write: time.Second, Idle: time.Second}})
	if s.ReadHeaderTimeout != time.Second || s.ReadTimeout != 2*time.Second || s.WriteTimeout != 3*time.Second || s.IdleTimeout != time.Second {
		t.Errorf("%+v", s)
	}
}

func TestHeaders(t *testing.T) {
	w := serve(t, httpserve.Protect(http.HandlerFunc(ok), httpserve.Options{}), httptest.NewRequest("GET", "/", nil))
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'; script-src 'self'",
	} {
		if got := w.Header().Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	w = serve(t, httpserve.Protect(http.HandlerFunc(ok), httpserve.Options{Policy: "default-src 'none'"}), httptest.NewRequest("GET", "/", nil))
	if got := w.Header().Get("Content-Security-Policy"); got != "default-src 'none'" {
		t.Error(got)
	}
}

// TestOrigins: a page elsewhere cannot post with the cookies of a browser.
func TestOrigins(t *testing.T) {
	h := httpserve.Protect(http.HandlerFunc(ok), httpserve.Options{Public: []string{"/open/"}})
	post := func(path, site string) int {
		r := httptest.NewRequest("POST", path, strings.NewReader("x"))
		r.Header.Set("Sec-Fetch-Site", site)
		return serve(t, h, r).Code
	}
	for _, c := range []struct {
		path, site string
		want       int
	}{{"/", "cross-site", 403}, {"/", "same-origin", 200}, {"/open/1", "cross-site", 200}} {
		if got := post(c.path, c.site); got != c.want {
			t.Errorf("%s from %s: %d, want %d", c.path, c.site, got, c.want)
		}
	}
}

func TestBodies(t *testing.T) {
	h := httpserve.Protect(http.HandlerFunc(ok), httpserve.Options{})
	for size, want := range map[int]int{256 << 10: 200, 256<<10 + 1: 413, 10 << 20: 413} {
		if got := serve(t, h, httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("a", size)))); got.Code != want {
			t.Errorf("%d bytes: %d, want %d", size, got.Code, want)
		}
	}
}

func TestRate(t *testing.T) {
	now := time.Unix(600, 0)
	h := httpserve.Protect(http.HandlerFunc(ok), httpserve.Options{PerMinute: 2, Clock: func() time.Time { return now }})
	ask := func(from string) int {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = from
		return serve(t, h, r).Code
	}
	for i, want := range []int{200, 200, 429} {
		if got := ask("192.0.2.1:1"); got != want {
			t.Errorf("request %d: %d", i, got)
		}
	}
	if got := ask("192.0.2.2:1"); got != 200 {
		t.Error("another address:", got)
	}
	for i, from := range []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"} {
		if got := ask(from); got == 200 != (i < 2) {
			t.Errorf("%s of one subscriber: %d", from, got)
		}
	}
	now = now.Add(time.Minute)
	if got := ask("192.0.2.1:1"); got != 200 {
		t.Error("a minute later:", got)
	}
	behind := httpserve.Protect(http.HandlerFunc(ok), httpserve.Options{PerMinute: 1, Address: func(r *http.Request) netip.Addr {
		return netip.MustParseAddr(r.Header.Get("X-Real-Ip"))
	}})
	for _, from := range []string{"192.0.2.1", "192.0.2.2"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Real-Ip", from)
		if got := serve(t, behind, r).Code; got != 200 {
			t.Errorf("%s behind a proxy: %d", from, got)
		}
	}
}

// TestManyAddresses: the memory for counting is bounded.
func TestManyAddresses(t *testing.T) {
	now := time.Unix(600, 0)
	h := httpserve.Protect(http.HandlerFunc(ok), httpserve.Options{PerMinute: 1, Clock: func() time.Time { return now }, Address: func(r *http.Request) netip.Addr {
		return netip.MustParseAddr(r.RemoteAddr)
	}})
	last := 0
	for i := range 1<<16 + 2 {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String()
		last = serve(t, h, r).Code
	}
	if last != 429 {
		t.Errorf("the address after the last that is counted apart: %d", last)
	}
}

// TestPlaces: beyond those that run and those that wait, the answer is 503.
func TestPlaces(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	h := httpserve.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-end
	}), httpserve.Options{Places: 1})
	var all sync.WaitGroup
	codes := make(chan int, 3)
	ask := func() {
		all.Go(func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			codes <- w.Code
		})
	}
	ask()
	<-begun
	ask() // waits
	ask() // waits, or finds the queue full
	first := <-codes
	if first != http.StatusServiceUnavailable {
		t.Errorf("%d", first)
	}
	close(end)
	go func() {
		for range begun {
		}
	}()
	all.Wait()
	close(begun)
}

// TestPanics: what a panic says stays inside.
func TestPanics(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	w := serve(t, httpserve.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("Zhang San") }), httpserve.Options{Logger: logger}), httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "Zhang") || strings.Contains(log.String(), "Zhang") || !strings.Contains(log.String(), "TestPanics") {
		t.Errorf("%d %q, log %q", w.Code, w.Body, log.String())
	}
	for name, h := range map[string]http.HandlerFunc{
		"begun":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "half"); panic("Zhang San") },
		"aborted": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Errorf("%s: the connection is not cut", name)
				}
			}()
			serve(t, httpserve.Protect(h, httpserve.Options{}), httptest.NewRequest("GET", "/", nil))
		}()
	}
}

// TestServe: served over TCP and TLS until the context ends, and a streaming handler
// moves its deadline through Protect.
func TestServe(t *testing.T) {
	certificate := httptest.NewTLSServer(nil)
	defer certificate.Close()
	for _, config := range []*tls.Config{nil, {Certificates: certificate.TLS.Certificates}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		handler := httpserve.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}), httpserve.Options{})
		go func() { ended <- httpserve.Serve(ctx, listener, handler, httpserve.ServeOptions{TLS: config}) }()
		scheme := "http"
		if config != nil {
			scheme = "https"
		}
		answer, err := certificate.Client().Get(scheme + "://" + listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Errorf("%s: %d", scheme, answer.StatusCode)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if err := httpserve.Serve(t.Context(), listener, nil, httpserve.ServeOptions{}); err == nil {
		t.Error("a closed listener serves")
	}
}
