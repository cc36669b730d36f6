package interoptest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/endpoint"
)

const apiToken = "a-bearer-token-of-128-bits-and-more"

// Counter is one of our counters over HTTP, with a certificate for localhost.
type Counter struct {
	t         testing.TB
	server    *httptest.Server
	Authority *certpathtest.Authority
	base      string
}

// OpenCounter opens the library's counter, which asks for a resident's birth date and
// district.
func OpenCounter(t testing.TB, c *hufutest.Country) *Counter {
	t.Helper()
	return open(t, c, c.CounterConfig(c.Policy(claimsOnly)))
}

// OpenOffLedger opens a counter that asks for one claim of a credential of a type, from
// whomever an authority certifies.
func OpenOffLedger(t testing.TB, c *hufutest.Country, authority *certpathtest.Authority, vct, claim string) *Counter {
	t.Helper()
	source, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: authority.Anchor(), Trust: provenance.Trust{Types: []string{vct}}})
	none(t, err)
	cfg := c.CounterConfig(c.Policy(func(policy hufutest.JSON) {
		delete(policy, "accreditedBy")
		delete(policy, "issuers")
		policy["sources"] = []any{"authority"}
		policy["dcql"] = hufutest.JSON{"credentials": []any{hufutest.JSON{
			"id": "one", "format": "dc+sd-jwt", "meta": hufutest.JSON{"vct_values": []any{vct}}, "claims": []any{hufutest.JSON{"path": []any{claim}}},
		}}}
	}))
	cfg.Sources = map[string]provenance.Source{"authority": source}
	return open(t, c, cfg)
}

func open(t testing.TB, c *hufutest.Country, cfg verifier.Config) *Counter {
	t.Helper()
	n := &Counter{t: t, Authority: certpathtest.New(c.Now(), "Readers")}
	chain, key := n.Authority.Leaf(certpathtest.Template{Name: "Library", DNSNames: []string{"localhost"}})
	cfg.Certificate = &verifier.Certificate{Chain: chain, Key: key}
	v, err := verifier.New(cfg)
	none(t, err)
	n.server = httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(n.server.Listener.Addr().String(), ":")
	n.base = "http://localhost:" + port
	n.server.Config.Handler, err = endpoint.New(endpoint.Config{Verifier: v, Base: n.base, Token: apiToken, Client: openid.ClientX509Hash})
	none(t, err)
	n.server.Start()
	t.Cleanup(n.server.Close)
	return n
}

// claimsOnly leaves the proof out of the usual policy: no wallet of others makes one.
func claimsOnly(policy hufutest.JSON) {
	dcql := policy["dcql"].(hufutest.JSON)
	delete(dcql, "credential_sets")
	dcql["credentials"] = dcql["credentials"].([]any)[1:]
}

func (n *Counter) call(method, path string, body, v any) {
	n.t.Helper()
	text, err := json.Marshal(body)
	none(n.t, err)
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.base+path, bytes.NewReader(text))
	none(n.t, err)
	r.Header.Set("Authorization", "Bearer "+apiToken)
	r.Header.Set("Content-Type", "application/json")
	answer, err := n.server.Client().Do(r)
	none(n.t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		var refusal Object
		_ = json.UnmarshalRead(answer.Body, &refusal)
		n.t.Fatalf("%s %s: %d %v", method, path, answer.StatusCode, refusal)
	}
	none(n.t, json.UnmarshalRead(answer.Body, v))
}

// Ask makes a request and returns its id and its link.
func (n *Counter) Ask(with Object) (id, link string) {
	n.t.Helper()
	var made struct {
		ID  string `json:"id"`
		URI string `json:"uri"`
	}
	n.call("POST", "/api/requests", with, &made)
	return made.ID, made.URI
}

// ByValue turns the link of an unsigned request into one that holds the request: the
// counter's API refers to it, and @openid4vc takes no unsigned request that is fetched.
func (n *Counter) ByValue(link string) string {
	n.t.Helper()
	parsed, err := openid.ParseRequestLink(link)
	none(n.t, err)
	answer, err := n.server.Client().Get(parsed.URI)
	none(n.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	none(n.t, err)
	request, err := parsed.UnsignedRequest(string(text), "")
	none(n.t, err)
	return (&openid.RequestLink{ClientID: parsed.ClientID, Unsigned: request}).String()
}

// Outcome is what the counter says of a request.
type Outcome struct {
	State   string `json:"state"`
	Refused int    `json:"refused"`
	Result  Object `json:"result"`
}

func (n *Counter) Outcome(id string) (o Outcome) {
	n.t.Helper()
	n.call("GET", "/api/requests/"+id, nil, &o)
	return o
}
