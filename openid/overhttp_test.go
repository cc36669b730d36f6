package openid_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
)

const (
	disclosureQuery = `{"credentials":[{"id":"pid","format":"dc+sd-jwt","meta":{"vct_values":["urn:resident"]},"claims":[{"path":["name"]}]},` +
		`{"id":"flag","format":"dc+sd-jwt","meta":{"vct_values":["urn:flag"]}}]}`
	encryptionJWK = `{"kty":"EC","crv":"P-256","use":"enc","alg":"ECDH-ES","kid":"1","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}`
)

// overHTTP is a request as a counter makes it for other people's wallets.
func overHTTP(t testing.TB, prefix openid.ClientPrefix, verifier string) *openid.AuthorizationRequest {
	t.Helper()
	query, err := openid.ParseQuery([]byte(disclosureQuery))
	if err != nil {
		t.Fatal(err)
	}
	return &openid.AuthorizationRequest{
		Prefix: prefix, Verifier: verifier, ResponseURI: "https://counter.example/response", Mode: openid.DirectPostJWT,
		Keys: &openid.KeySet{Keys: []jsontext.Value{jsontext.Value(encryptionJWK)}}, Contents: []string{"A128GCM", "A256GCM"},
		Nonce: sampleNonce, State: sampleNonce + "s", WalletNonce: "w", Query: query, IssuedAt: noon, Expires: noon.Add(5 * time.Minute),
		Transactions: []*openid.Transaction{{CredentialIDs: []string{"pid"}, Label: openid.PurposeText{EN: "Lease", ZH: "租约"}, Document: [32]byte{1}}},
	}
}

