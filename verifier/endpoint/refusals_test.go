package endpoint_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

// rebind replaces the key binding by a token of the test's own, whose third part
// signature makes.
func rebind(header string, signature func(signed string) string) func(text string) string {
	return func(text string) string {
		at := strings.LastIndex(text, "~") + 1
		parts := strings.Split(text[at:], ".")
		signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + parts[1]
		return text[:at] + signed + "." + signature(signed)
	}
}

// TestRefusals spoils one thing in an answer. Each is refused with the standard's error,
// a code and a sentence, and leaves the request as it was.
func TestRefusals(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	n := newCounter(t, c, nil)
	stranger := c.NewAgency()
	selfSigned, selfKey := certpathtest.New(c.Now(), "Nobody"), c.Key()
	_ = selfKey
	encode := base64.RawURLEncoding.EncodeToString
	disclosure := func(text string) func(string) string {
		return func(presentation string) string {
			jwt, rest, _ := strings.Cut(presentation, "~")
			return jwt + "~" + encode([]byte(text)) + "~" + rest
		}
	}
	for _, test := range []struct {
		name string
		code string
		edit func(*shown)
	}{
		{"key binding missing", "binding-missing", func(s *shown) { s.after = func(text string) string { return text[:strings.LastIndex(text, "~")+1] } }},
		{"key binding of another typ", "message-malformed", func(s *shown) {
			s.after = rebind(`{"alg":"ES256","typ":"JWT"}`, func(string) string { return encode(make([]byte, 64)) })
		}},
		{"key binding alg none", "algorithm-not-allowed", func(s *shown) {
			s.after = rebind(`{"alg":"none","typ":"kb+jwt"}`, func(string) string { return "" })
		}},
		{"key binding HS256 keyed with the public key", "algorithm-not-allowed", func(s *shown) {
			public, err := did.MarshalJWK(s.holder.Public())
			if err != nil {
				t.Fatal(err)
			}
			s.after = rebind(`{"alg":"HS256","typ":"kb+jwt"}`, func(signed string) string {
				mac := hmac.New(sha256.New, public)
				mac.Write([]byte(signed))
				return encode(mac.Sum(nil))
			})
		}},
		{"key binding by somebody else", "holder-signature", func(s *shown) {
			other := n.answer(s.keyed, func(o *shown) { o.clear = true })
			binding := other.Get("vp_token")
			binding = binding[strings.LastIndex(binding, "~")+1 : strings.LastIndex(binding, `"`)]
			s.after = func(text string) string { return text[:strings.LastIndex(text, "~")+1] + binding }
		}},
		{"sd_hash over other disclosures", "altered", func(s *shown) { s.after = dropDisclosure }},
		{"disclosure named _sd", "message-malformed", func(s *shown) { s.before = disclosure(`["salt","_sd",[]]`) }},
		{"disclosure named ...", "message-malformed", func(s *shown) { s.before = disclosure(`["salt","...","x"]`) }},
		{"disclosure twice", "message-malformed", func(s *shown) {
			s.before = func(text string) string {
				parts := strings.Split(text, "~")
				return strings.Join(append([]string{parts[0], parts[1]}, parts[1:]...), "~")
			}
		}},
		{"unreferenced disclosure", "altered", func(s *shown) { s.before = disclosure(`["salt","nickname","x"]`) }},
		{"_sd_alg is not sha-256", "message-malformed", func(s *shown) {
			s.before = func(text string) string {
				parts := strings.SplitN(text, ".", 3)
				payload, err := base64.RawURLEncoding.DecodeString(parts[1])
				if err != nil || !strings.Contains(string(payload), `"_sd_alg":"sha-256"`) {
					t.Fatal(err)
				}
				parts[1] = encode([]byte(strings.Replace(string(payload), `"_sd_alg":"sha-256"`, `"_sd_alg":"sha-512"`, 1)))
				return strings.Join(parts, ".")
			}
		}},
		{"credential alg none", "algorithm-not-allowed", func(s *shown) {
			s.after = func(text string) string {
				jwt, rest, _ := strings.Cut(text, "~")
				return encode([]byte(`{"alg":"none","typ":"dc+sd-jwt"}`)) + "." + strings.Split(jwt, ".")[1] + ".~" + rest
			}
		}},
		{"jku elsewhere", "message-malformed", func(s *shown) {
			s.after = func(text string) string {
				_, rest, _ := strings.Cut(text, ".")
				return encode([]byte(`{"alg":"ES256","typ":"dc+sd-jwt","jku":"https://evil.example"}`)) + "." + rest
			}
		}},
		{"another typ", "message-malformed", func(s *shown) { s.Header.Typ = "JWT" }},
		{"expired", "expired", func(s *shown) { s.Claims["exp"] = c.Now().Add(-time.Hour).Unix() }},
		{"not yet valid", "not-yet-valid", func(s *shown) { s.Claims["nbf"] = c.Now().AddDate(0, 0, 2).Unix() }},
		{"untrusted issuer", "not-accredited", func(s *shown) {
			s.Claims["iss"], s.Signer, s.Header.Kid = stranger.DID, stranger.Key, stranger.KeyID
		}},
		{"self-signed x5c of an issuer that is no DID", "identifier-invalid", func(s *shown) {
			s.Claims["iss"], s.Signer = "https://nobody.example", selfSigned.Key
			s.Header.Kid, s.Header.X5C = "", [][]byte{selfSigned.Certificate.Raw}
		}},
		{"another type", "not-accredited", func(s *shown) { s.Claims["vct"] = "urn:test:driver:1" }},
		{"status index out of range", "status-missing", func(s *shown) {
			s.Claims["status"] = status.Reference{URI: c.Desk.StatusURI(), Index: 1 << 20}.Claim()
		}},
		{"status list of nobody", "not-on-ledger", func(s *shown) { s.Claims["status"] = status.Reference{URI: "urn:nowhere"}.Claim() }},
		{"missing claim", "not-met", func(s *shown) { s.disclose = s.disclose[:1] }},
		{"other value", "not-met", func(s *shown) { s.Claims["district"] = "110105" }},
		{"unasked id", "answer-unasked", func(s *shown) { s.query = "other" }},
		{"wrong state", "message-malformed", func(s *shown) { s.state = strings.Repeat("x", 43) }},
		{"in clear", "answer-clear", func(s *shown) { s.clear = true }},
		{"key of another request", "encryption-other", nil},
		{"presentation of another session", "other-request", nil},
		{"not an SD-JWT", "message-malformed", func(s *shown) { s.after = func(string) string { return "x" } }},
	} {
		t.Run(test.name, func(t *testing.T) {
			id, link := n.ask(haip)
			asked := n.fetch(link, "").Unverified
			var fields url.Values
			switch _, other := n.ask(haip); test.name {
			case "key of another request":
				stale := *n.fetch(other, "").Unverified
				stale.Keys = &openid.KeySet{Keys: append(stale.Keys.Keys[:0:0], stale.Keys.Keys...)}
				otherID := stale.State
				stale.Keys.Keys[0] = []byte(strings.Replace(string(stale.Keys.Keys[0]), otherID, id, 1)) // under our kid
				fields = n.answer(asked, func(s *shown) { s.keyed = &stale })
			case "presentation of another session":
				replayed := n.fetch(other, "").Unverified
				fields = n.answer(asked, func(s *shown) { s.nonce = replayed.Nonce })
			default:
				fields = n.answer(asked, test.edit)
			}
			status, answer := n.post(fields)
			if status != http.StatusBadRequest || answer["error"] != "invalid_request" || answer["code"] != test.code || len(answer["error_description"].(string)) < 20 {
				t.Errorf("%d %v", status, answer)
			}
			if got := n.outcome(id); got["state"] != "pending" || got["result"] != nil {
				t.Errorf("%v", got)
			}
			if status, answer := n.post(n.answer(asked, nil)); status != http.StatusOK {
				t.Errorf("the request is burnt: %d %v", status, answer)
			}
		})
	}
}

