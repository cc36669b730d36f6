package client_test

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// office is an issuer over HTTP: a real desk behind the smallest honest server, which keeps
// everything in memory. A test spoils one thing in it.
type office struct {
	t       *testing.T
	country *hufutest.Country
	desk    *issuer.Desk
	at      *httptest.Server
	maker   *ecdsa.PrivateKey // of wallet and key attestations
	key     *ecdh.PrivateKey  // for encrypted requests
	id      string            // of the one configuration

	// What the issuer says of itself. Edit it before an offer is opened.
	metadata *openid.IssuerMetadata
	server   *oauth.ServerMetadata
	// before sees each request and may answer in the office's place.
	before func(w http.ResponseWriter, r *http.Request) (done bool)
	// spoil changes the answers of the credential endpoint.
	spoil func(r *openid.CredentialResponse)
	// tokens changes token responses.
	tokenOf func(t *oauth.TokenResponse)

	wantNonce     string // of DPoP, at both endpoints; empty for none
	wantChallenge string // of attestations
	wantAttested  bool
	deferred      bool
	serial        int
	staleNonces   int // how many of the nonces given out are refused, of each offer
	lastLink      string
	lastMade      *issuer.Offer
	stale         int

	mu        sync.Mutex
	seen      []string // method and path of each request
	nonces    map[string]bool
	bought    map[string][]byte // token responses, by code and key
	grants    map[string]*grant // by token
	refreshes map[string]*grant
	pushed    map[string]*oauth.AuthorizationRequest
	codes     map[string]*signedIn
	events    []openid.NotificationEvent
	requests  []*openid.CredentialRequest
	jtis      map[string]bool
	forms     []url.Values // of the token and pushed authorization request endpoints
}

type grant struct {
	id, thumbprint string
	expired        bool
}

type signedIn struct {
	request *oauth.AuthorizationRequest
	used    bool
}

func open(t *testing.T) *office {
	t.Helper()
	return openIn(t, hufutest.New(t, hufutest.Options{}))
}

func openIn(t *testing.T, c *hufutest.Country) *office {
	t.Helper()
	o := &office{
		t: t, country: c, nonces: map[string]bool{}, bought: map[string][]byte{}, grants: map[string]*grant{}, refreshes: map[string]*grant{},
		pushed: map[string]*oauth.AuthorizationRequest{}, codes: map[string]*signedIn{}, jtis: map[string]bool{},
	}
	var err error
	o.maker, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	o.key, err = jwe.GenerateKey()
	none(t, err)
	o.at = httptest.NewServer(o)
	t.Cleanup(o.at.Close)
	cfg := c.DeskConfig(c.Office)
	cfg.URL = o.at.URL + "/desk"
	cfg.Interval = time.Minute
	o.desk, err = issuer.New(cfg)
	none(t, err)
	none(t, o.desk.Publish(t.Context()))
	o.id = openid.ConfigurationID(c.Schema.ID, c.Schema.Version)
	o.describe()
	return o
}

