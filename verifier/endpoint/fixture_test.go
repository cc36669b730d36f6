package endpoint_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/openapitest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/endpoint"
)

const token = "a-bearer-token-of-128-bits-and-more"

// claimsOnly leaves the proof out of the usual policy: no wallet of others makes one.
func claimsOnly(policy hufutest.JSON) {
	dcql := policy["dcql"].(hufutest.JSON)
	delete(dcql, "credential_sets")
	dcql["credentials"] = dcql["credentials"].([]any)[1:]
}

// counter is a counter of the library behind a server.
type counter struct {
	t       testing.TB
	country *hufutest.Country
	cfg     verifier.Config
	server  *httptest.Server
	traffic *openapitest.Document
}

func newCounter(t testing.TB, c *hufutest.Country, edit func(*endpoint.Config)) *counter {
	t.Helper()
	cfg := c.CounterConfig(c.Policy(claimsOnly))
	chain, key := certpathtest.New(c.Now(), "Authority").Leaf(certpathtest.Template{Name: "Library", DNSNames: []string{"localhost"}})
	cfg.Certificate = &verifier.Certificate{Chain: chain, Key: key}
	n := &counter{t: t, country: c, cfg: cfg}
	description, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	n.traffic = openapitest.Parse(t, description)
	n.server = httptest.NewUnstartedServer(nil)
	n.server.Config.Handler = n.open(edit)
	n.server.Start()
	t.Cleanup(n.server.Close)
	return n
}

// base is the address, by name: a certificate names it.
func (n *counter) base() string {
	_, port, _ := strings.Cut(n.server.Listener.Addr().String(), ":")
	return "http://localhost:" + port
}

// open makes the handler anew over the same store, as after a restart.
func (n *counter) open(edit func(*endpoint.Config)) http.Handler {
	n.t.Helper()
	v, err := verifier.New(n.cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	cfg := endpoint.Config{Verifier: v, Base: n.base(), Token: token, Client: openid.ClientX509Hash, PerMinute: 1 << 20}
	if edit != nil {
		edit(&cfg)
	}
	handler, err := endpoint.New(cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	return n.traffic.Handler(handler)
}

// call sends JSON with the bearer token.
func (n *counter) call(method, path string, body any) (int, map[string]any) {
	n.t.Helper()
	var b []byte
	if body != nil {
		b, _ = json.Marshal(body)
	}
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.base()+path, bytes.NewReader(b))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	return n.do(r)
}

func (n *counter) do(r *http.Request) (int, map[string]any) {
	n.t.Helper()
	response, err := n.server.Client().Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	var out map[string]any
	if response.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(text, &out); err != nil {
			n.t.Fatal(err)
		}
	} else {
		out = map[string]any{"body": string(text), "type": response.Header.Get("Content-Type")}
	}
	return response.StatusCode, out
}

// ask makes a request and returns its id and its link.
func (n *counter) ask(body map[string]any) (id string, link *openid.RequestLink) {
	n.t.Helper()
	status, answer := n.call("POST", "/api/requests", body)
	if status != http.StatusOK {
		n.t.Fatalf("%d %v", status, answer)
	}
	link, err := openid.ParseRequestLink(answer["uri"].(string))
	if err != nil {
		n.t.Fatal(err)
	}
	return answer["id"].(string), link
}

// fetch gets a request object as a wallet does.
func (n *counter) fetch(link *openid.RequestLink, nonce string) *openid.SignedRequest {
	n.t.Helper()
	status, answer := n.get(link, nonce)
	if status != http.StatusOK || answer["type"] != "application/oauth-authz-req+jwt" {
		n.t.Fatalf("%d %v", status, answer)
	}
	signed, err := link.Signed(answer["body"].(string), nonce)
	if err != nil {
		n.t.Fatal(err)
	}
	return signed
}

func (n *counter) get(link *openid.RequestLink, nonce string) (int, map[string]any) {
	n.t.Helper()
	method, body := "GET", ""
	if link.Method == openid.MethodPost {
		method, body = "POST", url.Values{"wallet_nonce": {nonce}}.Encode()
	}
	r, err := http.NewRequestWithContext(n.t.Context(), method, link.URI, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return n.do(r)
}

// post sends a form to the response_uri.
func (n *counter) post(fields url.Values) (int, map[string]any) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), "POST", n.base()+"/response", strings.NewReader(fields.Encode()))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return n.do(r)
}

