package hufutest

import (
	"crypto"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// Forgery is a credential that is signed past every desk, so that one thing in
// it can be wrong.
type Forgery struct {
	Signer crypto.Signer
	Header did.Header
	Claims JSON              // as signed, the hidden ones in place
	Hide   []credential.Path // which are hidden
	Holder crypto.PublicKey

	country *Country
}

// Forge makes what the office would issue to a resident today, without a native
// half: the good credential from which a test starts.
func (c *Country) Forge(r Resident, holder crypto.PublicKey) *Forgery {
	c.t.Helper()
	today, err := zkp.Today(c.Now())
	c.must(err)
	return &Forgery{
		Signer: c.Office.Key, Header: did.Header{Typ: credential.Type, Kid: c.Office.KeyID}, Holder: holder, country: c,
		Hide: c.Schema.Hide(),
		Claims: JSON{
			"iss": c.Office.DID, "vct": Type,
			"iat": today.Start().Unix(), "nbf": today.Start().Unix(), "exp": (today + 365).Start().Unix(),
			"hufu":   JSON{"schema": c.Schema.ID, "version": int64(c.Schema.Version), "region": Region},
			"status": status.Reference{URI: c.Desk.StatusURI(), Index: 0}.Claim(),
			"name":   r.Name, "resident_id": r.Number, "birthdate": r.Birthdate, "district": r.District, "address": r.Address,
		},
	}
}

// IssueSpec is what the office would issue to a resident today, bound to nobody's
// key and with an endorsement of nobody's secret.
func (c *Country) IssueSpec(r Resident) *issuer.IssueSpec {
	c.t.Helper()
	today, err := zkp.Today(c.Now())
	c.must(err)
	spec := &issuer.IssueSpec{
		Schema: c.Schema, Region: Region, Holder: c.newKey().Public(), Binding: today,
		Claims: JSON{"name": r.Name, "resident_id": r.Number, "birthdate": r.Birthdate, "district": r.District, "address": r.Address},
		Status: status.Reference{URI: c.Desk.StatusURI()}, NotBefore: today, NotAfter: today + 364,
	}
	spec.Commitment.SetUint64(7)
	return spec
}

// Credential signs the forgery.
func (f *Forgery) Credential() *credential.SDJWT {
	c := f.country
	c.t.Helper()
	sd, err := credential.Issue(c.t.Context(), f.Signer, f.Header, f.Claims, f.Hide,
		credential.IssueOptions{Holder: f.Holder, Digests: c.Schema.Digests, AnyTimeOfDay: true})
	c.must(err)
	return sd
}

// SignList publishes the desk's status list as it is, signed with the key that the
// office has now.
func (c *Country) SignList() {
	c.t.Helper()
	ctx, uri := c.t.Context(), c.Desk.StatusURI()
	b, err := c.Public.Fetch(ctx, uri)
	c.must(err)
	token, err := status.Parse(b, status.ParseOptions{})
	c.must(err)
	list, err := token.UnverifiedList()
	c.must(err)
	signed, err := status.Sign(ctx, c.Office.Key, did.Header{Kid: c.Office.KeyID},
		status.Claims{Subject: uri, IssuedAt: c.Now(), Expires: c.Now().AddDate(0, 0, 7)}, list)
	c.must(err)
	c.must(c.Public.Publish(ctx, uri, []byte(signed)))
}

// Key makes a P-256 key of nobody in particular.
func (c *Country) Key() crypto.Signer { return c.newKey() }