func (o *office) describe() {
	base := o.at.URL + "/desk"
	o.metadata = &openid.IssuerMetadata{
		Issuer: base, CredentialEndpoint: base + "/credential", NonceEndpoint: base + "/nonce", DeferredEndpoint: base + "/deferred",
		NotificationEndpoint: base + "/notification", Batch: &openid.Batch{Size: 10}, DID: o.country.Office.DID,
		Display: []openid.Display{{Name: "Residents' office", Locale: "en"}},
		Configurations: map[string]*openid.Configuration{o.id: {
			Format: openid.FormatSDJWT, Scope: "resident", VCT: hufutest.Type, Bindings: []string{"jwk"},
			Proofs: map[string]openid.ProofType{"jwt": {Algorithms: []string{"ES256"}}},
			Type:   &openid.LedgerType{Schema: o.country.Schema.ID, Version: o.country.Schema.Version, Region: hufutest.Region},
		}},
	}
	o.server = &oauth.ServerMetadata{
		Issuer: base, TokenEndpoint: base + "/token", AuthorizationEndpoint: base + "/authorize", PushedEndpoint: base + "/par", RequirePushed: true,
		ChallengeEndpoint: base + "/challenge", ResponseTypes: []string{"code"},
		GrantTypes:     []string{oauth.GrantPreAuthorized, oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
		AuthMethods:    []string{oauth.AuthNone},
		DPoPAlgorithms: []string{"ES256"}, CodeChallengeMethods: []string{"S256"}, NamesIssuer: true, Anonymous: true,
	}
}

// encrypted has requests and answers encrypted.
func (o *office) encrypted() {
	public, err := jwe.NewPublicKey(o.key.PublicKey())
	none(o.t, err)
	jwk, err := json.Marshal(public.JWK())
	none(o.t, err)
	o.metadata.RequestEncryption = &openid.Encryption{Keys: &openid.KeySet{Keys: []jsontext.Value{jwk}}, Contents: []string{"A128GCM", "A256GCM"}, Required: true}
	o.metadata.ResponseEncryption = &openid.Encryption{Algorithms: []string{jwe.Alg}, Contents: []string{"A128GCM"}, Required: true}
}

// resident is somebody who was not here before.
func (o *office) resident() hufutest.Resident {
	o.serial++
	return hufutest.NewResident("周安宁", "1984-02-29", "110101", 100+o.serial)
}

func claimsOf(r hufutest.Resident) map[string]any {
	return map[string]any{"name": r.Name, "resident_id": r.Number, "birthdate": r.Birthdate, "district": r.District, "address": r.Address}
}

// offer is a link for somebody new.
func (o *office) offer(opts issuer.OfferOptions) (link string, made *issuer.Offer) {
	o.t.Helper()
	opts.Deferred = o.deferred
	made, err := o.desk.Offer(o.t.Context(), claimsOf(o.resident()), opts)
	none(o.t, err)
	offer, err := openid.ParseCredentialOffer(made.Offer)
	none(o.t, err)
	link, err = offer.URI()
	none(o.t, err)
	return link, made
}

func (o *office) newOffer() {
	o.lastLink, o.lastMade = o.offer(issuer.OfferOptions{})
	o.stale, o.requests = o.staleNonces, nil
}

func (o *office) lastOffer() (string, *issuer.Offer) { return o.lastLink, o.lastMade }

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, r.Method+" "+r.URL.Path)
	if o.before != nil && o.before(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	var body []byte
	var err error
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, "/desk") {
	case "GET /.well-known/openid-credential-issuer/desk":
		body, err = o.metadata.Bytes()
	case "GET /.well-known/oauth-authorization-server/desk":
		body, err = o.server.Bytes()
	case "POST /nonce":
		nonce := rand.Text()
		o.nonces[nonce] = o.stale == 0
		o.stale = max(0, o.stale-1)
		body, err = openid.NonceBytes(nonce)
	case "POST /challenge":
		body, err = oauth.ChallengeBytes(o.wantChallenge)
	case "POST /par":
		body, err = o.push(w, r)
	case "POST /token":
		body, err = o.sell(w, r)
	case "POST /credential":
		body, err = o.issue(w, r)
	case "POST /deferred":
		body, err = o.collect(w, r)
	case "POST /notification":
		err = o.listen(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if err != nil {
		o.refuse(w, err)
		return
	}
	_, _ = w.Write(body)
}

// refuse answers with an error code.
func (o *office) refuse(w http.ResponseWriter, err error) {
	var refusal *oauth.Error
	if !errors.As(err, &refusal) {
		refusal = &oauth.Error{Code: oauth.InvalidRequest}
		for _, known := range []struct {
			err  error
			code oauth.Code
		}{
			{issuer.ErrCode, oauth.InvalidGrant}, {issuer.ErrCodeUsed, oauth.InvalidGrant}, {issuer.ErrTxCode, oauth.InvalidGrant},
			{issuer.ErrDenied, oauth.CredentialRequestDenied}, {issuer.ErrTransaction, oauth.InvalidTransactionID},
			{openid.ErrProofNonce, oauth.InvalidNonce}, {openid.ErrProof, oauth.InvalidProof}, {openid.ErrCredentialRequest, oauth.InvalidCredentialRequest},
		} {
			if errors.Is(err, known.err) {
				refusal.Code = known.code
				break
			}
		}
	}
	status := http.StatusBadRequest
	if refusal.Code == oauth.InvalidToken || refusal.Code == oauth.UseDPoPNonce && w.Header().Get("WWW-Authenticate") != "" {
		status = http.StatusUnauthorized
	}
	w.WriteHeader(status)
	_, _ = w.Write(refusal.Bytes())
}

func code(c oauth.Code) error { return &oauth.Error{Code: c} }

// proof checks a DPoP proof and returns the thumbprint of its key.
func (o *office) proof(w http.ResponseWriter, r *http.Request, token string) (string, error) {
	text := r.Header.Get("DPoP")
	p, err := oauth.VerifyDPoP(text, oauth.DPoPRequest{Method: r.Method, URI: o.at.URL + r.URL.Path, Token: token}, oauth.VerifyOptions{Now: o.country.Now()})
	if err != nil || o.jtis[p.ID] {
		return "", code(oauth.InvalidDPoPProof)
	}
	o.jtis[p.ID] = true
	if o.wantNonce != "" && p.Nonce != o.wantNonce {
		w.Header().Set("DPoP-Nonce", o.wantNonce)
		if token != "" {
			w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		}
		return "", code(oauth.UseDPoPNonce)
	}
	return p.Thumbprint, nil
}

// attested checks the wallet attestation where one is wanted.
func (o *office) attested(w http.ResponseWriter, r *http.Request) (clientID string, err error) {
	if !o.wantAttested {
		return "", nil
	}
	a, err := oauth.ParseAttestation(r.Header.Get(oauth.AttestationHeader))
	if err != nil {
		return "", code(oauth.InvalidClientAttestation)
	}
	now := oauth.VerifyOptions{Now: o.country.Now()}
	if a.Verify(o.maker.Public(), now) != nil {
		return "", code(oauth.InvalidClientAttestation)
	}
	p, err := a.VerifyPossession(r.Header.Get(oauth.PossessionHeader), o.server.Issuer, now)
	if err != nil || o.jtis[p.ID] {
		return "", code(oauth.InvalidClientAttestation)
	}
	o.jtis[p.ID] = true
	if p.Challenge != o.wantChallenge {
		w.Header().Set(oauth.ChallengeHeader, o.wantChallenge)
		return "", code(oauth.UseAttestationChallenge)
	}
	return a.ClientID, nil
}

func (o *office) push(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if _, err := o.attested(w, r); err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	o.forms = append(o.forms, r.PostForm)
	request, err := oauth.ParseAuthorizationRequest(r.PostForm)
	if err != nil {
		return nil, err
	}
	uri := "urn:ietf:params:oauth:request_uri:" + rand.Text()
	o.pushed[uri] = request
	w.WriteHeader(http.StatusCreated)
	return (&oauth.PushedResponse{RequestURI: uri, Expires: time.Minute}).Bytes()
}

// signIn is what citizen and browser do at the address, and returns the redirect.
func (o *office) signIn(address string, edit func(*oauth.AuthorizationResponse)) string {
	o.t.Helper()
	u, err := url.Parse(address)
	none(o.t, err)
	request := o.pushed[u.Query().Get("request_uri")]
	if request == nil || u.Query().Get("client_id") != request.ClientID || len(u.Query()) != 2 {
		o.t.Fatalf("the browser was sent to %s", address)
	}
	response := &oauth.AuthorizationResponse{Code: rand.Text(), State: request.State, Issuer: o.server.Issuer}
	o.codes[response.Code] = &signedIn{request: request}
	if edit != nil {
		edit(response)
	}
	redirect, err := response.URL(request.RedirectURI)
	none(o.t, err)
	return redirect
}

// sell is the token endpoint. The same code from the same key gets the same answer.
func (o *office) sell(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if _, err := o.attested(w, r); err != nil {
		return nil, err
	}
	thumbprint, err := o.proof(w, r, "")
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	o.forms = append(o.forms, r.PostForm)
	request, err := oauth.ParseTokenRequest(r.PostForm)
	if err != nil {
		return nil, err
	}
	if request.Grant == oauth.GrantRefreshToken {
		g := o.refreshes[request.RefreshToken]
		if g == nil || g.thumbprint != thumbprint {
			return nil, code(oauth.InvalidGrant)
		}
		return o.token(&grant{id: g.id, thumbprint: thumbprint})
	}
	if answer := o.bought[request.Code+thumbprint]; answer != nil {
		return answer, nil
	}
	g, err := o.redeem(r.Context(), request, thumbprint)
	if err != nil {
		return nil, err
	}
	answer, err := o.token(&grant{id: g.ID, thumbprint: thumbprint})
	o.bought[request.Code+thumbprint] = answer
	return answer, err
}

func (o *office) redeem(ctx context.Context, request *oauth.TokenRequest, thumbprint string) (*issuer.Grant, error) {
	if request.Grant == oauth.GrantPreAuthorized {
		return o.desk.Redeem(ctx, request.Code, request.TxCode, nil)
	}
	in := o.codes[request.Code]
	switch {
	case in == nil || in.used || in.request.RedirectURI != request.RedirectURI || in.request.ClientID != request.ClientID:
		return nil, code(oauth.InvalidGrant)
	case oauth.CheckVerifier(request.Verifier, in.request.Challenge) != nil || in.request.Thumbprint != thumbprint:
		return nil, code(oauth.InvalidGrant)
	}
	in.used = true
	return o.desk.Grant(ctx, claimsOf(o.resident()), issuer.OfferOptions{Deferred: o.deferred}, in.request.IssuerState, nil)
}

func (o *office) token(g *grant) ([]byte, error) {
	t := &oauth.TokenResponse{AccessToken: rand.Text(), DPoP: true, Expires: 5 * time.Minute, RefreshToken: rand.Text()}
	if o.tokenOf != nil {
		o.tokenOf(t)
	}
	o.grants[t.AccessToken] = g
	if t.RefreshToken != "" {
		o.refreshes[t.RefreshToken] = g
	}
	return t.Bytes()
}

// entitled finds the grant of a token.
func (o *office) entitled(w http.ResponseWriter, r *http.Request) (*grant, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	g := o.grants[token]
	if g == nil || g.expired || !strings.EqualFold(scheme, "DPoP") || r.URL.RawQuery != "" {
		return nil, code(oauth.InvalidToken)
	}
	thumbprint, err := o.proof(w, r, token)
	if err == nil && thumbprint != g.thumbprint {
		err = code(oauth.InvalidToken)
	}
	return g, err
}

// body reads a request, encrypted where the issuer wants that.
func (o *office) body(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil || o.metadata.RequestEncryption == nil {
		return data, err
	}
	if r.Header.Get("Content-Type") != "application/jwt" {
		return nil, code(oauth.InvalidEncryptionParameters)
	}
	message, err := jwe.Parse(string(data), jwe.ParseOptions{})
	if err != nil {
		return nil, code(oauth.InvalidEncryptionParameters)
	}
	return message.Decrypt(o.key)
}

func (o *office) issue(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	g, err := o.entitled(w, r)
	if err != nil {
		return nil, err
	}
	data, err := o.body(r)
	if err != nil {
		return nil, err
	}
	request, err := openid.ParseCredentialRequest(data)
	if err != nil {
		return nil, err
	}
	o.requests = append(o.requests, request)
	app := *request
	if app.Identifier == "resident-1" {
		app.Identifier, app.ConfigurationID = "", o.id
	}
	response, err := o.desk.Apply(r.Context(), &issuer.Application{Grant: g.id, Request: &app, Nonce: o.isLive, Within: func(_ vault.Tx, nonces []string) error {
		for _, nonce := range nonces {
			o.nonces[nonce] = false
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return o.answer(w, response, request.Encryption)
}

func (o *office) isLive(nonce string) error {
	if !o.nonces[nonce] {
		return openid.ErrProofNonce
	}
	return nil
}

func (o *office) answer(w http.ResponseWriter, response *openid.CredentialResponse, to *openid.ResponseEncryption) ([]byte, error) {
	copied := *response
	copied.Credentials = slices.Clone(response.Credentials)
	slices.Reverse(copied.Credentials)
	if o.spoil != nil {
		o.spoil(&copied)
	}
	body, err := copied.Bytes()
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if copied.TransactionID != "" {
		status = http.StatusAccepted
	}
	if to == nil {
		w.WriteHeader(status)
		return body, nil
	}
	key, err := jwe.ParsePublicKey(to.JWK)
	if err != nil {
		return nil, code(oauth.InvalidEncryptionParameters)
	}
	text, err := jwe.Encrypt(body, key, jwe.EncryptOptions{Encryption: jwe.Encryption(to.Content)})
	w.Header().Set("Content-Type", "application/jwt")
	w.WriteHeader(status)
	return []byte(text), err
}

func (o *office) collect(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	g, err := o.entitled(w, r)
	if err != nil {
		return nil, err
	}
	data, err := o.body(r)
	if err != nil {
		return nil, err
	}
	request, err := openid.ParseDeferredRequest(data)
	if err != nil {
		return nil, err
	}
	response, err := o.desk.Collect(r.Context(), g.id, request.TransactionID)
	if err != nil {
		return nil, err
	}
	return o.answer(w, response, request.Encryption)
}

func (o *office) listen(w http.ResponseWriter, r *http.Request) error {
	g, err := o.entitled(w, r)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	n, err := openid.ParseNotification(data)
	if err != nil {
		return err
	}
	if err := o.desk.Notify(r.Context(), g.id, n.ID, n.Event); err != nil {
		return code(oauth.InvalidNotificationID)
	}
	o.events = append(o.events, n.Event)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// count says how often a request came.
func (o *office) count(request string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, seen := range o.seen {
		if seen == request {
			n++
		}
	}
	return n
}

// phone is a citizen's wallet with a client.
type phone struct {
	*hufutest.Holder
	*client.Client
}

func (o *office) phone() *phone { return o.phoneWith(nil) }

func (o *office) phoneWith(edit func(*client.Config)) *phone {
	o.t.Helper()
	return o.phoneOver(o.country.Wallet(), edit)
}

func (o *office) phoneOver(h *hufutest.Holder, edit func(*client.Config)) *phone {
	o.t.Helper()
	cfg := client.Config{Wallet: h.Wallet, Loopback: true, Clock: o.country.Now, ClientID: "https://wallet.example"}
	if edit != nil {
		edit(&cfg)
	}
	c, err := client.New(cfg)
	none(o.t, err)
	return &phone{h, c}
}

// attesting has the maker vouch for a phone.
func (o *office) attesting(cfg *client.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(o.t, err)
	cfg.Attest = func(ctx context.Context, server string) (*client.Attestation, error) {
		if server != o.server.Issuer {
			return nil, fmt.Errorf("attestation for %s", server)
		}
		now := o.country.Now()
		text, err := oauth.SignAttestation(ctx, o.maker, did.Header{Kid: "maker"}, oauth.AttestationClaims{
			Issuer: "https://maker.example", ClientID: "wallet-7", Key: key.Public(), IssuedAt: now, Expires: now.Add(time.Hour),
		})
		return &client.Attestation{JWT: text, Key: key, ClientID: "wallet-7"}, err
	}
	cfg.AttestKeys = func(ctx context.Context, r client.KeyRequest) (string, error) {
		return openid.SignKeyAttestation(ctx, o.maker, did.Header{Kid: "maker"}, openid.KeyAttestationClaims{
			Keys: r.Keys, Nonce: r.Nonce, IssuedAt: o.country.Now(), Expires: o.country.Now().Add(time.Hour), Storage: r.Required.Storage,
		})
	}
}

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want: %v", err, want)
	}
}

// waits returns the issuances of a wallet that are not over.
func (p *phone) waits(t *testing.T) []*wallet.Issuance {
	t.Helper()
	all, err := p.Waiting(t.Context())
	none(t, err)
	return all
}

// cards counts what a wallet holds.
func (p *phone) cards(t *testing.T) (out []*wallet.Stored) {
	t.Helper()
	for s, err := range p.Credentials(t.Context()) {
		none(t, err)
		out = append(out, s)
	}
	return out
}

// keys counts the keys of one purpose.
func (p *phone) keys(t *testing.T, purpose string) (n int) {
	t.Helper()
	all, err := p.Keys.Keys(t.Context())
	none(t, err)
	for _, k := range all {
		if k.Spec.Purpose == purpose {
			n++
		}
	}
	return n
}

func asRejected(err error, target **client.Rejected) bool { return errors.As(err, target) }
