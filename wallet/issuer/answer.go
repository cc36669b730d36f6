package issuer

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Answer issues the credential that an application asks for: a request envelope
// with a live code, a proof of possession made for this desk and code, and a
// holder commitment that belongs to nobody else. The code is used up in the
// same transaction that records what was issued; a crash before it leaves the
// offer live, one after it loses the answer, which the desk can issue again
// only with a new offer.
func (d *Desk) Answer(ctx context.Context, envelope []byte) (_ []byte, err error) {
	defer d.ended(ctx, "answer", d.cfg.Clock(), &err)
	defer judge(&err, CheckForm)
	e, err := openid.ParseRequestEnvelope(envelope)
	if err != nil {
		return nil, err
	}
	holder, commitment, err := d.checkApplication(e)
	if err != nil {
		return nil, err
	}
	d.turn.Lock()
	defer d.turn.Unlock()
	var response []byte
	err = d.store.Update(ctx, func(tx vault.Tx) error {
		o, err := d.liveOffer(tx, e.Code)
		if err != nil {
			return err
		}
		if err := d.bindPerson(tx, o.Person, commitment); err != nil {
			return err
		}
		response, err = d.issue(ctx, tx, e.Code, o, holder, commitment)
		return err
	})
	return response, err
}

func (d *Desk) checkApplication(e *openid.RequestEnvelope) (crypto.PublicKey, zkp.Element, error) {
	var none zkp.Element
	if e.Request.ConfigurationID != openid.ConfigurationID(d.schema.ID, d.schema.Version) {
		return nil, none, fmt.Errorf("%w: another credential type is asked", openid.ErrCredentialRequest)
	}
	if len(e.Request.Proofs) != 1 || e.Request.HolderCommitment == nil {
		return nil, none, fmt.Errorf("%w: one key proof and a holder commitment are needed", openid.ErrCredentialRequest)
	}
	proof, err := openid.ParseProof(e.Request.Proofs[0])
	if err != nil {
		return nil, none, err
	}
	holder, err := proof.Verify(d.keys.DID, openid.OfferNonce(e.Code), openid.VerifyOptions{Now: d.cfg.Clock()})
	if err != nil {
		return nil, none, err
	}
	commitment, err := zkp.ParseElement(e.Request.HolderCommitment)
	if err != nil {
		return nil, none, err
	}
	if commitment.IsZero() {
		return nil, none, fmt.Errorf("%w: holder commitment is zero", openid.ErrCredentialRequest)
	}
	return holder, commitment, nil
}

func (d *Desk) liveOffer(tx vault.Tx, code string) (*offer, error) {
	o, err := getOffer(tx, code)
	if err != nil {
		return nil, err
	}
	if o.Issued != nil {
		return nil, ErrCodeUsed
	}
	return o, nil
}

func getOffer(tx vault.Tx, code string) (*offer, error) {
	r, err := tx.Get(kindOffer, hashText(code))
	if errors.Is(err, vault.ErrNotFound) {
		return nil, ErrCode
	}
	if err != nil {
		return nil, err
	}
	o := new(offer)
	if err := strictjson.Read(r.Value, limits.Record, o); err != nil {
		return nil, fmt.Errorf("%w: stored offer: %w", vault.ErrDamaged, err)
	}
	return o, nil
}

// bindPerson ties one commitment to one person, for good: two people who share
// one secret, or one person with two, would break every once-only service.
func (d *Desk) bindPerson(tx vault.Tx, person string, commitment zkp.Element) error {
	c := commitment.Bytes()
	name := hex.EncodeToString(c[:])
	if r, err := tx.Get(kindCommitment, name); err == nil && string(r.Value) != person {
		return ErrCommitment
	} else if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	r, err := tx.Get(kindPerson, person)
	if err != nil {
		return err
	}
	if len(r.Value) != 0 && !bytes.Equal(r.Value, c[:]) {
		return ErrCommitment
	}
	if err := tx.Put(kindPerson, person, c[:]); err != nil {
		return err
	}
	return tx.Put(kindCommitment, name, []byte(person))
}

func (d *Desk) issue(ctx context.Context, tx vault.Tx, code string, o *offer, holder crypto.PublicKey, commitment zkp.Element) ([]byte, error) {
	today, err := d.today()
	if err != nil {
		return nil, err
	}
	list, err := d.statusList(tx)
	if err != nil {
		return nil, err
	}
	index, err := list.allocate()
	if err != nil {
		return nil, err
	}
	out, err := Issue(ctx, &d.keys, &IssueSpec{
		Schema: d.schema, Claims: o.Claims, Region: d.region,
		Holder: holder, Commitment: commitment, Binding: today,
		Status:    status.Reference{URI: d.StatusURI(), Index: index},
		NotBefore: today, NotAfter: today + zkp.Day(d.cfg.ValidDays),
	}, nil)
	if err != nil {
		return nil, err
	}
	o.Issued = &issued{At: d.cfg.Clock().UTC(), Random: out.Endorsement.Random[:], Index: index}
	value, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	if err := tx.Put(kindOffer, hashText(code), value); err != nil {
		return nil, err
	}
	if err := list.save(tx); err != nil {
		return nil, err
	}
	return (&openid.CredentialResponse{Credentials: []string{out.Credential.String()}}).Bytes()
}
