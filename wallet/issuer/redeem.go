package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/vault"
)

// ErrOtherWay: the offer is taken up in another way: by signing in, or over a connection
// rather than by a file.
var ErrOtherWay = errors.New("issuer: offer is taken up in another way")

// A Grant is what a redeemed offer buys: the right to apply for a credential, until it
// expires.
type Grant struct {
	// ID names the grant in an Application. It is the id of the offer.
	ID string
	// Type is the ID of the credential type.
	Type    string
	Expires time.Time
}

// Redeem exchanges the code of an offer for a grant, once (OpenID4VCI 1.0 section 6.1).
// within runs in the same transaction, for what the caller records of the grant, such as
// an access token; nil for nothing. If it fails nothing is redeemed. A wrong transaction
// code is counted durably, and the fifth ends the offer.
//
// The reason of a refusal is [ErrCode], [ErrCodeUsed], [ErrOfferExpired], [ErrTxCode],
// [ErrTxCodeMissing], [ErrOtherWay] for an offer with a sign-in, or that of within.
func (d *Desk) Redeem(ctx context.Context, code, txCode string, within func(vault.Tx, *Grant) error) (_ *Grant, err error) {
	defer d.ended(ctx, "redeem", d.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	id := hashText("offer", code)
	var g *Grant
	var refused error
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		g, refused = nil, nil
		o, err := d.unspent(tx, id)
		if err != nil {
			return err
		}
		if o.SignIn {
			return ErrOtherWay
		}
		if refused, err = d.unlock(tx, id, o, txCode); refused != nil || err != nil {
			return err
		}
		g, err = d.redeem(tx, id, o, within)
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return nil, err
	}
	return g, nil
}

// Grant grants a credential to a person who has signed in, without a code: the caller
// knows who it is. Where issuerState is the code of an offer with OfferOptions.SignIn, that
// offer is taken up, and claims must name its person; the error is [ErrOtherPerson].
// Without it Grant makes an offer of the claims, as Offer does, and takes it up at once.
// within is as in Redeem.
func (d *Desk) Grant(ctx context.Context, claims map[string]any, opts OfferOptions, issuerState string, within func(vault.Tx, *Grant) error) (_ *Grant, err error) {
	defer d.ended(ctx, "grant", d.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	t, err := d.typeOf(opts.Type)
	if err != nil {
		return nil, err
	}
	if problem := t.checkClaims(claims); problem != nil {
		return nil, fmt.Errorf("%w: claim %s: %s", ErrIssue, problem.Claim, problem.Reason)
	}
	opts.SignIn, opts.TxCode, opts.TxDigits = true, "", 0
	var g *Grant
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		id, err := d.signedIn(tx, t, claims, opts, issuerState)
		if err != nil {
			return err
		}
		o, err := d.unspent(tx, id)
		if err != nil {
			return err
		}
		g, err = d.redeem(tx, id, o, within)
		return err
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// signedIn finds the offer of a person who has signed in, or makes it.
func (d *Desk) signedIn(tx vault.Tx, t *Type, claims map[string]any, opts OfferOptions, issuerState string) (id string, err error) {
	if issuerState == "" {
		o, err := d.offer(tx, t, claims, opts, false)
		if err != nil {
			return "", err
		}
		return o.ID, nil
	}
	id = hashText("offer", issuerState)
	o, err := d.unspent(tx, id)
	_, name := t.person(claims)
	switch {
	case err != nil:
		return "", err
	case !o.SignIn:
		return "", ErrOtherWay
	case o.Type != t.ID():
		return "", ErrType
	case o.Person != hashText("person", t.Schema.ID, name):
		return "", ErrOtherPerson
	}
	return id, nil
}

// unspent returns an offer that nobody has redeemed or taken up.
func (d *Desk) unspent(tx vault.Tx, id string) (*offer, error) {
	o, err := getOffer(tx, id)
	switch {
	case err != nil:
		return nil, err
	case !o.Redeemed.IsZero() || o.Taken != nil:
		return nil, ErrCodeUsed
	case !d.cfg.Clock().Before(o.Expires):
		return nil, ErrOfferExpired
	}
	return o, nil
}

func (d *Desk) redeem(tx vault.Tx, id string, o *offer, within func(vault.Tx, *Grant) error) (*Grant, error) {
	o.Redeemed = d.cfg.Clock().UTC()
	g := &Grant{ID: id, Type: o.Type, Expires: o.Expires}
	if within != nil {
		if err := within(tx, g); err != nil {
			return nil, err
		}
	}
	return g, put(tx, kindOffer, id, o)
}
