package issuer_test

import (
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// TestNames: a type has a name of its own over a connection, which is its alone.
func TestNames(t *testing.T) {
	o := newOffice(t)
	o.cfg.URL, o.cfg.Types[0].Name = deskURL, "resident-id"
	var err error
	o.Desk, err = issuer.New(o.cfg)
	none(t, err)
	none(t, o.Publish(t.Context()))
	offer, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{Type: "resident-id"})
	none(t, err)
	parsed, err := openid.ParseCredentialOffer(offer.Offer)
	none(t, err)
	if len(parsed.ConfigurationIDs) != 1 || parsed.ConfigurationIDs[0] != "resident-id" {
		t.Errorf("offered as %v", parsed.ConfigurationIDs)
	}
	g, err := o.Redeem(t.Context(), offer.Code, "", nil)
	none(t, err)
	r := o.request(g.ID, 1)
	r.configuration = "resident-id"
	response, err := o.Apply(t.Context(), r.application(t, o))
	none(t, err)
	if len(o.copies(t, response)) != 1 {
		t.Error("no credential")
	}

	second, err := credential.ParseSchema([]byte(secondType))
	none(t, err)
	for _, name := range []string{"resident-id", o.cfg.Types[0].ID()} {
		cfg := o.cfg
		cfg.Types = append(cfg.Types[:1:1], issuer.Type{Schema: second, Region: hufutest.Region, Name: name})
		_, err := issuer.New(cfg)
		is(t, err, issuer.ErrConfig)
	}
}
