package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
)

// ErrNobodyVouches means that nobody whom this wallet trusts says who an issuer is. Its
// credential would be refused on receipt, so nothing is asked of it.
var ErrNobodyVouches = errors.New("wallet: nobody vouches for the issuer")

// ResolveIssuer is ResolveOffer for an issuer with a web address: it reads what the
// issuer's metadata says of one of its credentials (OpenID4VCI 1.0 section 12.2.4), and
// asks the ledger what the issuer may issue. The metadata names the issuer on the ledger
// (hufu_issuer) and the credential's type there (hufu_type); only the ledger is believed.
// Nothing is sent to the issuer.
//
// Metadata that names nobody on the ledger is taken where Config.Sources may know the
// issuer. Who that is shows when the credential comes: Offered has the address as Issuer, a
// Schema of the type's name alone, and no Who. ReceiveCopies then takes a credential of that
// type from whomever the sources vouch for.
//
// The reason of a refusal is ErrOffer or ErrNobodyVouches.
func (w *Wallet) ResolveIssuer(ctx context.Context, m *openid.IssuerMetadata, configuration string) (_ *Offered, err error) {
	defer w.ended(ctx, "resolve-issuer", w.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	c := m.Configurations[configuration]
	switch {
	case c == nil:
		return nil, fmt.Errorf("%w: the issuer has no such credential", ErrOffer)
	case c.Format != openid.FormatSDJWT:
		return nil, fmt.Errorf("%w: %w", ErrOffer, openid.ErrUnsupportedFormat)
	case m.DID == "" || c.Type == nil:
		return w.resolveElsewhere(m, configuration, c)
	}
	out := &Offered{Issuer: m.DID, Site: m.Issuer, Region: c.Type.Region, Configuration: configuration, Copies: copiesOf(m)}
	if err := w.lookUp(ctx, out, c.Type.Schema, c.Type.Version); err != nil {
		return nil, err
	}
	if out.Schema.VCT != c.VCT {
		return nil, fmt.Errorf("%w: vct is not that of the ledger's type", ErrOffer)
	}
	return out, nil
}

// resolveElsewhere is ResolveIssuer for an issuer that is on no ledger.
func (w *Wallet) resolveElsewhere(m *openid.IssuerMetadata, configuration string, c *openid.Configuration) (*Offered, error) {
	if len(w.cfg.Sources) == 0 {
		return nil, ErrNobodyVouches
	}
	// The schema that package provenance makes for such a credential has this name.
	schema := &credential.Schema{ID: c.VCT, Version: 1, VCT: c.VCT}
	return &Offered{Issuer: m.Issuer, Site: m.Issuer, Configuration: configuration, Copies: copiesOf(m), Schema: schema}, nil
}

// copiesOf is how many copies an issuer hands out at once.
func copiesOf(m *openid.IssuerMetadata) int {
	if m.Batch == nil {
		return 1
	}
	return m.Batch.Size
}
