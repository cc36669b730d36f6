package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/openid"
)

// ErrNobodyVouches means that nobody whom this wallet trusts says who an issuer is. Its
// credential would be refused on receipt, so nothing is asked of it.
var ErrNobodyVouches = errors.New("wallet: nobody vouches for the issuer")

// ResolveIssuer is ResolveOffer for an issuer with a web address: it reads what the
// issuer's metadata says of one of its credentials (OpenID4VCI 1.0 section 12.2.4), and
// asks the ledger what the issuer may issue. The metadata names the issuer on the ledger
// (hufu_issuer) and the credential's type there (hufu_type); only the ledger is believed.
// An issuer that names neither is Offered.Foreign where the wallet has Config.Sources. Nothing is sent to the issuer. The reason of a refusal is ErrOffer or ErrNobodyVouches.
func (w *Wallet) ResolveIssuer(ctx context.Context, m *openid.IssuerMetadata, configuration string) (_ *Offered, err error) {
	defer w.ended(ctx, "resolve-issuer", w.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	c := m.Configurations[configuration]
	switch {
	case c == nil:
		return nil, fmt.Errorf("%w: the issuer has no such credential", ErrOffer)
	case c.Format != openid.FormatSDJWT:
		return nil, fmt.Errorf("%w: %w", ErrOffer, openid.ErrUnsupportedFormat)
	}
	out := &Offered{Issuer: m.DID, Site: m.Issuer, Configuration: configuration, Type: c.VCT, Copies: 1}
	if m.Batch != nil {
		out.Copies = m.Batch.Size
	}
	if m.DID == "" || c.Type == nil {
		if len(w.cfg.Sources) == 0 {
			return nil, ErrNobodyVouches
		}
		out.Issuer, out.Foreign = m.Issuer, true
		return out, nil
	}
	out.Region = c.Type.Region
	if err := w.lookUp(ctx, out, c.Type.Schema, c.Type.Version); err != nil {
		return nil, err
	}
	if out.Type != c.VCT {
		return nil, fmt.Errorf("%w: vct is not that of the ledger's type", ErrOffer)
	}
	return out, nil
}
