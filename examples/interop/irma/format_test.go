package irma

import (
	"crypto/ecdsa"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/privacybydesign/irmago/eudi/credentials/sdjwtvc"
	"github.com/privacybydesign/irmago/eudi/sdjwt"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
)

const (
	diploma  = "urn:test:diploma:1"
	audience = "x509_hash:library"
	nonce    = "nonce-1"
)

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// university is an issuer with a certificate.
func university(now time.Time) (ministry *certpathtest.Authority, x5c [][]byte, key *ecdsa.PrivateKey) {
	ministry = certpathtest.New(now, "Ministry")
	x5c, key = ministry.Leaf(certpathtest.Template{Name: "University", DNSNames: []string{"university.example"}})
	return ministry, x5c, key
}

// verifying is irmago's verifier that trusts a ministry.
func verifying(ministry *certpathtest.Authority, nonce string) *sdjwtvc.VerifierVerificationProcessor {
	opts := sdjwtvc.CreateDefaultVerificationContext(ministry.PEM())
	opts.ExpectedNonce, opts.ExpectedAudience = nonce, audience
	return sdjwtvc.NewVerifierVerificationProcessor(true, opts)
}

// What package credential issues and binds, irmago verifies.
func TestIrmagoVerifiesOurs(t *testing.T) {
	ministry, x5c, key := university(time.Now())
	holder := certpathtest.NewKey()
	claims := map[string]any{
		"iss": "https://university.example", "vct": diploma, "exp": time.Now().Truncate(24*time.Hour).AddDate(0, 0, 7).Unix(),
		"degree": "理学学士", "address": map[string]any{"region": "440305", "street": "深南大道 1"},
	}
	issued, err := credential.Issue(t.Context(), key, did.Header{X5C: x5c}, claims,
		[]credential.Path{{"degree"}, {"address"}, {"address", "region"}, {"address", "street"}},
		credential.IssueOptions{Holder: holder.Public(), Digests: 6})
	none(t, err)
	shown, err := issued.Disclose(credential.Path{"address", "region"})
	none(t, err)
	bound, err := shown.Bind(t.Context(), holder, audience, nonce, credential.BindOptions{})
	none(t, err)

	got, err := verifying(ministry, nonce).ParseAndVerifySdJwtVc(sdjwtvc.SdJwtVcKb(bound.String()))
	none(t, err)
	address, _ := got.ProcessedSdJwtPayload["address"].(map[string]any)
	if address["region"] != "440305" || address["street"] != nil || got.ProcessedSdJwtPayload["degree"] != nil {
		t.Errorf("%v", got.ProcessedSdJwtPayload)
	}
	if _, err := verifying(ministry, "nonce-2").ParseAndVerifySdJwtVc(sdjwtvc.SdJwtVcKb(bound.String())); err == nil || !strings.Contains(err.Error(), "nonce") {
		t.Errorf("another nonce: %v", err)
	}
	stranger := certpathtest.New(time.Now(), "Ministry")
	if _, err := verifying(stranger, nonce).ParseAndVerifySdJwtVc(sdjwtvc.SdJwtVcKb(bound.String())); err == nil {
		t.Error("another ministry's credential was taken")
	}
}

// What irmago issues and binds, package credential verifies.
func TestWeVerifyIrmagos(t *testing.T) {
	_, x5c, key := university(time.Now())
	binder := sdjwt.NewDefaultKeyBinderWithInMemoryStorage()
	holders, err := binder.CreateKeyPairs(1)
	none(t, err)
	built := build(t, x5c, key, holders[0])
	shown, err := sdjwt.CreatePresentation(sdjwt.SdJwt(built), [][]any{{"address", "region"}})
	none(t, err)
	kb, err := sdjwt.CreateKbJwt(shown, binder, nonce, audience)
	none(t, err)

	parsed, err := credential.Parse([]byte(sdjwt.AddKeyBindingJwt(shown, kb)), credential.ParseOptions{})
	none(t, err)
	got, err := parsed.Verify(key.Public(), credential.VerifyOptions{})
	none(t, err)
	address, _ := got.Claims["address"].(map[string]any)
	if address["region"] != "440305" || address["street"] != nil || got.Claims["degree"] != nil {
		t.Errorf("%v", got.Claims)
	}
	_, err = got.VerifyBinding(audience, nonce, credential.BindingOptions{})
	none(t, err)
}

func build(t *testing.T, x5c [][]byte, key *ecdsa.PrivateKey, holder jwk.Key) sdjwtvc.SdJwtVc {
	t.Helper()
	confirmation, err := sdjwt.HolderKeyClaim(holder)
	none(t, err)
	var chain []string
	for _, der := range x5c {
		chain = append(chain, base64.StdEncoding.EncodeToString(der))
	}
	built, err := sdjwtvc.NewSdJwtVcBuilder().WithPayload(
		sdjwt.Claim("iss", "https://university.example"), sdjwt.Claim("vct", diploma),
		sdjwt.Claim("exp", time.Now().Add(time.Hour).Unix()), confirmation,
		sdjwt.SdClaim("degree", "理学学士"),
		sdjwt.SdObject("address", sdjwt.SdClaim("region", "440305"), sdjwt.SdClaim("street", "深南大道 1")),
	).WithIssuerCertificateChain(chain).Build(sdjwt.NewJwtCreator(key))
	none(t, err)
	return built
}
