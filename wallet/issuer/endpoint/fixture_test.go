package endpoint_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const adminToken = "0123456789abcdef0123456789abcdef"

// office is a desk over HTTP.
type office struct {
	t      testing.TB
	c      *hufutest.Country
	agency *hufutest.Agency
	url    string
	desk   *issuer.Desk
	deskOf issuer.Config
	cfg    endpoint.Config
	server *httptest.Server
	now    *endpoint.Server
	maker  *certpathtest.Authority // of wallets
	client *http.Client
	// edit is for what a test wants otherwise.
	edit func(*issuer.Config, *endpoint.Config)
}

func open(t testing.TB, edit func(*issuer.Config, *endpoint.Config)) *office {
	t.Helper()
	return openIn(t, hufutest.New(t, hufutest.Options{}), edit)
}

// openIn serves a new agency's desk.
func openIn(t testing.TB, c *hufutest.Country, edit func(*issuer.Config, *endpoint.Config)) *office {
	t.Helper()
	return openAt(t, c, "/desk", edit, func(h http.Handler) http.Handler { return h })
}

// openAt serves it at a path, through a handler that sees all traffic.
func openAt(t testing.TB, c *hufutest.Country, path string, edit func(*issuer.Config, *endpoint.Config), through func(http.Handler) http.Handler) *office {
	t.Helper()
	o := &office{t: t, c: c, agency: c.NewAgency(), edit: edit, maker: certpathtest.New(c.Now(), "wallets")}
	c.Accredit(o.agency, ledger.ActionIssue, ledger.StateActive)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	none(t, err)
	o.url = "http://" + l.Addr().String() + path
	handler := through(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.now.ServeHTTP(w, r) }))
	o.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: handler}}
	o.deskOf = c.DeskConfig(o.agency)
	o.deskOf.URL, o.deskOf.Store = o.url, vault.NewMemoryStore()
	o.start()
	none(t, o.desk.Publish(t.Context()))
	o.server.Start()
	t.Cleanup(o.server.Close)
	o.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return o
}

// start makes desk and server, as a program does that starts again over the same store.
func (o *office) start() {
	o.t.Helper()
	deskOf := o.deskOf
	anchors, err := certpath.NewAnchors(nil, o.maker.Anchor())
	none(o.t, err)
	cfg := endpoint.Config{
		AdminToken: adminToken, PerMinute: 1 << 20,
		Authenticator: endpoint.AnyoneUnsafe{Person: endpoint.SignedIn{Claims: claimsOf(o.c.Adult()), Replaces: true}},
		WalletMaker:   endpoint.Certified(anchors),
		Display:       []openid.Display{{Name: "Residents' office", Locale: "en"}, {Name: "户籍窗口", Locale: "zh-CN"}},
	}
	if o.edit != nil {
		o.edit(&deskOf, &cfg)
	}
	o.desk, err = issuer.New(deskOf)
	none(o.t, err)
	cfg.Desk = o.desk
	o.cfg = cfg
	o.now, err = endpoint.New(context.Background(), cfg)
	none(o.t, err)
}

// haip makes an office serve after HAIP.
func haip() func(*issuer.Config, *endpoint.Config) {
	var chain [][]byte
	return func(d *issuer.Config, e *endpoint.Config) {
		if chain == nil {
			ministry := certpathtest.New(time.Now(), "ministry")
			chain = ministry.Below(certpathtest.Template{Name: "authority"}).Certify(&ecdsa.PrivateKey{PublicKey: *d.Keys.Key.Public().(*ecdsa.PublicKey)}, certpathtest.Template{Name: "office"})
		}
		d.Chain, e.HAIP = chain, true
	}
}

func claimsOf(r hufutest.Resident) map[string]any {
	return map[string]any{"name": r.Name, "resident_id": r.Number, "birthdate": r.Birthdate, "district": r.District, "address": r.Address}
}

