package client_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/endpoint"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
)

// asker is somebody else's verifier: the smallest server that asks after OpenID4VP 1.0
// with HAIP, of which a test spoils one thing. It keeps what is posted.
type asker struct {
	t       testing.TB
	country *hufutest.Country
	server  *httptest.Server
	chain   [][]byte
	key     *ecdsa.PrivateKey
	private *ecdh.PrivateKey
	issuer  crypto.PublicKey // of what is presented
	typ     string

	claims  map[string]any // of the request object; nil members are left out
	header  did.Header
	sign    func(payload []byte) string // the object, where header and key are not enough
	link    map[string]string           // changes of the link
	status  int                         // of the request object
	media   string
	reply   string // to an answer
	replies int    // status of it
	away    bool   // redirects the fetch

	asked []*http.Request
	form  url.Values // posted to request_uri
	posts []url.Values
}

// newAsker makes a verifier, and a citizen whose wallet knows who vouches for it.
func newAsker(t testing.TB, c *hufutest.Country, citizen *hufutest.Holder) (*asker, *client.Client) {
	t.Helper()
	return newAskerOf(t, c, c.WalletConfig(citizen))
}

// newAskerOf makes a verifier for a wallet that holds what another issuer may have issued.
func newAskerOf(t testing.TB, c *hufutest.Country, cfg wallet.Config) (*asker, *client.Client) {
	t.Helper()
	authority := certpathtest.New(c.Now(), "Ministry")
	a := &asker{t: t, country: c, issuer: c.Office.Key.Public(), typ: hufutest.Type, status: http.StatusOK, media: "application/oauth-authz-req+jwt", reply: `{}`, replies: http.StatusOK, link: map[string]string{}}
	a.chain, a.key = authority.Leaf(certpathtest.Template{Name: "Museum", DNSNames: []string{"localhost"}})
	a.header = did.Header{Typ: "oauth-authz-req+jwt", X5C: a.chain}
	var err error
	if a.private, err = jwe.GenerateKey(); err != nil {
		t.Fatal(err)
	}
	a.server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.server.Close)
	public, err := jwe.NewPublicKey(a.private.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	a.claims = map[string]any{
		"client_id": "x509_hash:" + openid.CertificateHash(a.chain[0]), "response_type": "vp_token", "response_mode": "direct_post.jwt",
		"response_uri": a.base() + "/response", "nonce": "n-0S6_WzA2MjTqrA9bdeFg", "aud": "https://self-issued.me/v2",
		"client_metadata": map[string]any{
			"jwks":                 map[string]any{"keys": []any{public.JWK()}},
			"vp_formats_supported": map[string]any{"dc+sd-jwt": map[string]any{"sd-jwt_alg_values": []string{"ES256"}, "kb-jwt_alg_values": []string{"ES256"}}},
			"encrypted_response_enc_values_supported": []string{"A128GCM", "A256GCM"},
		},
		"dcql_query": map[string]any{"credentials": []any{resident("pid", claim("birthdate"), claim("district"))}},
	}
	source, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: authority.Anchor(), Trust: provenance.Trust{Requests: true}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Requesters = source
	w, err := wallet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	one, err := client.New(client.Config{Wallet: w, Loopback: true, Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return a, one
}

func (a *asker) base() string {
	_, port, _ := strings.Cut(a.server.Listener.Addr().String(), ":")
	return "http://localhost:" + port
}

// resident is a credential query for the country's residents.
func resident(id string, claims ...map[string]any) map[string]any {
	q := map[string]any{"id": id, "format": "dc+sd-jwt", "meta": map[string]any{"vct_values": []string{hufutest.Type}}}
	if claims != nil {
		q["claims"] = claims
	}
	return q
}

func claim(path ...any) map[string]any { return map[string]any{"path": path} }

func (a *asker) query(q map[string]any) { a.claims["dcql_query"] = q }

func (a *asker) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	a.asked = append(a.asked, r)
	switch r.URL.Path {
	case "/request":
		if a.away {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		if r.Method == "POST" {
			a.form = form
			if _, fixed := a.claims["wallet_nonce"]; !fixed {
				a.claims["wallet_nonce"] = form.Get("wallet_nonce")
				defer delete(a.claims, "wallet_nonce")
			}
		}
		w.Header().Set("Content-Type", a.media)
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.object())
	case "/response":
		a.posts = append(a.posts, form)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.replies)
		_, _ = io.WriteString(w, a.reply)
	default:
		a.t.Errorf("asked for %s", r.URL.Path)
	}
}

