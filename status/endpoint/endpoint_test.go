package endpoint_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/status/endpoint"
)

const base = "https://records.example/status/"

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type served struct {
	now    time.Time
	key    *ecdsa.PrivateKey
	keeper *endpoint.Keeper
	at     http.Handler
}

func serve(t *testing.T) *served {
	t.Helper()
	s := &served{now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	var err error
	s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	s.keeper, err = endpoint.NewKeeper(endpoint.KeeperConfig{Key: s.key, Header: did.Header{Kid: "k"}, TTL: 10 * time.Minute, Aggregation: endpoint.Aggregation(base), Clock: clock})
	none(t, err)
	handler, err := endpoint.New(base, s.keeper, endpoint.Options{Clock: clock})
	none(t, err)
	s.at = http.StripPrefix("/status", handler)
	return s
}

func (s *served) get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.at.ServeHTTP(w, r)
	return w
}

// TestServe: a list in both forms, of which a reader with the URI makes sense.
func TestServe(t *testing.T) {
	s := serve(t)
	list, err := status.New(1, 16)
	none(t, err)
	s.keeper.Put(base+"1", list)
	none(t, list.Set(3, status.Invalid)) // after the copy was made
	for accept, kind := range map[string]string{
		"": "application/statuslist+jwt", "*/*": "application/statuslist+jwt", "application/statuslist+jwt": "application/statuslist+jwt",
		"application/statuslist+cwt": "application/statuslist+cwt", "application/statuslist+jwt;q=0.5, application/statuslist+cwt": "application/statuslist+cwt",
		"application/*, application/statuslist+jwt;q=0": "application/statuslist+cwt", "text/html, application/*;q=0.1": "application/statuslist+jwt",
	} {
		w := s.get("/status/1", "Accept", accept)
		h := w.Header()
		if w.Code != http.StatusOK || h.Get("Content-Type") != kind || h.Get("Cache-Control") != "public, max-age=600" || h.Get("Vary") != "Accept" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: %d %v", accept, w.Code, h)
			continue
		}
		parse := status.Parse
		if strings.HasSuffix(kind, "cwt") {
			parse = status.ParseCWT
		}
		token, err := parse(w.Body.Bytes(), status.ParseOptions{})
		none(t, err)
		v, err := token.Verify(s.key.Public(), base+"1", status.VerifyOptions{Now: s.now})
		none(t, err)
		if v.Check(3) != nil || v.Aggregation != base+"aggregation" {
			t.Errorf("%+v", v)
		}
		again := s.get("/status/1", "Accept", accept, "If-None-Match", `"other", W/`+h.Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("asked again: %d", again.Code)
		}
	}
	none(t, err)
	before := s.get("/status/1").Header().Get("ETag")
	s.keeper.Put(base+"1", list)
	w := s.get("/status/1", "If-None-Match", before)
	token, err := status.Parse(w.Body.Bytes(), status.ParseOptions{})
	none(t, err)
	v, err := token.Verify(s.key.Public(), base+"1", status.VerifyOptions{Now: s.now})
	none(t, err)
	if !errors.Is(v.Check(3), status.ErrRevoked) {
		t.Error("the change is not served")
	}
}

// TestSignedAgain: a token is signed anew when half of its ttl is over, and not before.
func TestSignedAgain(t *testing.T) {
	s := serve(t)
	list, err := status.New(1, 8)
	none(t, err)
	s.keeper.Put(base+"1", list)
	first := s.get("/status/1").Body.String()
	s.now = s.now.Add(4 * time.Minute)
	if s.get("/status/1").Body.String() != first {
		t.Error("signed again too early")
	}
	s.now = s.now.Add(time.Minute)
	if s.get("/status/1").Body.String() == first {
		t.Error("not signed again")
	}
	s.now = s.now.Add(-time.Hour) // the clock was put right
	token, err := status.Parse(s.get("/status/1").Body.Bytes(), status.ParseOptions{})
	none(t, err)
	if _, err := token.Verify(s.key.Public(), base+"1", status.VerifyOptions{Now: s.now}); err != nil {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	s := serve(t)
	list, err := status.New(1, 8)
	none(t, err)
	if w := s.get("/status/aggregation"); w.Code != http.StatusNotFound {
		t.Errorf("an empty aggregation: %d", w.Code)
	}
	s.keeper.Put(base+"1", list)
	s.keeper.Put(base+"a/2", list)
	w := s.get("/status/aggregation")
	uris, err := status.ParseAggregation(w.Body.Bytes())
	if err != nil || len(uris) != 2 || uris[1] != base+"a/2" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%q, %v", uris, err)
	}
	if w := s.get("/status/a/2"); w.Code != http.StatusOK {
		t.Errorf("a path: %d", w.Code)
	}
	for path, want := range map[string]int{"/status/2": 404, "/status/": 404, "/status/1/": 404, "/status/%31": 404, "/status/1?time=1": 501, "/status/aggregation?time=1": 501} {
		if w := s.get(path); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, accept := range []string{"text/html", "application/json", "application/statuslist+jwt;q=0", "application/statuslist+jwt;q=2", "nonsense", "*/*;q=0"} {
		if w := s.get("/status/1", "Accept", accept); w.Code != http.StatusNotAcceptable {
			t.Errorf("%s: %d", accept, w.Code)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		w := httptest.NewRecorder()
		s.at.ServeHTTP(w, httptest.NewRequest(method, "/status/1", nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	head := httptest.NewRecorder()
	s.at.ServeHTTP(head, httptest.NewRequest(http.MethodHead, "/status/1", nil))
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("ETag") == "" {
		t.Errorf("HEAD: %d", head.Code)
	}
}

// broken is a server whose signer is gone.
type broken struct{}

func (broken) Token(context.Context, string, endpoint.Form) ([]byte, error) {
	return nil, errors.New("/var/lib/secret")
}
func (broken) URIs(context.Context) ([]string, error) { return nil, errors.New("/var/lib/secret") }

func TestConfig(t *testing.T) {
	for _, bad := range []string{"", "records.example/", "https://records.example", "ftp://a/", "https:///", "https://a/?b/", "https://a/#/"} {
		if _, err := endpoint.New(bad, broken{}, endpoint.Options{}); !errors.Is(err, endpoint.ErrBase) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	for _, cfg := range []endpoint.KeeperConfig{{}, {Key: key, TTL: time.Millisecond}, {Key: key, TTL: time.Hour, Lifetime: 2 * time.Hour}} {
		if _, err := endpoint.NewKeeper(cfg); !errors.Is(err, endpoint.ErrConfig) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	handler, err := endpoint.New(base, broken{}, endpoint.Options{})
	none(t, err)
	for _, path := range []string{"/1", "/aggregation"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// A hall of records serves its list beside everything else.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	keeper, err := endpoint.NewKeeper(endpoint.KeeperConfig{Key: key})
	if err != nil {
		panic(err)
	}
	handler, err := endpoint.New("https://records.example/status/", keeper, endpoint.Options{})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/status/", http.StripPrefix("/status", handler))

	list, err := status.New(1, 1<<20)
	if err != nil {
		panic(err)
	}
	keeper.Put("https://records.example/status/1", list)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/status/1", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 application/statuslist+jwt
}
