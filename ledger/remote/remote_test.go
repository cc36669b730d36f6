package remote_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

func newLog(t *testing.T) (*sqlitelog.Log, *ecdsa.PrivateKey) {
	t.Helper()
	return newLogIn(t, t.TempDir(), time.Now)
}

func newLogIn(t *testing.T, dir string, clock func() time.Time) (*sqlitelog.Log, *ecdsa.PrivateKey) {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	decider, _ := ledgertest.Decider(t, root)
	log, err := sqlitelog.Init(t.Context(), dir, "ledger.example/test", ledgertest.ZK{}, root,
		sqlitelog.InitOptions{Clock: clock, Deciders: []ledger.Decider{decider}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log, root
}

func anchor(t *testing.T, log *sqlitelog.Log, root *ecdsa.PrivateKey, n byte) *ledger.SignedOperation {
	t.Helper()
	signed, err := ledger.SignObject(log.Trust().ID(), &ledger.Anchor{Hash: [32]byte{n}, Count: 1, Agency: log.Trust().RootDID}, root)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func client(t *testing.T, addresses ...string) *remote.Client {
	t.Helper()
	c, err := remote.New(remote.Options{}, addresses...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "example.org", "ftp://example.org", "http://", "http://user@example.org", "http://example.org/?a", "http://example.org/#a", "http://[::1"} {
		if _, err := remote.New(remote.Options{}, bad); !errors.Is(err, remote.ErrAddress) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := remote.New(remote.Options{}); !errors.Is(err, remote.ErrAddress) {
		t.Error("no address:", err)
	}
}

// TestNextServer: a server that is gone, or cannot say, is passed over, and the one
// that answered is asked first from then on.
func TestNextServer(t *testing.T) {
	log, root := newLog(t)
	good := httptest.NewServer(remote.NewHandler(log, log.Trust(), remote.HandlerOptions{}))
	t.Cleanup(good.Close)
	var asked atomic.Int64
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, `{"error":"busy"}`, http.StatusServiceUnavailable)
	}))
	t.Cleanup(busy.Close)
	c := client(t, "http://127.0.0.1:1", busy.URL, good.URL)
	for n := range byte(3) {
		if _, err := c.Submit(t.Context(), anchor(t, log, root, n)); err != nil {
			t.Fatal(err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("the busy server was asked %d times", asked.Load())
	}
	alone := client(t, busy.URL)
	if _, err := alone.Prove(t.Context()); !errors.Is(err, remote.ErrUnreachable) || !strings.Contains(err.Error(), "busy") {
		t.Error(err)
	}
	if _, err := alone.Submit(t.Context(), anchor(t, log, root, 9)); !errors.Is(err, remote.ErrUnreachable) {
		t.Error(err)
	}
}

// TestOpen: a program joins a ledger by its address and a fingerprint, and nothing by
// another one.
func TestOpen(t *testing.T) {
	log, _ := newLog(t)
	server := httptest.NewServer(remote.NewHandler(log, log.Trust(), remote.HandlerOptions{}))
	t.Cleanup(server.Close)
	fingerprint, origin := log.Trust().Fingerprint(), ""
	trust := func(of string) ledger.TrustStore { origin = of; return ledger.NewMemoryTrustStore() }
	reader, _, err := remote.Open(t.Context(), hex.EncodeToString(fingerprint[:]), trust, server.URL)
	if err != nil || origin != log.Trust().Origin {
		t.Fatal(origin, err)
	}
	if _, err := reader.Get(t.Context(), ledger.DIDKey(log.Trust().RootDID)); err != nil {
		t.Error(err)
	}
	if _, _, err := remote.Open(t.Context(), strings.Repeat("0", 64), trust, server.URL); !errors.Is(err, ledger.ErrFingerprint) {
		t.Error("another fingerprint:", err)
	}
	if _, _, err := remote.Open(t.Context(), "", trust, "ftp://example.org"); !errors.Is(err, remote.ErrAddress) {
		t.Error("no address:", err)
	}
}

// TestLyingServers: what a server answers is held to the protocol, its size, and
// what was asked.
func TestLyingServers(t *testing.T) {
	log, root := newLog(t)
	op := anchor(t, log, root, 1)
	for name, body := range map[string]string{
		"nothing":           "",
		"no JSON":           "hello",
		"another operation": `{"operations":[{"id":"AAAA","index":1,"height":1}],"height":1,"size":1,"checkpoint":""}`,
		"too few":           `{"operations":[],"height":1,"size":1,"checkpoint":""}`,
		"endless":           strings.Repeat(" ", 2<<20),
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
		c := client(t, server.URL)
		if r, err := c.Submit(t.Context(), op); err == nil {
			t.Errorf("%s: receipt %+v", name, r)
		}
		if p, err := c.Prove(t.Context()); err == nil {
			t.Errorf("%s: proof %+v", name, p)
		}
		if _, err := c.ProveConsistency(t.Context(), 1, 2); err == nil && name != "too few" && name != "another operation" {
			t.Errorf("%s: consistency", name)
		}
		if _, err := c.ProveInclusion(t.Context(), 1); err == nil {
			t.Errorf("%s: inclusion", name)
		}
		if _, err := c.Registry(t.Context(), 1); err == nil && len(body)%32 != 0 {
			t.Errorf("%s: registry", name)
		}
		if _, err := c.TrustFile(t.Context(), strings.Repeat("0", 64)); err == nil {
			t.Errorf("%s: trust file", name)
		}
		server.Close()
	}
	for name, keys := range map[string]string{"another prefix": `["y/1"]`, "out of order": `["x/2","x/1"]`, "before": `["x/0"]`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":`+keys+`}`) }))
		if got, err := client(t, server.URL).Keys(t.Context(), "x/", "x/0"); err == nil {
			t.Errorf("keys %s: %v", name, got)
		}
		server.Close()
	}
}

// TestRefusalsKeepTheirReason over the wire, and bring no control characters.
func TestRefusalsKeepTheirReason(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, `{"index":0,"kind":"anchor","code":"conflict","reason":"no\u001b[31m\u009b`+strings.Repeat("x", 1000)+`"}`)
	}))
	t.Cleanup(server.Close)
	log, root := newLog(t)
	_, err := client(t, server.URL).Submit(t.Context(), anchor(t, log, root, 1))
	var refused *ledger.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, ledger.ErrConflict) {
		t.Fatal(err)
	}
	if strings.ContainsAny(err.Error(), "\x1b\u009b") || len(err.Error()) > 1200 {
		t.Errorf("%q", err)
	}
}

