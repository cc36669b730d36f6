package openid_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/vectors"
	"github.com/hufu-id/hufu/openid"
)

// vector is one file, the door it goes through and what comes of it.
type vector struct {
	parse func([]byte) error
	want  error
	why   string // for a refusal
}

var (
	offerDoor    = func(b []byte) error { _, err := openid.ParseCredentialOffer(b); return err }
	requestDoor  = func(b []byte) error { _, err := openid.ParseCredentialRequest(b); return err }
	responseDoor = func(b []byte) error { _, err := openid.ParseCredentialResponse(b); return err }
	queryDoor    = parseQuery
	metadataDoor = func(b []byte) error {
		_, err := openid.ParseIssuerMetadata(b, "https://credential-issuer.example.com")
		return err
	}
)

// messages lists every file that holds a message of this package.
var messages = map[string]vector{
	"openid4vci/credential_offer_authz_code.txt":             {parse: offerDoor},
	"openid4vci/credential_offer_by_reference.json":          {parse: offerDoor},
	"openid4vci/credential_offer_multiple_credentials.json":  {parse: offerDoor},
	"openid4vci/credential_offer_pre-authz_code.json":        {parse: offerDoor},
	"openid4vci/credential_response_sd_jwt_vc.txt":           {parse: responseDoor},
	"openid4vci/credential_response_jwt_vc_json.txt":         {parse: responseDoor},
	"openid4vci/credential_response_mso_mdoc.txt":            {parse: responseDoor},
	"openid4vci/credential_response_ldp_vc.txt":              {responseDoor, openid.ErrUnsupportedFormat, "the credential is an object"},
	"openid4vci/credential_request_iso_mdl.json":             {requestDoor, openid.ErrCredentialRequest, "a draft's request: format and doctype in place of credential_configuration_id"},
	"openid4vci/credential_issuer_metadata_sd_jwt_long.json": {parse: metadataDoor},
	"openid4vp/query_lang/claims_alternatives.json":          {parse: queryDoor},
	"openid4vp/query_lang/credentials_alternatives.json":     {parse: queryDoor},
	"openid4vp/query_lang/simple.json":                       {parse: queryDoor},
	"openid4vp/query_lang/value_matching_simple.json":        {parse: queryDoor},
	"openid4vp/query_lang/complex_mdoc.json":                 {queryDoor, openid.ErrUnsupportedFormat, "mso_mdoc"},
	"openid4vp/query_lang/multi_credentials.json":            {parse: queryDoor}, // mso_mdoc beside SD-JWT VC
	"openid4vp/query_lang/simple_mdoc.json":                  {queryDoor, openid.ErrUnsupportedFormat, "mso_mdoc"},
	"openid4vp/request/dcql_jwt_vc.json":                     {queryDoor, openid.ErrUnsupportedFormat, "jwt_vc_json"},
	"openid4vp/request/dcql_ldp_vc.json":                     {queryDoor, openid.ErrUnsupportedFormat, "ldp_vc"},
}

// waived lists every other file, with the reason.
var waived = map[string]string{
	"openid4vci/authorization_details*.json":          "package oauth reads them",
	"openid4vci/credential_issuer_metadata_*.txt":     "signed: TestVectorSignedMetadata reads it",
	"openid4vci/credential_metadata_*.json":           "parts of issuer metadata; TestVectorConfigurations reads them",
	"openid4vci/issuer_jwks.json":                     "keys, and the example breaks a kid over two lines",
	"openid4vci/wallet_attestation.jwt.txt":           "package oauth reads attestations",
	"openid4vp/client_metadata/*.json":                "read as part of a request object; TestVectorClientMetadata covers the one for SD-JWT VC",
	"openid4vp/credentials/*.json":                    "credential payloads, for package credential",
	"openid4vp/request/request_header_client_id_did*": "RS256 is outside the suites; TestVectorRequestObject covers the shape",
	"openid4vp/request/request_object_client_id_did*": "not JSON: its dcql_query is an ellipsis; TestVectorRequestObject covers the rest",
	"openid4vp/response/kb_jwt_unsecured.json":        "a key-binding payload, for package credential",
	"openid4vp/response/*_vc.json":                    "payloads of presentation formats that are not supported",
}

func TestVectors(t *testing.T) {
	for name, v := range messages {
		t.Run(name, func(t *testing.T) {
			if err := v.parse(message(vectors.Read(t, name))); !errors.Is(err, v.want) {
				t.Errorf("got %v, want %v (%s)", err, v.want, v.why)
			}
		})
	}
	for _, name := range slices.Concat(vectors.Glob(t, "openid4vci/*.*"), vectors.Glob(t, "openid4vp/*/*.json")) {
		if _, ok := messages[name]; !ok && !isWaived(t, name) {
			t.Errorf("%s is neither tested nor waived", name)
		}
	}
}

