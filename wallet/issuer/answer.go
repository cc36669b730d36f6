package issuer

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Answer issues the credential that an application asks for: a request envelope
// with a live code, a proof of possession made for this desk and code, and a
// holder commitment that belongs to nobody else. One transaction uses the code up,
// gives an entry of the status list away, and keeps the answer; a crash before it
// leaves the offer live. Where the answer was lost, the very same application gets the
// very same answer again, until the offer ends or the credential is revoked.
//
// It asks the ledger only where a full status list must be followed by another, and,
// after the answer is kept, to revoke what the credential replaces. A revocation that
// does not reach the ledger then waits for the desk's next use.
func (d *Desk) Answer(ctx context.Context, envelope []byte) (_ []byte, err error) {
	defer d.ended(ctx, "answer", d.cfg.Clock(), &err)
	defer judge(&err, CheckForm)
	e, err := openid.ParseRequestEnvelope(envelope)
	if err != nil {
		return nil, err
	}
	a := &application{code: hashText("offer", e.Code), digest: hashText("application", string(envelope))}
	if response, err := d.repeated(ctx, a); response != nil || err != nil {
		return response, err
	}
	if err := d.checkApplication(ctx, e, a); err != nil {
		return nil, err
	}
	if a.shown == nil {
		if err := d.claimCommitment(ctx, a); err != nil {
			return nil, err
		}
	}
	response, replaced, err := d.take(ctx, a)
	for errors.Is(err, errNoRoom) { // others may fill the new list meanwhile
		if err := d.openList(ctx, a.typ.ID()); err != nil {
			return nil, err
		}
		response, replaced, err = d.take(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	for _, uri := range replaced {
		_, _ = d.settle(ctx, uri) // it waits for the next use
	}
	return response, nil
}

// application is what a wallet asks for.
type application struct {
	code, digest string // hashes
	typ          *Type
	holder       crypto.PublicKey
	commitment   zkp.Element
	shown        *identity.Shown // nil where the commitment is bare
}

// repeated returns the answer to an application that had one.
func (d *Desk) repeated(ctx context.Context, a *application) (response []byte, err error) {
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		o, err := getOffer(tx, a.code)
		if err == nil && o.Taken != nil && o.Taken.Application == a.digest && d.cfg.Clock().Before(o.Expires) {
			response = o.Taken.Response
		}
		if errors.Is(err, ErrCode) {
			err = nil // an application that is wrong in itself is refused for that
		}
		return err
	})
	return response, err
}

func (d *Desk) checkApplication(ctx context.Context, e *openid.RequestEnvelope, a *application) (err error) {
	if a.typ, err = d.typeOf(e.Request.ConfigurationID); err != nil {
		return err
	}
	if len(e.Request.Proofs) != 1 || (e.Request.HolderCommitment == nil) == (e.Request.Identity == nil) {
		return fmt.Errorf("%w: one key proof is needed, and a holder commitment or a proof of identity", openid.ErrCredentialRequest)
	}
	if e.Request.Identity == nil && !a.typ.isIdentity() {
		return ErrIdentity
	}
	proof, err := openid.ParseProof(e.Request.Proofs[0])
	if err != nil {
		return err
	}
	a.holder, err = proof.Verify(d.cfg.Keys.DID, openid.OfferNonce(e.Code), openid.VerifyOptions{Now: d.cfg.Clock()})
	if err != nil {
		return err
	}
	if e.Request.Identity != nil {
		a.shown, err = d.checkIdentity(ctx, a.typ, e.Request.Identity, e.Request.Proofs[0], proof.Unverified.IssuedAt)
		if err == nil {
			a.commitment = a.shown.Commitment
		}
		return err
	}
	if a.commitment, err = zkp.ParseElement(e.Request.HolderCommitment); err != nil {
		return err
	}
	if a.commitment.IsZero() {
		return fmt.Errorf("%w: holder commitment is zero", openid.ErrCredentialRequest)
	}
	return nil
}

func getOffer(tx vault.Tx, id string) (*offer, error) {
	o := new(offer)
	there, err := get(tx, kindOffer, id, o)
	if err == nil && !there {
		err = ErrCode
	}
	return o, err
}

// live returns the offer of an application, if it can be taken up.
func (d *Desk) live(tx vault.Tx, a *application) (*offer, error) {
	o, err := getOffer(tx, a.code)
	switch {
	case err != nil:
		return nil, err
	case o.Taken != nil:
		return nil, ErrCodeUsed
	case o.Type != a.typ.ID():
		return nil, ErrType
	case !d.cfg.Clock().Before(o.Expires):
		return nil, ErrOfferExpired
	case a.shown != nil && hashText("person", a.typ.Schema.ID, a.shown.Person) != o.Person:
		return nil, ErrOtherPerson
	}
	return o, nil
}