// TestRequests: what is malformed or too large is refused before the engine sees
// it.
func TestRequests(t *testing.T) {
	log, _ := newLog(t)
	handler := remote.NewHandler(log, log.Trust(), remote.HandlerOptions{})
	readOnly := remote.NewHandler(log, log.Trust(), remote.HandlerOptions{ReadOnly: true})
	for _, c := range []struct {
		handler      http.Handler
		method, path string
		body         string
		want         int
	}{
		{handler, "POST", "/v1/submit", "", http.StatusBadRequest},
		{handler, "POST", "/v1/submit", strings.Repeat("x", 1<<20+1), http.StatusRequestEntityTooLarge},
		{readOnly, "POST", "/v1/submit", "", http.StatusNotFound},
		{handler, "POST", "/v1/prove", "{}x", http.StatusBadRequest},
		{handler, "POST", "/v1/prove", `{"keys":["a b"]}`, http.StatusBadRequest},
		{handler, "POST", "/v1/prove", `{"other":1}`, http.StatusBadRequest},
		{handler, "POST", "/v1/prove", strings.Repeat("x", 1<<20), http.StatusRequestEntityTooLarge},
		{handler, "POST", "/v1/prove", `{"keys":[` + strings.Repeat(`"k",`, 256) + `"k"]}`, http.StatusRequestEntityTooLarge},
		{handler, "GET", "/v1/prove?key=did/x", "", http.StatusOK},
		{handler, "GET", "/v1/consistency?from=1&to=9999", "", http.StatusNotFound},
		{handler, "GET", "/v1/consistency?from=01&to=2", "", http.StatusBadRequest},
		{handler, "GET", "/v1/consistency?from=-1&to=2", "", http.StatusBadRequest},
		{handler, "GET", "/v1/inclusion/9999", "", http.StatusNotFound},
		{handler, "GET", "/v1/inclusion/x", "", http.StatusBadRequest},
		{handler, "GET", "/v1/entries?from=9999", "", http.StatusNotFound},
		{handler, "GET", "/v1/registry/7", "", http.StatusNotFound},
		{handler, "GET", "/v1/history?key=", "", http.StatusBadRequest},
		{handler, "GET", "/v1/agreements?from=0", "", http.StatusOK},
		{handler, "DELETE", "/v1/prove", "", http.StatusMethodNotAllowed},
	} {
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
		if w.Code != c.want {
			t.Errorf("%s %s %.40q: status %d, want %d", c.method, c.path, c.body, w.Code, c.want)
		}
	}
}