// message takes off an example's HTTP header and its line breaks in the
// middle of long strings, which are typography.
func message(data []byte) []byte {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("HTTP/")) {
		data = data[bytes.IndexByte(data, '{'):]
	}
	return regexp.MustCompile(`\n\s*([A-Za-z0-9_~.+/=-]+)`).ReplaceAll(data, []byte("$1"))
}

func isWaived(t *testing.T, name string) bool {
	for pattern := range waived {
		if ok, err := path.Match(pattern, name); err != nil {
			t.Fatal(err)
		} else if ok {
			return true
		}
	}
	return false
}

// The standard's request object names redirect_uri and leaves out what direct
// post needs: it must be refused for that, and parse once it is mended.
func TestVectorRequestObject(t *testing.T) {
	data := vectors.Read(t, "openid4vp/request/request_object_client_id_did.json")
	a := newAgency(t)
	object := string(edit(t, string(data), "{ ... }", `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["t"]}}]}`))
	object = string(edit(t, object, "did:example:123", a.key.Controller))
	if _, err := openid.ParseRequest(a.signPayload(t, object)); !errors.Is(err, openid.ErrRequest) {
		t.Errorf("got %v", err)
	}
	object = string(edit(t, object, `"redirect_uri"`, `"response_mode": "direct_post", "state": "s", "aud": "https://self-issued.me/v2", "iat": 1, "exp": 2, "response_uri"`))
	signed, err := openid.ParseRequest(a.signPayload(t, object))
	if err != nil {
		t.Fatal(err)
	}
	if got := signed.Unverified.Formats["dc+sd-jwt"].SDJWT; len(got) != 2 || got[0] != "ES256" {
		t.Errorf("algorithms: %v", got)
	}
}

func TestVectorClientMetadata(t *testing.T) {
	data := vectors.Read(t, "openid4vp/client_metadata/sd_jwt_vc_verifier_metadata.json")
	a := newAgency(t)
	request := a.request(t)
	request.Query = setsQuery(t, "")
	text := payload(t, a.sign(t, request))
	metadata := regexp.MustCompile(`"client_metadata":\{.*?\}\}\}`).FindString(text)
	signed, err := openid.ParseRequest(a.signPayload(t, string(edit(t, text, metadata, `"client_metadata":`+string(data)))))
	if err != nil {
		t.Fatal(err)
	}
	if got := signed.Unverified.Formats["dc+sd-jwt"].KBJWT; len(got) != 2 || got[1] != "ES384" {
		t.Errorf("algorithms: %v", got)
	}
}

// TestVectorConfigurations: configurations of other formats have other members, and are
// passed over.
func TestVectorConfigurations(t *testing.T) {
	for _, name := range vectors.Glob(t, "openid4vci/credential_metadata_*.json") {
		part := string(bytes.TrimSpace(vectors.Read(t, name)))
		whole := `{"credential_issuer":"https://a.example","credential_endpoint":"https://a.example/c",` + part[1:]
		m, err := openid.ParseIssuerMetadata([]byte(whole), "https://a.example")
		if err != nil || len(m.Configurations) == 0 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for id, c := range m.Configurations {
			if (c.Format == openid.FormatSDJWT) != (c.VCT != "") {
				t.Errorf("%s: %s was read as %+v", name, id, c)
			}
		}
	}
}

func TestVectorSignedMetadata(t *testing.T) {
	compact := strings.Join(strings.Fields(string(vectors.Read(t, "openid4vci/credential_issuer_metadata_sd_jwt_jwt.txt"))), "")
	signed, err := openid.ParseSignedMetadata(compact)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(signed.Header.X5C[0])
	if err != nil {
		t.Fatal(err)
	}
	const issuer = "https://credential-issuer.example.com"
	m, err := signed.Verify(leaf.PublicKey, issuer, openid.VerifyOptions{})
	if err != nil || m.DeferredEndpoint != issuer+"/deferred_credential" || len(m.Configurations) != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	if _, err := signed.Verify(leaf.PublicKey, "https://other.example.com", openid.VerifyOptions{}); !errors.Is(err, openid.ErrMetadataIssuer) {
		t.Errorf("of another issuer: %v", err)
	}
	if _, err := signed.Verify(leaf.PublicKey, issuer, openid.VerifyOptions{Now: time.Unix(1500000000, 0)}); !errors.Is(err, openid.ErrMetadata) {
		t.Errorf("from the future: %v", err)
	}
}
