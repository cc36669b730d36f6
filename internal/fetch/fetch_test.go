package fetch_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/fetch"
)

// server answers as a hostile one may; asked counts its requests.
func server(t *testing.T) (at *httptest.Server, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	at = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/good":
			fmt.Fprintf(w, "%s %s%s", r.Header.Get("Accept"), r.Header.Get("User-Agent"), r.Header.Get("Cookie"))
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		case "/redirect":
			http.Redirect(w, r, "/good", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, 1025))
		case "/slow":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/header":
			w.Header().Set("A", strings.Repeat("a", 1<<20))
		case "/stops":
			panic(http.ErrAbortHandler)
		default:
			http.NotFound(w, r)
		}
	}))
	at.Config.ErrorLog = nil
	t.Cleanup(at.Close)
	return at, asked
}

func client(at *httptest.Server, opts fetch.Options) *fetch.Client {
	opts.Roots = x509.NewCertPool()
	opts.Roots.AddCert(at.Certificate())
	return fetch.New(opts)
}

func TestGet(t *testing.T) {
	at, _ := server(t)
	c := client(at, fetch.Options{Loopback: true})
	for range 2 {
		b, err := c.Get(t.Context(), at.URL+"/good", "application/json", 1024)
		if err != nil || string(b) != "application/json hufu" {
			t.Fatalf("%q, %v", b, err)
		}
	}
	short := client(at, fetch.Options{Loopback: true, Timeout: 50 * time.Millisecond})
	for path, want := range map[string]error{
		"/redirect": fetch.ErrRedirect, "/large": fetch.ErrTooLarge, "/none": fetch.ErrStatus, "/header": fetch.ErrUnreachable, "/stops": fetch.ErrUnreachable,
	} {
		if b, err := c.Get(t.Context(), at.URL+path, "", 1024); !errors.Is(err, want) || b != nil {
			t.Errorf("%s: %v, want: %v", path, err, want)
		}
	}
	if _, err := short.Get(t.Context(), at.URL+"/slow", "", 1024); !errors.Is(err, fetch.ErrUnreachable) {
		t.Errorf("slow: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, at.URL+"/good", "", 1024); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller gave up: %v", err)
	}
	if _, err := fetch.New(fetch.Options{Loopback: true}).Get(t.Context(), at.URL+"/good", "", 1024); !errors.Is(err, fetch.ErrUnreachable) {
		t.Errorf("a certificate of nobody: %v", err)
	}
}

// TestRefusedAddresses: nothing is sent to an address that is not public.
func TestRefusedAddresses(t *testing.T) {
	at, asked := server(t)
	c := client(at, fetch.Options{})
	_, port, err := net.SplitHostPort(at.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		at.URL, "https://127.0.0.1:" + port, "https://127.1.2.3:" + port, "https://0.0.0.0:" + port, "https://[::1]:" + port, "https://[::ffff:127.0.0.1]:" + port,
		"https://10.0.0.1", "https://172.16.0.1", "https://192.168.1.1", "https://169.254.169.254/latest", "https://100.64.0.1", "https://192.0.2.1",
		"https://198.18.0.1", "https://224.0.0.1", "https://255.255.255.255", "https://[fc00::1]", "https://[fe80::1]", "https://[64:ff9b::7f00:1]",
		"https://[2002:7f00:1::]", "https://[ff02::1]", "https://[::]", "https://[2001:db8::1]", "https://[::7f00:1]", "https://[2001::1]",
	} {
		if _, err := c.Get(t.Context(), address, "", 1024); !errors.Is(err, fetch.ErrPrivate) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{
		"http://a.example/", "http://localhost:" + port, "ftp://a.example/", "file:///etc/passwd", "https://", "https://u:p@a.example/", "https://a.example/#f", "https:a", "", "/a", "\x00",
	} {
		if _, err := c.Get(t.Context(), address, "", 1024); !errors.Is(err, fetch.ErrAddress) {
			t.Errorf("%q: %v", address, err)
		}
	}
	// Names that resolve to this machine, as a rebound name would: the dialled address counts.
	for _, opts := range []fetch.Options{{}, {Hosts: []string{"other.example"}}} {
		if _, err := client(at, opts).Get(t.Context(), "https://localhost:"+port+"/good", "", 1024); !errors.Is(err, fetch.ErrPrivate) {
			t.Errorf("localhost: %v", err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

// TestOwnHosts: the operator's own hosts may be private and speak http, and no other.
func TestOwnHosts(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("here")) }))
	t.Cleanup(plain.Close)
	host := plain.Listener.Addr().String()
	for name, test := range map[string]struct {
		opts fetch.Options
		want error
	}{
		"listed": {fetch.Options{Hosts: []string{host}}, nil}, "loopback": {fetch.Options{Loopback: true}, nil},
		"another port": {fetch.Options{Hosts: []string{"127.0.0.1:1"}}, fetch.ErrAddress}, "without the port": {fetch.Options{Hosts: []string{"127.0.0.1"}}, fetch.ErrAddress},
	} {
		if b, err := fetch.New(test.opts).Get(t.Context(), plain.URL, "", 1024); !errors.Is(err, test.want) || err == nil && string(b) != "here" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDo(t *testing.T) {
	at, _ := server(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.URL+"/none", strings.NewReader("a=b"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client(at, fetch.Options{Loopback: true}).Do(r, 1024)
	if err != nil || answer.Status != http.StatusNotFound || len(answer.Body) == 0 || answer.Header.Get("Content-Type") == "" {
		t.Errorf("%+v, %v", answer, err)
	}
	if err := fetch.New(fetch.Options{}).Check((*url.URL)(nil)); !errors.Is(err, fetch.ErrAddress) {
		t.Errorf("%v", err)
	}
}