// reply is an answer of the server.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (o *office) do(method, path string, header http.Header, body string) *reply {
	o.t.Helper()
	address := path
	if !strings.HasPrefix(path, "http") {
		address = o.url + path
	}
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	none(o.t, err)
	for name, values := range header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	answer, err := o.client.Do(r)
	none(o.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	none(o.t, err)
	return &reply{o.t, answer.StatusCode, answer.Header, text}
}

// ok insists on a status and reads the JSON.
func (r *reply) ok(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%d instead of %d: %s", r.status, status, r.body)
	}
	return r
}

// refused insists on an error code, and on a sentence with it.
func (r *reply) refused(codes ...oauth.Code) *reply {
	r.t.Helper()
	e, err := oauth.ParseError(r.body)
	if err != nil {
		r.t.Fatalf("%d, not an error body: %s", r.status, r.body)
	}
	if r.status < 400 || r.status > 499 || !slices.Contains(codes, e.Code) {
		r.t.Fatalf("%d %s: %s; want %v", r.status, e.Code, e.Description, codes)
	}
	if !strings.HasSuffix(e.Description, ".") {
		r.t.Errorf("no sentence: %q", e.Description)
	}
	if got := r.header.Get("Cache-Control"); got != "no-store" {
		r.t.Errorf("Cache-Control: %q", got)
	}
	return r
}

func (r *reply) member(name string) string {
	r.t.Helper()
	var m map[string]any
	none(r.t, json.Unmarshal(r.body, &m))
	text, _ := m[name].(string)
	return text
}

func (o *office) admin(path string, body any) *reply {
	o.t.Helper()
	text, err := json.Marshal(body)
	none(o.t, err)
	return o.do("POST", path, http.Header{"Authorization": {"Bearer " + adminToken}, "Content-Type": {"application/json"}}, string(text))
}

// offer makes an offer over the admin API.
func (o *office) offer(r hufutest.Resident, edit map[string]any) (offer *openid.CredentialOffer, id, txCode string) {
	o.t.Helper()
	body := map[string]any{"credential_configuration_id": "test.resident/1", "claims": claimsOf(r)}
	for k, v := range edit {
		body[k] = v
	}
	answer := o.admin("/admin/offers", body).ok(201)
	offer, err := openid.ParseCredentialOfferURI(answer.member("offer"))
	none(o.t, err)
	return offer, answer.member("id"), answer.member("tx_code")
}

// count is how many copies were issued, and how many of them are revoked.
func (o *office) count() (all, revoked int) {
	o.t.Helper()
	for c, err := range o.desk.Issued(o.t.Context()) {
		none(o.t, err)
		if all++; !c.Revoked.IsZero() {
			revoked++
		}
	}
	return all, revoked
}

// wallet is somebody's wallet, right in everything until a test spoils one thing.
type wallet struct {
	o        *office
	id       string
	dpop     crypto.Signer // nil: bearer tokens
	instance crypto.Signer // nil: no attestation
	nonce    string        // of DPoP
	redirect string
	state    string
	verifier string

	// attestation and possession change what is claimed, and sign may change the proof.
	attestation func(*oauth.AttestationClaims)
	attest      func(string) string
	possess     func(string) string
	possessor   crypto.Signer
	audience    string
	challenge   string
	proofHeader func(string) string

	token, refresh string
	identifier     string
	kept           string // a DPoP proof that is sent twice
}

func (o *office) wallet() *wallet {
	return &wallet{
		o: o, id: "https://wallet.example/app", dpop: o.c.Key(), instance: o.c.Key(), redirect: "https://wallet.example/back",
		state: "state-1", verifier: oauth.NewVerifier(), audience: o.url,
	}
}

// proof is a DPoP header for one request, empty for a wallet without a key.
func (w *wallet) proof(method, path, token string) string {
	w.o.t.Helper()
	if w.dpop == nil {
		return ""
	}
	text, err := oauth.SignDPoP(w.o.t.Context(), w.dpop, oauth.DPoPRequest{Method: method, URI: w.o.url + path, Token: token}, w.nonce, w.o.c.Now())
	none(w.o.t, err)
	if w.proofHeader != nil {
		text = w.proofHeader(text)
	}
	return text
}

