package wallet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
)

// everywhere is the region of the whole ledger: who may ask for a credential that belongs to no
// region is accredited for all of them.
const everywhere = "000000"

// Expect makes a fresh holder key for a credential of an issuer that is on no ledger, and
// remembers that it was asked for: Receive takes a credential bound to this key, from
// whomever Config.Sources vouch for. issuer is the issuer as the wallet knows it, such as
// the URL in its offer. The key signs the proof of possession.
func (w *Wallet) Expect(ctx context.Context, issuer string) (_ vault.Key, err error) {
	defer w.ended(ctx, "expect", w.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	if issuer == "" || onLedger(issuer) {
		return nil, ErrOffer
	}
	key, err := w.keys.Generate(ctx, vault.KeySpec{Algorithm: vault.ES256, Purpose: "holder"})
	if err != nil {
		return nil, err
	}
	id, err := credentialID(key.Public())
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(application{Issuer: issuer, KeyID: key.Info().ID, Created: w.cfg.Clock()})
	if err != nil {
		return nil, err
	}
	return key, w.store.Update(ctx, func(tx vault.Tx) error { return tx.Put(kindApplication, id, value) })
}

// onLedger reports whether an issuer is one that the ledger decides on.
func onLedger(issuer string) bool { return strings.HasPrefix(issuer, "did:hufu:") }

// elsewhere are the sources for those who are on no ledger. A refusal names the ledger's
// root, too.
func (w *Wallet) elsewhere() provenance.Sources {
	return append(provenance.Sources{provenance.OffLedger(w.cfg.Ledger.Trust().RootDID)}, w.cfg.Sources...)
}

func (w *Wallet) traceOptions() provenance.Options {
	return provenance.Options{Now: w.cfg.Clock(), Types: w.cfg.Types, Lists: w.cfg.Lists, Whole: true}
}

// foreign notes what is kept of a credential that is on no ledger.
func (r *record) foreign(found *provenance.Credential) error {
	if len(found.Schema.Claims) == 0 {
		return &Rejected{CheckSchema, fmt.Errorf("%w: it says nothing about anybody", provenance.ErrSchema)}
	}
	r.Anchor, r.From, r.AlsoTypes = found.Origin.Anchor, found.Issuer, found.AlsoTypes
	r.Who.Name = ledger.Text{English: found.Origin.Name, Chinese: found.Origin.Name}
	return nil
}

// foreignList reads the status list of a credential that is on no ledger.
func (w *Wallet) foreignList(ctx context.Context, c *card) (*status.Verified, error) {
	h, err := w.open(ctx, c)
	if err != nil {
		return nil, err
	}
	iss, _ := h.claims["iss"].(string)
	source, opts := w.elsewhere(), w.traceOptions()
	origin, err := source.Identify(ctx, provenance.Message{ID: iss, Header: h.sd.Header(), Action: ledger.ActionIssue, At: c.Received, Now: opts.Now})
	if err != nil {
		return nil, &provenance.Error{Step: provenance.StepIssuer, Unchecked: true, Who: c.Who.Name.English, Anchor: c.Anchor, Err: err}
	}
	return provenance.StatusList(ctx, source, origin, w.cfg.Public, c.StatusURI, opts)
}

// asType are the claims under the type that was asked for, where the credential is of
// several.
func asType(claims map[string]any, vct string) map[string]any {
	if vct == "" || claims["vct"] == vct {
		return claims
	}
	claims = maps.Clone(claims)
	claims["vct"] = vct
	return claims
}

// typeAsked is the type among those of a query under which a card is shown.
func (c *card) typeAsked(q *openid.CredentialQuery) string {
	for _, vct := range c.AlsoTypes {
		if !slices.Contains(q.Meta.VCTValues, c.Type) && slices.Contains(q.Meta.VCTValues, vct) {
			return vct
		}
	}
	return c.Type
}

// trusted holds who vouches for a credential against the authorities that the query names
// (OpenID4VP 1.0 section 6.1.1): its certificates, or its issuer and the root of the ledger
// where it is of the ledger.
func (m *matcher) trusted(q *openid.CredentialQuery, c *card) error {
	if q.TrustedAuthorities == nil {
		return nil
	}
	h, err := m.w.open(m.ctx, c)
	if err != nil {
		return err
	}
	keys, _ := certpath.AuthorityKeys(h.sd.Header().X5C) // none without a chain
	var agencies []string
	if onLedger(c.Issuer) {
		agencies = []string{c.Issuer, m.w.cfg.Ledger.Trust().RootDID}
	}
	if !q.Trusts(keys, agencies) {
		return fmt.Errorf("%w: none of the authorities that the counter trusts vouches for it", openid.ErrNoMatch)
	}
	return nil
}