// TestMalformedPosts are no answers at all.
func TestMalformedPosts(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	id, link := n.ask(haip)
	good := n.answer(n.fetch(link, "").Unverified, nil)
	for name, fields := range map[string]url.Values{
		"nothing":           {},
		"two kinds":         {"response": good["response"], "vp_token": {"{}"}},
		"no JWE":            {"response": {"a.b.c.d.e"}},
		"a signed JWT":      {"response": {"a.b.c"}},
		"unknown kid":       n.foreign(t),
		"vp_token no JSON":  {"vp_token": {"{"}, "state": {id}},
		"vp_token a string": {"vp_token": {`{"claims":"x"}`}, "state": {id}},
		"unknown state":     {"vp_token": {`{"claims":["x"]}`}, "state": {"nobody"}},
		"no state":          {"vp_token": {`{"claims":["x"]}`}},
		"malformed error":   {"error": {"x y"}},
	} {
		status, answer := n.post(fields)
		if status != http.StatusBadRequest || answer["error"] != "invalid_request" || answer["error_description"] == "" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	for _, kind := range []string{"", "application/json", "multipart/form-data; boundary=x"} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", n.base()+"/response", strings.NewReader(good.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if status, _ := n.do(r); status != http.StatusBadRequest {
			t.Errorf("content type %q: %d", kind, status)
		}
	}
	large := url.Values{"vp_token": {strings.Repeat("a", 300<<10)}, "state": {id}}
	if status, _ := n.post(large); status != http.StatusBadRequest {
		t.Errorf("a large body: %d", status)
	}
	if got := n.outcome(id); got["state"] != "pending" || got["refused"] != 0.0 {
		t.Errorf("%v", got)
	}
	// An error of the wallet is answered, and burns nothing.
	denied := &openid.ErrorResponse{Code: openid.ErrorAccessDenied, State: id}
	if status, answer := n.post(denied.Form()); status != http.StatusOK || len(answer) != 0 {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := n.post(good); status != http.StatusOK {
		t.Errorf("%d %v", status, answer)
	}
}