func (a *asker) object() string {
	present := map[string]any{}
	for name, value := range a.claims {
		if value != nil {
			present[name] = value
		}
	}
	payload, err := json.Marshal(present)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.sign != nil {
		return a.sign(payload)
	}
	object, err := did.SignJWS(a.t.Context(), a.key, a.header, payload, did.JWSOptions{})
	if err != nil {
		a.t.Fatal(err)
	}
	return object
}

// uri is the link that a citizen opens.
func (a *asker) uri() string {
	values := url.Values{"client_id": {fmt.Sprint(a.claims["client_id"])}, "request_uri": {a.base() + "/request"}}
	for name, value := range a.link {
		values.Set(name, value)
	}
	return "openid4vp://?" + values.Encode()
}

// answered reads the one answer that was posted, and checks what every answer must be
// (conformance, part 4).
func (a *asker) answered() map[string]*credential.SDJWT {
	a.t.Helper()
	if len(a.posts) != 1 {
		a.t.Fatalf("%d posts", len(a.posts))
	}
	form, err := openid.ParseResponseForm(a.posts[0])
	if err != nil {
		a.t.Fatal(err)
	}
	response := form.Response
	if form.Encrypted != "" {
		m, err := jwe.Parse(form.Encrypted, jwe.ParseOptions{})
		if err != nil {
			a.t.Fatal(err)
		}
		content, err := m.Decrypt(a.private)
		if err != nil {
			a.t.Fatal(err)
		}
		public, _ := jwe.NewPublicKey(a.private.PublicKey())
		if m.Header.KeyID != public.ID || m.Header.Encryption != jwe.A128GCM {
			a.t.Errorf("%+v", m.Header)
		}
		for _, unwanted := range []string{`"iss"`, `"exp"`, `"aud"`} {
			if strings.Contains(string(content), unwanted+":") {
				a.t.Errorf("the content has %s", unwanted)
			}
		}
		if response, err = openid.ParseResponse(content); err != nil {
			a.t.Fatal(err)
		}
	}
	state, _ := a.claims["state"].(string)
	if response == nil || response.State != state {
		a.t.Fatalf("%+v", form)
	}
	out := map[string]*credential.SDJWT{}
	for id, list := range response.VPToken {
		if len(list) != 1 {
			a.t.Errorf("%s: %d presentations", id, len(list))
		}
		out[id] = a.verified(list[0])
	}
	return out
}

// verified checks signature, type and key binding of a presentation.
func (a *asker) verified(text string) *credential.SDJWT {
	a.t.Helper()
	sd, err := credential.Parse([]byte(text), credential.ParseOptions{})
	if err != nil {
		a.t.Fatal(err)
	}
	found, err := sd.Verify(a.issuer, credential.VerifyOptions{Now: a.country.Now()})
	if err != nil || found.VCT != a.typ {
		a.t.Fatal(err)
	}
	if _, err := found.VerifyBinding(fmt.Sprint(a.claims["client_id"]), fmt.Sprint(a.claims["nonce"]), credential.BindingOptions{Now: a.country.Now(), MaxAge: 5 * time.Minute}); err != nil {
		a.t.Error(err)
	}
	return sd
}

// disclosed are the names of the disclosed claims of a presentation.
func disclosed(sd *credential.SDJWT) []string {
	var names []string
	for _, name := range []string{"name", "resident_id", "birthdate", "district", "address"} {
		if _, there := sd.UnverifiedClaims()[name]; there {
			names = append(names, name)
		}
	}
	return names
}

