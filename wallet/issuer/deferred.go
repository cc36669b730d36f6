package issuer

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Errors of a deferred issuance.
var (
	// ErrTransaction: nothing waits under this transaction id, or its answer was fetched
	// and the wallet said so.
	ErrTransaction = errors.New("issuer: unknown transaction id")
	// ErrDenied: a clerk refused the application.
	ErrDenied = errors.New("issuer: the clerk refused this application")
	// ErrNotDeferred: the offer does not wait for a clerk, or he has decided.
	ErrNotDeferred = errors.New("issuer: this offer waits for no decision")
)

// Approve lets a clerk approve an offer with OfferOptions.Deferred, named by its id, before
// or after the wallet has applied. The credential is issued, and dated, when the wallet
// asks. The reason of a refusal is [ErrCode] or [ErrNotDeferred].
func (d *Desk) Approve(ctx context.Context, id string) (err error) {
	defer d.ended(ctx, "approve", d.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	return d.decide(ctx, id, func(o *offer) { o.Approved = d.cfg.Clock().UTC() })
}

// Refuse lets a clerk refuse such an offer. It forgets the claims. Errors are those of
// Approve.
func (d *Desk) Refuse(ctx context.Context, id string) (err error) {
	defer d.ended(ctx, "refuse", d.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	return d.decide(ctx, id, func(o *offer) {
		o.Refused, o.Claims = d.cfg.Clock().UTC(), nil
		if o.Waiting != nil { // the id still names the refusal
			o.Waiting = &waiting{Transaction: o.Waiting.Transaction}
		}
	})
}

func (d *Desk) decide(ctx context.Context, id string, how func(*offer)) error {
	return d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		o, err := getOffer(tx, id)
		if err != nil {
			return err
		}
		if !o.Deferred || !o.Approved.IsZero() || !o.Refused.IsZero() {
			return ErrNotDeferred
		}
		how(o)
		return put(tx, kindOffer, id, o)
	})
}

// Collect returns what became of an application that waited for a clerk, to the wallet
// with the same grant: the answer of Apply once he has approved it, and the same
// transaction id until then (OpenID4VCI 1.0 section 9). An answer that was lost is given
// again until the wallet sends a notification, the grant expires or a copy is revoked.
//
// The reason of a refusal is [ErrTransaction], [ErrDenied], or one of Apply's that arose
// meanwhile.
func (d *Desk) Collect(ctx context.Context, grant, transaction string) (response *openid.CredentialResponse, err error) {
	defer d.ended(ctx, "collect", d.cfg.Clock(), &err)
	defer judge(&err, CheckApplication)
	var a *application
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) (err error) {
		response, a, err = d.collect(tx, grant, transaction)
		return err
	})
	if a == nil || err != nil {
		return response, err
	}
	answer, err := d.issueTo(ctx, a)
	if errors.Is(err, ErrTransaction) { // another request was faster: its answer is the answer
		err = d.cfg.Store.View(ctx, func(tx vault.Tx) (err error) {
			response, _, err = d.collect(tx, grant, transaction)
			return err
		})
		return response, err
	}
	if err != nil {
		return nil, err
	}
	return openid.ParseCredentialResponse(answer)
}

// collect returns what to answer, or the application to issue to.
func (d *Desk) collect(tx vault.Tx, grant, transaction string) (*openid.CredentialResponse, *application, error) {
	o, err := getOffer(tx, grant)
	if errors.Is(err, ErrCode) {
		return nil, nil, ErrTransaction
	}
	if err != nil {
		return nil, nil, err
	}
	if o.Taken != nil && transaction != "" && o.Taken.Transaction == transaction {
		answer := d.again(o)
		if answer == nil {
			return nil, nil, ErrTransaction
		}
		response, err := openid.ParseCredentialResponse(answer)
		return response, nil, err
	}
	switch {
	case o.Waiting == nil || o.Waiting.Transaction != transaction:
		return nil, nil, ErrTransaction
	case !o.Refused.IsZero():
		return nil, nil, ErrDenied
	case !d.cfg.Clock().Before(o.Expires):
		return nil, nil, ErrOfferExpired
	case o.Approved.IsZero():
		return d.later(o.Waiting), nil, nil
	}
	a, err := d.resumed(grant, o)
	return nil, a, err
}

// resumed makes an application of what was kept of it.
func (d *Desk) resumed(grant string, o *offer) (*application, error) {
	w := o.Waiting
	a := &application{code: grant, digest: w.Application, connected: true, transaction: w.Transaction}
	var err error
	if a.typ, err = d.typeOf(o.Type); err != nil {
		return nil, err
	}
	damaged := func(err error) error { return fmt.Errorf("%w: waiting application: %w", vault.ErrDamaged, err) }
	for _, jwk := range w.Holders {
		key, err := did.ParseJWK(jwk)
		if err != nil {
			return nil, damaged(err)
		}
		a.holders = append(a.holders, crypto.PublicKey(key))
	}
	if len(a.holders) == 0 {
		return nil, damaged(ErrTransaction)
	}
	if w.Commitment != nil {
		if a.commitment, err = zkp.ParseElement(w.Commitment); err != nil {
			return nil, damaged(err)
		}
	}
	if w.Shown != nil {
		a.shown = &identity.Shown{Person: w.Shown.Person, Bound: w.Shown.Bound, Commitment: a.commitment}
	}
	a.within = func(tx vault.Tx) error { // it still waits: nobody else collected it
		now, err := getOffer(tx, grant)
		if err == nil && (now.Waiting == nil || now.Waiting.Transaction != w.Transaction) {
			err = ErrTransaction
		}
		return err
	}
	return a, nil
}