// foreign is an answer to a request of nobody here.
func (n *counter) foreign(t *testing.T) url.Values {
	t.Helper()
	_, link := n.ask(haip)
	asked := n.fetch(link, "").Unverified
	asked.Keys.Keys[0] = []byte(strings.Replace(string(asked.Keys.Keys[0]), asked.State, strings.Repeat("x", 43), 1))
	return n.answer(asked, nil)
}

// TestReplay: an answer counts once. Sent again it is answered again, and serves nobody.
func TestReplay(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	id, link := n.ask(haip)
	asked := n.fetch(link, "").Unverified
	fields := n.answer(asked, nil)
	for range 2 {
		if status, answer := n.post(fields); status != http.StatusOK {
			t.Fatalf("%d %v", status, answer)
		}
	}
	if status, answer := n.post(n.answer(asked, nil)); status != http.StatusBadRequest || answer["code"] != "replayed" {
		t.Errorf("another answer: %d %v", status, answer)
	}
	if got := n.outcome(id); got["state"] != "accepted" {
		t.Errorf("%v", got)
	}
}

// TestRestart: a counter that starts again, and another beside it, take the answer to a
// request that neither made, and once between them.
func TestRestart(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	path := filepath.Join(t.TempDir(), "counter.db")
	open := func(create bool) {
		store, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{Create: create})
		if err != nil {
			t.Fatal(err)
		}
		n.cfg.Store = store
		n.server.Config.Handler = n.open(nil)
	}
	open(true)
	_, link := n.ask(haip)
	asked := n.fetch(link, "").Unverified
	open(false) // while the first still runs
	if again := n.fetch(link, "").Unverified; again.Nonce != asked.Nonce || string(again.Keys.Keys[0]) != string(asked.Keys.Keys[0]) {
		t.Error("the object is of another request")
	}
	if status, answer := n.post(n.answer(asked, nil)); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	if err := n.cfg.Store.Close(); err != nil {
		t.Fatal(err)
	}
	open(false)
	if status, answer := n.post(n.answer(asked, nil)); status != http.StatusBadRequest || answer["code"] != "replayed" {
		t.Errorf("%d %v", status, answer)
	}
}

