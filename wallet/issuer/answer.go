package issuer

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
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
	if err := d.unlockFor(ctx, a, e); err != nil {
		return nil, err
	}
	return d.issueTo(ctx, a)
}

// application is what a wallet asks for.
type application struct {
	code, digest string // hashes
	typ          *Type
	holders      []crypto.PublicKey // one a copy
	commitment   zkp.Element        // zero for what cannot be proved
	shown        *identity.Shown    // nil where the commitment is bare
	// connected means that it came over a connection, under a grant, and within is what its
	// transaction does besides.
	connected   bool
	within      func(vault.Tx) error
	transaction string // id of the issuance that a clerk approved
}

// repeated returns the answer to an application that had one.
func (d *Desk) repeated(ctx context.Context, a *application) (response []byte, err error) {
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		o, err := getOffer(tx, a.code)
		if err == nil && o.Taken != nil && o.Taken.Application == a.digest {
			response = d.again(o)
		}
		if errors.Is(err, ErrCode) {
			err = nil // an application that is wrong in itself is refused for that
		}
		return err
	})
	return response, err
}

// again is the answer of an offer that may have been lost, nil once it is not given again:
// after its end, a revocation, or a word of the wallet.
func (d *Desk) again(o *offer) []byte {
	if o.Taken == nil || o.Taken.Ended || len(o.Taken.Events) > 0 || !d.cfg.Clock().Before(o.Expires) {
		return nil
	}
	return o.Taken.Response
}

// unlockFor tries the transaction code of an envelope, after everything else that it says.
func (d *Desk) unlockFor(ctx context.Context, a *application, e *openid.RequestEnvelope) (err error) {
	var refused error
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		refused = nil
		o, err := d.live(tx, a)
		if err != nil {
			return err
		}
		refused, err = d.unlock(tx, a.code, o, e.TxCode)
		return err
	})
	return errors.Join(err, refused)
}

func (d *Desk) checkApplication(ctx context.Context, e *openid.RequestEnvelope, a *application) (err error) {
	if a.typ, err = d.typeOf(e.Request.ConfigurationID); err != nil {
		return err
	}
	if len(e.Request.Proofs) != 1 || (e.Request.HolderCommitment == nil) == (e.Request.Identity == nil) {
		return fmt.Errorf("%w: one key proof is needed, and a holder commitment or a proof of identity", openid.ErrCredentialRequest)
	}
	proof, err := openid.ParseProof(e.Request.Proofs[0])
	if err != nil {
		return err
	}
	audience := d.cfg.Keys.DID
	if d.cfg.URL != "" && proof.Unverified.Audience == d.cfg.URL { // the offer's credential_issuer
		audience = d.cfg.URL
	}
	holder, err := proof.Verify(audience, openid.OfferNonce(e.Code), openid.VerifyOptions{Now: d.cfg.Clock()})
	if err != nil {
		return err
	}
	a.holders = []crypto.PublicKey{holder}
	return d.checkPerson(ctx, &e.Request, a, e.Request.Proofs[0], proof.Unverified.IssuedAt)
}

// checkPerson reads whose secret the credential is bound to: a holder commitment, or the
// proof of an identity credential made for this key proof.
func (d *Desk) checkPerson(ctx context.Context, r *openid.CredentialRequest, a *application, keyProof string, made time.Time) (err error) {
	if r.Identity != nil {
		a.shown, err = d.checkIdentity(ctx, a.typ, r.Identity, keyProof, made)
		if err == nil {
			a.commitment = a.shown.Commitment
		}
		return err
	}
	if !a.typ.isIdentity() {
		return ErrIdentity
	}
	if r.HolderCommitment == nil {
		return nil
	}
	if a.commitment, err = zkp.ParseElement(r.HolderCommitment); err != nil {
		return err
	}
	if a.commitment.IsZero() {
		return fmt.Errorf("%w: holder commitment is zero", openid.ErrCredentialRequest)
	}
	return nil
}