func TestCertificateRequests(t *testing.T) {
	authority := certpathtest.New(noon, "Authority")
	chain, key := authority.Leaf(certpathtest.Template{Name: "Counter", DNSNames: []string{"counter.example"}})
	otherChain, otherKey := authority.Leaf(certpathtest.Template{Name: "Other", DNSNames: []string{"other.example"}})
	for prefix, name := range map[openid.ClientPrefix]string{openid.ClientX509Hash: openid.CertificateHash(chain[0]), openid.ClientX509DNS: "counter.example"} {
		request := overHTTP(t, prefix, name)
		compact, err := openid.SignRequestX509(t.Context(), key, chain, request)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := openid.ParseRequest(compact)
		if err != nil {
			t.Fatal(err)
		}
		if signed.KeyID != "" || !reflect.DeepEqual(signed.Chain, chain) || signed.Unverified.ClientID() != string(prefix)+":"+name {
			t.Errorf("%s: %+v", prefix, signed)
		}
		got, err := signed.Verify(did.Key{Public: key.Public()}, openid.VerifyOptions{Now: noon})
		if err != nil || !got.Encrypted() || !reflect.DeepEqual(got.ContentEncryptions(), request.Contents) || got.WalletNonce != "w" || got.Transactions[0].Document != [32]byte{1} {
			t.Errorf("%s: %+v, %v", prefix, got, err)
		}
		if _, err := signed.Verify(did.Key{Public: otherKey.Public()}, openid.VerifyOptions{Now: noon}); !errors.Is(err, openid.ErrRequestSigner) {
			t.Errorf("%s: another key than the certificate's: %v", prefix, err)
		}
		for why, sign := range map[string]func() (string, error){
			"another certificate": func() (string, error) { return openid.SignRequestX509(t.Context(), otherKey, otherChain, request) },
			"another key":         func() (string, error) { return openid.SignRequestX509(t.Context(), otherKey, chain, request) },
			"no certificate":      func() (string, error) { return openid.SignRequestX509(t.Context(), key, nil, request) },
			"a DID's key":         func() (string, error) { return openid.SignRequest(t.Context(), key, "did:web:a.example#1", request) },
		} {
			if _, err := sign(); !errors.Is(err, openid.ErrRequestSigner) {
				t.Errorf("%s signed by %s: %v", prefix, why, err)
			}
		}
		// What others would sign.
		for why, header := range map[string]did.Header{"another certificate": {X5C: otherChain}, "no certificate": {Kid: "did:web:a.example#1"}} {
			header.Typ = "oauth-authz-req+jwt"
			forged, err := did.SignJWS(t.Context(), otherKey, header, []byte(payload(t, compact)), did.JWSOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := openid.ParseRequest(forged); !errors.Is(err, openid.ErrRequestSigner) {
				t.Errorf("%s read with %s: %v", prefix, why, err)
			}
		}
	}
	for why, change := range map[string]func(*openid.AuthorizationRequest){
		"a response_uri of another host":  func(r *openid.AuthorizationRequest) { r.ResponseURI = "https://other.example/response" },
		"a subdomain":                     func(r *openid.AuthorizationRequest) { r.ResponseURI = "https://a.counter.example/response" },
		"no name":                         func(r *openid.AuthorizationRequest) { r.Verifier = "" },
		"a hash that is none":             func(r *openid.AuthorizationRequest) { r.Prefix, r.Verifier = openid.ClientX509Hash, "counter" },
		"an unknown prefix":               func(r *openid.AuthorizationRequest) { r.Prefix = "invalid_scheme" },
		"no key to encrypt to":            func(r *openid.AuthorizationRequest) { r.Keys = nil },
		"a key that is no object":         func(r *openid.AuthorizationRequest) { r.Keys.Keys[0] = jsontext.Value(`"x"`) },
		"no content encryption":           func(r *openid.AuthorizationRequest) { r.Contents = []string{} },
		"a content encryption of a space": func(r *openid.AuthorizationRequest) { r.Contents = []string{" "} },
		"an unknown response mode":        func(r *openid.AuthorizationRequest) { r.Mode = "fragment" },
	} {
		request := overHTTP(t, openid.ClientX509DNS, "counter.example")
		change(request)
		if err := request.Check(); !errors.Is(err, openid.ErrRequest) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// TestUnsignedRequests: nothing but the address says who asks.
func TestUnsignedRequests(t *testing.T) {
	request := overHTTP(t, openid.ClientRedirectURI, "https://counter.example/response")
	values, err := request.Parameters()
	if err != nil {
		t.Fatal(err)
	}
	object, err := request.UnsignedObject()
	if err != nil {
		t.Fatal(err)
	}
	link, err := openid.ParseRequestLink((&openid.RequestLink{Unsigned: request}).String())
	if err != nil {
		t.Fatal(err)
	}
	fromObject, err := openid.ParseUnsignedObject(object)
	if err != nil {
		t.Fatal(err)
	}
	fromValues, err := openid.ParseParameters(values)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]*openid.AuthorizationRequest{"link": link.Unsigned, "object": fromObject, "parameters": fromValues} {
		if got.ClientID() != "redirect_uri:https://counter.example/response" || got.Nonce != request.Nonce || got.State != request.State ||
			!got.Expires.Equal(request.Expires) || got.Query.Credential("pid") == nil || !got.Encrypted() || len(got.Transactions) != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	omitted := url.Values{}
	for name, list := range values {
		omitted[name] = list
	}
	omitted.Del("response_uri")
	omitted.Set("unknown", "x")
	if got, err := openid.ParseParameters(omitted); err != nil || got.ResponseURI != "https://counter.example/response" {
		t.Errorf("response_uri left out: %+v, %v", got, err)
	}
	for why, edit := range map[string]func(url.Values){
		"another response_uri":         func(v url.Values) { v.Set("response_uri", "https://other.example/response") },
		"a prefix that is signed":      func(v url.Values) { v.Set("client_id", "decentralized_identifier:did:web:a.example") },
		"x509_hash":                    func(v url.Values) { v.Set("client_id", "x509_hash:"+openid.CertificateHash(nil)) },
		"no prefix":                    func(v url.Values) { v.Set("client_id", "counter") },
		"redirect_uri beside the mode": func(v url.Values) { v.Set("redirect_uri", "https://counter.example/cb") },
		"a repeated parameter":         func(v url.Values) { v["nonce"] = []string{sampleNonce, sampleNonce} },
		"no nonce":                     func(v url.Values) { v.Del("nonce") },
	} {
		changed := url.Values{}
		for name, list := range values {
			changed[name] = list
		}
		edit(changed)
		if _, err := openid.ParseParameters(changed); !errors.Is(err, openid.ErrRequest) {
			t.Errorf("%s: %v", why, err)
		}
	}
	values.Set("dcql_query", "{")
	if _, err := openid.ParseParameters(values); err == nil {
		t.Error("a query that is no JSON is read")
	}
	parts := strings.Split(object, ".")
	encode := base64.RawURLEncoding.EncodeToString
	for why, text := range map[string]string{
		"a signature":   parts[0] + "." + parts[1] + ".AAAA",
		"two parts":     parts[0] + "." + parts[1],
		"four parts":    object + ".",
		"another alg":   encode([]byte(`{"alg":"HS256","typ":"oauth-authz-req+jwt"}`)) + "." + parts[1] + ".",
		"no typ":        encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"a kid":         encode([]byte(`{"alg":"none","typ":"oauth-authz-req+jwt","kid":"a"}`)) + "." + parts[1] + ".",
		"padding":       parts[0] + "==." + parts[1] + ".",
		"payload lax":   parts[0] + "." + parts[1] + "=.",
		"nothing":       "",
		"signed prefix": parts[0] + "." + encode([]byte(strings.ReplaceAll(jsonOf(t, parts[1]), "redirect_uri:https://counter.example/response", "decentralized_identifier:did:web:a.example"))) + ".",
	} {
		if _, err := openid.ParseUnsignedObject(text); !errors.Is(err, openid.ErrRequest) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := openid.ParseRequest(object); err == nil {
		t.Error("an unsigned object passes for a signed one")
	}
	if _, err := overHTTP(t, openid.ClientX509Hash, openid.CertificateHash(nil)).UnsignedObject(); !errors.Is(err, openid.ErrRequest) {
		t.Errorf("x509_hash unsigned: %v", err)
	}
}

func jsonOf(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRequestLinks(t *testing.T) {
	a := newAgency(t)
	request := a.request(t)
	request.WalletNonce = "fresh"
	compact := a.sign(t, request)
	sent := &openid.RequestLink{ClientID: request.ClientID(), URI: "https://counter.example/request/1", Method: openid.MethodPost}
	link, err := openid.ParseRequestLink(sent.String())
	if err != nil || !reflect.DeepEqual(link, sent) {
		t.Fatalf("%+v, %v", link, err)
	}
	if _, err := link.Signed(compact, "fresh"); err != nil {
		t.Error(err)
	}
	for why, sign := range map[string]func() error{
		"another nonce": func() error { _, err := link.Signed(compact, "stale"); return err },
		"nonce unasked": func() error { _, err := link.Signed(compact, ""); return err },
		"another client_id": func() error {
			_, err := (&openid.RequestLink{ClientID: request.ClientID() + "x"}).Signed(compact, "fresh")
			return err
		},
		"an unsigned object of another": func() error {
			object, err := overHTTP(t, openid.ClientRedirectURI, "https://counter.example/response").UnsignedObject()
			if err != nil {
				t.Fatal(err)
			}
			_, err = link.UnsignedRequest(object, "w")
			return err
		},
	} {
		if err := sign(); !errors.Is(err, openid.ErrRequest) {
			t.Errorf("%s: %v", why, err)
		}
	}
	id := "client_id=" + url.QueryEscape(request.ClientID())
	for text, want := range map[string]error{
		"openid4vp://?" + id + "&request_uri=https%3A%2F%2Fa.example":                         nil,
		"haip-vp://?" + id + "&request_uri=https%3A%2F%2Fa.example&x=y":                       nil,
		"https://wallet.example/open?" + id + "&request=" + compact:                           nil,
		"openid4vp://?" + id + "&request_uri=http%3A%2F%2F127.0.0.1":                          nil,
		"openid4vp://?" + id + "&request_uri=http%3A%2F%2Fa.example":                          openid.ErrRequest,
		"openid4vp://?" + id + "&request_uri=https%3A%2F%2Fa.example&request_uri_method=POST": openid.ErrRequestURIMethod,
		"openid4vp://?" + id + "&request_uri=https%3A%2F%2Fa.example&request_uri_method=put":  openid.ErrRequestURIMethod,
		"openid4vp://?" + id + "&request_uri_method=post&request=" + compact:                  openid.ErrRequest,
		"openid4vp://?" + id + "&request_uri=https%3A%2F%2Fa.example&request=" + compact:      openid.ErrRequest,
		"openid4vp://?" + id + "&" + id + "&request_uri=https%3A%2F%2Fa.example":              openid.ErrRequest,
		"openid4vp://?request_uri=https%3A%2F%2Fa.example":                                    openid.ErrRequest,
		"openid4vp://?" + id: openid.ErrRequest,
		"openid://?" + id + "&request_uri=https%3A%2F%2Fa.example":      openid.ErrRequest,
		"openid4vp://?" + id + "&request_uri=https%3A%2F%2Fa.example#x": openid.ErrRequest,
		"openid4vp:" + id:                         openid.ErrRequest,
		"openid4vp://?" + id + "&request_uri=%zz": openid.ErrRequest,
	} {
		if _, err := openid.ParseRequestLink(text); !errors.Is(err, want) {
			t.Errorf("%.100s: %v, want %v", text, err, want)
		}
	}
}

func TestResponseForms(t *testing.T) {
	answer := &openid.Response{State: "s t", VPToken: map[string][]string{"pid": {"a.b.c~"}}}
	if _, err := answer.Form(); !errors.Is(err, openid.ErrResponse) {
		t.Errorf("a state with a space: %v", err)
	}
	answer.State, answer.Existence = "s", map[string][]byte{"pid": {1}}
	values, err := answer.Form()
	if err != nil {
		t.Fatal(err)
	}
	form, err := openid.ParseResponseForm(values)
	if err != nil || !reflect.DeepEqual(form, &openid.ResponseForm{Response: answer}) {
		t.Errorf("%+v, %v", form, err)
	}
	form, err = openid.ParseResponseForm(openid.EncryptedForm("a.b.c.d.e"))
	if err != nil || form.Encrypted != "a.b.c.d.e" {
		t.Errorf("%+v, %v", form, err)
	}
	denied := &openid.ErrorResponse{Code: openid.ErrorAccessDenied, State: "s"}
	if form, err = openid.ParseResponseForm(denied.Form()); err != nil || *form.Error != *denied {
		t.Errorf("%+v, %v", form, err)
	}
	for body, want := range map[string]error{
		"":                                       openid.ErrResponse,
		"state=s":                                openid.ErrResponse,
		"vp_token={}&response=x":                 openid.ErrResponse,
		"vp_token={}&error=x":                    openid.ErrResponse,
		"vp_token={}&vp_token={}":                openid.ErrResponse,
		"state=s&state=t&error=x":                openid.ErrResponse,
		"state=s&vp_token={}":                    openid.ErrResponse,
		"state=s&vp_token={":                     openid.ErrJSON,
		`state=s&vp_token={"a":"b"}`:             openid.ErrJSON,
		`state=s&vp_token={"a":[{}]}`:            openid.ErrUnsupportedFormat,
		`state=s&vp_token={"a":["b"],"a":["c"]}`: openid.ErrJSON,
		`state=s&vp_token={"a":["b"]}&hufu_existence={"c":"AQ"}`: openid.ErrResponse,
		"error=x%20y":                            openid.ErrResponse,
		"error=":                                 openid.ErrResponse,
		"response=" + strings.Repeat("a", 1<<19): openid.ErrTooLarge,
		"error=x&error_description=y&unknown=z":  nil,
		`vp_token={"a":["b"]}`:                   nil,
	} {
		values, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openid.ParseResponseForm(values); !errors.Is(err, want) {
			t.Errorf("%.60s: %v, want %v", body, err, want)
		}
	}
}

func TestPostReplies(t *testing.T) {
	for text, want := range map[string]error{
		`{}`: nil, `{"redirect_uri":"https://counter.example/cb#response_code=x","other":1}`: nil, `{"redirect_uri":"myapp://done"}`: nil,
		`{"redirect_uri":"/cb"}`: openid.ErrResponse, `{"redirect_uri":"javascript:alert(1)"}`: openid.ErrResponse,
		`{"redirect_uri":"FILE:///etc/passwd"}`: openid.ErrResponse, `[]`: openid.ErrJSON, ``: openid.ErrJSON,
	} {
		reply, err := openid.ParsePostReply([]byte(text))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
		if err == nil {
			b, err := reply.Bytes()
			if again, parseErr := openid.ParsePostReply(b); err != nil || parseErr != nil || *again != *reply {
				t.Errorf("%s: %s, %v, %v", text, b, err, parseErr)
			}
		}
	}
}

func TestTrustedAuthorities(t *testing.T) {
	key := []byte{1, 2, 3}
	for text, want := range map[string]bool{
		``: true,
		`,"trusted_authorities":[{"type":"aki","values":["AQID"]}]`:                                              true,
		`,"trusted_authorities":[{"type":"aki","values":["AQIE"]}]`:                                              false,
		`,"trusted_authorities":[{"type":"hufu_ledger","values":["did:hufu:a"]}]`:                                true,
		`,"trusted_authorities":[{"type":"hufu_ledger","values":["AQID"]},{"type":"etsi_tl","values":["AQID"]}]`: false,
		`,"trusted_authorities":[{"type":"etsi_tl","values":["x"]},{"type":"aki","values":["x","AQID"]}]`:        true,
	} {
		query, err := openid.ParseQuery([]byte(`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["t"]}` + text + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := query.Credentials[0].Trusts([][]byte{key}, []string{"did:hufu:a"}); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