// ready returns the live offer of an application and its person, who may have what is
// offered.
func (d *Desk) ready(tx vault.Tx, a *application) (*offer, *person, zkp.Day, error) {
	o, err := d.live(tx, a)
	if err != nil {
		return nil, nil, 0, err
	}
	today, err := d.today()
	if err != nil {
		return nil, nil, 0, err
	}
	p, err := d.people.known(tx, o.Person)
	if err != nil {
		return nil, nil, 0, err
	}
	if err := p.look(tx, today); err != nil {
		return nil, nil, 0, err
	}
	if p.holds(o.Type) && !o.Replaces {
		return nil, nil, 0, ErrHeld
	}
	return o, p, today, nil
}

// take takes an offer up in one transaction, and names the lists whose credentials it
// replaced.
func (d *Desk) take(ctx context.Context, a *application) (response []byte, replaced []string, err error) {
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		response, replaced = nil, nil
		o, p, today, err := d.ready(tx, a)
		if err != nil {
			return err
		}
		if o.Replaces {
			if replaced, err = d.replace(tx, p); err != nil {
				return err
			}
		}
		bound, err := d.people.bind(tx, p, a, o.Rebind, today, d.cfg.Clock())
		if err != nil {
			return err
		}
		response, err = d.issue(ctx, tx, a, o, p, bound, today)
		return err
	})
	return response, replaced, err
}

// replace asks for the revocation of all that a person holds under a schema.
func (d *Desk) replace(tx vault.Tx, p *person) (lists []string, err error) {
	for _, h := range p.Held {
		if err := want(tx, h.Place); err != nil && !errors.Is(err, ErrRevoked) {
			return nil, err
		}
		lists = append(lists, h.Place.List)
	}
	p.Held = nil
	return lists, nil
}

func (d *Desk) issue(ctx context.Context, tx vault.Tx, a *application, o *offer, p *person, bound, today zkp.Day) ([]byte, error) {
	l, err := d.newest(tx, o.Type)
	if err != nil {
		return nil, err
	}
	if l == nil || !l.open() || l.free() == 0 {
		return nil, errNoRoom
	}
	index, err := l.allocate(tx)
	if err != nil {
		return nil, err
	}
	value, err := strictjson.Value(o.Claims, limits.Record)
	claims, isObject := value.(map[string]any)
	if err != nil || !isObject {
		return nil, fmt.Errorf("%w: claims of an offer", vault.ErrDamaged)
	}
	at := entry{l.URI, index}
	out, err := Issue(ctx, &d.cfg.Keys, &IssueSpec{
		Schema: a.typ.Schema, Claims: claims, Region: a.typ.Region,
		Holder: a.holder, Commitment: a.commitment, Binding: bound,
		Status:    status.Reference{URI: at.List, Index: at.Index},
		NotBefore: today, NotAfter: today + zkp.Day(a.typ.ValidDays),
	}, nil)
	if err != nil {
		return nil, err
	}
	response, err := (&openid.CredentialResponse{Credentials: []string{out.Credential.String()}}).Bytes()
	if err != nil {
		return nil, err
	}
	c := &issued{
		Type: o.Type, Offer: a.code, External: o.External, At: d.cfg.Clock().UTC(), NotAfter: today + zkp.Day(a.typ.ValidDays),
		KeyID: d.cfg.Keys.KeyID, handle: handleOf(out.Endorsement),
	}
	p.promise(o.Type, "")
	p.Held = append(p.Held, held{o.Type, at})
	o.Taken, o.Claims = &taken{Place: at, Application: a.digest, Response: response}, nil
	return response, errors.Join(
		put(tx, kindCredential, at.id(), c),
		put(tx, kindOffer, a.code, o),
		d.people.keep(tx, p),
		alter(tx, o.External, func(e *external) {
			e.Offers, e.Held = without(e.Offers, a.code), append(e.Held, at)
		}),
	)
}

// errNoRoom means that a type has no status list that is public and not full.
var errNoRoom = errors.New("issuer: no room in a status list")

// openList makes a type's next list, or the first, and brings it to the ledger and
// the public.
func (d *Desk) openList(ctx context.Context, typ string) error {
	var uri string
	err := d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		l, err := d.newest(tx, typ)
		if err == nil && (l == nil || l.free() == 0) {
			l, err = d.follow(tx, typ, l)
		}
		if err != nil {
			return err
		}
		if uri = l.URI; l.Sequence == 0 && l.Pending == nil && !l.Due { // it was refused before
			l.Due = true
			return l.save(tx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	out, err := d.settle(ctx, uri)
	return errors.Join(out.lost, err)
}
