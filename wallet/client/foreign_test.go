package client_test

import (
	"context"
	"crypto"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
)

const diploma = "urn:example:diploma"

// university has the office's server hand out diplomas of an issuer that is on no ledger.
func (o *office) university(key crypto.Signer, x5c [][]byte, vct string) {
	o.metadata.DID = ""
	configuration := *o.metadata.Configurations[o.id]
	configuration.Type, configuration.VCT = nil, diploma
	o.metadata.Configurations[o.id] = &configuration
	o.spoil = func(r *openid.CredentialResponse) {
		r.Credentials = nil
		now := o.country.Now()
		for _, text := range o.requests[len(o.requests)-1].Proofs {
			proof, err := openid.ParseProof(text)
			none(o.t, err)
			holder, err := proof.Verify(o.metadata.Issuer, proof.Unverified.Nonce, openid.VerifyOptions{Now: now})
			none(o.t, err)
			claims := map[string]any{"vct": vct, "iat": now.Unix() - 60, "exp": now.Add(90 * 24 * time.Hour).Unix(), "name": "Li", "title": "Doctor"}
			sd, err := credential.Issue(context.Background(), key, did.Header{X5C: x5c}, claims, []credential.Path{{"name"}, {"title"}},
				credential.IssueOptions{Holder: holder, AnyTimeOfDay: true})
			none(o.t, err)
			r.Credentials = append(r.Credentials, sd.String())
		}
	}
}

// TestForeignIssuer: an issuer that is on no ledger is believed where an authority that the
// wallet trusts vouches for it, and gets no holder commitment.
func TestForeignIssuer(t *testing.T) {
	for name, tt := range map[string]struct {
		vct     string
		trusted bool
		want    error
	}{"vouched for": {diploma, true, nil}, "another authority": {diploma, false, provenance.ErrUnknown}, "another type": {"urn:example:licence", true, wallet.ErrOtherCredential}} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			ministry := certpathtest.New(o.country.Now(), "Ministry")
			x5c, key := ministry.Leaf(certpathtest.Template{Name: "University", DNSNames: []string{"university.example"}})
			o.university(key, x5c, tt.vct)
			if !tt.trusted {
				ministry = certpathtest.New(o.country.Now(), "Another Ministry")
			}
			source, err := provenance.X509(provenance.X509Options{}, provenance.Authority{
				Anchor: ministry.Anchor(), Trust: provenance.Trust{Types: []string{diploma, "urn:example:licence"}},
			})
			none(t, err)
			p := o.abroad(source)
			link, _ := o.offer(issuer.OfferOptions{})
			offer, err := p.Client.Offer(t.Context(), link)
			none(t, err)
			if got := offer.Credentials[0]; !got.Foreign || got.Schema != nil || got.Type != diploma || got.Issuer != o.metadata.Issuer {
				t.Errorf("the citizen is told %+v", got)
			}
			result, err := p.Client.Receive(t.Context(), offer, client.ReceiveOptions{Copies: 2})
			if r := o.requests[0]; r.HolderCommitment != nil || r.Identity != nil {
				t.Error("a foreign issuer got a commitment")
			}
			if tt.want != nil {
				is(t, err, tt.want)
				if len(p.cards(t)) != 0 {
					t.Error("it was stored")
				}
				return
			}
			stored(t, p, result, err)
			if result.Stored.Provable || result.Stored.Anchor == "" || p.keys(t, "holder") != 2 {
				t.Errorf("stored %+v", result.Stored)
			}
		})
	}
}

// abroad is a phone whose wallet trusts a source.
func (o *office) abroad(source provenance.Source) *phone {
	o.t.Helper()
	h := o.country.Wallet()
	cfg := o.country.WalletConfig(h)
	cfg.Sources = []provenance.Source{source}
	var err error
	h.Wallet, err = wallet.New(cfg)
	none(o.t, err)
	return o.phoneOver(&hufutest.Holder{Wallet: h.Wallet, Store: h.Store, Keys: h.Keys}, nil)
}
