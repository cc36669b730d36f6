package wallet_test

import (
	"errors"
	"testing"

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
