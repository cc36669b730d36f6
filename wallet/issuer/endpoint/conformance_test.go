package endpoint_test

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

// modules are the OpenID Foundation's modules for issuers of SD-JWT VC, and those of FAPI 2.0
// that its HAIP plan pulls in, each with what it sends and what the issuer must do. Every
// office serves after HAIP.
var modules = map[string]func(t *testing.T, o *office){}

const (
	stemIssuer = "oid4vci-1_0-issuer-"
	stemFAPI   = "fapi2-security-profile-final-"
)

func TestConformance(t *testing.T) {
	country := hufutest.New(t, hufutest.Options{})
	for name, module := range modules {
		t.Run(name, func(t *testing.T) { module(t, openIn(t, country, haip())) })
	}
	if len(modules) != 21+40 {
		t.Errorf("%d modules", len(modules))
	}
}

// metadata fetches the issuer's metadata, at the path that is inserted after the origin.
func (o *office) metadata(accept string) *reply {
	o.t.Helper()
	address, err := oauth.WellKnown(openid.IssuerName, o.url)
	none(o.t, err)
	return o.do("GET", address, http.Header{"Accept": {accept}}, "")
}

// sound verifies a credential as the suite does in every flow.
func (o *office) sound(text string, key crypto.PublicKey) *credential.Verified {
	o.t.Helper()
	sd, err := credential.Parse([]byte(text), credential.ParseOptions{})
	none(o.t, err)
	h := sd.Header()
	leaf := o.chain(h)
	v, err := sd.Verify(leaf, credential.VerifyOptions{Now: o.c.Now()})
	none(o.t, err)
	if h.Typ != "dc+sd-jwt" || v.VCT != o.c.Schema.VCT || v.Status == nil || !strings.HasPrefix(v.Status.URI, o.url) {
		o.t.Errorf("typ %s, vct %s, status %v", h.Typ, v.VCT, v.Status)
	}
	if same, ok := key.(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(v.Confirmation) {
		o.t.Error("cnf.jwk is another key than the proof's")
	}
	list := o.do("GET", v.Status.URI, nil, "").ok(200)
	token, err := status.Parse(list.body, status.ParseOptions{})
	none(o.t, err)
	verified, err := token.Verify(o.chain(token.Header()), v.Status.URI, status.VerifyOptions{Now: o.c.Now()})
	none(o.t, err)
	state, err := verified.List.Get(v.Status.Index)
	none(o.t, err)
	if state != status.Valid || list.header.Get("Content-Type") != "application/statuslist+jwt" {
		o.t.Errorf("status %v as %s", state, list.header.Get("Content-Type"))
	}
	return v
}

// chain insists on certificates without anchor, and returns the leaf's key.
func (o *office) chain(h did.Header) crypto.PublicKey {
	o.t.Helper()
	if len(h.X5C) == 0 {
		o.t.Fatal("no x5c")
	}
	var certs []*x509.Certificate
	for _, der := range h.X5C {
		c, err := x509.ParseCertificate(der)
		none(o.t, err)
		if c.CheckSignatureFrom(c) == nil {
			o.t.Error("a self-signed certificate in x5c")
		}
		certs = append(certs, c)
	}
	return certs[0].PublicKey
}

// issue signs in and gets copies.
func (w *wallet) issue(n int) *openid.CredentialResponse {
	w.o.t.Helper()
	w.signIn()
	texts, keys := w.proofs(n, w.cNonce(), nil)
	m := w.application(0)
	m["proofs"] = map[string]any{"jwt": texts}
	r := w.apply(m).ok(200)
	out := response(w.o.t, r)
	if len(out.Credentials) != n || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Content-Type") != "application/json" {
		w.o.t.Errorf("%d copies, %s", len(out.Credentials), r.header)
	}
	for i, text := range out.Credentials {
		w.o.sound(text, keys[i].Public())
	}
	return out
}