// headers are those of a request to the authorization server.
func (w *wallet) headers(path string) http.Header {
	w.o.t.Helper()
	t := w.o.t
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if proof := w.proof("POST", path, ""); proof != "" {
		h.Set("DPoP", proof)
	}
	if w.instance == nil {
		return h
	}
	x5c, key := w.o.maker.Leaf(certpathtest.Template{Name: "maker"})
	now := w.o.c.Now()
	claims := oauth.AttestationClaims{Issuer: "https://maker.example", ClientID: w.id, Key: w.instance.Public(), IssuedAt: now, Expires: now.Add(time.Hour)}
	if w.attestation != nil {
		w.attestation(&claims)
	}
	a, err := oauth.SignAttestation(t.Context(), key, did.Header{X5C: x5c}, claims)
	none(t, err)
	if w.attest != nil {
		a = w.attest(a)
	}
	possessor := w.possessor
	if possessor == nil {
		possessor = w.instance
	}
	p, err := oauth.SignPossession(t.Context(), possessor, w.id, w.audience, w.challenge, now)
	none(t, err)
	if w.possess != nil {
		p = w.possess(p)
	}
	h.Set(oauth.AttestationHeader, a)
	h.Set(oauth.PossessionHeader, p)
	return h
}

// send posts a form to the authorization server, a second time with the server's nonce.
func (w *wallet) send(path string, form url.Values) *reply {
	w.o.t.Helper()
	r := w.o.do("POST", path, w.headers(path), form.Encode())
	if next := r.header.Get("DPoP-Nonce"); next != "" {
		w.nonce = next
	}
	if r.status == 400 && bytes.Contains(r.body, []byte(oauth.UseDPoPNonce)) {
		return w.o.do("POST", path, w.headers(path), form.Encode())
	}
	return r
}

// keep reads the tokens of an answer.
func (w *wallet) keep(r *reply) *wallet {
	w.o.t.Helper()
	response, err := oauth.ParseTokenResponse(r.ok(200).body)
	none(w.o.t, err)
	w.token, w.refresh, w.identifier = response.AccessToken, response.RefreshToken, ""
	if len(response.Details) > 0 {
		w.identifier = response.Details[0].Identifiers[0]
	}
	if response.DPoP != (w.dpop != nil) {
		w.o.t.Error("the token type is another")
	}
	return w
}

func (w *wallet) preAuthorized(code, txCode string) *reply {
	w.o.t.Helper()
	form := url.Values{"grant_type": {oauth.GrantPreAuthorized}, "pre-authorized_code": {code}, "client_id": {w.id}, "ignored": {"x"}}
	if txCode != "" {
		form.Set("tx_code", txCode)
	}
	return w.send("/token", form)
}

// request is the form of an authorization request.
func (w *wallet) request() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {w.id}, "redirect_uri": {w.redirect}, "state": {w.state},
		"code_challenge": {oauth.Challenge(w.verifier)}, "code_challenge_method": {"S256"}, "scope": {"test.resident/1"}, "ignored": {"x"},
	}
}

func (w *wallet) push(form url.Values) *reply { w.o.t.Helper(); return w.send("/par", form) }

// page is the address of the authorization endpoint for a pushed request.
func (w *wallet) page(pushed *reply) string {
	w.o.t.Helper()
	p, err := oauth.ParsePushedResponse(pushed.ok(201).body)
	none(w.o.t, err)
	return "/authorize?" + url.Values{"client_id": {w.id}, "request_uri": {p.RequestURI}}.Encode()
}

// decide answers the page, and reads the redirect.
func (w *wallet) decide(page, decision string) *oauth.AuthorizationResponse {
	w.o.t.Helper()
	t := w.o.t
	w.o.do("GET", page, nil, "").ok(200)
	r := w.o.do("POST", page, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "decision="+decision).ok(303)
	u, err := url.Parse(r.header.Get("Location"))
	none(t, err)
	back, err := oauth.ParseAuthorizationResponse(u.Query())
	none(t, err)
	if back.Issuer != w.o.url || back.State != w.state || !strings.HasPrefix(u.String(), w.redirect) {
		t.Errorf("redirect to %s", u)
	}
	return back
}

