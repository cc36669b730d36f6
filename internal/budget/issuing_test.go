package budget_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/budget"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
)

const (
	issuerText = `{"credential_issuer":"https://desk.example","credential_endpoint":"https://desk.example/credential",` +
		`"credential_response_encryption":{"alg_values_supported":["ECDH-ES"],"enc_values_supported":["A256GCM"],"encryption_required":false},` +
		`"credential_configurations_supported":{"resident-id":{"format":"dc+sd-jwt","vct":"urn:resident",` +
		`"credential_metadata":{"claims":[{"path":["name"],"display":[{"name":"姓名","locale":"zh-CN"}]}]}},"mdl":{"format":"mso_mdoc","doctype":"x"}}}`
	serverText  = `{"issuer":"https://desk.example","token_endpoint":"https://desk.example/token","response_types_supported":["code"],"grant_types_supported":["refresh_token"]}`
	detailsText = `[{"type":"openid_credential","credential_configuration_id":"resident-id","credential_identifiers":["r-1"]}]`
)

func issuingDoors(t testing.TB) map[string]budget.Door {
	door := func(parse func([]byte) error, seed string) budget.Door {
		return budget.Door{Cap: limits.Message, Factor: ofJSON, Form: budget.JSON, Parse: parse, Seeds: [][]byte{[]byte(seed)}}
	}
	token := func(parse func([]byte) error, seed string) budget.Door {
		return budget.Door{Cap: limits.Token, Factor: ofProof, Form: budget.Text, Parse: parse, Seeds: [][]byte{[]byte(seed)}}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m, err := openid.ParseIssuerMetadata([]byte(issuerText), "https://desk.example")
	if err != nil {
		t.Fatal(err)
	}
	metadata, err1 := openid.SignIssuerMetadata(t.Context(), key, did.Header{}, m, noon, noon)
	keys, err2 := openid.SignKeyAttestation(t.Context(), key, did.Header{}, openid.KeyAttestationClaims{Keys: []crypto.PublicKey{key.Public()}, IssuedAt: noon})
	client, err3 := oauth.SignAttestation(t.Context(), key, did.Header{}, oauth.AttestationClaims{ClientID: "w", Key: key.Public(), IssuedAt: noon, Expires: noon})
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	return map[string]budget.Door{
		"openid.ParseIssuerMetadata": door(func(b []byte) error {
			_, err := openid.ParseIssuerMetadata(b, "https://desk.example")
			return err
		}, issuerText),
		"openid.ParseSignedMetadata": token(text(openid.ParseSignedMetadata), metadata),
		"openid.ParseKeyAttestation": {
			Cap: limits.Token, Factor: ofJSON, Form: budget.Text, Parse: text(openid.ParseKeyAttestation), Seeds: [][]byte{[]byte(keys)},
		},
		"openid.ParseDeferredRequest": door(reads(openid.ParseDeferredRequest), `{"transaction_id":"t1"}`),
		"openid.ParseNotification":    door(reads(openid.ParseNotification), `{"notification_id":"n","event":"credential_deleted"}`),
		"openid.ParseNonce":           door(reads(openid.ParseNonce), `{"c_nonce":"n"}`),
		"openid.ParseOfferReference": {
			Cap: limits.Message, Factor: ofObject, Form: budget.Text, Parse: text(openid.ParseOfferReference),
			Seeds: [][]byte{[]byte("openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fdesk.example%2F1")},
		},
		"openid/oauth.ParseServerMetadata": door(func(b []byte) error {
			_, err := oauth.ParseServerMetadata(b, "https://desk.example")
			return err
		}, serverText),
		"openid/oauth.ParseDetails":        door(reads(oauth.ParseDetails), detailsText),
		"openid/oauth.ParseTokenResponse":  door(reads(oauth.ParseTokenResponse), `{"access_token":"a","token_type":"DPoP","authorization_details":`+detailsText+`}`),
		"openid/oauth.ParsePushedResponse": door(reads(oauth.ParsePushedResponse), `{"request_uri":"urn:x","expires_in":60}`),
		"openid/oauth.ParseChallenge":      door(reads(oauth.ParseChallenge), `{"attestation_challenge":"c"}`),
		"openid/oauth.ParseError":          door(reads(oauth.ParseError), `{"error":"invalid_grant","error_description":"no"}`),
		"openid/oauth.ParseAttestation": {
			Cap: limits.Document, Factor: ofJSON, Form: budget.Text, Parse: text(oauth.ParseAttestation), Seeds: [][]byte{[]byte(client)},
		},
	}
}