func init() {
	modules[stemIssuer+"metadata-test"] = func(t *testing.T, o *office) {
		m, err := openid.ParseIssuerMetadata(o.metadata("").ok(200).body, o.url)
		none(t, err)
		if m.NonceEndpoint == "" || m.Batch == nil || m.Batch.Size != 10 || len(m.Configurations) != 1 || len(m.Display) != 2 {
			t.Errorf("%+v", m)
		}
		for _, c := range m.Configurations { // HAIP 1.0 sections 4.1 and 4.3
			if c.Scope == "" || c.Format != "dc+sd-jwt" || c.VCT == "" || c.Proofs["jwt"].Algorithms[0] != "ES256" || c.SigningAlgorithms[0] != "ES256" {
				t.Errorf("%+v", c)
			}
		}
		address, err := oauth.WellKnown(oauth.ServerName, o.url)
		none(t, err)
		s, err := oauth.ParseServerMetadata(o.do("GET", address, nil, "").ok(200).body, o.url)
		none(t, err)
		if !s.RequirePushed || !s.NamesIssuer || s.ChallengeEndpoint == "" || strings.Join(s.AuthMethods, " ") != oauth.AuthAttestation || s.Anonymous {
			t.Errorf("%+v", s)
		}
	}
	modules[stemIssuer+"metadata-test-signed"] = func(t *testing.T, o *office) {
		r := o.metadata("application/jwt").ok(200)
		if r.header.Get("Content-Type") != "application/jwt" {
			t.Fatal("not signed")
		}
		signed, err := openid.ParseSignedMetadata(string(r.body))
		none(t, err)
		_, err = signed.Verify(o.chain(signed.Header), o.url, openid.VerifyOptions{Now: o.c.Now()})
		none(t, err)
		if r := o.metadata("application/json, application/jwt;q=0.5").ok(200); r.header.Get("Content-Type") != "application/json" {
			t.Error("signed all the same")
		}
	}
	modules[stemIssuer+"happy-flow"] = func(t *testing.T, o *office) {
		w := o.wallet()
		out := w.issue(1)
		w.ask("/notification", "application/json", `{"notification_id":"`+out.NotificationID+`","event":"credential_accepted","ignored":"x"}`).ok(204)
		for _, zip := range []string{"", "DEF"} { // and encrypted
			asked, private := encryption(t)
			if zip != "" {
				asked["zip"] = zip
			}
			m := w.application(1)
			m["credential_response_encryption"] = asked
			if got := decrypt(t, w.ask("/credential", "application/jwt", w.encrypt(m)).ok(200), private); len(got.Credentials) != 1 {
				t.Error("no credential")
			}
		}
	}
	modules[stemIssuer+"happy-flow-additional-requests"] = func(t *testing.T, o *office) {
		w := o.wallet().signIn()
		w.apply(w.application(1)).ok(200)
		m, err := json.Marshal(w.application(1))
		none(t, err)
		h := http.Header{
			"Content-Type": {"application/json"}, "Authorization": {"DPoP " + w.token}, "DPoP": {w.proof("POST", "/credential", w.token)},
			"X-Fapi-Customer-Ip-Address": {"2001:db8::1893:25c8:1946"}, "Accept": {"application/json;charset=utf-8, application/*, */*"},
		}
		o.do("POST", "/credential", h, string(m)).ok(200)
	}
	modules[stemIssuer+"happy-flow-multiple-clients"] = func(t *testing.T, o *office) {
		for _, id := range []string{"https://one.example", "https://two.example"} {
			w := o.wallet()
			w.id = id
			w.issue(1)
		}
	}
	modules[stemIssuer+"happy-flow-skip-notification"] = func(t *testing.T, o *office) {
		w := o.wallet()
		w.issue(1)
		w.apply(w.application(1)).ok(200)
	}
	modules[stemIssuer+"batch-issuance"] = func(t *testing.T, o *office) {
		out := o.wallet().issue(10)
		seen, uris := map[string]bool{}, map[string]bool{}
		for _, text := range out.Credentials {
			sd, err := credential.Parse([]byte(text), credential.ParseOptions{})
			none(t, err)
			v, err := sd.Verify(o.chain(sd.Header()), credential.VerifyOptions{Now: o.c.Now()})
			none(t, err)
			at, err := json.Marshal(v.Status.Index)
			none(t, err)
			for _, part := range append(strings.Split(text, "~")[1:], "index "+string(at)) {
				if part != "" && seen[part] {
					t.Error("two copies share", part)
				}
				seen[part] = true
			}
			uris[v.Status.URI] = true
			if v.Claims["name"] != o.c.Adult().Name {
				t.Error("other data")
			}
		}
		if len(uris) != 1 {
			t.Error("several lists")
		}
	}
	refusal := func(name string, codes []oauth.Code, send func(t *testing.T, o *office) *reply) {
		modules[stemIssuer+name] = func(t *testing.T, o *office) {
			send(t, o).refused(codes...)
			if all, _ := o.count(); all != 0 {
				t.Errorf("%d credentials", all)
			}
		}
	}
	spoiled := func(edit func(w *wallet, m map[string]any)) func(t *testing.T, o *office) *reply {
		return func(t *testing.T, o *office) *reply {
			w := o.wallet().signIn()
			m := w.application(1)
			edit(w, m)
			r := w.apply(m)
			if r.status != 400 || r.header.Get("Content-Type") != "application/json" {
				t.Errorf("%d %s", r.status, r.header.Get("Content-Type"))
			}
			return r
		}
	}
	refusal("fail-invalid-nonce", []oauth.Code{oauth.InvalidNonce}, spoiled(func(w *wallet, m map[string]any) {
		texts, _ := w.proofs(1, "never-issued", nil)
		m["proofs"] = map[string]any{"jwt": texts}
	}))
	refusal("fail-invalid-jwt-proof-signature", []oauth.Code{oauth.InvalidProof}, spoiled(func(w *wallet, m map[string]any) {
		texts, _ := w.proofs(1, w.cNonce(), nil)
		m["proofs"] = map[string]any{"jwt": []string{corrupt(texts[0])}}
	}))
	refusal("fail-missing-proof", []oauth.Code{oauth.InvalidProof}, spoiled(func(w *wallet, m map[string]any) { delete(m, "proofs") }))
	refusal("fail-unsupported-encryption-algorithm", []oauth.Code{oauth.InvalidEncryptionParameters}, spoiled(func(w *wallet, m map[string]any) {
		asked, _ := encryption(w.o.t)
		asked["jwk"].(map[string]any)["alg"] = "RSA-OAEP-1000"
		m["credential_response_encryption"] = asked
	}))
	refusal("fail-unknown-credential-configuration", []oauth.Code{oauth.UnknownCredentialConfiguration}, spoiled(func(w *wallet, m map[string]any) {
		m["credential_configuration_id"] = "unknown"
	}))
	refusal("fail-unknown-credential-identifier", []oauth.Code{oauth.UnknownCredentialIdentifier}, spoiled(func(w *wallet, m map[string]any) {
		delete(m, "credential_configuration_id")
		m["credential_identifier"] = "unknown"
	}))
	modules[stemIssuer+"fail-on-access-token-in-query"] = func(t *testing.T, o *office) {
		w := o.wallet().signIn()
		m, err := json.Marshal(w.application(1))
		none(t, err)
		h := http.Header{"Content-Type": {"application/json"}, "DPoP": {w.proof("POST", "/credential", w.token)}}
		o.do("POST", "/credential?access_token="+url.QueryEscape(w.token), h, string(m)).refused(oauth.InvalidToken)
	}
	modules[stemIssuer+"fail-invalid-key-attestation-signature"] = func(t *testing.T, o *office) {
		o.requireKeyAttestation()
		w := o.wallet().signIn()
		w.apply(w.attested(1, nil)).ok(200)
		w.apply(w.attested(1, corrupt)).refused(oauth.InvalidProof)
	}
	attestationFaults(refusal)
}

