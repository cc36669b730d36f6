package oauth_test

import (
	"errors"
	"net/url"
	"path"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/vectors"
	"github.com/hufu-id/hufu/openid/oauth"
)

// TestPKCEVector is appendix B of RFC 7636.
func TestPKCEVector(t *testing.T) {
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if got := oauth.Challenge(verifier); got != challenge {
		t.Error(got)
	}
	if err := oauth.CheckVerifier(verifier, challenge); err != nil {
		t.Error(err)
	}
	for _, v := range []string{"", verifier[1:], verifier + "=", strings.Repeat("a", 129), challenge} {
		if err := oauth.CheckVerifier(v, challenge); !errors.Is(err, oauth.ErrVerifier) {
			t.Errorf("%q: %v", v, err)
		}
	}
	fresh := oauth.NewVerifier()
	if err := oauth.CheckVerifier(fresh, oauth.Challenge(fresh)); err != nil || fresh == oauth.NewVerifier() {
		t.Error(fresh, err)
	}
}

func TestWellKnown(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://desk.example":                "https://desk.example/.well-known/x",
		"https://desk.example/":               "https://desk.example/.well-known/x",
		"https://desk.example:8443/a/b":       "https://desk.example:8443/.well-known/x/a/b",
		"https://desk.example/a%20b/":         "https://desk.example/.well-known/x/a%20b",
		"http://127.0.0.1:7001/desk":          "http://127.0.0.1:7001/.well-known/x/desk",
		"http://desk.example":                 "",
		"https://desk.example?a":              "",
		"https://desk.example#":               "",
		"https://me@desk.example":             "",
		"did:hufu:a":                          "",
		"https://" + strings.Repeat("a", 600): "",
	} {
		got, err := oauth.WellKnown("x", issuer)
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, oauth.ErrMessage) {
			t.Errorf("%s: %q, %v", issuer, got, err)
		}
	}
}

const serverText = `{"issuer":"https://desk.example","authorization_endpoint":"https://desk.example/authorize",` +
	`"token_endpoint":"https://desk.example/token","pushed_authorization_request_endpoint":"https://desk.example/par",` +
	`"response_types_supported":["code"],"grant_types_supported":["authorization_code","refresh_token"],` +
	`"authorization_response_iss_parameter_supported":true}`

func TestServerMetadata(t *testing.T) {
	m, err := oauth.ParseServerMetadata([]byte(serverText), "https://desk.example")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := m.Bytes(); err != nil || string(text) != serverText {
		t.Errorf("written again: %s, %v", text, err)
	}
	if !m.Grants(oauth.GrantRefreshToken) || m.Grants(oauth.GrantPreAuthorized) || !(&oauth.ServerMetadata{}).Grants(oauth.GrantAuthorizationCode) {
		t.Error("grants")
	}
	if _, err := oauth.ParseServerMetadata([]byte(serverText), "https://desk.example/"); !errors.Is(err, oauth.ErrIssuer) {
		t.Error(err)
	}
	for _, edit := range [][2]string{
		{"https://desk.example/token", "http://desk.example/token"}, {"https://desk.example/par", "https://desk.example/par#x"},
		{`"authorization_endpoint":"https://desk.example/authorize",`, ""}, {`"token_endpoint":"https://desk.example/token",`, ""},
		{`"code"]`, `"code"`}, {`"issuer"`, `"issuer":"https://desk.example","issuer"`},
	} {
		if _, err := oauth.ParseServerMetadata([]byte(strings.Replace(serverText, edit[0], edit[1], 1)), "https://desk.example"); !errors.Is(err, oauth.ErrMessage) {
			t.Errorf("%s: %v", edit[1], err)
		}
	}
}

