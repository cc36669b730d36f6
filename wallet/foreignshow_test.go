package wallet_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
)

// show asks at a counter that trusts the ministry, and presents what matches.
func (a *abroad) show(t *testing.T, cfg verifier.Config, matches bool) {
	t.Helper()
	source, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: a.ministry.Anchor(), Trust: provenance.Trust{Types: []string{diploma, "urn:example:certificate"}}})
	none(t, err)
	cfg.Sources, cfg.Lists = map[string]provenance.Source{"ministry": source}, a
	counter, err := verifier.New(cfg)
	none(t, err)
	request, err := counter.NewRequest(t.Context(), verifier.RequestOptions{})
	none(t, err)
	asked, err := a.holder.ResolveRequest(t.Context(), request.Object)
	if !matches {
		is(t, err, wallet.ErrNothingMatches)
		return
	}
	none(t, err)
	none(t, asked.Choices[0].Accreditation)
	answer, err := a.holder.Present(t.Context(), asked, wallet.Consent{})
	none(t, err)
	result, err := counter.Verify(t.Context(), answer.Response)
	none(t, err)
	if result.Learned[0].Value != "Doctor" || result.Issuers[0].DID != university {
		t.Errorf("%+v", result)
	}
	if _, err := counter.VerifyOnce(t.Context(), answer.Response); !errors.Is(err, verifier.ErrReplayed) {
		t.Errorf("%v", err)
	}
}

// TestForeignRequester: a shop that is no agency of the ledger asks under a DID that the
// wallet has pinned. One that nobody vouches for gets nothing, and the refusal says why.
func TestForeignRequester(t *testing.T) {
	a := newAbroad(t)
	_, err := a.receive(t)
	none(t, err)
	key := a.c.Key()
	shop, err := did.NewJWK(key.Public())
	none(t, err)
	query, err := openid.ParseQuery([]byte(`{"credentials":[{"id":"diploma","format":"dc+sd-jwt","meta":{"vct_values":["` + diploma + `"]},"claims":[{"path":["degree","title"]}]}]}`))
	none(t, err)
	request, err := openid.SignRequest(t.Context(), key, shop+"#0", &openid.AuthorizationRequest{
		Verifier: shop, ResponseURI: "https://shop.example/answer", Nonce: strings.Repeat("n", 43), State: strings.Repeat("s", 43), Query: query, IssuedAt: a.c.Now(), Expires: a.c.Now().Add(time.Minute),
	})
	none(t, err)
	for name, c := range map[string]struct {
		pin  provenance.Pin
		want error
	}{
		"pinned":              {provenance.Pin{ID: shop, Name: "Shop", Trust: provenance.Trust{Requests: true}}, nil},
		"pinned as an issuer": {provenance.Pin{ID: shop, Trust: provenance.Trust{Types: []string{diploma}}}, provenance.ErrNotTrustedFor},
		"another is pinned":   {provenance.Pin{ID: "did:web:other.example", Trust: provenance.Trust{Requests: true}}, provenance.ErrUnknown},
		"nobody is pinned":    {provenance.Pin{}, provenance.ErrUnknown},
	} {
		cfg := a.c.WalletConfig(a.holder)
		if c.pin.ID != "" {
			cfg.Requesters, err = provenance.Pinned(nil, c.pin)
			none(t, err)
		}
		w, err := wallet.New(cfg)
		none(t, err)
		asked, err := w.ResolveRequest(t.Context(), []byte(request))
		if c.want != nil {
			var r *wallet.Rejected
			if !errors.As(err, &r) || !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		none(t, err)
		if asked.Vouched == nil || asked.Vouched.Name != "Shop" || asked.Requester != shop {
			t.Errorf("%+v", asked)
		}
		_, err = w.Present(t.Context(), asked, wallet.Consent{})
		none(t, err)
	}
}