// TestExpired: a request ends for fetching and for answering.
func TestExpired(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	n := newCounter(t, c, nil)
	id, link := n.ask(haip)
	asked := n.fetch(link, "").Unverified
	c.Advance(11 * time.Minute)
	c.Heartbeat()
	if status, answer := n.get(link, ""); status != http.StatusGone || answer["error"] != "expired" {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := n.post(n.answer(asked, nil)); status != http.StatusBadRequest || answer["code"] != "answer-late" {
		t.Errorf("%d %v", status, answer)
	}
	if got := n.outcome(id); got["state"] != "expired" {
		t.Errorf("%v", got)
	}
}

// TestSessionFixation: somebody shows his own request to another person's wallet, and
// polls. The result stays sealed until the browser that asked brings the code back.
func TestSessionFixation(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	const attacker, victim = "the-attackers-session-0123456789", "the-victims-session-01234567890"
	body := map[string]any{"response_mode": "direct_post.jwt", "redirect_uri": "https://shop.example/done?x=1", "session": attacker}
	id, link := n.ask(body)
	status, answer := n.post(n.answer(n.fetch(link, "").Unverified, nil))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	u, err := url.Parse(answer["redirect_uri"].(string))
	if err != nil || u.Host != "shop.example" || u.Query().Get("x") != "1" || len(u.Query().Get("response_code")) != 43 {
		t.Fatalf("%v, %v", u, err)
	}
	code := u.Query().Get("response_code")
	if got := n.outcome(id); got["state"] != "accepted" || got["sealed"] != true || got["result"] != nil {
		t.Errorf("polling: %v", got)
	}
	for name, attempt := range map[string]map[string]any{
		"the attacker without the code": {"session": attacker},
		"a guessed code":                {"session": attacker, "response_code": strings.Repeat("A", 43)},
		"the victim's browser":          {"session": victim, "response_code": code},
		"no session":                    {"response_code": code},
	} {
		if status, got := n.call("POST", "/api/requests/"+id+"/redeem", attempt); status != http.StatusForbidden || got["code"] != "session-other" || got["result"] != nil {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	other, _ := n.ask(haip)
	if status, got := n.call("POST", "/api/requests/"+other+"/redeem", map[string]any{"session": "", "response_code": code}); status != http.StatusForbidden {
		t.Errorf("a request without a session: %d %v", status, got)
	}
	n.server.Config.Handler = n.open(nil)
	if status, got := n.call("POST", "/api/requests/"+id+"/redeem", map[string]any{"session": attacker, "response_code": code}); status != http.StatusOK || got["result"] == nil {
		t.Errorf("whoever asked, with the code: %d %v", status, got)
	}
}

// TestWays: each way to be known and to be answered, and what was authorised.
func TestWays(t *testing.T) {
	n := newCounter(t, hufutest.New(t, hufutest.Options{}), nil)
	for _, prefix := range []openid.ClientPrefix{openid.ClientX509Hash, openid.ClientX509DNS, openid.ClientDID, openid.ClientRedirectURI} {
		for _, mode := range []openid.ResponseMode{openid.DirectPost, openid.DirectPostJWT} {
			hash := sha256.Sum256([]byte("the lease"))
			id, link := n.ask(map[string]any{
				"client_id_prefix": prefix, "response_mode": mode, "correlation": "case 7",
				"transaction_data": []map[string]any{{
					"credential_ids": []string{hufutest.Claims}, "label": map[string]string{"en": "Lease", "zh": "租约"},
					"document_hash": base64.RawURLEncoding.EncodeToString(hash[:]),
				}},
			})
			status, object := n.get(link, "")
			if status != http.StatusOK {
				t.Fatalf("%d %v", status, object)
			}
			var asked *openid.AuthorizationRequest
			if prefix == openid.ClientRedirectURI {
				request, err := link.UnsignedRequest(object["body"].(string), "")
				if err != nil {
					t.Fatal(err)
				}
				asked = request
			} else {
				asked = n.fetch(link, "").Unverified
			}
			// DIDs alone staple the ledger's proof of who asks.
			if (asked.LedgerProof != nil) != (prefix == openid.ClientDID) || asked.Encrypted() != (mode == openid.DirectPostJWT) {
				t.Errorf("%s %s: %+v", prefix, mode, asked)
			}
			if status, answer := n.post(n.answer(asked, func(s *shown) { s.claims = nil })); status != http.StatusBadRequest || answer["code"] != "transaction-data" {
				t.Errorf("%s %s, not authorised: %d %v", prefix, mode, status, answer)
			}
			if status, answer := n.post(n.answer(asked, nil)); status != http.StatusOK {
				t.Fatalf("%s %s: %d %v", prefix, mode, status, answer)
			}
			got := n.outcome(id)
			result := got["result"].(map[string]any)
			authorised, _ := json.Marshal(result["authorised"])
			if got["correlation"] != "case 7" || !strings.Contains(string(authorised), `"document":"`) || !strings.Contains(string(authorised), "租约") {
				t.Errorf("%s %s: %s", prefix, mode, authorised)
			}
		}
	}
}