func TestAuthorizationRequest(t *testing.T) {
	want := &oauth.AuthorizationRequest{
		ClientID: "wallet", RedirectURI: "https://wallet.example/done", State: "s1", Challenge: oauth.Challenge("v"), Scope: "resident",
		Details:     []oauth.Detail{{Type: oauth.DetailType, ConfigurationID: "resident-id", Locations: []string{"https://desk.example"}}},
		IssuerState: "i1", Resource: "https://desk.example", Thumbprint: oauth.Challenge("key"),
	}
	form, err := want.Form()
	if err != nil {
		t.Fatal(err)
	}
	form.Set("unknown", "x")
	if got, err := oauth.ParseAuthorizationRequest(form); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, tt := range map[string]struct {
		set  [2]string
		want error
	}{
		"token":                {[2]string{"response_type", "token"}, oauth.ErrResponseType},
		"code and id_token":    {[2]string{"response_type", "code id_token"}, oauth.ErrResponseType},
		"plain PKCE":           {[2]string{"code_challenge_method", "plain"}, oauth.ErrChallenge},
		"no method":            {[2]string{"code_challenge_method", ""}, oauth.ErrChallenge},
		"no challenge":         {[2]string{"code_challenge", ""}, oauth.ErrChallenge},
		"short challenge":      {[2]string{"code_challenge", "abc"}, oauth.ErrMessage},
		"no client":            {[2]string{"client_id", ""}, oauth.ErrMessage},
		"no redirect":          {[2]string{"redirect_uri", ""}, oauth.ErrMessage},
		"redirect in clear":    {[2]string{"redirect_uri", "http://wallet.example/"}, oauth.ErrMessage},
		"redirect that runs":   {[2]string{"redirect_uri", "javascript:alert(1)"}, oauth.ErrMessage},
		"redirect with an end": {[2]string{"redirect_uri", "https://wallet.example/#x"}, oauth.ErrMessage},
		"state with a blank":   {[2]string{"state", "a b"}, oauth.ErrMessage},
		"details of nothing":   {[2]string{"authorization_details", `[{"type":"openid_credential"}]`}, oauth.ErrMessage},
		"details no list":      {[2]string{"authorization_details", `{}`}, oauth.ErrMessage},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(tt.set[0], tt.set[1])
		if _, err := oauth.ParseAuthorizationRequest(bad); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	form["state"] = []string{"s1", "s1"}
	if _, err := oauth.ParseAuthorizationRequest(form); !errors.Is(err, oauth.ErrMessage) {
		t.Errorf("state twice: %v", err)
	}
	for _, redirect := range []string{"com.example.wallet:/done", "http://127.0.0.1:9/done", "http://[::1]:9/done"} {
		r := *want
		r.RedirectURI = redirect
		if _, err := r.Form(); err != nil {
			t.Errorf("%s: %v", redirect, err)
		}
	}
}

func TestPushedResponse(t *testing.T) {
	text, err := (&oauth.PushedResponse{RequestURI: "urn:x", Expires: time.Minute}).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := oauth.ParsePushedResponse(text); err != nil || *got != (oauth.PushedResponse{RequestURI: "urn:x", Expires: time.Minute}) {
		t.Error(got, err)
	}
	for _, bad := range []string{`{}`, `{"request_uri":"urn:x"}`, `{"request_uri":"urn:x","expires_in":-1}`, `{"request_uri":"u x","expires_in":9}`, `{"request_uri":"urn:x","expires_in":1e18}`, ``} {
		if _, err := oauth.ParsePushedResponse([]byte(bad)); !errors.Is(err, oauth.ErrMessage) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestAuthorizationResponse(t *testing.T) {
	server := &oauth.ServerMetadata{Issuer: "https://desk.example", NamesIssuer: true}
	address, err := (&oauth.AuthorizationResponse{Code: "c1", State: "s1", Issuer: server.Issuer}).URL("https://wallet.example/done?x=y")
	if err != nil || address != "https://wallet.example/done?code=c1&iss=https%3A%2F%2Fdesk.example&state=s1&x=y" {
		t.Fatal(address, err)
	}
	read := func(query string) (*oauth.AuthorizationResponse, error) {
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		return oauth.ParseAuthorizationResponse(form)
	}
	for query, want := range map[string]error{
		"code=c1&state=s1&iss=https://desk.example":  nil,
		"code=c1&state=s2&iss=https://desk.example":  oauth.ErrState,
		"code=c1&iss=https://desk.example":           oauth.ErrState,
		"code=c1&state=s1&iss=https://desk.example/": oauth.ErrIssuer,
		"code=c1&state=s1":                           oauth.ErrIssuer,
	} {
		r, err := read(query)
		if err != nil {
			t.Fatal(query, err)
		}
		if err := r.Check("s1", server); !errors.Is(err, want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	var refusal *oauth.Error
	r, err := read("error=access_denied&error_description=no&state=s1&iss=https://desk.example")
	if err != nil || !errors.As(r.Check("s1", server), &refusal) || refusal.Code != oauth.AccessDenied || refusal.Description != "no" {
		t.Error(r, err)
	}
	if r, err = read("code=c1&state=s1"); err != nil || r.Check("s1", &oauth.ServerMetadata{Issuer: "https://desk.example"}) != nil {
		t.Error("an older server names nobody", err)
	}
	for _, bad := range []string{"state=s1", "code=c1&error=x", "code=c1&code=c2", "code=a%20b", "error=%22"} {
		if _, err := read(bad); !errors.Is(err, oauth.ErrMessage) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := (&oauth.AuthorizationResponse{Code: "c"}).URL("data:text/html,x"); !errors.Is(err, oauth.ErrMessage) {
		t.Error(err)
	}
}

func TestTokenRequest(t *testing.T) {
	for _, want := range []*oauth.TokenRequest{
		{Grant: oauth.GrantAuthorizationCode, ClientID: "w", Code: "c", RedirectURI: "https://w.example", Verifier: "v", Details: []oauth.Detail{{Type: oauth.DetailType, ConfigurationID: "r"}}},
		{Grant: oauth.GrantPreAuthorized, Code: "c", TxCode: "1234"},
		{Grant: oauth.GrantRefreshToken, ClientID: "w", RefreshToken: "r", Resource: "https://desk.example"},
	} {
		form, err := want.Form()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := oauth.ParseTokenRequest(form); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	for query, want := range map[string]error{
		"":                              oauth.ErrMessage,
		"grant_type=password":           oauth.ErrGrantType,
		"grant_type=authorization_code": oauth.ErrMessage,
		"grant_type=authorization_code&pre-authorized_code=c":                      oauth.ErrMessage,
		"grant_type=refresh_token&code=c":                                          oauth.ErrMessage,
		"grant_type=authorization_code&code=c&code=d":                              oauth.ErrMessage,
		"grant_type=authorization_code&code=c&client_id=%00":                       oauth.ErrMessage,
		"grant_type=authorization_code&code=c&tx_code=" + strings.Repeat("1", 300): oauth.ErrMessage,
	} {
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := oauth.ParseTokenRequest(form); !errors.Is(err, want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, err := (&oauth.TokenRequest{Grant: "password", Code: "x"}).Form(); !errors.Is(err, oauth.ErrGrantType) {
		t.Error(err)
	}
}

func TestTokenResponse(t *testing.T) {
	want := &oauth.TokenResponse{
		AccessToken: "a", DPoP: true, Expires: time.Minute, RefreshToken: "r", Scope: "s",
		Details: []oauth.Detail{{Type: oauth.DetailType, ConfigurationID: "r", Identifiers: []string{"r-1"}}},
	}
	text, err := want.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := oauth.ParseTokenResponse(text); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := oauth.ParseTokenResponse([]byte(`{"access_token":"a","token_type":"bEARER","authorization_details":[{"type":"other"}]}`)); err != nil || got.DPoP || got.Details != nil {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{
		`{}`, `{"access_token":"a"}`, `{"access_token":"a b","token_type":"Bearer"}`, `{"access_token":"a","token_type":"mac"}`,
		`{"access_token":"a","token_type":"Bearer","expires_in":-1}`, `{"access_token":"a","token_type":"Bearer","refresh_token":"虎"}`,
	} {
		if _, err := oauth.ParseTokenResponse([]byte(bad)); !errors.Is(err, oauth.ErrMessage) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestError(t *testing.T) {
	e := &oauth.Error{Code: oauth.InvalidGrant, Description: `say "code" \ 虎 again`}
	if got := string(e.Bytes()); got != `{"error":"invalid_grant","error_description":"say code   again"}` {
		t.Error(got)
	}
	got, err := oauth.ParseError([]byte(`{"error":"x","error_description":"\u202e","extra":1}`))
	if err != nil || *got != (oauth.Error{Code: "x"}) || strings.Contains(e.Error(), "say") {
		t.Error(got, err, e)
	}
	for _, bad := range []string{`{}`, `{"error":""}`, `{"error":"\""}`, `[]`, `{"error":"` + strings.Repeat("x", 101) + `"}`} {
		if _, err := oauth.ParseError([]byte(bad)); !errors.Is(err, oauth.ErrMessage) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestVectorDetails reads the examples of OpenID4VCI 1.0.
func TestVectorDetails(t *testing.T) {
	for _, name := range vectors.Glob(t, "openid4vci/authorization_details*.json") {
		details, err := oauth.ParseDetails(vectors.Read(t, name))
		if err != nil || len(details) == 0 {
			t.Errorf("%s: %v", path.Base(name), err)
			continue
		}
		text, err := oauth.DetailsBytes(details)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := oauth.ParseDetails(text); err != nil || !reflect.DeepEqual(again, details) {
			t.Errorf("%s: %v, %v", path.Base(name), again, err)
		}
	}
}