// attestationFaults are sent at the PAR endpoint, and must be refused with one of three
// codes there: the suite takes each.
func attestationFaults(refusal func(string, []oauth.Code, func(*testing.T, *office) *reply)) {
	codes := []oauth.Code{oauth.InvalidClient, oauth.InvalidRequest, oauth.InvalidClientAttestation}
	for name, edit := range faults {
		refusal("fail-"+name, codes, func(t *testing.T, o *office) *reply {
			w := o.wallet()
			edit(w)
			r := w.push(w.request())
			if r.status != 400 && r.status != 401 {
				t.Errorf("%d", r.status)
			}
			return r
		})
	}
}

// faults of wallet attestations, by the names of the suite's modules.
var faults = map[string]func(w *wallet){
	"invalid-client-attestation-signature":     func(w *wallet) { w.attest = corrupt },
	"invalid-client-attestation-pop-signature": func(w *wallet) { w.possess = corrupt },
	"client-attestation-exp-in-past": func(w *wallet) {
		w.attestation = func(c *oauth.AttestationClaims) { c.Expires = w.o.c.Now().Add(-10 * time.Minute) }
	},
	"client-attestation-no-sub": func(w *wallet) {
		w.attest = func(string) string {
			x5c, key := w.o.maker.Leaf(certificate)
			now := w.o.c.Now()
			return forge(w.o.t, map[string]any{"alg": "ES256", "typ": "oauth-client-attestation+jwt", "x5c": x5c}, map[string]any{
				"exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "cnf": map[string]any{"jwk": jwk(w.o.t, w.instance.Public())},
			}, key)
		}
	},
	"client-attestation-pop-wrong-aud":      func(w *wallet) { w.audience = "https://other.example" },
	"mismatched-client-attestation-pop-key": func(w *wallet) { w.possessor = w.o.c.Key() },
}

// requireKeyAttestation has the office start anew, and ask for key attestations.
func (o *office) requireKeyAttestation() {
	o.t.Helper()
	before := o.edit
	o.edit = func(d *issuer.Config, e *endpoint.Config) {
		before(d, e)
		e.KeyMaker = e.WalletMaker
		e.KeyAttestation = &openid.AttestationRequired{Storage: []string{"iso_18045_high"}}
	}
	o.start()
}
