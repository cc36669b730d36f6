package issuer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// issueTo issues to an application that was checked, and returns the answer.
func (d *Desk) issueTo(ctx context.Context, a *application) ([]byte, error) {
	if a.shown == nil && !a.commitment.IsZero() {
		if err := d.claimCommitment(ctx, a); err != nil {
			return nil, err
		}
	}
	response, replaced, err := d.take(ctx, a)
	for errors.Is(err, errNoRoom) { // others may fill the new list meanwhile
		if err := d.openList(ctx, a.typ.ID(), len(a.holders)); err != nil {
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
	case a.connected && o.Redeemed.IsZero():
		return nil, ErrCode
	case !a.connected && (o.Taken != nil || !o.Redeemed.IsZero()):
		return nil, ErrCodeUsed
	case !a.connected && (o.SignIn || o.Deferred):
		return nil, ErrOtherWay
	case !o.Refused.IsZero():
		return nil, ErrDenied
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
	if p.holds(o.Type, o.Taken) && !o.Replaces {
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
		if replaced, err = d.replace(tx, p, o); err != nil {
			return err
		}
		bound, err := d.bind(tx, p, a, o, today)
		if err != nil {
			return err
		}
		if a.within != nil {
			if err := a.within(tx); err != nil {
				return err
			}
		}
		response, err = d.issue(ctx, tx, a, o, p, bound, today)
		return err
	})
	return response, replaced, err
}

// bind returns the binding day of what is issued. Nobody is bound by a credential that
// cannot be proved.
func (d *Desk) bind(tx vault.Tx, p *person, a *application, o *offer, today zkp.Day) (zkp.Day, error) {
	if !a.commitment.IsZero() {
		return d.people.bind(tx, p, a, o.Rebind, today, d.cfg.Clock())
	}
	if len(p.Commitment) > 0 {
		return p.Bound, nil
	}
	return today, nil
}

// replace asks for the revocation of what ends with the new credential, and names the
// lists: all that a person holds under a schema, where the offer says so, and what was
// issued under the same grant before.
func (d *Desk) replace(tx vault.Tx, p *person, o *offer) (lists []string, err error) {
	var left []held
	for _, h := range p.Held {
		if !o.Replaces && o.Taken.copyAt(h.Place) < 0 {
			left = append(left, h)
			continue
		}
		if err := want(tx, h.Place); err != nil && !errors.Is(err, ErrRevoked) {
			return nil, err
		}
		if !slices.Contains(lists, h.Place.List) {
			lists = append(lists, h.Place.List)
		}
	}
	p.Held = left
	return lists, nil
}

// issue makes one copy for each holder key, in places of one list.
func (d *Desk) issue(ctx context.Context, tx vault.Tx, a *application, o *offer, p *person, bound, today zkp.Day) ([]byte, error) {
	l, err := d.newest(tx, o.Type)
	if err != nil {
		return nil, err
	}
	if l == nil || !l.open() || l.free() < len(a.holders) {
		return nil, errNoRoom
	}
	value, err := strictjson.Value(o.Claims, limits.Record)
	claims, isObject := value.(map[string]any)
	if err != nil || !isObject {
		return nil, fmt.Errorf("%w: claims of an offer", vault.ErrDamaged)
	}
	spec := &IssueSpec{
		Schema: a.typ.Schema, Claims: claims, Region: a.typ.Region, Commitment: a.commitment, Binding: bound,
		NotBefore: today, NotAfter: today + zkp.Day(a.typ.ValidDays), Chain: d.cfg.Chain,
	}
	var response openid.CredentialResponse
	var places []entry
	for _, holder := range a.holders {
		text, at, err := d.copy(ctx, tx, l, a, o, spec, holder)
		if err != nil {
			return nil, err
		}
		response.Credentials, places = append(response.Credentials, text), append(places, at)
		p.Held = append(p.Held, held{o.Type, at})
	}
	if a.connected {
		response.NotificationID = newID()
	}
	text, err := response.Bytes()
	if err != nil {
		return nil, err
	}
	if p.offer(o.Type) == a.code { // not where a new offer waits
		p.promise(o.Type, "")
	}
	o.Taken = &taken{
		Place: places[0], Copies: places[1:], Application: a.digest, Response: text,
		Transaction: a.transaction, Notification: response.NotificationID,
	}
	if o.Waiting = nil; !a.connected {
		o.Claims = nil // under a grant they may be asked for again
	}
	return text, errors.Join(
		put(tx, kindOffer, a.code, o),
		d.people.keep(tx, p),
		alter(tx, o.External, func(e *external) {
			e.Offers, e.Held = without(e.Offers, a.code), append(e.Held, places...)
		}),
	)
}

// copy makes one copy and keeps its record.
func (d *Desk) copy(ctx context.Context, tx vault.Tx, l *list, a *application, o *offer, spec *IssueSpec, holder crypto.PublicKey) (string, entry, error) {
	index, err := l.allocate(tx)
	if err != nil {
		return "", entry{}, err
	}
	at := entry{l.URI, index}
	spec.Holder, spec.Status = holder, status.Reference{URI: at.List, Index: at.Index}
	out, err := Issue(ctx, &d.cfg.Keys, spec, nil)
	if err != nil {
		return "", at, err
	}
	c := &issued{
		Type: o.Type, Offer: a.code, External: o.External, At: d.cfg.Clock().UTC(), NotAfter: spec.NotAfter,
		KeyID: d.cfg.Keys.KeyID, handle: handleOf(out.Endorsement),
	}
	return out.Credential.String(), at, put(tx, kindCredential, at.id(), c)
}

// errNoRoom means that a type has no status list that is public and not full.
var errNoRoom = errors.New("issuer: no room in a status list")

// openList makes a type's next list, or the first, and brings it to the ledger and
// the public, where the newest has no room for some copies.
func (d *Desk) openList(ctx context.Context, typ string, copies int) error {
	var uri string
	err := d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		l, err := d.newest(tx, typ)
		if err == nil && (l == nil || l.free() < copies) {
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