// code signs in and returns an authorization code.
func (w *wallet) code() string {
	w.o.t.Helper()
	back := w.decide(w.page(w.push(w.request())), "yes")
	none(w.o.t, back.Check(w.state, &oauth.ServerMetadata{Issuer: w.o.url, NamesIssuer: true}))
	return back.Code
}

func (w *wallet) exchange(code string) *reply {
	w.o.t.Helper()
	return w.send("/token", url.Values{
		"grant_type": {oauth.GrantAuthorizationCode}, "code": {code}, "client_id": {w.id}, "redirect_uri": {w.redirect}, "code_verifier": {w.verifier},
	})
}

// signIn gets tokens by a sign-in.
func (w *wallet) signIn() *wallet { w.o.t.Helper(); return w.keep(w.exchange(w.code())) }

func (w *wallet) renew() *reply {
	w.o.t.Helper()
	return w.send("/token", url.Values{"grant_type": {oauth.GrantRefreshToken}, "refresh_token": {w.refresh}, "client_id": {w.id}})
}

// cNonce asks the nonce endpoint.
func (w *wallet) cNonce() string {
	w.o.t.Helper()
	r := w.o.do("POST", "/nonce", nil, "").ok(200)
	nonce, err := openid.ParseNonce(r.body)
	none(w.o.t, err)
	if r.header.Get("Cache-Control") != "no-store" {
		w.o.t.Error("a nonce that is stored")
	}
	return nonce
}

// ask posts to a resource with the token, a second time with the server's nonce.
func (w *wallet) ask(path, kind, body string) *reply {
	w.o.t.Helper()
	var r *reply
	for range 2 {
		h := http.Header{"Content-Type": {kind}}
		if w.dpop == nil {
			h.Set("Authorization", "Bearer "+w.token)
		} else {
			h.Set("Authorization", "DPoP "+w.token)
			h.Set("DPoP", w.proof("POST", path, w.token))
		}
		r = w.o.do("POST", path, h, body)
		if next := r.header.Get("DPoP-Nonce"); next != "" {
			w.nonce = next
		}
		if r.status != 401 || !bytes.Contains(r.body, []byte(oauth.UseDPoPNonce)) {
			break
		}
	}
	return r
}

// proofs makes key proofs of fresh keys.
func (w *wallet) proofs(n int, nonce string, edit func(*openid.ProofClaims)) (texts []string, keys []crypto.Signer) {
	w.o.t.Helper()
	for range n {
		key := w.o.c.Key()
		claims := openid.ProofClaims{Audience: w.o.url, Nonce: nonce, IssuedAt: w.o.c.Now()}
		if edit != nil {
			edit(&claims)
		}
		text, err := openid.SignProof(w.o.t.Context(), key, claims)
		none(w.o.t, err)
		texts, keys = append(texts, text), append(keys, key)
	}
	return texts, keys
}

// application is the JSON of a credential request, as a map that a test can spoil.
func (w *wallet) application(n int) map[string]any {
	w.o.t.Helper()
	texts, _ := w.proofs(n, w.cNonce(), nil)
	m := map[string]any{"proofs": map[string]any{"jwt": texts}, "ignored": "x"}
	if w.identifier != "" {
		m["credential_identifier"] = w.identifier
	} else {
		m["credential_configuration_id"] = "test.resident/1"
	}
	return m
}

func (w *wallet) apply(m map[string]any) *reply {
	w.o.t.Helper()
	text, err := json.Marshal(m)
	none(w.o.t, err)
	return w.ask("/credential", "application/json", string(text))
}

func response(t testing.TB, r *reply) *openid.CredentialResponse {
	t.Helper()
	out, err := openid.ParseCredentialResponse(r.body)
	none(t, err)
	return out
}
