package endpoint_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/endpoint"
)

func TestConfig(t *testing.T) {
	v := hufutest.New(t, hufutest.Options{})
	counter := v.Counter(v.Policy(nil)).Verifier
	good := endpoint.Config{Verifier: counter, Base: "https://counter.example/vp", Token: token}
	if _, err := endpoint.New(good); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*endpoint.Config){
		"no verifier": func(c *endpoint.Config) { c.Verifier = nil },
		"no base":     func(c *endpoint.Config) { c.Base = "" },
		"plain http":  func(c *endpoint.Config) { c.Base = "http://counter.example" },
		"slash":       func(c *endpoint.Config) { c.Base += "/" },
		"query":       func(c *endpoint.Config) { c.Base += "?x" },
		"short token": func(c *endpoint.Config) { c.Token = token[:21] },
	} {
		bad := good
		edit(&bad)
		if _, err := endpoint.New(bad); !errors.Is(err, endpoint.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAsking: what a caller may ask, and what not.
func TestAsking(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	query := `{"credentials":[{"id":"claims","format":"dc+sd-jwt","meta":{"vct_values":["urn:test:resident:1"]},"claims":[{"path":["district"]}]}]}`
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"nothing":             {`{}`, 200},
		"a policy":            {`{"policy":"test.library-card"}`, 200},
		"a query":             {`{"dcql":` + query + `}`, 200},
		"post":                {`{"request_uri_method":"post"}`, 200},
		"another policy":      {`{"policy":"other"}`, 400},
		"a malformed query":   {`{"dcql":{"credentials":[]}}`, 400},
		"an mdoc":             {`{"dcql":{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"x"}}]}}`, 400},
		"an unknown type":     {`{"dcql":` + strings.Replace(query, "resident", "nobody", 1) + `}`, 400},
		"PUT":                 {`{"request_uri_method":"put"}`, 400},
		"an unknown member":   {`{"polcy":"x"}`, 400},
		"a member twice":      {`{"policy":"x","policy":"x"}`, 400},
		"a mode":              {`{"response_mode":"fragment"}`, 400},
		"a prefix":            {`{"client_id_prefix":"https"}`, 400},
		"a short session":     {`{"redirect_uri":"https://a.example","session":"x"}`, 400},
		"a session alone":     {`{"session":"0123456789012345678901"}`, 400},
		"a script":            {`{"redirect_uri":"javascript:alert(1)","session":"0123456789012345678901"}`, 400},
		"no document":         {`{"transaction_data":[{"credential_ids":["claims"],"label":{"en":"a","zh":"b"},"document_hash":"x"}]}`, 400},
		"a document of none":  {`{"transaction_data":[{"credential_ids":["other"],"label":{"en":"a","zh":"b"},"document_hash":"` + strings.Repeat("A", 43) + `"}]}`, 400},
		"a long correlation":  {`{"correlation":"` + strings.Repeat("x", 513) + `"}`, 400},
		"no JSON":             {`{`, 400},
		"nothing at all":      {``, 400},
		"a body beyond a cap": {`{"correlation":"` + strings.Repeat("x", 300<<10) + `"}`, 400},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", n.base()+"/api/requests", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		status, answer := n.do(r)
		if status != c.want {
			t.Errorf("%s: %d %v", name, status, answer)
		}
		if status == 200 {
			qr, _ := strings.CutPrefix(answer["qr"].(string), "data:image/svg+xml;base64,")
			if svg, err := base64.StdEncoding.DecodeString(qr); err != nil || !strings.HasPrefix(string(svg), "<svg") {
				t.Errorf("%s: %.40q, %v", name, svg, err)
			}
		} else if answer["error_description"] == "" {
			t.Errorf("%s: %v", name, answer)
		}
	}
}

// TestQuery: a query of the caller's own is judged as it was asked.
func TestQuery(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	id, link := n.ask(map[string]any{"dcql": map[string]any{"credentials": []any{map[string]any{
		"id": "claims", "format": "dc+sd-jwt", "meta": map[string]any{"vct_values": []string{hufutest.Type}},
		"claims": []any{map[string]any{"path": []string{"district"}, "values": []string{"110105"}}},
	}}}})
	asked := n.fetch(link, "").Unverified
	if status, answer := n.post(n.answer(asked, func(s *shown) { s.disclose = s.disclose[1:] })); status != http.StatusBadRequest || answer["code"] != "not-met" {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := n.post(n.answer(asked, func(s *shown) { s.disclose, s.Claims["district"] = s.disclose[1:], "110105" })); status != http.StatusOK {
		t.Errorf("%d %v", status, answer)
	}
	if got := n.outcome(id); got["state"] != "accepted" {
		t.Errorf("%v", got)
	}
}

// TestBearer: results are for bearers of the token.
func TestBearer(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	id, _ := n.ask(nil0)
	for _, c := range []struct{ method, path string }{{"POST", "/api/requests"}, {"GET", "/api/requests/" + id}, {"POST", "/api/requests/" + id + "/redeem"}} {
		for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer x" + token, "Basic " + token, token} {
			r, err := http.NewRequestWithContext(t.Context(), c.method, n.base()+c.path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if authorization != "" {
				r.Header.Set("Authorization", authorization)
			}
			if status, answer := n.do(r); status != http.StatusUnauthorized || answer["error"] != "invalid_token" {
				t.Errorf("%s %s, %q: %d %v", c.method, c.path, authorization, status, answer)
			}
		}
	}
	for _, path := range []string{"/api/requests/nobody", "/api/requests/" + strings.Repeat("x", 400)} {
		if status, answer := n.call("GET", path, nil); status != http.StatusNotFound || answer["code"] != "request-unknown" {
			t.Errorf("%d %v", status, answer)
		}
	}
}

// nil0 asks for nothing in particular.
var nil0 = map[string]any{}

// TestWalletMetadata: some wallets post their metadata as bare fields, and no nonce.
func TestWalletMetadata(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	_, link := n.ask(map[string]any{"request_uri_method": "post"})
	for body, want := range map[string]int{
		"": 200, "vp_formats_supported=%7B%7D&client_id_prefixes_supported=x": 200, "wallet_metadata=%7B%7D": 200,
		"wallet_nonce=a%20b": 400, "wallet_nonce=a&wallet_nonce=b": 400, "wallet_nonce=" + strings.Repeat("x", 5000): 400, "%zz": 400,
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", link.URI, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if status, answer := n.do(r); status != want {
			t.Errorf("%.40q: %d %v", body, status, answer)
		}
	}
	if status, _ := n.get(&openid.RequestLink{URI: n.base() + "/request/nobody"}, ""); status != http.StatusNotFound {
		t.Error(status)
	}
}

// TestLanguages: a refusal is said as its reader prefers.
func TestLanguages(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	r, err := http.NewRequestWithContext(t.Context(), "GET", n.base()+"/request/nobody", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Language", "zh-CN,en;q=0.5")
	if _, answer := n.do(r); !strings.HasPrefix(answer["error_description"].(string), "本窗口没有发出过这项请求") {
		t.Errorf("%v", answer)
	}
}

// TestOrigins: a page elsewhere may post an answer, and nothing else.
func TestOrigins(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	for path, want := range map[string]int{"/response": 400, "/request/nobody": 404, "/api/requests": 403} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", n.base()+path, strings.NewReader("x=y"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		handler := n.open(nil)
		if path == "/api/requests" { // not described: refused before anything is read
			v, err := verifier.New(n.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if handler, err = endpoint.New(endpoint.Config{Verifier: v, Base: n.base(), Token: token}); err != nil {
				t.Fatal(err)
			}
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

// TestDescription: the traffic of a counter's day is as openapi.json says, and no answer
// that it describes is never given.
func TestDescription(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	n := newCounter(t, c, nil)
	if status, _ := n.do(request(t, "GET", n.base()+"/openapi.json")); status != http.StatusOK {
		t.Error(status)
	}
	id, link := n.ask(map[string]any{"request_uri_method": "post", "response_mode": "direct_post.jwt", "redirect_uri": "https://a.example", "session": token})
	asked := n.fetch(link, "").Unverified
	n.get(&openid.RequestLink{URI: link.URI}, "")
	n.post(n.answer(asked, nil))
	n.call("POST", "/api/requests/"+id+"/redeem", map[string]any{"session": token})
	n.call("POST", "/api/requests/"+id+"/redeem", map[string]any{"x": 1})
	n.call("POST", "/api/requests/nobody/redeem", map[string]any{})
	for _, unseen := range n.traffic.Unseen() {
		for _, status := range []string{"401", "404", "410", "429", "500", "503", "post /api/requests 400", "post /response 400", "post /request/{id} 400", "redeem 200", "get /api/requests/{id} 200"} {
			if strings.HasSuffix(unseen, status) {
				unseen = ""
				break
			}
		}
		if unseen != "" {
			t.Errorf("never answered: %s", unseen)
		}
	}
}

func request(t *testing.T, method, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestHalfOpen: a thousand that never finish their request, half of them a body of 10 MiB, hold
// up nobody, and are cut off.
func TestHalfOpen(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	counter := c.Counter(c.Policy(claimsOnly))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + listener.Addr().String()
	handler, err := endpoint.New(endpoint.Config{Verifier: counter.Verifier, Base: base, Token: token, PerMinute: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- endpoint.Serve(ctx, listener, handler, nil) }()
	var halves []net.Conn
	for i := range 1000 {
		half, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer half.Close()
		start := "POST /response HTTP/1.1\r\nHost: x\r\nContent-Ty"
		if i%2 == 1 { // as many as take every place twice over
			start = "POST /response HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10485760\r\n\r\nresponse="
		}
		if _, err := io.WriteString(half, start); err != nil {
			t.Fatal(err)
		}
		halves = append(halves, half)
	}
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 10 {
				r, err := http.NewRequestWithContext(t.Context(), "GET", base+"/request/nobody", nil)
				if err != nil {
					t.Error(err)
					return
				}
				response, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close()
				if response.StatusCode != http.StatusNotFound {
					t.Error(response.StatusCode)
				}
			}
		})
	}
	clients.Wait()
	for _, half := range halves {
		_ = half.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, half); err != nil { // ends when the server cuts it
			t.Fatal(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
