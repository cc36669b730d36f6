package issuer

import (
	"bytes"
	"context"
	"crypto"
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// standing is what the ledger says of the desk's keys, old and new.
type standing struct {
	retired  bool // sign anew what they signed, too
	keyID    string
	proofKey []byte
	void     map[string]bool             // by key id, or the bytes of a proof key
	public   map[string]crypto.PublicKey // signature keys, by key id
	barred   map[string]bool             // types that the desk may not issue today
	today    zkp.Day
}

// standing reads the desk's DID and accreditations.
func (d *Desk) standing(ctx context.Context, retired bool) (*standing, error) {
	if d.cfg.Reader == nil {
		return nil, fmt.Errorf("%w: what is void stands on the ledger, and there is no reader of it", ErrConfig)
	}
	today, err := d.today()
	if err != nil {
		return nil, err
	}
	keys := &d.cfg.Keys
	var s *standing
	err = d.cfg.Reader.Resolve(ctx, func(view *ledger.View) error {
		s = &standing{
			retired: retired, keyID: keys.KeyID, proofKey: keys.Proof.ProofKey().Bytes(), today: today,
			void: map[string]bool{}, public: map[string]crypto.PublicKey{}, barred: map[string]bool{},
		}
		object, err := view.DID(keys.DID)
		if err != nil {
			return err
		}
		for _, k := range object.Keys {
			switch {
			case !k.Compromised():
			case k.Purpose == ledger.PurposeProof:
				s.void[string(k.Public)] = true
			default:
				s.void[keys.DID+"#"+k.ID] = true
			}
		}
		document, err := hufu.FromView(view, keys.DID)
		if err != nil {
			return err
		}
		for _, k := range document.Keys {
			s.public[k.ID] = k.Public
		}
		mine, err := document.Key(keys.KeyID)
		if err != nil {
			return err
		}
		if err := mine.CheckAt(d.cfg.Clock()); err != nil {
			return err
		}
		for i := range d.cfg.Types {
			t := &d.cfg.Types[i]
			from, until, ok, err := view.IssuingDays(keys.DID, s.proofKey, t.Schema.VCT, t.Region)
			if err != nil {
				return err
			}
			s.barred[t.ID()] = !ok || today < zkp.Day(from) || today > zkp.Day(until)
		}
		return nil
	}, ledger.ResolveOptions{})
	return s, err
}

// credentialIn reads a copy in an answer, numbered from 0.
func credentialIn(response []byte, n int) (*credential.SDJWT, error) {
	r, err := openid.ParseCredentialResponse(response)
	if err != nil {
		return nil, fmt.Errorf("%w: answer of an offer: %w", vault.ErrDamaged, err)
	}
	if n >= len(r.Credentials) {
		return nil, fmt.Errorf("%w: answer of an offer", vault.ErrDamaged)
	}
	sd, err := credential.Parse([]byte(r.Credentials[n]), credential.ParseOptions{})
	if err != nil {
		return nil, fmt.Errorf("%w: answer of an offer: %w", vault.ErrDamaged, err)
	}
	return sd, nil
}

// signAgain makes the new credential of the one before. It signs nothing that the desk
// did not sign before: both signatures of the old one must hold.
func (d *Desk) signAgain(ctx context.Context, s *standing, w *resigning) error {
	t, err := d.typeOf(w.record.Type)
	if err != nil {
		return err
	}
	if s.barred[t.ID()] {
		return zkp.ErrNotRegistered
	}
	sd, err := credentialIn(w.before, w.copy)
	if err != nil {
		return err
	}
	spec, err := d.specOf(s, t, sd, w)
	if err != nil {
		return err
	}
	out, err := Issue(ctx, &d.cfg.Keys, spec, nil)
	if err != nil {
		return err
	}
	w.text, w.renewed = sd.String(), out.Credential.String()
	w.next = w.record.under(s.keyID, handleOf(out.Endorsement), s.void)
	return nil
}

// specOf reads what a credential says.
func (d *Desk) specOf(s *standing, t *Type, sd *credential.SDJWT, w *resigning) (*IssueSpec, error) {
	damaged := func(err error) error { return fmt.Errorf("%w: issued credential: %w", vault.ErrDamaged, err) }
	old, err := sd.Verify(s.public[sd.Header().Kid], credential.VerifyOptions{Now: d.cfg.Clock()})
	if err != nil {
		return nil, damaged(err)
	}
	source, _ := old.Claims[provenance.ClaimSource].(map[string]any)
	if region, _ := source["region"].(string); region != t.Region {
		return nil, fmt.Errorf("%w: it was issued for another region", ErrType)
	}
	if old.Status == nil || *old.Status != (status.Reference{URI: w.at.List, Index: w.at.Index}) || old.Confirmation == nil {
		return nil, damaged(provenance.ErrNoStatus)
	}
	spec := &IssueSpec{
		Schema: t.Schema, Claims: map[string]any{}, Region: t.Region, Holder: old.Confirmation,
		Status: *old.Status, NotBefore: s.today, NotAfter: w.record.NotAfter, Chain: d.cfg.Chain,
	}
	for _, c := range t.Schema.Claims {
		if value, ok := predicate.Claim(old.Claims, c.Path); ok {
			place(spec.Claims, c.Path, value)
		}
	}
	text, _ := old.Claims[predicate.ClaimBinding].(string)
	if spec.Binding, err = zkp.ParseDay(text); err != nil {
		return nil, damaged(err)
	}
	if w.record.handle.none() {
		return spec, nil
	}
	text, _ = old.Claims[zkp.ClaimName].(string)
	endorsement, err := zkp.ParseEndorsement(text)
	if err != nil {
		return nil, damaged(err)
	}
	if spec.Commitment, err = zkp.ParseElement(w.commitment); err != nil {
		return nil, damaged(err)
	}
	attributes, err := predicate.Attributes(t.Schema, spec.Claims, spec.Binding)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIssue, err)
	}
	// The person may have another commitment today than when this was signed.
	if err := endorsement.Verify(predicate.SchemaElement(t.Schema), spec.Commitment, &attributes); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCommitment, err)
	}
	if bytes.Equal(endorsement.Issuer.Bytes(), s.proofKey) {
		spec.Random = endorsement.Random[:] // the handle stays
	}
	return spec, nil
}

// under is the record after its credential was signed anew. The handle before is kept to
// be revoked, too, unless it is the same or its key is void.
func (c *issued) under(keyID string, h handle, void map[string]bool) *issued {
	next := *c
	next.KeyID, next.handle = keyID, h
	if !c.handle.none() && !bytes.Equal(c.ProofKey, h.ProofKey) && !void[string(c.ProofKey)] {
		next.Earlier = append(next.Earlier[:len(next.Earlier):len(next.Earlier)], c.handle)
	}
	return &next
}