// TestEngineErrorsStayInside: what went wrong within is not told.
func TestEngineErrorsStayInside(t *testing.T) {
	log, _ := newLog(t)
	log.Close()
	w := httptest.NewRecorder()
	remote.NewHandler(log, log.Trust(), remote.HandlerOptions{}).ServeHTTP(w, httptest.NewRequest("GET", "/v1/checkpoint", nil))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "sqlite") {
		t.Error(w.Code, w.Body)
	}
}

// TestPauseIsTold: who submits to a ledger that stood still learns why it takes nothing.
func TestPauseIsTold(t *testing.T) {
	now := time.Now()
	log, root := newLogIn(t, t.TempDir(), func() time.Time { return now })
	now = now.AddDate(1, 0, 0)
	server := httptest.NewServer(remote.NewHandler(log, log.Trust(), remote.HandlerOptions{}))
	t.Cleanup(server.Close)
	_, err := client(t, server.URL).Submit(t.Context(), anchor(t, log, root, 1))
	if !errors.Is(err, remote.ErrUnreachable) || !strings.Contains(err.Error(), "set the clock right") {
		t.Error(err)
	}
}

// stuck is a ledger that takes nothing while it lacks a quorum.
type stuck struct{ ledger.Ledger }

func (stuck) Submit(ctx context.Context, _ ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestSubmitWithoutQuorum: the answer comes in time, and says what to do. A few wait, and
// others hear at once that they have to come again.
func TestSubmitWithoutQuorum(t *testing.T) {
	log, root := newLog(t)
	op, err := ledger.SignObject(log.Trust().ID(), &ledger.Anchor{Hash: [32]byte{1}, Count: 1, Agency: log.Trust().RootDID}, root)
	if err != nil {
		t.Fatal(err)
	}
	body := ledger.FormatBatch([]*ledger.SignedOperation{op})
	submit := func(h http.Handler, ctx context.Context) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "POST", "/v1/submit", bytes.NewReader(body)))
		return w
	}
	hasty := remote.NewHandler(stuck{log}, log.Trust(), remote.HandlerOptions{Patience: time.Millisecond})
	if w := submit(hasty, t.Context()); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "send the same request again") {
		t.Error(w.Code, w.Body)
	}
	crowded := remote.NewHandler(stuck{log}, log.Trust(), remote.HandlerOptions{Waiting: 2})
	ctx, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	codes := make(chan string, 3)
	for range 3 {
		waiting.Go(func() {
			w := submit(crowded, ctx)
			codes <- w.Body.String()
		})
	}
	if first := <-codes; !strings.Contains(first, "too many submissions wait") {
		t.Error(first)
	}
	leave()
	waiting.Wait()
	if w := submit(crowded, ctx); strings.Contains(w.Body.String(), "too many") {
		t.Error("those who left still have their places")
	}
}

// TestSlowServer: the caller's patience counts.
func TestSlowServer(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, server.URL).Checkpoint(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