// presents opens the link and answers with the first choice.
func presents(t testing.TB, a *asker, c *client.Client) *client.Answer {
	t.Helper()
	ask, err := c.Request(t.Context(), a.uri())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Present(t.Context(), ask, wallet.Consent{Authorise: len(ask.Transactions) > 0, AcceptUnaccredited: ask.Vouched == nil})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// silent insists that a request is refused for a reason, and that nothing is posted.
func silent(t testing.TB, a *asker, c *client.Client, reason error) {
	t.Helper()
	ask, err := c.Request(t.Context(), a.uri())
	if ask != nil || !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
	var rejected *wallet.Rejected
	var mine *client.Rejected
	if !errors.As(err, &rejected) && !errors.As(err, &mine) {
		t.Errorf("%v is no refusal", err)
	}
	if len(a.posts) > 0 {
		t.Errorf("posted %v", a.posts)
	}
}

// TestWhoAsks: the citizen sees the name in the certificate and who vouches for it.
func TestWhoAsks(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	a, one := newAsker(t, c, c.Citizen(c.Adult()))
	ask, err := one.Request(t.Context(), a.uri())
	if err != nil {
		t.Fatal(err)
	}
	who, known := ask.Who()
	if !known || !strings.Contains(who.Name.English, "Museum") || !strings.Contains(ask.Vouched.Anchor, "Ministry") || ask.Choices[0].Accreditation != nil {
		t.Errorf("%+v %+v", who, ask.Vouched)
	}
	if answer, err := one.Decline(t.Context(), ask); err != nil || answer.Presented != nil {
		t.Errorf("%+v, %v", answer, err)
	}
	if len(a.posts) != 1 || a.posts[0].Encode() != "error=access_denied" {
		t.Errorf("%v", a.posts)
	}
}

// TestDelivery: what is known of an answer that did not arrive, and sending it again.
func TestDelivery(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	for name, tt := range map[string]struct {
		status int
		reply  string
		want   error
	}{
		"refused": {400, `{"error":"invalid_request"}`, client.ErrNotTaken}, "redirected": {302, ``, client.ErrNotTaken},
		"failed": {500, ``, client.ErrUndelivered}, "busy": {429, ``, client.ErrUndelivered}, "no JSON": {200, `<html>`, client.ErrUndelivered},
		"a script": {200, `{"redirect_uri":"javascript:x"}`, client.ErrUndelivered}, "endless": {200, strings.Repeat(" ", 300<<10), client.ErrUndelivered},
	} {
		a, one := newAsker(t, c, citizen)
		a.replies, a.reply = tt.status, tt.reply
		ask, err := one.Request(t.Context(), a.uri())
		if err != nil {
			t.Fatal(err)
		}
		answer, err := one.Present(t.Context(), ask, wallet.Consent{})
		if !errors.Is(err, tt.want) || answer == nil || answer.Presented == nil {
			t.Fatalf("%s: %v", name, err)
		}
		a.replies, a.reply = 200, `{"redirect_uri":"https://museum.example/done"}`
		if err := one.Deliver(t.Context(), answer); err != nil || answer.RedirectURI != "https://museum.example/done" {
			t.Errorf("%s: %v", name, err)
		}
		if len(a.posts) != 2 || a.posts[0].Encode() != a.posts[1].Encode() {
			t.Errorf("%s: another answer the second time", name)
		}
	}
	_, one := newAsker(t, c, citizen)
	if err := one.Deliver(t.Context(), nil); err == nil {
		t.Error("nothing is delivered")
	}
	if _, err := one.Present(t.Context(), nil, wallet.Consent{}); !errors.Is(err, wallet.ErrConsent) {
		t.Error(err)
	}
	if _, err := one.Decline(t.Context(), nil); !errors.Is(err, wallet.ErrConsent) {
		t.Error(err)
	}
}

// TestFetching: what may lie at a request_uri.
func TestFetching(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	for name, tt := range map[string]struct {
		edit func(a *asker)
		want error
	}{
		"gone":               {func(a *asker) { a.status = 404 }, client.ErrNoRequest},
		"failed":             {func(a *asker) { a.status = 500 }, client.ErrCounter},
		"busy":               {func(a *asker) { a.status = 429 }, client.ErrCounter},
		"redirected":         {func(a *asker) { a.away = true }, client.ErrNoRequest},
		"a page":             {func(a *asker) { a.media = "text/html" }, client.ErrNoRequest},
		"too much":           {func(a *asker) { a.sign = func([]byte) string { return strings.Repeat("a", 300<<10) } }, client.ErrNoRequest},
		"private network":    {func(a *asker) { a.link["request_uri"] = "https://10.0.0.1/request" }, client.ErrAddress},
		"plain http":         {func(a *asker) { a.link["request_uri"] = "http://museum.example/request" }, wallet.ErrRequest},
		"nobody there":       {func(a *asker) { a.link["request_uri"] = "http://localhost:1/request" }, client.ErrCounter},
		"bad method":         {func(a *asker) { a.link["request_uri_method"] = "POST" }, openid.ErrRequestURIMethod},
		"no link":            {func(a *asker) { a.link["client_id"] = "" }, wallet.ErrRequest},
		"answer to a server": {func(a *asker) { a.claims["response_uri"] = "http://museum.example/response" }, wallet.ErrRequest},
	} {
		a, one := newAsker(t, c, citizen)
		tt.edit(a)
		if ask, err := one.Request(t.Context(), a.uri()); ask != nil || !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if len(a.posts) > 0 {
			t.Errorf("%s: posted %v", name, a.posts)
		}
	}
}

// TestLinksOfAllKinds: by value, by parameters, by an unsigned object.
func TestLinksOfAllKinds(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	a, one := newAsker(t, c, citizen)
	byValue := "openid4vp://?" + url.Values{"client_id": {fmt.Sprint(a.claims["client_id"])}, "request": {a.object()}}.Encode()
	if ask, err := one.Request(t.Context(), byValue); err != nil || len(a.asked) != 0 {
		t.Errorf("by value: %+v, %v", ask, err)
	}
	a.claims["client_id"], a.claims["aud"] = "redirect_uri:"+a.base()+"/response", nil
	a.sign = func(payload []byte) string {
		encode := base64.RawURLEncoding.EncodeToString
		return encode([]byte(`{"alg":"none","typ":"oauth-authz-req+jwt"}`)) + "." + encode(payload) + "."
	}
	ask, err := one.Request(t.Context(), a.uri())
	if err != nil {
		t.Fatal(err)
	}
	if _, known := ask.Who(); known || !errors.Is(ask.Choices[0].Accreditation, wallet.ErrUnsigned) {
		t.Errorf("nobody vouches, and the citizen is not warned: %v", ask.Choices[0].Accreditation)
	}
	if _, err := one.Present(t.Context(), ask, wallet.Consent{}); !errors.Is(err, wallet.ErrNotAccredited) {
		t.Errorf("answered without a warning: %v", err)
	}
	if _, err := one.Present(t.Context(), ask, wallet.Consent{AcceptUnaccredited: true}); err != nil {
		t.Error(err)
	}
	a.answered()
}

// TestWithOurCounter: our counter's own server, known by its DID and the ledger's proof, by
// GET and POST, in clear and encrypted, for a browser on the same device.
func TestWithOurCounter(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	_, one := newAsker(t, c, citizen)
	v, err := verifier.New(c.CounterConfig(c.Policy(nil)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	defer server.Close()
	base, token := "http://"+server.Listener.Addr().String(), strings.Repeat("t", 22)
	handler, err := endpoint.New(endpoint.Config{Verifier: v, Base: base, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = handler
	server.Start()
	for _, method := range []string{"get", "post"} {
		for _, mode := range []string{"direct_post", "direct_post.jwt"} {
			asking := fmt.Sprintf(`{"request_uri_method":%q,"response_mode":%q,"redirect_uri":"https://library.example/done","session":%q}`, method, mode, token)
			r, err := http.NewRequestWithContext(t.Context(), "POST", base+"/api/requests", strings.NewReader(asking))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			response, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			var made struct{ ID, URI string }
			err = json.NewDecoder(response.Body).Decode(&made)
			_ = response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			ask, err := one.Request(t.Context(), made.URI)
			if err != nil {
				t.Fatal(err)
			}
			choice, err := ask.ChoiceBy(openid.FormatSDJWT)
			if err != nil || ask.Choices[choice].Accreditation != nil {
				t.Fatalf("%v, %v", err, ask.Choices)
			}
			answer, err := one.Present(t.Context(), ask, wallet.Consent{Choice: choice})
			if err != nil || !strings.HasPrefix(answer.RedirectURI, "https://library.example/done?response_code=") {
				t.Fatalf("%s %s: %+v, %v", method, mode, answer, err)
			}
			if outcome, err := v.Outcome(t.Context(), made.ID); err != nil || outcome.State != verifier.StateAccepted || outcome.Result != nil {
				t.Errorf("%+v, %v", outcome, err)
			}
			if err := one.Deliver(t.Context(), answer); err != nil {
				t.Errorf("the same answer again: %v", err)
			}
			if _, err := one.Present(t.Context(), ask, wallet.Consent{Choice: choice}); !errors.Is(err, client.ErrNotTaken) {
				t.Errorf("another answer: %v", err)
			}
		}
	}
}
