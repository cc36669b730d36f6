package openid_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
)

// A counter asks for a name; a wallet reads the question from a QR code,
// checks who asks, and finds what to disclose.
func Example() {
	ctx := context.Background()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

	// The counter.
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	agency, err := did.NewJWK(signer.Public())
	if err != nil {
		panic(err)
	}
	request := &openid.AuthorizationRequest{
		Verifier:    agency,
		ResponseURI: "https://counter.example/response",
		Nonce:       rand.Text(),
		State:       rand.Text(),
		IssuedAt:    now,
		Expires:     now.Add(5 * time.Minute),
		Query: &openid.Query{Credentials: []openid.CredentialQuery{{
			ID:     "resident",
			Format: openid.FormatSDJWT,
			Meta:   openid.Meta{VCTValues: []string{"urn:example:resident"}},
			Claims: []openid.ClaimQuery{{Path: credential.Path{"name"}}},
		}}},
	}
	compact, err := openid.SignRequest(ctx, signer, agency+"#0", request)
	if err != nil {
		panic(err)
	}
	code := openid.QRText(openid.QRPresentationRequest, []byte(compact))

	// The wallet.
	_, body, err := openid.ParseQRText(code)
	if err != nil {
		panic(err)
	}
	signed, err := openid.ParseRequest(string(body))
	if err != nil {
		panic(err)
	}
	key, err := did.FindKey(ctx, did.SelfContained(), signed.KeyID, now)
	if err != nil {
		panic(err)
	}
	asked, err := signed.Verify(key, openid.VerifyOptions{Now: now})
	if err != nil {
		panic(err)
	}
	claims := map[string]any{"vct": "urn:example:resident", "name": "…", "birthdate": "…"}
	paths, err := asked.Query.Credential("resident").Match(claims)
	if err != nil {
		panic(err)
	}
	fmt.Println("to disclose:", paths)
	// Output: to disclose: [["name"]]
}