// outcome asks what became of a request.
func (n *counter) outcome(id string) map[string]any {
	n.t.Helper()
	status, answer := n.call("GET", "/api/requests/"+id, nil)
	if status != http.StatusOK {
		n.t.Fatalf("%d %v", status, answer)
	}
	return answer
}

// shown is an answer in the making, right in everything until a test spoils one thing.
type shown struct {
	*hufutest.Forgery
	holder                 crypto.Signer
	disclose               []credential.Path
	audience, nonce, state string
	boundAt                time.Time
	claims                 map[string]any           // of the key binding
	before                 func(text string) string // on what the key binding covers
	after                  func(text string) string // on the finished presentation
	query                  string
	clear                  bool // not encrypted, though asked for
	keyed                  *openid.AuthorizationRequest
	whole                  string
}

// answer makes the form that answers a request.
func (n *counter) answer(asked *openid.AuthorizationRequest, edit func(*shown)) url.Values {
	n.t.Helper()
	c, holder := n.country, n.country.Key()
	s := &shown{
		Forgery: c.Forge(c.Adult(), holder.Public()), holder: holder, audience: asked.ClientID(), nonce: asked.Nonce, state: asked.State,
		disclose: []credential.Path{{"birthdate"}, {"district"}}, boundAt: c.Now(), claims: asked.Authorises(hufutest.Claims, []string{hufutest.Claims}),
		after: func(text string) string { return text }, query: hufutest.Claims, keyed: asked,
	}
	if edit != nil {
		edit(s)
	}
	whole := s.Credential()
	s.whole = whole.String()
	part, err := whole.Disclose(s.disclose...)
	if err != nil {
		n.t.Fatal(err)
	}
	bound, err := part.Bind(n.t.Context(), s.holder, s.audience, s.nonce, credential.BindOptions{IssuedAt: s.boundAt, Claims: s.claims})
	if err != nil {
		n.t.Fatal(err)
	}
	text := bound.String()
	if s.before != nil {
		text = n.bind(s, s.before(text[:strings.LastIndex(text, "~")+1]))
	}
	response := openid.NewResponse(s.state, s.query, s.after(text))
	if asked.Mode != openid.DirectPostJWT || s.clear {
		fields, err := response.Form()
		if err != nil {
			n.t.Fatal(err)
		}
		return fields
	}
	return n.encrypt(s.keyed, response)
}

// bind signs a presentation that credential would not sign.
func (n *counter) bind(s *shown, presented string) string {
	n.t.Helper()
	sum := sha256.Sum256([]byte(presented))
	payload, err := json.Marshal(map[string]any{
		"iat": s.boundAt.Unix(), "aud": s.audience, "nonce": s.nonce, "sd_hash": base64.RawURLEncoding.EncodeToString(sum[:]),
	})
	if err != nil {
		n.t.Fatal(err)
	}
	binding, err := did.SignJWS(n.t.Context(), s.holder, did.Header{Typ: credential.BindingType}, payload, did.JWSOptions{})
	if err != nil {
		n.t.Fatal(err)
	}
	return presented + binding
}

// encrypt encrypts an answer to the key of a request.
func (n *counter) encrypt(asked *openid.AuthorizationRequest, response *openid.Response) url.Values {
	n.t.Helper()
	set, err := asked.KeySetBytes()
	if err != nil {
		n.t.Fatal(err)
	}
	keys, err := jwe.ParseKeySet(set)
	if err != nil {
		n.t.Fatal(err)
	}
	content, err := response.Bytes()
	if err != nil {
		n.t.Fatal(err)
	}
	text, err := jwe.Encrypt(content, keys[0], jwe.EncryptOptions{Encryption: jwe.A128GCM})
	if err != nil {
		n.t.Fatal(err)
	}
	return openid.EncryptedForm(text)
}

// haip is what the HAIP profile asks with: a certificate's hash and an encrypted answer.
var haip = map[string]any{"response_mode": "direct_post.jwt", "client_id_prefix": "x509_hash"}
